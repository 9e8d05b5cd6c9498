"""The Iceberg schema of a record type.

Invariant: every field, list element and struct field bears the standard's own id, which is also in the files, so no
reader needs a name mapping; a renamed or widened column keeps its id. Only the identity is required: a file of an
earlier standard may lack any other column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema, promote
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

if TYPE_CHECKING:
    from comity.standard import Column, RecordType

IDENTITY = ("record_id", "source_id", "source_key", "owner_country")
_TYPES: dict[str, IcebergType] = {
    "text": StringType(),
    "code": StringType(),
    "integer": IntegerType(),
    "bigint": LongType(),
    "decimal": DecimalType(18, 2),
    "double": DoubleType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "timestamp": TimestamptzType(),
    "list<text>": StringType(),
    "list<code>": StringType(),
}


def iceberg_schema(record_type: RecordType, schema_id: int = 0) -> Schema:
    return Schema(
        *(_field(column, required=column.name in IDENTITY) for column in record_type.columns),
        schema_id=schema_id,
        identifier_field_ids=[record_type.column("record_id").field_id],
    )


def partitioning(record_type: RecordType) -> PartitionSpec:
    """One partition a country that owns records: a reader of one country opens no other's files."""
    source = record_type.column("owner_country").field_id
    return PartitionSpec(PartitionField(source, 1000, IdentityTransform(), "owner_country"))


def highest_id(record_type: RecordType) -> int:
    """Retired columns count: no one may give their ids to something else."""
    return max(id for column in (*record_type.columns, *record_type.retired) for id in column.ids())


def unreadable(file: Schema, table: Schema) -> str | None:
    """Why a file of the schema ``file`` cannot be read as ``table``; None when it can."""
    from pyiceberg.exceptions import ResolveError

    in_file = file._lazy_id_to_field
    for field_id, wanted in table._lazy_id_to_field.items():
        found = in_file.get(field_id)
        if found is None:
            if wanted.required:
                return f"the column {wanted.name} (field id {field_id}) is not in the file"
            continue
        clash = (
            f"the column {wanted.name} is {found.field_type} in the file, {wanted.field_type} in the standard"
        )
        if found.field_type.is_primitive != wanted.field_type.is_primitive:
            return clash
        if wanted.field_type.is_primitive and found.field_type != wanted.field_type:
            try:
                promote(found.field_type, wanted.field_type)
            except ResolveError:
                return clash
    return None


def _field(column: Column, *, required: bool = False) -> NestedField:
    return NestedField(
        column.field_id, column.name, _type(column), required=required, doc=column.description or None
    )


def _type(column: Column) -> IcebergType:
    if not column.is_list:
        return _TYPES[column.type]
    element: IcebergType = _TYPES.get(column.type) or StructType(*map(_field, column.fields))
    return ListType(element_id=column.element_id, element=element, element_required=False)
