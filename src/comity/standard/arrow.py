"""The Arrow schema of a record type.

Invariant: every field, list item and struct field carries its id as ``PARQUET:field_id``, because Iceberg
readers match by id and silently see nulls without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from comity.standard.column import Column
    from comity.standard.record_type import RecordType


def arrow_schema(record_type: RecordType) -> pa.Schema:
    """Field names, types, nullability and ids, with the record type's name in the schema's metadata."""
    import pyarrow as pa

    fields = [_field(column, nullable=not column.required) for column in record_type.columns]
    return pa.schema(fields, metadata={b"comity:record_type": record_type.name.encode()})


def _field(column: Column, *, nullable: bool) -> pa.Field:
    import pyarrow as pa

    return pa.field(column.name, _type(column), nullable=nullable, metadata=_id(column.field_id))


def _type(column: Column) -> pa.DataType:
    import pyarrow as pa

    if column.type == "list<struct>":
        # DuckDB cannot write a struct's field as not null, and Arrow takes that for another type.
        item: pa.DataType = pa.struct([_field(field, nullable=True) for field in column.fields])
        return pa.list_(pa.field("element", item, metadata=_id(column.element_id)))
    if column.is_list:
        return pa.list_(pa.field("element", pa.string(), metadata=_id(column.element_id)))
    return {
        "text": pa.string(),
        "code": pa.string(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "decimal": pa.decimal128(18, 2),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }[column.type]


def _id(field_id: int) -> dict[bytes, bytes]:
    return {b"PARQUET:field_id": str(field_id).encode()}
