"""The records of one part, written as Parquet.

Invariant: the file has every column of the record type, in its order, type and field id, whatever the mapping fills.
Half of a record's columns are the same in a whole export: they are worked out once and cost next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from comity.mappings.plan import Plan, Provenance

ROW_GROUP = 122_880  # as DuckDB has it
_SOUGHT = ("record_id", "source_key")  # one by one, and never twice the same


def write_records(
    connection: duckdb.DuckDBPyConnection, plan: Plan, scan: str, provenance: Provenance, path: Path
) -> int:
    """The records that ``plan`` makes of ``scan`` in ``path``; how many there are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from comity.standard.arrow import arrow_schema

    constants = plan.constants
    schema = pa.schema(
        _once(field) if field.name in constants else field.with_nullable(True)
        for field in arrow_schema(plan.shape)
    )
    values = connection.sql(plan.constant_sql(provenance)).to_arrow_table().to_pylist()[0]
    repeated = {name: _repeated(value, schema.field(name).type) for name, value in values.items()}
    records = connection.sql(plan.record_sql(scan, provenance, varying=True)).to_arrow_reader(ROW_GROUP)
    count = 0
    # Nobody looks for a range of names or remarks, and a footer need not hold any.
    measured = [
        column.name for column in plan.shape.columns if column.type != "text" or column.name in _SOUGHT
    ]
    repeating = [column.name for column in plan.shape.columns if column.name not in _SOUGHT]
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        store_schema=False,
        write_statistics=measured,
        use_dictionary=repeating,
    ) as writer:
        for batch in records:
            columns = [
                repeated[field.name].slice(0, batch.num_rows)
                if field.name in constants
                else batch.column(field.name).cast(field.type)
                for field in schema
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=ROW_GROUP)
            count += batch.num_rows
    return count


def _once(field: pa.Field) -> pa.Field:
    """A text that is the same in every record is kept once, and so are the texts of a list."""
    import pyarrow as pa

    kind = pa.dictionary(pa.int8(), pa.string())
    if field.type == pa.string():
        return field.with_nullable(True).with_type(kind)
    if pa.types.is_list(field.type) and field.type.value_type == pa.string():
        return field.with_nullable(True).with_type(pa.list_(field.type.value_field.with_type(kind)))
    return field.with_nullable(True)


def _repeated(value: Any, kind: pa.DataType) -> pa.Array:
    """One value as a column as long as a row group."""
    import numpy as np
    import pyarrow as pa

    if value is None:
        return pa.nulls(ROW_GROUP, kind)
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(np.zeros(ROW_GROUP, np.int8), pa.array([value], pa.string()))
    if pa.types.is_list(kind) and pa.types.is_dictionary(kind.value_type):
        places = pa.array(np.tile(np.arange(len(value), dtype=np.int8), ROW_GROUP))
        items = pa.DictionaryArray.from_arrays(places, pa.array(value, pa.string()))
        starts = np.arange(ROW_GROUP + 1, dtype=np.int32) * len(value)
        return pa.ListArray.from_arrays(pa.array(starts), items, type=kind)
    return pa.repeat(pa.scalar(value, kind), ROW_GROUP)
