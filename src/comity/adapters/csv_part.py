"""Delimited text on its way into parts that DuckDB scans.

Invariant: a part holds one line end a record, ``\\n``, and exactly one record a row, in order; a row that
is refused or not selected is there as a placeholder. What is fine already is written as it is, without
being looked at again; and where nothing is quoted and the file stays, it is not written at all, and the part is a
stretch of the file. A part begins with a byte order mark only for those who skip one: one more stands before a record
that begins with it.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from comity.adapters.part import PLACEHOLDER, Part, Stretch
from comity.adapters.stretch import copy_stretch, keep_line_starts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from comity.adapters.csv_records import Dialect, Records

PART_BYTES = 64 << 20


class CsvParts:
    """The records of one file; ``columns`` are its fields. ``stays``: where it lies, if it does (``ExportFile``)."""

    def __init__(
        self,
        into: Path,
        columns: tuple[str, ...],
        dialect: Dialect,
        first_row: int,
        stays: Path | None = None,
    ) -> None:
        self._into, self._columns = into, columns
        self._placeholder = PLACEHOLDER.encode("ascii") + bytes([dialect.delimiter]) * (len(columns) - 1)
        self._quote, self._stays = dialect.quote, stays
        self._parts: list[Part] = []
        self.next_row = first_row
        self._path = into
        self._file: BinaryIO | None = None
        self._start: int | None = None
        self._lines: list[NDArray[np.uint32]] = []
        self._bytes = self._rows = 0
        self._marked, self._plain = False, True

    def add(
        self, data: bytes, records: Records, kept: NDArray[np.bool_] | None, at: int | None = None
    ) -> None:
        """The records of ``data``; those not ``kept`` become placeholders (None: all are kept).

        ``at``: where the file has these very bytes; None where it has others for them.
        """
        rows = len(records.starts)
        if not rows:
            return
        if not self._rows:
            self._path = self._into / f"part-{uuid4().hex}.csv"
            if data.startswith(BOM_UTF8, int(records.starts[0])):
                at = None
                self._open().write(BOM_UTF8)
        if at is not None and self._goes_on(at) and kept is None and records.whole and records.simple:
            self._start = at if self._start is None else self._start
            self._lines.append((records.starts + self._bytes).astype(np.uint32))
            self._bytes += len(data)
        else:
            self._write(data, records, kept)
        self._rows += rows
        self._marked |= kept is not None
        if self._bytes >= PART_BYTES:
            self._close()

    def finish(self) -> tuple[Part, ...]:
        """The parts, all closed."""
        self._close()
        return tuple(self._parts)

    def _goes_on(self, at: int) -> bool:
        """Whether the part may be a stretch of the file when it goes on there."""
        if self._stays is None or self._file is not None:
            return False
        return self._start is None or self._start + self._bytes == at

    def _stretch(self) -> Stretch | None:
        if self._stays is None or self._start is None:
            return None
        return Stretch(self._stays, self._start, self._bytes)

    def _write(self, data: bytes, records: Records, kept: NDArray[np.bool_] | None) -> None:
        block: Any = _as_it_is(data, records) if kept is None and records.whole else None
        if block is None:
            block = _joined(data, records, kept, self._placeholder)
        file = self._file
        if file is None:
            file = self._open()
            if stretch := self._stretch():
                copy_stretch(stretch, file)
            self._start, self._lines = None, []
        file.write(block)
        self._bytes += len(block)
        self._plain &= not records.quoted or not _holds(block, (self._quote, ord("\r")))

    def _open(self) -> BinaryIO:
        # With a buffer, of which large blocks make no use: without one, half a block is what a full disk may take.
        self._file = self._path.open("wb")
        return self._file

    def _close(self) -> None:
        if not self._rows:
            return
        if self._file is not None:
            self._file.close()
        part = Part(
            self._path,
            "csv",
            self.next_row,
            self._rows,
            marked=self._marked,
            columns=self._columns,
            plain=self._plain,
            stretch=self._stretch(),
        )
        if part.stretch is not None:
            keep_line_starts(part, np.concatenate(self._lines))
        self._parts.append(part)
        self.next_row += self._rows
        self._file, self._start, self._lines = None, None, []
        self._bytes = self._rows = 0
        self._marked, self._plain = False, True


def cells(data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Any:
    """Stretches of ``data``, in order and apart, as an Arrow array of binary."""
    import pyarrow as pa

    if not len(starts):
        return pa.array([], pa.binary())
    # One array whose every second item is a stretch and every other what lies between; no byte is copied yet.
    bounds = np.empty(2 * len(starts), np.int32)
    bounds[0::2], bounds[1::2] = starts, ends
    pieces = pa.Array.from_buffers(
        pa.binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    )
    return pieces.take(pa.array(np.arange(0, len(bounds) - 1, 2)))


def _as_it_is(data: bytes, records: Records) -> bytes | None:
    """The bytes of the records, if their line ends can be made alike without touching a cell."""
    block = data[: records.consumed]
    if b"\r" in block:
        returns = block.count(b"\r")
        ends = np.frombuffer(data, np.uint8)[np.minimum(records.ends, len(data) - 1)]
        if returns != len(ends) or not (ends == 13).all() or block.count(b"\r\n") != returns:
            return None
        return block.replace(b"\r\n", b"\n")
    return block if block.endswith(b"\n") else block + b"\n"


def _holds(block: Any, marks: Iterable[int | None]) -> bool:
    text = np.frombuffer(block, np.uint8)
    return any(mark is not None and bool((text == mark).any()) for mark in marks)


def _joined(data: bytes, records: Records, kept: NDArray[np.bool_] | None, placeholder: bytes) -> memoryview:
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = cells(data, records.starts, records.ends)
    if kept is not None:
        lines = pc.if_else(pa.array(kept), lines, pa.scalar(placeholder, pa.binary()))
    ended = pc.binary_join_element_wise(lines, b"", b"\n")
    bounds = np.frombuffer(ended.buffers()[1], np.int32)
    return memoryview(ended.buffers()[2])[bounds[ended.offset] : bounds[ended.offset + len(ended)]]
