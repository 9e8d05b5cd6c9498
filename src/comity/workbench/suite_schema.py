"""A suite as JSON Schema: the expectations there are, their arguments, and the columns of the record type.

Invariant: an expectation is offered if a suite may name it, with the arguments that it accepts and no other.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from comity.validation.suite import SuiteFile
from comity.validation.vocabulary import ABOUT_COLUMNS, REFUSED, arguments_of, implementations
from comity.workbench.model_schema import choice, model_schema, when

if TYPE_CHECKING:
    from comity.standard import Standard
    from comity.workbench.model_schema import Schema

SEVERITIES = {
    "critical": "Blocks the publication of the source.",
    "warning": "Publishes with a mark.",
    "info": "Is recorded.",
    "off": "Removes an earlier rule of that id.",
}
# What the arguments of many expectations are; of the others their expectation judges.
_ARGUMENTS: dict[str, Schema] = {
    "condition": {"type": "string", "description": "A condition in SQL that holds for every record."},
    "when": {"type": "string", "description": "A condition in SQL: which records the rule speaks about."},
    "row_condition": {
        "type": "string",
        "description": 'Which records are judged: col("status") == "wanted".',
    },
    "mostly": {"type": "number", "minimum": 0, "maximum": 1, "description": "The share that has to hold."},
    "tolerated": {"type": "integer", "minimum": 0, "description": "So many broken records are no failure."},
}
_COLUMNS = ("column", "column_A", "column_B")
_COLUMN_LISTS = ("column_list", "column_set", "group_by")


def suite_schema(standard: Standard) -> Schema:
    """The schema of a file in ``validation/``."""
    schema = model_schema(SuiteFile)
    definitions = schema["definitions"]
    types = {name: kind.title for name, kind in standard.record_types.items()}
    schema["properties"]["record"] |= choice(types)
    rule = definitions["_Expectation"]
    classes = {name: each for name, each in sorted(implementations().items()) if name not in REFUSED}
    rule["properties"]["type"] |= choice({name: _first_line(each) for name, each in classes.items()})
    rule["properties"]["severity"] |= choice(SEVERITIES)
    rule["dependencies"] = {"type": ["severity"]}
    rule["if"] = {"not": {"required": ["type"]}}
    rule["then"] = {"properties": {"meta": {"required": ["id"]}}}
    rule["allOf"] = []
    listed = {"code_list": list(standard.code_lists), "record_type": list(types)}
    for name, each in classes.items():
        arguments = {key: _argument(key, each, listed) for key in sorted(arguments_of(each))}
        kwargs = {"type": "object", "properties": arguments, "additionalProperties": False}
        rule["allOf"].append(when("type", name, {"properties": {"kwargs": kwargs}}))
    schema["allOf"] = [
        when(
            "record",
            kind.name,
            {"properties": {"expectations": {"items": _about(f"columns of {kind.name}")}}},
        )
        for kind in standard.record_types.values()
    ]
    for kind in standard.record_types.values():
        columns = choice({column.name: column.description for column in kind.columns})
        definitions[f"columns of {kind.name}"] = columns
    return schema


def _argument(name: str, expectation: Any, listed: dict[str, list[str]]) -> Schema:
    said = expectation.__fields__[name].field_info.description
    schema = dict(_ARGUMENTS.get(name, {}))
    if name in listed:
        schema = {"type": "string", "enum": listed[name]}
    return schema | ({"description": said} if said and "description" not in schema else {})


def _about(columns: str) -> Schema:
    """A rule about columns names columns that there are, unless it asks whether there are any."""
    column = {"$ref": f"#/definitions/{columns}"}
    properties: Schema = dict.fromkeys(_COLUMNS, column)
    properties |= {name: {"items": column} for name in _COLUMN_LISTS}
    return {
        "if": {"properties": {"type": {"enum": sorted(ABOUT_COLUMNS)}}, "required": ["type"]},
        "else": {"properties": {"kwargs": {"properties": properties}}},
    }


def _first_line(expectation: Any) -> str:
    return (inspect.getdoc(expectation) or "").partition("\n")[0].strip()
