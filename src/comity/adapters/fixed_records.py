"""The records of a fixed-width file, a batch at a time, as columns.

Invariant: every byte of the file is in a record or in a line end, and every record knows where it begins. A byte that
its encoding does not have is shown as ``\\xNN``, and its record is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from comity.adapters.csv_part import cells
from comity.adapters.encoding import CHUNK, UNDECODABLE, LineCodec, read_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from comity.adapters.encoding import Chunk
    from comity.adapters.formats import FixedWidthFormat
    from comity.adapters.part import ExportFile

_UTF8 = LineCodec("utf-8")


@dataclass(frozen=True)
class FixedRecords:
    """``lines``: the text of each, an Arrow array. ``offsets``: where in the file each begins. ``first_line``: the
    number of the first, where there are lines. ``bad``: those that cannot be decoded, with code and message of each.
    ``cut``: the file ends in the last of them, without a line end or before its length.
    """

    lines: Any
    offsets: NDArray[np.int64]
    first_line: int | None
    bad: NDArray[np.int64]
    bad_codes: NDArray[np.object_]
    bad_messages: NDArray[np.object_]
    cut: bool

    def after(self, count: int) -> FixedRecords:
        """Without the first ``count``."""
        if not count:
            return self
        kept = self.bad >= count
        return replace(
            self,
            lines=self.lines.slice(count),
            offsets=self.offsets[count:],
            first_line=None if self.first_line is None else self.first_line + count,
            bad=self.bad[kept] - count,
            bad_codes=self.bad_codes[kept],
            bad_messages=self.bad_messages[kept],
        )


def records_of(file: ExportFile, format: FixedWidthFormat, size: int | None = None) -> Iterator[FixedRecords]:
    """The records in order; at least one batch, be it empty. ``size``: about how many bytes are read at once."""
    size = size or CHUNK
    if format.line_ending != "none":
        for chunk in read_chunks(file.path, format.encoding, file.name, size):
            yield _lines(chunk)
        return
    assert format.record_length is not None  # the format checks it
    yield from _blocks(file, format.encoding, format.record_length, size)


def _lines(chunk: Chunk) -> FixedRecords:
    """Any of the line ends, cut off."""
    import pyarrow as pa

    data = np.frombuffer(chunk.data, np.uint8)
    stops = _UTF8.line_stops(chunk.data)
    starts, ends = np.append(0, stops)[: len(stops)], stops.copy()
    for mark in (10, 13):
        ends -= (ends > starts) & (data[ends - 1] == mark)
    lines = cells(chunk.data, starts, ends).cast(pa.string())
    named = [(each.line, each.code, each.message) for each in chunk.bad]
    bad, codes, messages = zip(*named, strict=True) if named else ((), (), ())
    return FixedRecords(
        lines,
        chunk.line_offsets()[: len(lines)],
        chunk.line,
        np.array(bad, np.int64),
        np.array(codes, object),
        np.array(messages, object),
        cut=chunk.last and not chunk.data.endswith((b"\n", b"\r")),
    )


def _blocks(file: ExportFile, encoding: str, length: int, size: int) -> Iterator[FixedRecords]:
    """Records of ``length`` bytes, one behind the other."""
    import pyarrow as pa

    widths, is_bad = _code_page(encoding)
    with file.path.open("rb") as handle:
        offset, more = 0, True
        while more:
            raw = handle.read(max(1, size // length) * length)
            more = offset + len(raw) < file.size and bool(raw)
            octets = np.frombuffer(raw, np.uint8)
            begins = np.arange(0, len(raw), length)
            ends = np.append(0, np.cumsum(widths[octets]))
            bounds = np.append(ends[begins], ends[-1]).astype(np.int32)
            text = raw.decode(encoding, errors="backslashreplace").encode("utf-8")
            lines = pa.StringArray.from_buffers(len(begins), pa.py_buffer(bounds), pa.py_buffer(text))
            wrong = np.flatnonzero(is_bad[octets])
            bad, first = np.unique(wrong // length, return_index=True)
            yield FixedRecords(
                lines,
                begins + offset,
                None,
                bad,
                np.full(len(bad), UNDECODABLE, object),
                _messages(octets[wrong[first]], wrong[first] + offset, encoding),
                cut=len(raw) % length != 0,
            )
            offset += len(raw)


def _messages(octets: NDArray[np.uint8], offsets: NDArray[np.int64], encoding: str) -> NDArray[np.object_]:
    """As the lines of other text files are told, in columns: all records of a file may be wrong."""
    import pyarrow as pa
    import pyarrow.compute as pc

    shown = pa.array([f"byte 0x{byte:02x} at offset " for byte in range(256)]).take(pa.array(octets))
    places = pa.array(offsets).cast(pa.string())
    told: NDArray[np.object_] = pc.binary_join_element_wise(
        shown, places, f" cannot be decoded as {encoding}", ""
    ).to_numpy(zero_copy_only=False)
    return told


@lru_cache(maxsize=8)
def _code_page(encoding: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For every byte: how many bytes its character has in UTF-8, and whether it has no character."""
    widths, is_bad = np.full(256, len("\\x00"), np.int64), np.ones(256, bool)
    for byte in range(256):
        try:
            widths[byte] = len(bytes([byte]).decode(encoding).encode("utf-8"))
        except UnicodeDecodeError:
            continue
        is_bad[byte] = False
    return widths, is_bad
