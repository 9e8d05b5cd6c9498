"""JSON documents with a list of records, and texts with one JSON record a line.

Invariant: memory holds one window of the text, whatever the size of the document. A record that is wrong
costs itself: reading goes on at the next one. A text that ends too early gives every whole record, and one
refused row for what is missing.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from comity.adapters.json_path import check_head, find_list
from comity.adapters.json_records import (
    CLOSE_ARRAY,
    EDGE,
    PIECE,
    WHITESPACE,
    Cut,
    State,
    cut_array,
    cut_lines,
    find_marks,
    slices,
    trimmed,
)
from comity.adapters.record_sink import RecordSink
from comity.adapters.refused import RAW_LIMIT
from comity.adapters.utf8_file import Utf8File

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import JsonFormat, NdjsonFormat
    from comity.adapters.part import ExportFile, Reading

WINDOW = 16 << 20
SMALL_WINDOW = 1 << 20
"""Behind a damaged record: if every record were damaged, whole windows would be cut in vain."""
LARGEST_RECORD = 64 << 20


def read(
    file: ExportFile, format: JsonFormat | NdjsonFormat, adapter: Adapter, into: Path, first_row: int
) -> Reading:
    """``file`` as ``record`` parts. Raises ReadError when there is no list of records where it should be."""
    with Utf8File(file, format.encoding, into) as text, RecordSink(file, adapter, into, first_row) as sink:
        if format.type == "ndjson":
            check_head(text, file.name, b"{")
            _Walk(text, sink).lines()
        elif place := find_list(text, format.records, file.name):
            walk = _Walk(text, sink)
            walk.move_to(place[0])
            walk.records(around=place[1])
        return sink.finish(encoding=text.encoding)


def probe(file: ExportFile, format: JsonFormat | NdjsonFormat, adapter: Adapter) -> None:
    """The file leads to a list of records; its keys are looked at when it is read."""
    with TemporaryDirectory() as aside, Utf8File(file, format.encoding, Path(aside), head_only=True) as text:
        if format.type == "ndjson":
            check_head(text, file.name, b"{")
        else:
            find_list(text, format.records, file.name)


class _Walk:
    """A position that moves through the text, with the count of the lines behind it."""

    def __init__(self, text: Utf8File, sink: RecordSink) -> None:
        self.text = text
        self.sink = sink
        self.position = text.start
        self.newlines = 0
        self.mark: bytes | None = None
        """How every record of a list begins: line end, indentation, brace, or on one line comma, brace, first key.
        Empty: not alike. None: not known yet. It is only used to find back behind a damaged record."""

    def lines(self) -> None:
        """Every line is a record; blank lines are none."""
        import numpy as np

        window = WINDOW
        while data := self.text.read_at(self.position, window):
            at_end = self.position + len(data) >= self.text.size
            if at_end and not data.endswith(b"\n"):
                data += b"\n"
            cut = cut_lines(np.frombuffer(data, dtype=np.uint8))
            if cut.rest:
                self._take_lines(data, cut)
                self._pass(data, cut.rest)
            elif window < LARGEST_RECORD:
                window *= 2
                continue
            elif not self._lose(0, "read.record-too-long", b"\n"):
                return
            window = WINDOW

    def records(self, around: int) -> None:
        """The records of a list up to its end, then the rest of the document, ``around`` objects deep."""
        import numpy as np

        window = WINDOW
        while True:
            data = self.text.read_at(self.position, window)
            at_end = self.position + len(data) >= self.text.size
            cut = _without_blank_end(data, cut_array(np.frombuffer(data, dtype=np.uint8)))
            if not cut.rest:
                if self.mark and (at_end or window >= SMALL_WINDOW) and self._next_start(data, 0, len(data)):
                    damaged: int | None = 0
                elif at_end:
                    self._torn(data, cut)
                    return
                elif window < LARGEST_RECORD:
                    window *= 2
                    continue
                elif not self._lose(0, "read.record-too-long", self.mark):
                    return
                else:
                    continue
            else:
                damaged = self._take(data, cut)
            if damaged is not None:
                if not self._lose(damaged, "read.lost-structure", self.mark):
                    return
                window = SMALL_WINDOW
                continue
            self._pass(data, cut.rest)
            if cut.closed is not None:
                self._end(around)
                return
            window = min(2 * window, WINDOW)

    def move_to(self, position: int) -> None:
        """Move on, counting lines."""
        while self.position < position:
            data = self.text.read_at(self.position, min(WINDOW, position - self.position))
            if not data:
                break
            self.newlines += data.count(b"\n")
            self.position += len(data)
        self.position = position

    def _torn(self, data: bytes, cut: Cut) -> None:
        """The text has ended inside the list. What is missing is one refused row, seen or not."""
        import numpy as np

        if cut.state == State() and data.strip(WHITESPACE):
            last = Cut(np.zeros(1, dtype=np.int64), np.array([len(data)]), len(data), deepest=cut.deepest)
            records = trimmed(slices(data, last))
            if self.sink.check(records, deepest=cut.deepest) is None:
                self.sink.add(records, None, lambda bad: (None, None))
                self._pass(data, len(data))
                data = b""
        self._refuse(data, "read.truncated")

    def _pass(self, data: bytes, length: int) -> None:
        """Move on over what has been read already."""
        self.newlines += data.count(b"\n", 0, length)
        self.position += length

    def _take_lines(self, data: bytes, cut: Cut) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        raw = slices(data, cut)
        records = trimmed(raw)
        filled = pc.binary_length(records).to_numpy() > 0
        if not filled.all():
            records = records.filter(pa.array(filled))
            cut = Cut(cut.starts[filled], cut.ends[filled], cut.rest)
        self.sink.add(records, self.sink.check(records), lambda bad: self._places(data, cut.starts[bad]))

    def _take(self, data: bytes, cut: Cut) -> int | None:
        """Hand the records on. Returns where one is so damaged that the cuts behind it are wrong."""
        import numpy as np

        raw = slices(data, cut)
        records = trimmed(raw)
        good = self.sink.check(records, deepest=cut.deepest)
        if self.mark is None:
            self.mark = _common_start(data, cut, good)
        damaged, until = None, len(records)
        if cut.closed is not None and data[cut.closed] != CLOSE_ARRAY:
            # A bracket too many or too few, or a stray quote that hides one.
            damaged = cut.closed
            if good is not None and not good[-1:].all():
                damaged, until = int(cut.starts[-1]), until - 1
        # The comma before the first record of a window is behind us.
        expected = len(records) - (self.mark or b"").startswith(b",")
        if good is not None and self.mark and data.count(self.mark, 0, cut.rest) > expected:
            for index in np.flatnonzero(~good).tolist():
                if self._next_start(data, int(cut.starts[index]), int(cut.ends[index])):
                    damaged, until = int(cut.starts[index]), index
                    break
        kept = None if good is None else good[:until]
        self.sink.add(records[:until], kept, lambda bad: self._places(data, cut.starts[bad], raw, bad))
        return damaged

    def _next_start(self, data: bytes, start: int, end: int) -> int:
        """Where another record begins than the one at ``start``; 0 if none does before ``end``."""
        return max(0, data.find(self.mark or b"", _skip_space(data, start), end)) if self.mark else 0

    def _lose(self, offset: int, code: str, mark: bytes | None) -> bool:
        """Refuse as one row all up to the next ``mark``; False when that is the end of the text."""
        self.move_to(self.position + offset)
        head = self.text.read_at(self.position, RAW_LIMIT)
        at = self.position + _skip_space(head, 0)
        again = self.text.size
        while mark and (data := self.text.read_at(at, WINDOW)):
            if (found := data.find(mark)) >= 0:
                again = at + found
                break
            at += max(1, len(data) - len(mark) + 1)
        self._refuse(head[: again - self.position], code)
        self.move_to(again + (again < self.text.size and (mark or b"").startswith(b",")))
        return again < self.text.size

    def _refuse(self, raw: bytes, code: str) -> None:
        lead = _skip_space(raw, 0)
        self.sink.refuse(
            code,
            _MESSAGES[code],
            raw.strip(WHITESPACE),
            line=self.newlines + raw.count(b"\n", 0, lead) + 1,
            byte_offset=self.position + lead if self.text.exact else None,
        )

    def _places(
        self, data: bytes, starts: NDArray[np.int64], raw: Any = None, bad: NDArray[np.int64] | None = None
    ) -> tuple[Any, Any]:
        """Lines and byte offsets of the records that start there, white space before them not counted."""
        import numpy as np
        import pyarrow.compute as pc

        if raw is not None:
            taken = raw.take(bad)
            lead = pc.subtract(
                pc.binary_length(taken), pc.binary_length(pc.ascii_ltrim(taken, characters=EDGE))
            )
            starts = starts + lead.to_numpy()
        newlines = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
        lines = self.newlines + 1 + np.searchsorted(newlines, starts)
        return lines, self.position + starts if self.text.exact else None

    def _end(self, around: int) -> None:
        """What follows the list must close the document and no more."""
        import numpy as np

        state, open_objects = State(depth=around), around
        start = self.position
        while data := self.text.read_at(self.position, PIECE):
            if not open_objects:
                if data.strip(WHITESPACE):
                    self._refuse(data[:RAW_LIMIT], "read.text-behind-the-end")
                    return
            else:
                marks = find_marks(np.frombuffer(data, dtype=np.uint8), state)
                state = marks.state
                closed = np.flatnonzero(marks.depth <= 0)
                if len(closed):
                    open_objects = 0
                    self.move_to(self.position + int(marks.position[closed[0]]) + 1)
                    continue
            self.move_to(self.position + len(data))
        if open_objects:
            self._refuse(self.text.read_at(start, RAW_LIMIT), "read.truncated")


_FIRST_KEY = re.compile(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:')
_MESSAGES = {
    "read.truncated": "The text ends before the document does: it was cut off",
    "read.lost-structure": "Quotes or brackets do not match: the text up to the next record cannot be read",
    "read.record-too-long": f"The record is larger than {LARGEST_RECORD >> 20} MB",
    "read.text-behind-the-end": "More text follows behind the end of the document",
}


def _skip_space(data: bytes, start: int) -> int:
    while start < len(data) and data[start] in WHITESPACE:
        start += 1
    return start


def _without_blank_end(data: bytes, cut: Cut) -> Cut:
    """Without what lies between the last comma and the bracket that ends the list, if that is nothing."""
    if cut.closed is None or data[cut.starts[-1] : cut.closed].strip(WHITESPACE):
        return cut
    return Cut(cut.starts[:-1], cut.ends[:-1], cut.rest, cut.closed, cut.deepest, cut.state)


def _common_start(data: bytes, cut: Cut, good: NDArray[np.bool_] | None) -> bytes | None:
    """Line end, indentation and brace before a good record, when that does not also occur inside it."""
    for index in range(min(2, len(cut.starts))):
        if good is None or good[index]:
            record = data[cut.starts[index] : cut.ends[index]]
            lead = record[: _skip_space(record, 0)]
            if b"\n" in lead:
                mark = b"\n" + lead.rpartition(b"\n")[2] + b"{"
                return b"" if mark in record[len(lead) :] else mark
    return _compact_start(data, cut, good)


def _compact_start(data: bytes, cut: Cut, good: NDArray[np.bool_] | None) -> bytes | None:
    """Comma, white space, brace and first key before a record, when that does not also occur inside one."""
    for index in range(min(2, len(cut.starts))):
        comma = int(cut.ends[0])
        if (good is None or good[index]) and data[comma : comma + 1] == b",":
            record = data[cut.starts[index] : cut.ends[index]].lstrip(WHITESPACE)
            if key := _FIRST_KEY.match(record):
                mark = data[comma : _skip_space(data, comma + 1)] + key[0]
                return b"" if mark in record else mark
    return None
