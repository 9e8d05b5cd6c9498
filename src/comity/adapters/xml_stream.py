"""The record elements of an XML document, one after the other, taken up again behind every damage.

Invariant: memory holds one piece of the document, whatever its size. A fault in the markup costs the record that
holds it, or the text between two records, and reading goes on at the next record; which record that is, is asked of
the text only where the parser has given up. All of the document is in a record, in a damage, or around records.

A piece ends where a record begins, so a record that is open at its end was never closed. Where records may hold
elements of their own name that cannot be known, and everything behind a fault is lost as one row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from comity.adapters.utf8_file import MARK
from comity.adapters.xml_parser import INVALID_BYTES, INVALID_CHARACTER, UNDECLARED_ENTITY, UNREADABLE
from comity.adapters.xml_record import local_name
from comity.adapters.xml_text import RecordText, is_markup, used_entity

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from comity.adapters.xml_parser import Fault, RecordParser

CHUNK = 1 << 20
PATIENCE = 16 << 20
"""How much is read in search of the next record before the text is handed on without it."""
LARGEST_RECORD = 64 << 20


@dataclass(frozen=True)
class Damage:
    """A stretch of the document that became no record. ``offset`` is where in the file it begins."""

    code: str
    message: str
    raw: bytes
    line: int
    offset: int


class RecordStream:
    """Iterate over it once: elements, each to be used before the next, and Damage.

    ``name``: the records' tag; ``encoding``: what the document is in, which agrees with ASCII; ``nested``: a
    record may hold elements of its own name; ``marked``: bytes that cannot be decoded have become marks.
    """

    def __init__(
        self, path: Path, parser: RecordParser, name: str, encoding: str, *, nested: bool, marked: bool
    ) -> None:
        self._path, self._parser, self._encoding = path, parser, encoding
        self._nested, self._marked = nested, marked
        self._text = RecordText(name, encoding)
        self._data, self._starts, self._index = b"", [0], 0
        self._before = b""
        self._offset, self._line = 0, 1
        self._resumed = self._carried = self._skipping = self._loose = False
        self._length = 0
        self._silent: Damage | None = None

    def __iter__(self) -> Iterator[Any]:
        buffer, last = b"", False
        with self._path.open("rb") as source:
            while not last:
                chunk = source.read(CHUNK)
                buffer += chunk
                last = not chunk
                cut = len(buffer) if last or self._nested else self._text.last_start(buffer)
                if not cut and not last and len(buffer) < PATIENCE:
                    continue
                aligned, cut = bool(cut) and not last and not self._nested, cut or len(buffer)
                self._data, buffer = buffer[:cut], buffer[cut:]
                yield from self._piece(aligned, last)
                if self._nested and self._resumed:
                    return
                self._offset += cut
                self._line += self._data.count(b"\n")
                self._before = self._data

    def place(self) -> tuple[int, int]:
        """Line and byte offset of the record given last."""
        at = self._begins(self._index)
        return self._line + self._data.count(b"\n", 0, at), self._offset + at

    def _piece(self, aligned: bool, last: bool) -> Iterator[Any]:
        self._starts, self._index, begin = [], 0, 0
        if self._skipping:
            begin = self._begins(0)
            if begin == len(self._data):
                return
            self._skipping = False
        found, fault = self._parser.feed(self._data[begin:], last=last)
        if fault is None and aligned and self._is_missing(len(found)):
            fault = UNREADABLE
        yield from self._give(found)
        if fault is not None and self._nested:
            yield self._rest_is_lost(fault)
        elif fault is not None:
            if self._silent is not None:
                yield self._silent
            yield from self._recover(fault, aligned, last)
        self._parser.drop()
        self._carried = not aligned and not last and self._parser.is_open()
        self._settle(fault is None and not found and not aligned and not self._carried)
        self._loose = not aligned
        if self._length > LARGEST_RECORD and not self._nested:
            message = f"The record is larger than {LARGEST_RECORD >> 20} MB"
            damage = self._damage(UNREADABLE, 0, len(self._data))
            yield replace(damage, code="read.record-too-long", message=message)
            self._resume()
            self._carried, self._skipping, self._length = False, True, 0

    def _is_missing(self, found: int) -> bool:
        """Whether a record begins in this piece that has not come: the parser waits for its end, or for a quote."""
        if not self._text.may_exceed(self._data, self._parser.prefix, found - self._carried):
            return False
        self._begins(0)
        return len(self._starts) - 1 > found

    def _settle(self, silent: bool) -> None:
        """Remember since when nothing has come: if a fault follows, it began there."""
        if not silent:
            self._silent = None
        elif self._silent is None:
            message = "Nothing from here on can be read, up to the next record that is given or refused"
            self._silent = Damage("read.broken-xml", message, b"", self._line, self._offset)
        self._length = self._length + len(self._data) if self._carried else 0

    def _recover(self, fault: Fault, aligned: bool, last: bool) -> Iterator[Any]:
        """Go on behind the last record of this piece that was given."""
        size, told, known = len(self._data), False, self._resumed
        while (start := self._begins(self._index)) < size:
            behind, stop = self._behind(), self._begins(self._index + 1)
            self._resume()
            found, again = self._parser.feed(self._data[start:stop], last=last and stop == size)
            if found:
                # The record itself is fine. Behind a damage the elements around it may be others than assumed.
                if not told and not (known and is_markup(self._data[behind:start])):
                    yield self._damage(fault, behind, start) if start else self._damage_before(fault)
                yield from self._give(found)
                again = yield from self._go_on(again, stop, aligned, last)
                if again is None:
                    return
            else:
                end = self._text.behind(self._data, start, stop)
                stop = end if is_markup(self._data[end:stop]) else stop
                yield self._damage(again or self._parser.reason(), start, stop)
                self._index += 1
            fault, told, known = again or fault, not found, True
        rest = self._data[self._behind() :]
        if not told and not (known and is_markup(rest) and (not last or self._is_end(rest))):
            yield self._damage(fault, size - len(rest), size)
        self._resume()

    def _go_on(
        self, fault: Fault | None, start: int, aligned: bool, last: bool
    ) -> Generator[Any, None, Fault | None]:
        """More and more records at a time, so that a piece full of damage is not parsed again for each."""
        size, step = len(self._data), 1
        while fault is None and start < size:
            until = min(self._index + step, len(self._starts) - 1)
            stop = self._begins(until)
            found, fault = self._parser.feed(self._data[start:stop], last=last and stop == size)
            if fault is None and (aligned or stop < size) and len(found) < until - self._index:
                fault = UNREADABLE
            yield from self._give(found)
            start, step = stop, 2 * step
        return fault

    def _resume(self) -> None:
        self._parser.resume(self._encoding)
        self._resumed = True

    def _give(self, found: list[Any]) -> Iterator[Any]:
        # With a DTD that nobody fetches, an entity in an attribute would silently be nothing.
        entities = self._parser.external and b"&" in self._data
        for element in found:
            if element is not None:
                yield (self._entity() if entities else None) or element
                if element.getparent() is not None:
                    element.clear()
            self._index += 1

    def _entity(self) -> Damage | None:
        start, stop = self._begins(self._index), self._begins(self._index + 1)
        name = used_entity(self._data[start:stop])
        if name is None:
            return None
        message = f"The record uses an entity: {name}"
        return replace(self._damage(UNREADABLE, start, stop), code="read.xml-entity", message=message)

    def _begins(self, index: int) -> int:
        """Where record ``index`` of this piece begins; the piece's end if it has no such record."""
        if not self._starts:
            carried = [0] if self._carried else []
            starts = self._text.starts(self._data, loose=self._loose)
            self._starts = [*carried, *starts, len(self._data)]
        return self._starts[min(index, len(self._starts) - 1)]

    def _behind(self) -> int:
        """Where the last record that was given, or was damaged, ends."""
        if not self._index:
            return 0
        return self._text.behind(self._data, self._begins(self._index - 1), self._begins(self._index))

    def _is_end(self, rest: bytes) -> bool:
        """Whether this ends with the root's end tag."""
        root = local_name(self._parser.root_tag).encode(self._encoding)
        return rest.rstrip(b" \t\r\n>").endswith(root)

    def _rest_is_lost(self, fault: Fault) -> Damage:
        self._resumed = True
        message = (
            f"From line {fault.line}, column {fault.column} on the document cannot be read: {fault.message}"
        )
        return Damage(self._code(fault, b""), message, b"", fault.line, self._offset + len(self._data))

    def _damage(self, fault: Fault, start: int, stop: int) -> Damage:
        raw = self._data[start:stop]
        start += len(raw) - len(raw.lstrip())
        line = self._line + self._data.count(b"\n", 0, start)
        # The parser counts lines from where it began.
        message = re.sub(r" line \d+", "", fault.message)
        return Damage(self._code(fault, raw), message, raw.strip(), line, self._offset + start)

    def _damage_before(self, fault: Fault) -> Damage:
        """The same behind the last record of the piece before this one."""
        starts = self._text.starts(self._before)
        begin = self._text.behind(self._before, starts[-1], len(self._before)) if starts else 0
        raw = self._before[begin:]
        lead = len(raw) - len(raw.lstrip())
        found = self._damage(fault, 0, 0)
        line = self._line - raw.count(b"\n", lead)
        offset = self._offset - len(raw) + lead
        return replace(found, raw=raw.strip(), line=line, offset=offset)

    def _code(self, fault: Fault, raw: bytes) -> str:
        if fault.kind == UNDECLARED_ENTITY:
            return "read.xml-entity"
        marked = self._marked and fault.kind == INVALID_CHARACTER and MARK.encode() in raw
        return "read.undecodable-bytes" if marked or fault.kind == INVALID_BYTES else "read.broken-xml"
