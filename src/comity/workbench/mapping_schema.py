"""A mapping as JSON Schema: the columns of its record type, and under each the rules that may fill it.

Invariant: a column is offered if a mapping may fill it, and a constant is one of its column's codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.mappings.mapping import Mapping
from comity.mappings.record_sql import targets
from comity.mappings.rule import NEEDS, ORIGINS, READINGS, TEXT_ORIGINS
from comity.mappings.text_steps import DESCRIPTIONS
from comity.workbench.adapter_schema import codes
from comity.workbench.model_schema import choice, model_schema, when

if TYPE_CHECKING:
    from comity.standard import Column, RecordType, Standard
    from comity.workbench.model_schema import Schema

CALENDARS = {
    "gregorian": "The calendar that is meant if nothing is said.",
    "minguo": "Years counted from 1911.",
    "buddhist": "Years counted from 543 before.",
    "japanese": "Eras, by %E%y; Gregorian years by %Y.",
    "umm_al_qura": "The Hijra by the published tables, 1343 to 1500.",
    "solar_hijri": "The Hijra in solar years, 1200 to 1500.",
    "ethiopic": "Thirteen months.",
}
MISSING = {
    "unknown": "The source does not know it.",
    "withheld": "The source has it and does not say it.",
    "not_applicable": "There can be none.",
    "not_asked": "Nobody asked.",
    "unparseable": "It is there and cannot be understood.",
    "redacted": "It was taken out.",
}
POLICIES = {
    "flag": "The value is missing, and a flag says why.",
    "reject": "The row becomes no record, and says why.",
    "stop": "The source stops, and what is published stays.",
}
DUPLICATES = {
    "keep_first": "The first is kept, the others are rejected.",
    "keep_last": "The last is kept, the others are rejected.",
    "number": "All are kept, and numbered.",
}
CHECKS = {
    "vin": "A vehicle's number of 17 characters.",
    "mrz": "The lines of a machine readable zone, joined.",
    "imei": "A telephone's number.",
    "imo": "A ship's number.",
    "luhn": "Any number with Luhn's digit.",
}
ENVELOPE = "envelope"


def mapping_schema(standard: Standard) -> Schema:
    """The schema of a file in ``mappings/SOURCE/``."""
    schema = model_schema(Mapping)
    definitions, properties = schema["definitions"], schema["properties"]
    rule = definitions["Rule"]
    _described(rule["properties"])
    # YAML reads these two keys as truth, and a language server compares them so.
    words = definitions["Boolean"]["properties"]["true"]
    definitions["Boolean"]["patternProperties"] = {"^(true|false)$": words}
    rule["allOf"] = _what_goes_together(set(rule["properties"]))
    types = {name: kind.title for name, kind in standard.record_types.items()}
    properties["record"] |= choice(types)
    properties["duplicates"] |= choice(DUPLICATES)
    definitions["RecordReference"]["properties"]["record"] |= choice(types)
    definitions["text or rule"] = {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/Rule"}]}
    used: set[str] = set()
    for kind in standard.record_types.values():
        definitions[f"fields of {kind.name}"] = _fields(kind, definitions, used)
    for name in sorted(used):
        definitions[f"codes of {name}"] = codes(standard.code_list(name))
    schema["allOf"] = []
    for name in types:
        columns = {"properties": {"fields": {"$ref": f"#/definitions/fields of {name}"}}}
        filled = {"properties": {**columns["properties"], "rows": {"items": columns}}}
        schema["allOf"].append(when("record", name, filled))
    return schema


def _described(rule: dict[str, Schema]) -> None:
    """The words that a rule's keys take, each with what it means."""
    step = choice(DESCRIPTIONS)
    rule["apply"] = {
        "description": rule["apply"]["description"],
        "anyOf": [step, {"type": "array", "items": step}],
    }
    rule["calendar"] |= choice(CALENDARS)
    rule["missing"]["additionalProperties"] = choice(MISSING)
    rule["unmapped"] |= choice(POLICIES)
    rule["invalid"] |= choice(POLICIES)
    for each in rule["check"].get("oneOf", ()):
        if "enum" in each:
            each |= choice(CHECKS)
    rule["codes"] |= {"examples": ["same"]}


def _what_goes_together(keys: set[str]) -> list[Schema]:
    """One origin, at most one reading, and no key without effect."""
    together: list[Schema] = [{"anyOf": [{"required": [name]} for name in ORIGINS]}]
    others = {
        name: [each for each in group if each != name] for group in (ORIGINS, READINGS) for name in group
    }
    for name, excluded in others.items():
        without = {"properties": dict.fromkeys(excluded, False)}
        together.append({"dependencies": {name: without}})
    for name in sorted(keys - set(ORIGINS)):
        needed = NEEDS.get(name, TEXT_ORIGINS)
        together.append({"dependencies": {name: {"anyOf": [{"required": [each]} for each in needed]}}})
    return together


def _fields(kind: RecordType, definitions: dict[str, Schema], used: set[str]) -> Schema:
    columns = {}
    for column in targets(kind).values():
        used |= _lists_of(column)
        columns[column.name] = _column(column)
        if column.envelope:
            shared = f"{ENVELOPE} {column.name}"
            definitions[shared] = columns[column.name]
            columns[column.name] = {"$ref": f"#/definitions/{shared}"}
    return {
        "type": "object",
        "description": f"Column of `{kind.name}`: rule.",
        "properties": columns,
        "additionalProperties": False,
    }


def _lists_of(column: Column) -> set[str]:
    own = {column.code_list} if column.code_list else set()
    return own.union(*(_lists_of(field) for field in column.fields))


def _column(column: Column) -> Schema:
    """A field's name or a rule; constants are codes of the column's list, structs have its fields."""
    narrower: dict[str, Any] = {}
    if column.code_list:
        listed = {"$ref": f"#/definitions/codes of {column.code_list}"}
        narrower["constant"] = (
            {"anyOf": [listed, {"type": "array", "items": listed}]} if column.is_list else listed
        )
        then = {"anyOf": [listed, {"type": "object"}]}
        narrower |= {"case": {"items": {"properties": {"then": then}}}, "else": then}
    if column.fields:
        parts = {field.name: _column(field) for field in column.fields}
        narrower["structs"] = {"items": {"properties": parts, "additionalProperties": False}}
    described = {"description": _about(column)}
    if not narrower:
        return described | {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/Rule"}]}
    rule = {"allOf": [{"$ref": "#/definitions/Rule"}, {"properties": narrower}]}
    return described | {"anyOf": [{"type": "string"}, rule]}


def _about(column: Column) -> str:
    kind = "partial date" if column.partial_date else column.type
    parts = [kind, f"code list `{column.code_list}`" if column.code_list else "", column.unit or ""]
    parts += ["required" if column.required else ""]
    parts += [column.sensitivity if column.sensitivity != "none" else ""]
    return f"{column.description}\n\n({', '.join(part for part in parts if part)})"
