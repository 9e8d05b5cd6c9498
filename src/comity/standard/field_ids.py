"""The FIELD_IDS option of DuckDB's COPY for a record type.

Invariant: it names every column, list item and struct field; DuckDB then writes the ids of the Arrow schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.standard.column import Column
    from comity.standard.record_type import RecordType


def field_ids_clause(record_type: RecordType) -> str:
    """The option's value, for ``COPY … (FORMAT parquet, FIELD_IDS <value>)``."""
    return "{" + ", ".join(f"{column.name}: {_ids(column)}" for column in record_type.columns) + "}"


def _ids(column: Column) -> str:
    if not column.is_list:
        return str(column.field_id)
    element = str(column.element_id)
    if column.fields:
        fields = ", ".join(f"{field.name}: {_ids(field)}" for field in column.fields)
        element = f"{{__duckdb_field_id: {element}, {fields}}}"
    return f"{{__duckdb_field_id: {column.field_id}, element: {element}}}"
