"""Parquet parts on their way to disk.

Invariant: every part carries an explicit ``source_row``; neither a part nor a row group grows with the
export, so that parts can be scanned side by side in flat memory. A failure leaves no open file behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from comity.adapters.field_spec import SOURCE_ROW
from comity.adapters.part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa
    import pyarrow.parquet as pq

    from comity.adapters.part import PartKind

PART_BYTES = 128 << 20
"""Arrow bytes in a part; the file is a fraction of it."""


class PartWriter:
    """Writes batches as parts of one kind: ``record`` and ``line`` have one column, ``table`` one a field."""

    def __init__(self, into: Path, kind: PartKind, columns: Sequence[str], types: Sequence[Any] = ()) -> None:
        import pyarrow as pa

        self._into = into
        self._kind = kind
        self._columns = tuple(columns)
        kinds = tuple(types) or (pa.string(),) * len(self._columns)
        self.schema: pa.Schema = pa.schema(
            [pa.field(SOURCE_ROW, pa.int64(), nullable=False), *zip(self._columns, kinds, strict=True)]
        )
        self._writer: pq.ParquetWriter | None = None
        self._parts: list[Part] = []
        self._path = into
        self._first_row = self._rows = self._bytes = 0

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_part()

    def add(self, source_row: pa.Array, columns: Sequence[pa.Array]) -> None:
        """One row group. ``source_row`` ascends from batch to batch."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not len(source_row):
            return
        table = pa.Table.from_arrays([source_row, *columns], schema=self.schema)
        if self._writer is None:
            self._path = self._into / f"part-{uuid4().hex}.parquet"
            # LZ4: parts are read once or twice and then swept, so time counts and size does not.
            self._writer = pq.ParquetWriter(self._path, self.schema, compression="lz4", use_dictionary=False)
            self._first_row = source_row[0].as_py()
        self._writer.write_table(table)
        self._rows += len(source_row)
        self._bytes += table.nbytes
        if self._bytes >= PART_BYTES:
            self._close_part()

    def finish(self) -> tuple[Part, ...]:
        """The parts, all closed."""
        self._close_part()
        return tuple(self._parts)

    def _close_part(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        columns = self._columns if self._kind == "table" else ()
        self._parts.append(
            Part(self._path, self._kind, self._first_row, self._rows, marked=False, columns=columns)
        )
        self._rows = self._bytes = 0
