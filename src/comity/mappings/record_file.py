"""The records of one part, written as Parquet.

Invariant: the file has every column of the record type, in its order, type and field id, whatever the mapping fills.
Half of a record's columns are the same in a whole export: they are worked out once and cost next to nothing. A text
that repeats comes as a dictionary and goes to the file as one.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from comity.mappings.record_ids import halves, in_order, save_halves
from comity.mappings.staged import small_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from comity.mappings.plan import Plan, Provenance
    from comity.standard import RecordType

BATCH = 122_880  # rows, as many as a row group of DuckDB has
_SOUGHT = ("record_id", "source_key")  # one by one, and never twice the same
_SAMPLE = 4096


def constant_columns(
    connection: duckdb.DuckDBPyConnection, plan: Plan, provenance: Provenance
) -> dict[str, pa.Array]:
    """The columns that are the same in every record of an export, as long as a row group."""
    from comity.standard.arrow import arrow_schema

    schema = arrow_schema(plan.shape)
    values = small_table(connection, plan.constant_sql(provenance)).to_pylist()[0]
    return {name: _repeated(value, _once(schema.field(name)).type) for name, value in values.items()}


def write_records(
    plan: Plan,
    constants: Mapping[str, pa.Array],
    batches: Iterable[Mapping[str, pa.Array]],
    path: Path,
    ids_known: Callable[[], NDArray[Any]] | None = None,
) -> int:
    """The records of which ``batches`` have the columns that differ from the ``constants``, in ``path``; how many
    there are.

    Halves of their ids lie beside it (``record_ids``); when all batches are read, ``ids_known`` may give them.
    """
    import pyarrow as pa

    from comity.standard.arrow import arrow_schema

    batches = iter(batches)
    first = next(batches, None)
    schema = pa.schema(
        _once(field) if field.name in constants else _as_made(field, first and first[field.name])
        for field in arrow_schema(plan.shape)
    )
    count = 0
    ids: list[NDArray[Any]] = []
    repeating = [leaf for field in schema if not _differs(field, first) for leaf in _leaves(field)]
    alike = [leaf for field in schema if field.name in constants for leaf in _leaves(field)]
    with _writer(path, plan.shape, schema, repeating, alike) as writer:
        for batch in chain([first] if first else (), batches):
            rows = len(batch["source_row"])
            columns = [
                constants[field.name].slice(0, rows)
                if field.name in constants
                else batch[field.name].cast(field.type)
                for field in schema
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=BATCH)
            count += rows
            if ids_known is None:
                ids.append(halves(batch["record_id"]))
    save_halves(path, ids_known() if ids_known else in_order(ids))
    return count


def drop_records(path: Path, shape: RecordType, places: NDArray[Any]) -> int:
    """Write ``path`` anew without the records at those places, counted from 0; how many are left.

    No dictionary is taken over, since it would hold what only they had.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    beside, left, begin = path.with_suffix(".new"), 0, 0
    repeating, alike = _as_written(pq.read_metadata(path))
    with (
        pq.ParquetFile(path) as written,
        _writer(beside, shape, written.schema_arrow, repeating, alike) as writer,
    ):
        for group in range(written.num_row_groups):
            records = written.read_row_group(group)
            kept = np.ones(records.num_rows, bool)
            kept[places[(places >= begin) & (places < begin + len(kept))] - begin] = False
            begin += len(kept)
            left += int(kept.sum())
            writer.write_table(records.filter(pa.array(kept)), row_group_size=BATCH)
    beside.replace(path)
    return left


def _as_written(metadata: pq.FileMetaData) -> tuple[list[str], list[str]]:
    """The columns that were written as dictionaries, and those that were not compressed."""
    groups = [metadata.row_group(0)] if metadata.num_row_groups else []
    columns = [group.column(place) for group in groups for place in range(metadata.num_columns)]
    return (
        [column.path_in_schema for column in columns if column.has_dictionary_page],
        [column.path_in_schema for column in columns if column.compression == "UNCOMPRESSED"],
    )


def encoded_once(column: pa.Array) -> pa.Array:
    """A column of texts, or of lists of them, with every text once; any other as it is."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        return column.dictionary_encode()
    if pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
        items = column.values.dictionary_encode()
        kind = pa.list_(column.type.value_field.with_type(items.type))
        # Lists that are null hold no items, so the offsets are those of all.
        return pa.ListArray.from_arrays(column.offsets, items, type=kind, mask=column.is_null())
    return column


def _writer(
    path: Path, shape: RecordType, schema: pa.Schema, repeating: Sequence[str], alike: Sequence[str]
) -> pq.ParquetWriter:
    """``repeating``: what is written as a dictionary; ``alike``: what is the same in all records."""
    import pyarrow.parquet as pq

    leaves = [leaf for field in schema for leaf in _leaves(field)]
    # One value all through is some 200 bytes, and zstd makes more of them; a bit has no dictionary and stays long.
    short = set(alike) & set(repeating) - {field.name for field in schema if str(field.type) == "bool"}
    return pq.ParquetWriter(
        path,
        schema,
        compression={leaf: "none" if leaf in short else "zstd" for leaf in leaves},
        store_schema=False,
        # Nobody looks for a range of names or remarks, and a footer need not hold any.
        write_statistics=[c.name for c in shape.columns if c.type != "text" or c.name in _SOUGHT],
        use_dictionary=list(repeating),
        # Ids are of one length, said once instead of before each: less to compress, and read in two thirds of the time.
        column_encoding={"source_row": "DELTA_BINARY_PACKED", "record_id": "DELTA_LENGTH_BYTE_ARRAY"},
        write_batch_size=BATCH,  # values at a time: by the thousand, each of the columns costs more than its values
    )


def _differs(field: pa.Field, first: Mapping[str, pa.Array] | None) -> bool:
    """Whether a column hardly has the same value twice."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if field.name in (*_SOUGHT, "source_row"):
        return True
    if first is None or field.name not in first or not pa.types.is_string(field.type):
        return False
    sample = first[field.name].slice(0, _SAMPLE)
    return bool(pc.count_distinct(sample).as_py() > (len(sample) - sample.null_count) / 2)


def _leaves(field: pa.Field) -> Iterator[str]:
    """The columns that Parquet makes of it, by their paths."""
    import pyarrow as pa

    if not pa.types.is_list(field.type):
        yield field.name
        return
    item = field.type.value_type
    path = f"{field.name}.list.element"
    yield from (f"{path}.{part.name}" for part in item) if pa.types.is_struct(item) else (path,)


def _as_made(field: pa.Field, column: pa.Array | None) -> pa.Field:
    """``field`` with the texts as the column has them: plain, or each once."""
    import pyarrow as pa

    field = field.with_nullable(True)
    if column is None:
        return field
    if pa.types.is_dictionary(column.type):
        return field.with_type(column.type)
    if pa.types.is_list(column.type) and pa.types.is_dictionary(column.type.value_type):
        return field.with_type(pa.list_(field.type.value_field.with_type(column.type.value_type)))
    return field


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
        return pa.nulls(BATCH, kind)
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(np.zeros(BATCH, np.int8), pa.array([value], pa.string()))
    if pa.types.is_list(kind) and pa.types.is_dictionary(kind.value_type):
        places = pa.array(np.tile(np.arange(len(value), dtype=np.int8), BATCH))
        items = pa.DictionaryArray.from_arrays(places, pa.array(value, pa.string()))
        starts = np.arange(BATCH + 1, dtype=np.int32) * len(value)
        return pa.ListArray.from_arrays(pa.array(starts), items, type=kind)
    return pa.repeat(pa.scalar(value, kind), BATCH)
