"""Any encoding as UTF-8, in chunks that end with a line.

Invariant: line ``k`` of a chunk's UTF-8 is line ``k`` of its raw bytes, also where bytes cannot be decoded;
a line that cannot be decoded is named with the offset of its first bad byte, and no other line suffers.
Time is linear in the file and memory flat, whatever the bytes are: a line beyond the bound is cut off and
named, and a file that is plainly in another encoding is given up early.
"""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from comity.adapters.encoding_guard import WrongEncodingGuard
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

CHUNK: Final = 1 << 20  # with what is worked out of it, it stays in the cache of a processor
MAX_LINE: Final = 2 << 20
UNDECODABLE: Final = "read.undecodable-bytes"
TOO_LONG: Final = "read.record-too-long"
_LOOK = 1 << 16  # nearly every line is shorter
_NEXT_LINE = 0x15  # ends a line in EBCDIC too
_SHOWN = 1_000  # bytes that are kept of a line beyond the bound
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FAMILY = {"utf-8-sig": "utf-8", "utf_8_sig": "utf-8"}
_ESCAPED = re.compile("[\udc00-\udcff]")


class PartlyDecodedError(ReadError):
    """``share`` of a file's first lines cannot be decoded: another format may fit better."""

    def __init__(self, chunk: Chunk, encoding: str, name: str, share: float | None = None) -> None:
        self.share = len(chunk.bad) / max(_count_lines(chunk.data), 1) if share is None else share
        super().__init__(
            "read.wrong-encoding",
            f"The file is not in {encoding}",
            file=name,
            found=chunk.bad[0].message,
            remedy="declare the encoding that the source uses, or a second format if it uses two",
        )


@dataclass(frozen=True)
class BadLine:
    """Line ``line`` of its chunk, from 0, cannot be used; ``offset`` is where in the file."""

    line: int
    offset: int
    code: str
    message: str


@dataclass(frozen=True)
class Chunk:
    """Whole lines. ``offset``: of ``raw`` in the file; ``line``: number of the first line in the file, from
    1.
    """

    data: bytes
    raw: bytes
    offset: int
    line: int
    bad: tuple[BadLine, ...]
    last: bool
    codec: LineCodec

    def line_offsets(self) -> NDArray[np.int64]:
        """Where in the file every line begins."""
        return np.append(0, self.codec.line_stops(self.raw)) + self.offset

    def after(self, size: int, lines: int) -> Chunk:
        """Without its first ``lines``, which are ``size`` bytes of ``data``."""
        if not size:
            return self
        raw_size = size
        if self.raw is not self.data:
            whole = size == len(self.data)
            raw_size = len(self.raw) if whole else int(self.codec.line_stops(self.raw)[lines - 1])
        bad = tuple(replace(each, line=each.line - lines) for each in self.bad if each.line >= lines)
        return replace(
            self,
            data=(data := self.data[size:]),
            raw=data if self.raw is self.data else self.raw[raw_size:],
            offset=self.offset + raw_size,
            line=self.line + lines,
            bad=bad,
        )

    def then(self, following: Chunk) -> Chunk:
        """This and what follows it in the file as one."""
        if not self.data:
            return following
        lines = following.line - self.line
        bad = self.bad + tuple(replace(each, line=each.line + lines) for each in following.bad)
        data = self.data + following.data
        shared = self.raw is self.data and following.raw is following.data
        raw = data if shared else self.raw + following.raw
        return replace(self, data=data, raw=raw, bad=bad, last=following.last)


class LineCodec:
    """One encoding: how wide its units are, and what ends a line in it."""

    def __init__(self, name: str) -> None:
        self.name = _FAMILY.get(name, name)
        self.dtype = np.dtype("u1")
        for width in (2, 4):
            if self.name.startswith(f"utf-{8 * width}"):
                self.dtype = np.dtype(f"{'>' if self.name.endswith('be') else '<'}u{width}")
        line_feed, carriage_return = "\n".encode(name), "\r".encode(name)
        self.ebcdic = line_feed == b"\x25"
        self.line_feed = line_feed[0] if self.ebcdic else 10
        self.carriage_return = carriage_return[0] if self.ebcdic else 13
        # Escape sequences switch between alphabets; every line begins in ASCII, whatever is wrong before it.
        self.switching = self.name.startswith("iso2022")
        self.ascii = not self.switching and _decodes_ascii(self.name)

    def line_stops(self, raw: bytes) -> NDArray[np.int64]:
        """For every line the offset behind its end."""
        width = self.dtype.itemsize
        units = np.frombuffer(raw, self.dtype, len(raw) // width)
        ends = units == self.line_feed
        if self.ebcdic:
            ends |= units == _NEXT_LINE
        returns = np.flatnonzero(units == self.carriage_return)
        if len(returns):
            following = units[np.minimum(returns + 1, len(units) - 1)]
            alone = following != self.line_feed
            if self.ebcdic:
                alone &= following != _NEXT_LINE
            ends[returns[alone]] = True
        stops = (np.flatnonzero(ends) + 1) * width
        if len(raw) and (not len(stops) or stops[-1] != len(raw)):
            stops = np.append(stops, len(raw))
        return stops

    def cut(self, raw: bytes) -> int:
        """How many bytes of ``raw`` are whole lines; a carriage return at the end may be half of one."""
        if self.dtype.itemsize == 1:
            marks = [bytes([self.line_feed]), *([bytes([_NEXT_LINE])] if self.ebcdic else [])]
            at = max(raw.rfind(mark) for mark in marks)
            return max(at, raw.rfind(bytes([self.carriage_return]), 0, -1)) + 1
        width = self.dtype.itemsize
        units = np.frombuffer(raw, self.dtype, len(raw) // width)
        ends = units == self.line_feed
        ends[:-1] |= units[:-1] == self.carriage_return
        found = np.flatnonzero(ends)
        return (int(found[-1]) + 1) * width if len(found) else 0

    def to_utf8(self, raw: bytes) -> bytes:
        """Strict: raises UnicodeDecodeError."""
        if self.name == "utf-8":
            if not _is_utf8(raw):
                raw.decode("utf-8")  # says where
            return raw
        if self.ascii and raw.isascii():
            return raw
        return self._lines(raw.decode(self.name)).encode("utf-8")

    def _lines(self, text: str) -> str:
        return text.replace("\x85", "\n") if self.ebcdic else text


def open_codec(file: BinaryIO, encoding: str, name: str) -> LineCodec:
    """The codec for an opened file, its byte order mark skipped. A mark of another encoding is an error."""
    head = file.read(4)
    declared = _FAMILY.get(codecs.lookup(encoding).name, codecs.lookup(encoding).name)
    mark, family = next(((mark, found) for mark, found in _BOMS if head.startswith(mark)), (b"", declared))
    if not (family == declared or family.startswith(declared)):
        raise ReadError(
            "read.encoding-differs",
            "The file says by its first bytes that it is in another encoding than declared",
            file=name,
            found=f"a byte order mark of {family.upper()}; declared is {declared}",
            remedy=f"declare 'encoding: {family}', or a second format if both are delivered",
        )
    file.seek(len(mark))
    if declared in ("utf-16", "utf-32") and not mark:
        family = f"{declared}-le"
    return LineCodec(family)


def read_chunks(path: Path, encoding: str, name: str, size: int | None = None) -> Iterator[Chunk]:
    """The file's lines as UTF-8; the last chunk says so, and an empty file is one empty chunk."""
    size = size or CHUNK
    with path.open("rb") as file:
        codec = open_codec(file, encoding, name)
        offset, line, guard, rest = file.tell(), 1, WrongEncodingGuard(name, encoding), b""
        while True:
            wanted = size if rest else _to_a_line_end(file, codec, size)
            block = file.read(wanted)
            raw, last = rest + block, len(block) < wanted
            stop = len(raw) if last else codec.cut(raw)
            if not stop and not last and len(raw) <= MAX_LINE:
                rest = raw
                continue
            if not stop and not last:
                chunk, rest = _overlong(file, codec, raw, offset, line), b""
            else:
                chunk, rest = _decode(codec, raw[:stop], offset, line, last), raw[stop:]
            lines = _count_lines(chunk.data)
            guard.see(chunk, lines)
            yield chunk
            if chunk.last:
                return
            offset = file.tell() - len(rest)
            line += len(codec.line_stops(chunk.raw)) if chunk.bad else lines


def _to_a_line_end(file: BinaryIO, codec: LineCodec, size: int) -> int:
    """How much of the next ``size`` bytes is whole lines, by a look at their end: so they are never cut and copied."""
    if size <= 2 * _LOOK:
        return size
    end = os.pread(file.fileno(), _LOOK, file.tell() + size - _LOOK)
    stop = codec.cut(end) if len(end) == _LOOK else 0
    return size - _LOOK + stop if stop else size


def _is_utf8(raw: bytes) -> bool:
    """Arrow looks at it several times as fast as Python decodes it."""
    import pyarrow as pa

    bounds = np.array([0, len(raw)], np.int64)
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(bounds), pa.py_buffer(raw)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _count_lines(data: bytes) -> int:
    text = np.frombuffer(data, np.uint8)
    lines = np.count_nonzero(text == 10)  # a third of the time of data.count
    if b"\r" in data:
        lines += np.count_nonzero((text[:-1] == 13) & (text[1:] != 10)) + (data[-1] == 13)
    return int(lines)


def _decode(codec: LineCodec, raw: bytes, offset: int, line: int, last: bool) -> Chunk:
    stops = codec.line_stops(raw) if codec.switching else None
    if stops is None:
        try:
            return Chunk(codec.to_utf8(raw), raw, offset, line, (), last, codec)
        except UnicodeDecodeError:
            stops = codec.line_stops(raw)
        text = codec._lines(raw.decode(codec.name, _MARK))
    else:
        text = "".join(raw[a:b].decode(codec.name, _MARK) for a, b in pairwise([0, *stops.tolist()]))
    # Which lines hold marks: count line ends before each mark, in the text, where one line is one line.
    units = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    marks = np.flatnonzero((units >= 0xDC00) & (units <= 0xDCFF))
    ends = (units == 10) | ((units == 13) & (np.append(units[1:], 0) != 10))
    lines = np.unique(np.searchsorted(np.flatnonzero(ends), marks))
    starts = np.concatenate([[0], stops])
    bad = tuple(
        _bad_line(codec, raw[starts[k] : stops[k]], int(k), offset + int(starts[k])) for k in lines.tolist()
    )
    data = _ESCAPED.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", text).encode("utf-8")
    return Chunk(data, raw, offset, line, bad, last, codec)


def _bad_line(codec: LineCodec, raw: bytes, line: int, offset: int) -> BadLine:
    """A loop over undecodable lines only: each names its own byte."""
    at = 0
    try:
        raw.decode(codec.name)
    except UnicodeDecodeError as error:
        at = error.start
    shown = raw[at : at + codec.dtype.itemsize].hex()
    message = f"byte 0x{shown} at offset {offset + at} cannot be decoded as {codec.name}"
    return BadLine(line, offset + at, UNDECODABLE, message)


def _overlong(file: BinaryIO, codec: LineCodec, raw: bytes, offset: int, line: int) -> Chunk:
    """A line beyond the bound, cut off after its beginning; ``file`` then stands behind its end."""
    shown = raw[: _SHOWN // 4 * 4]
    while not (stop := _first_stop(codec, raw)):
        block = file.read(CHUNK)
        # Keep the last unit: it may be half of a line end.
        raw = raw[-4:] + block
        if not block:
            stop = len(raw)
            break
    end = file.seek(stop - len(raw), 1)
    text = codec._lines(shown.decode(codec.name, "replace")).replace("\r", " ").replace("\n", " ")
    bad = BadLine(0, offset, TOO_LONG, f"the line has {end - offset} bytes; {MAX_LINE} are the bound")
    return Chunk(text.encode("utf-8") + b"\n", "\n".encode(codec.name), offset, line, (bad,), False, codec)


def _first_stop(codec: LineCodec, raw: bytes) -> int:
    stops = codec.line_stops(raw[: len(raw) // codec.dtype.itemsize * codec.dtype.itemsize])
    return int(stops[0]) if len(stops) > 1 else 0


def _decodes_ascii(name: str) -> bool:
    try:
        return bytes(range(128)).decode(name) == bytes(range(128)).decode("ascii")
    except UnicodeDecodeError:
        return False


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Undecodable bytes as lone surrogates, byte by byte, and never across the end of a line."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    if not error.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        for mark in (b"\n", b"\r"):
            at = bad.find(mark, 1)
            bad = bad[:at] if at > 0 else bad
    return "".join(chr(0xDC00 + byte) for byte in bad), error.start + len(bad)


_MARK = "comity-mark"
codecs.register_error(_MARK, _mark)
