"""The reader of Parquet files: every column as text, so that casting stays the mapping's work.

Invariant: a column that nobody declared, or a declared one that is not there, is drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.adapters.drift import match_header
from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile

_BATCH = 65_536


def read(file: ExportFile, format: Any, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as parts of kind ``table``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(file.path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ReadError(
            "read.damaged-parquet",
            "The file is no whole Parquet file",
            file=file.name,
            found=str(error).splitlines()[0],
        ) from None
    row = first_row
    with source:
        columns, moved = match_header(source.schema_arrow.names, adapter.fields, file=file.name, line=None)
        many = {field.name for field in adapter.fields if field.many}
        types = [pa.list_(pa.string()) if name in many else pa.string() for name in columns]
        with PartWriter(into, "table", columns, types) as writer:
            for batch in source.iter_batches(_BATCH):
                rows = pa.array(range(row, row + len(batch)), pa.int64())
                writer.add(
                    rows, [_text(array, kind) for array, kind in zip(batch.columns, types, strict=True)]
                )
                row += len(batch)
            parts = writer.finish()
    notes = (f"{file.name}: columns in another order: {', '.join(moved)}",) if moved else ()
    count = row - first_row
    read_file = FileRead(file.name, file.sha256, file.size, first_row, count)
    return Reading(parts, count, 0, None, 0, (read_file,), notes)


def probe(file: ExportFile, format: Any, adapter: Adapter) -> None:
    """The file is Parquet."""
    with file.path.open("rb") as handle:
        if handle.read(4) != b"PAR1":
            raise ReadError("read.damaged-parquet", "The file is no Parquet file", file=file.name)


def _text(array: Any, kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_binary(array.type):
        return pa.array([None if v is None else v.hex() for v in array.to_pylist()], pa.string())
    return array.cast(kind)
