"""The members of zip and tar archives, one after the other, with bounds.

Invariant: reading the tables of an archive takes bounded memory and always goes forward, so that no archive keeps us
busy for ever; what is unpacked is counted in a budget that the archive cannot raise.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from comity.adapters.archive_kind import open_stream
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from comity.adapters.part import ExportFile

LARGEST = 64 << 30
LARGEST_RATIO = 100
FREE = 64 << 20
"""So much may come out of any archive, however small it is."""
MOST_MEMBERS = 10_000
_MOST_AT_ONCE = 16 << 20
"""No list of members and no header is larger than this."""
_CHUNK = 1 << 20


@dataclass
class Budget:
    """What may still come out of one delivered file, archives in it included."""

    file: str
    whole: int
    left: int

    @classmethod
    def of(cls, file: ExportFile) -> Budget:
        whole = min(LARGEST, max(FREE, file.size * LARGEST_RATIO))
        return cls(file.name, whole, whole)

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise too_large(self.file, f"more than {self.whole >> 20} MB in it, and still no end")


@dataclass(frozen=True)
class Member:
    """A file in an archive. ``open`` may be called until the next member is asked for."""

    name: str
    open: Callable[[], IO[bytes]]


def too_large(file: str, found: str) -> ReadError:
    """The error for an archive that holds more than it may."""
    return ReadError(
        "read.archive-too-large",
        "The archive holds more than it may: it looks like a bomb",
        file=file,
        found=found,
        remedy=f"if it is what it says it is, ask the owner for smaller archives or without compression; the bounds "
        f"are {LARGEST_RATIO} times its own size and {MOST_MEMBERS} members",
    )


def zip_members(file: ExportFile, budget: Budget) -> Iterator[Member]:
    """In the order of the archive's directory."""
    with open_zip(file.path) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise too_large(file.name, f"{len(members)} members")
        for member in members:
            if member.filename.endswith("/"):  # is_dir() fails on a name that is empty
                continue
            name = _shown(member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise _link(file, name)
            yield Member(name, lambda member=member: _open_zipped(archive, member, file))  # type: ignore[misc]


def tar_members(file: ExportFile, budget: Budget) -> Iterator[Member]:
    """In the order of the archive, which is read once."""
    with open_stream(file.path) as stream:
        forward = _Forward(stream, file.name, budget.whole)
        with tarfile.open(fileobj=cast("IO[bytes]", forward), mode="r:") as archive:
            for count, member in enumerate(archive, 1):
                if count > MOST_MEMBERS:
                    raise too_large(file.name, f"more than {MOST_MEMBERS} members")
                if member.isdir():
                    continue
                name = _shown(member.name)
                if not member.isfile():
                    raise _link(file, name)
                yield Member(name, lambda member=member: cast("IO[bytes]", archive.extractfile(member)))  # type: ignore[misc]
        # The library takes a header that it cannot read for the end. The end is a block of zeros and zeros behind it;
        # the sum of a compressed file is compared when all of it has been read.
        if forward.last.strip(b"\0") or not forward.last:
            raise tarfile.ReadError("a header is damaged, or the end is missing")
        while chunk := forward.read(_CHUNK):
            if chunk.strip(b"\0"):
                raise tarfile.ReadError("there is more behind its end")


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, its directory read in bounded memory."""
    with (
        path.open("rb") as handle,
        zipfile.ZipFile(cast("IO[bytes]", _Careful(handle, path.name))) as archive,
    ):
        yield archive


def _open_zipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: ExportFile) -> IO[bytes]:
    if member.flag_bits & 1:
        raise ReadError(
            "read.encrypted-archive",
            "The archive is encrypted",
            file=f"{file.name}!/{_shown(member.filename)}",
            remedy="have it delivered without a password, over a channel that is itself protected",
        )
    return archive.open(member)


def _link(file: ExportFile, name: str) -> ReadError:
    return ReadError(
        "read.link-in-archive",
        "The archive holds a link or a device",
        file=f"{file.name}!/{name}",
        remedy="have it packed with plain files only",
    )


def _shown(name: str) -> str:
    """A name of printable characters: it is told to people and kept with every row."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


class _Careful:
    """A file of which nobody may ask for much at once: sizes in an archive are only claims."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self._name = stream, name
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _MOST_AT_ONCE:
            raise too_large(self._name, f"a list of members or a header of {size >> 20} MB")
        return self._stream.read(size)


class _Forward(_Careful):
    """What tarfile reads from: never back, and no further than ``limit``. ``last`` is what was read last."""

    def __init__(self, stream: IO[bytes], name: str, limit: int) -> None:
        super().__init__(stream, name)
        self._limit = limit
        self.last = b""
        self.seek = self._seek

    def _seek(self, position: int, whence: int = 0) -> int:
        if position < self._stream.tell():
            raise tarfile.ReadError("a member reaches back before its own beginning")
        if position > self._limit:
            raise too_large(self._name, f"more than {self._limit >> 20} MB in it, and still no end")
        return self._stream.seek(position)

    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        self.last = data
        if self._stream.tell() > self._limit:
            raise too_large(self._name, f"more than {self._limit >> 20} MB in it, and still no end")
        return data
