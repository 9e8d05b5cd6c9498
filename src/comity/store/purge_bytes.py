"""Looking for marks in files of any kind, as far in as a reader of exports would go.

Invariant: what is packed is unpacked (zip, and with it workbooks; tar, gzip, bzip2; Parquet; one in the other), in
bounded memory and within the bounds that the readers of exports have; what cannot be looked into is said, and never
counts as free of marks.
"""

from __future__ import annotations

import bz2
import gzip
import mmap
import struct
import tarfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, cast

from comity.store.layout import PRIVATE, sync
from comity.store.purge_search import search_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

_CHUNK = 1 << 20
_DEEPEST = 4
_LARGEST_RATIO = 100
_FREE = 64 << 20
_BLOCK = 512
_DAMAGE = (
    EOFError, OSError, RuntimeError, ValueError, OverflowError, struct.error, NotImplementedError,
    zipfile.BadZipFile, tarfile.TarError, zlib.error,
)  # fmt: skip


class _NotLookedInto(ValueError):
    pass


def has_mark(path: Path, marks: Sequence[bytes]) -> bool | None:
    """Whether a mark stands in a file, or in what is packed in it; None where that could not be looked into."""
    size = path.stat().st_size
    if size == 0 or not marks:
        return False
    with path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if search_for(tuple(marks)).any_in(content):
                return True
        try:
            return _Search(marks, max(_FREE, size * _LARGEST_RATIO)).packed(file, 0)
        except _DAMAGE:  # Arrow's errors are ValueErrors and OSErrors
            return None


def mentions(array: pa.Array, texts: Sequence[str]) -> pa.Array:
    """For every value whether one of the texts stands in it, however deep."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    found = pa.repeat(pa.scalar(False), len(array))
    if pa.types.is_dictionary(kind):
        return mentions(array.cast(kind.value_type), texts)
    if pa.types.is_integer(kind) or pa.types.is_binary(kind) or pa.types.is_string_view(kind):
        array = array.cast(pa.string()) if not pa.types.is_binary(kind) else array
        kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        values = array.buffers()[2]
        known = search_for(tuple(text.encode() for text in texts))
        for mark in sorted(known.found(memoryview(values))) if values is not None else ():
            found = pc.or_(found, pc.fill_null(pc.match_substring(array, mark.decode()), False))
    elif pa.types.is_struct(kind):
        for field in array.flatten():
            found = pc.or_(found, mentions(field, texts))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inside = mentions(array.flatten(), texts)
        rows = pc.unique(pc.list_parent_indices(array).filter(inside))
        found = pc.is_in(pa.array(range(len(array)), rows.type), rows)
    return found


def blacken(path: Path, marks: Sequence[bytes], beside: Path) -> None:
    """Write X over every mark in a file of text; ``beside``: where it is written before it takes its place."""
    content = path.read_bytes()
    for mark in sorted(search_for(tuple(marks)).found(content), key=len, reverse=True):
        content = content.replace(mark, b"X" * len(mark))
    beside.touch(PRIVATE)
    beside.write_bytes(content)
    beside.chmod(path.stat().st_mode & 0o777)
    sync(beside)
    beside.replace(path)


class _Search:
    """One delivered file, everything in it included: ``left`` is what may still come out of it."""

    def __init__(self, marks: Sequence[bytes], left: int) -> None:
        self.marks, self.left = marks, left
        self.search = search_for(tuple(marks))

    def packed(self, file: IO[bytes], depth: int) -> bool:
        """Whether a mark stands in what is packed in ``file``, whose own bytes were searched already."""
        file.seek(0)
        head = file.read(_BLOCK)
        file.seek(0)
        if depth == _DEEPEST:
            raise _NotLookedInto
        if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    with archive.open(member) as inside:
                        if self._stream(inside, depth + 1):
                            return True
        elif head[257:262] == b"ustar":
            with tarfile.open(fileobj=file, mode="r:") as tape:
                for entry in tape:
                    if (part := tape.extractfile(entry)) and self._stream(part, depth + 1):
                        return True
        elif head[:3] == b"\x1f\x8b\x08":
            with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                return self._stream(cast("IO[bytes]", unpacked), depth + 1)
        elif head[:3] == b"BZh" and head[4:10] == b"1AY&SY":
            with bz2.BZ2File(file) as unpacked_too:
                return self._stream(cast("IO[bytes]", unpacked_too), depth + 1)
        elif head[:4] == b"PAR1":
            return self._parquet(file)
        return False

    def _stream(self, file: IO[bytes], depth: int) -> bool:
        kept = b""
        while chunk := file.read(_CHUNK):
            self.left -= len(chunk)
            if self.left < 0:
                raise _NotLookedInto
            content = kept + chunk
            if self.search.any_in(content):
                return True
            kept = content[-(self.search.longest - 1) :] if self.search.longest > 1 else b""
        return self.packed(file, depth)

    def _parquet(self, file: IO[bytes]) -> bool:
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        texts = []
        for mark in self.marks:
            try:
                texts.append(mark.decode("utf-8"))
            except UnicodeDecodeError:
                continue
        with pq.ParquetFile(pa.PythonFile(file, mode="r")) as table:
            for batch in table.iter_batches():
                for column in batch.columns:
                    if pc.any(mentions(column, texts)).as_py():
                        return True
        return False
