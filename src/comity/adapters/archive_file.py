"""Archives: zip, gzip and tar, opened member by member.

Invariant: what comes out is bounded by bytes really written, whatever an archive says of itself; no member is written
anywhere but to a name of ours; a member that would leave the folder, is a link or is encrypted is refused with a code.
"""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import lzma
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from comity.adapters.part import ExportFile
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LARGEST = 64 << 30
LARGEST_RATIO = 200
FREE = 64 << 20
"""So much may come out of any archive, however small it is."""
MOST_MEMBERS = 10_000
_CHUNK = 1 << 20
_DAMAGE = (EOFError, OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, RuntimeError)
# Formats that are themselves zip files and are read as they are.
_NOT_AN_ARCHIVE = ("[Content_Types].xml", "mimetype")


@dataclass
class _Budget:
    """What may still come out of one delivered file."""

    name: str
    left: int

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise ReadError(
                "read.archive-too-large",
                "The archive holds more than it may: it looks like a bomb",
                file=self.name,
                found=f"more than {LARGEST_RATIO} times its own size",
                remedy="ask the owner for the export without compression",
            )


def open_files(file: ExportFile, patterns: Sequence[str], into: Path) -> Iterator[ExportFile]:
    """``file`` itself, or the members of the archive that it is (archives inside it too, one level)."""
    budget = _Budget(file.name, min(LARGEST, max(FREE, file.size * LARGEST_RATIO)))
    yield from _open(file, patterns, into, budget, levels=2)


def _open(
    file: ExportFile, patterns: Sequence[str], into: Path, budget: _Budget, levels: int
) -> Iterator[ExportFile]:
    kind = _kind(file.path) if levels else None
    if kind is None:
        yield file
        return
    try:
        for name, stream in {"zip": _zip, "tar": _tar, "gzip": _gzip}[kind](file):
            if kind != "gzip" and not _wanted(name, patterns):
                continue
            member = _write(stream, f"{file.name}!/{name}" if kind != "gzip" else name, into, budget)
            yield from _open(member, patterns, into, budget, levels - 1)
    except _DAMAGE as error:
        raise ReadError(
            "read.damaged-archive",
            "The archive is damaged or cut off",
            file=file.name,
            found=str(error) or type(error).__name__,
            remedy="have it delivered again",
        ) from None


def _kind(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"\x1f\x8b":
        return "tar" if _is_tar(path) else "gzip"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError):
            return "zip"  # damaged: opening it says so
        return None if any(name in _NOT_AN_ARCHIVE for name in names[:20]) else "zip"
    return "tar" if _is_tar(path) else None


def _is_tar(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(512)
        if head[257:262] == b"ustar":
            return True
        if head[:2] == b"\x1f\x8b":
            with gzip.open(path) as inside:
                return inside.read(262)[257:262] == b"ustar"
        return (head[:3] == b"BZh" or head[:6] == b"\xfd7zXZ\x00") and tarfile.is_tarfile(path)
    except _DAMAGE:
        return False


def _zip(file: ExportFile) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(file.path) as archive:
        members = archive.infolist()
        _check_count(len(members), file)
        for member in members:
            if member.is_dir():
                continue
            _check_name(member.filename, file)
            if member.flag_bits & 1:
                raise ReadError(
                    "read.encrypted-archive",
                    "The archive is encrypted",
                    file=f"{file.name}!/{member.filename}",
                    remedy="have it delivered without a password, over a channel that is itself protected",
                )
            with archive.open(member) as stream:
                yield member.filename, stream


def _tar(file: ExportFile) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(file.path, "r:*") as archive:
        for count, member in enumerate(archive, 1):
            _check_count(count, file)
            _check_name(member.name, file)
            if member.isdir():
                continue
            if not member.isfile():
                raise ReadError(
                    "read.link-in-archive",
                    "The archive holds a link or a device",
                    file=f"{file.name}!/{member.name}",
                    remedy="have it packed with plain files only",
                )
            stream = archive.extractfile(member)
            assert stream is not None  # it is a file
            yield member.name, stream


def _gzip(file: ExportFile) -> Iterator[tuple[str, IO[bytes]]]:
    with gzip.open(file.path) as stream:
        yield file.name.removesuffix(".gz"), stream  # type: ignore[misc]


def _check_count(count: int, file: ExportFile) -> None:
    if count > MOST_MEMBERS:
        raise ReadError(
            "read.archive-too-large", f"The archive has more than {MOST_MEMBERS} members", file=file.name
        )


def _check_name(name: str, file: ExportFile) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise ReadError(
            "read.path-traversal",
            "A member of the archive would be written outside its folder",
            file=file.name,
            found=repr(name),
            remedy="do not trust this archive: ask the owner what it is",
        )


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    base = PurePosixPath(name.replace("\\", "/")).name
    if base.startswith("."):
        return False
    plain = [
        pattern
        for pattern in patterns
        if not pattern.endswith((".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz"))
    ]
    return not plain or any(fnmatch.fnmatch(base, pattern) for pattern in plain)


def _write(stream: IO[bytes], name: str, into: Path, budget: _Budget) -> ExportFile:
    path = into / f"member-{uuid4().hex}"
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as target:
        while chunk := stream.read(_CHUNK):
            budget.spend(len(chunk))
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return ExportFile(name, path, digest.hexdigest(), size)
