"""The files of the standard as JSON Schema.

Invariant: a column's type is one that every system we write to has, and its code list is one of the standard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.standard.column import COLUMN_IDS, ENVELOPE_IDS, PARTIAL_DATE, TYPES
from comity.standard.files import CodeListEntry, EnvelopeFile, RecordTypeFile, StandardFile
from comity.workbench.model_schema import DIALECT, choice, model_schema

if TYPE_CHECKING:
    from comity.standard import Standard
    from comity.workbench.model_schema import Schema


def record_type_schema(standard: Standard) -> Schema:
    """The schema of a file in ``standard/record_types/``."""
    return _with_columns(model_schema(RecordTypeFile), standard, COLUMN_IDS)


def envelope_schema(standard: Standard) -> Schema:
    """The schema of ``standard/envelope.yaml``."""
    return _with_columns(model_schema(EnvelopeFile), standard, ENVELOPE_IDS)


def standard_schema() -> Schema:
    """The schema of ``standard/standard.yaml``."""
    return model_schema(StandardFile)


def code_lists_schema() -> Schema:
    """The schema of ``standard/code_lists/index.yaml``."""
    entry = model_schema(CodeListEntry)
    del entry["$schema"], entry["definitions"]
    return {
        "$schema": DIALECT,
        "description": "Every code list: its title, its version and whose it is.",
        "type": "object",
        "additionalProperties": {"$ref": "#/definitions/CodeListEntry"},
        "definitions": {"CodeListEntry": entry},
    }


def _with_columns(schema: Schema, standard: Standard, ids: range) -> Schema:
    column = schema["definitions"]["ColumnFile"]["properties"]
    column["type"] |= {"enum": list(TYPES)}
    column["type"]["description"] += f" `{PARTIAL_DATE}` becomes three columns and takes three ids."
    column["code_list"] |= choice({name: each.title for name, each in standard.code_lists.items()})
    column["id"] |= {"minimum": ids.start}
    return schema
