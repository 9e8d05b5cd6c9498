"""A record type as JSON Schema 2020-12.

Invariant: what the schema refuses, the standard forbids; a code list with codes that are only recalled is
named in it, but not enforced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comity.standard.column import Column
    from comity.standard.record_type import RecordType, Standard

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "code": {"type": "string"},
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "bigint": {"type": "integer"},
    "decimal": {"type": "number"},
    "double": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
}


def json_schema(standard: Standard, record_type: RecordType) -> dict[str, Any]:
    """The schema of one record; its code lists stand under ``$defs``."""
    used = sorted({name for column in record_type.columns for name in _lists_of(column)})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:comity:standard:{standard.version}:{record_type.name}",
        "title": record_type.title,
        "description": record_type.description,
        "type": "object",
        "properties": {column.name: _property(column) for column in record_type.columns},
        "required": [column.name for column in record_type.columns if column.required],
        "additionalProperties": False,
        "$defs": {name: _code_list(standard, name) for name in used},
    }


def _lists_of(column: Column) -> set[str]:
    own = {column.code_list} if column.code_list else set()
    return own.union(*(_lists_of(field) for field in column.fields))


def _code_list(standard: Standard, name: str) -> dict[str, Any]:
    code_list = standard.code_list(name)
    schema: dict[str, Any] = {"title": code_list.title, "type": "string"}
    codes = list(code_list.codes)
    if code_list.hard:
        schema["enum"] = codes
    else:
        schema["$comment"] = "Some codes are unverified, so the list is not enforced."
        schema["examples"] = codes
    return schema


def _property(column: Column) -> dict[str, Any]:
    if column.fields:
        item = {
            "type": "object",
            "properties": {field.name: _property(field) for field in column.fields},
            "required": [field.name for field in column.fields if field.required],
            "additionalProperties": False,
        }
        schema: dict[str, Any] = {"type": "array", "items": item}
    elif column.is_list:
        schema = {"type": "array", "items": _value(column, "text")}
    else:
        schema = _value(column, column.type)
    if not column.required:
        schema = {"anyOf": [schema, {"type": "null"}]}
    schema["description"] = column.description
    return schema


def _value(column: Column, kind: str) -> dict[str, Any]:
    if column.code_list:
        return {"$ref": f"#/$defs/{column.code_list}"}
    schema = dict(_TYPES[kind])
    for key in ("pattern", "minimum", "maximum"):
        if getattr(column, key) is not None:
            schema[key] = getattr(column, key)
    return schema
