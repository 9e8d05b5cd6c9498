"""Rows that a reader could not read, collected in columns.

Invariant: every refused row is written once, with where it lies and why; memory does not grow with their
number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH = 16_384
RAW_LIMIT = 65_536
"""The longest raw text that is kept of a refused row: it is evidence, not a second copy of the export."""


def refused_schema() -> pa.Schema:
    """``source_row``, ``line`` and ``byte_offset`` say where; a format without lines leaves ``line`` null."""
    import pyarrow as pa

    return pa.schema(
        [
            ("source_row", pa.int64()),
            ("file", pa.string()),
            ("line", pa.int64()),
            ("byte_offset", pa.int64()),
            ("raw", pa.string()),
            ("code", pa.string()),
            ("message", pa.string()),
        ]
    )


class RefusedRows:
    """The refused rows of one file on their way to Parquet. Close it; without rows no file is left."""

    def __init__(self, into: Path, file: str) -> None:
        self._path = into / f"refused-{uuid4().hex}.parquet"
        self._file = file
        self._writer: pq.ParquetWriter | None = None
        self._pending: list[dict[str, Any]] = []
        self.count = 0

    def add(
        self,
        code: str,
        message: str,
        *,
        source_row: int,
        raw: str | None = None,
        line: int | None = None,
        byte_offset: int | None = None,
    ) -> None:
        """One row, for readers that meet them singly."""
        self._pending.append(
            {
                "source_row": source_row,
                "file": self._file,
                "line": line,
                "byte_offset": byte_offset,
                "raw": raw if raw is None else raw[:RAW_LIMIT],
                "code": code,
                "message": message,
            }
        )
        self.count += 1
        if len(self._pending) >= _BATCH:
            self._flush()

    def add_columns(
        self,
        *,
        source_row: Sequence[int] | pa.Array,
        code: Sequence[str] | pa.Array,
        message: Sequence[str] | pa.Array,
        raw: Sequence[str | None] | pa.Array,
        line: Sequence[int | None] | pa.Array | None = None,
        byte_offset: Sequence[int | None] | pa.Array | None = None,
    ) -> None:
        """Many rows at once, as columns of one length (lists, numpy or Arrow arrays)."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = len(source_row)
        if not rows:
            return
        self._flush()
        columns = {"source_row": source_row, "line": line, "byte_offset": byte_offset, "code": code}
        columns |= {"message": message, "file": pa.repeat(self._file, rows)}
        arrays = [
            pc.utf8_slice_codeunits(_array(raw, pa.string()), 0, RAW_LIMIT)
            if field.name == "raw"
            else pa.nulls(rows, field.type)
            if columns[field.name] is None
            else _array(columns[field.name], field.type)
            for field in refused_schema()
        ]
        self._write(pa.table(arrays, schema=refused_schema()))
        self.count += rows

    def close(self) -> Path | None:
        """The finished file, or None when nothing was refused."""
        self._flush()
        if self._writer is None:
            return None
        self._writer.close()
        return self._path

    def _flush(self) -> None:
        import pyarrow as pa

        if self._pending:
            self._write(pa.Table.from_pylist(self._pending, schema=refused_schema()))
            self._pending = []

    def _write(self, table: pa.Table) -> None:
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, refused_schema(), compression="zstd")
        self._writer.write_table(table)


def join_refused(paths: Sequence[Path], into: Path) -> Path | None:
    """Several files of refused rows as one, in order."""
    import pyarrow.parquet as pq

    if len(paths) < 2:
        return paths[0] if paths else None
    joined = into / f"refused-{uuid4().hex}.parquet"
    with pq.ParquetWriter(joined, refused_schema(), compression="zstd") as writer:
        for path in paths:
            with pq.ParquetFile(path) as source:
                for batch in source.iter_batches(_BATCH):
                    writer.write_batch(batch)
            path.unlink()
    return joined


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)
