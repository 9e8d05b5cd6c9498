"""Archives: zip and tar, and single files compressed by gzip or bzip2, opened member by member.

Invariant: what comes out is bounded by bytes really unpacked, whatever an archive says of itself, and so is the memory
that its tables may take. No member is written anywhere but to a name of ours, and it is gone when the next one comes.
A member that would leave the folder, is a link or is encrypted is refused with a code. An archive may lie in an
archive, one level deep.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
from contextlib import contextmanager
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING
from uuid import uuid4

from comity.adapters.archive_kind import DAMAGE, archive_kind, open_stream
from comity.adapters.archive_members import Budget, Member, tar_members, zip_members
from comity.adapters.part import ExportFile
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path


DEEPEST = 2
_CHUNK = 1 << 20
_SUFFIXES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".tbz2")
_SHOWN = 5


def open_files(file: ExportFile, patterns: Sequence[str], into: Path) -> Generator[ExportFile]:
    """``file`` itself, or the members of the archive that it is, each until the next is asked for.

    Of an archive's members those are taken whose names one of ``patterns`` fits; if all patterns name archives, all.
    """
    yield from _open(file, patterns, into, Budget.of(file), 0)


def _open(
    file: ExportFile, patterns: Sequence[str], into: Path, budget: Budget, depth: int
) -> Iterator[ExportFile]:
    kind = archive_kind(file.path)
    if kind is None:
        yield file
        return
    if depth == DEEPEST:
        raise ReadError(
            "read.nested-archive",
            "The archive lies too deep in other archives",
            file=file.name,
            found=f"more than {DEEPEST} archives, one in the other",
            remedy="have it packed once",
        )
    others: list[str] = []
    taken = 0
    with _damage_told(file):
        for member in _members(kind, file, budget):
            if kind != "stream" and not _is_wanted(member.name, patterns):
                others.append(member.name)
                continue
            taken += 1
            name = member.name if kind == "stream" else f"{file.name}!/{member.name}"
            written = _write(member, name, into, budget)
            try:
                yield from _open(written, patterns, into, budget, depth + 1)
            finally:
                written.path.unlink(missing_ok=True)
    if not taken:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise ReadError(
            "read.no-member",
            "The archive holds no file that the adapter reads",
            file=file.name,
            found=", ".join(others[:_SHOWN]) + more if others else "no members",
            remedy=f"the names of members are compared with 'delivery.files': {', '.join(patterns)}",
        )


def _members(kind: str, file: ExportFile, budget: Budget) -> Iterator[Member]:
    """The members that hold data, each safe to read; the checks that need all of them are made here."""
    seen: set[str] = set()
    for member in {"zip": zip_members, "tar": tar_members, "stream": _single}[kind](file, budget):
        path = PureWindowsPath(member.name)  # knows both kinds of slashes, and drives
        if kind != "stream" and (path.drive or path.root or ".." in path.parts):
            raise ReadError(
                "read.path-traversal",
                "A member of the archive would be written outside its folder",
                file=file.name,
                found=repr(member.name),
                remedy="do not trust this archive: ask the owner what it is",
            )
        if member.name in seen:
            raise ReadError(
                "read.duplicate-member",
                "Two members of the archive have the same name",
                file=file.name,
                found=repr(member.name),
                remedy="have it packed again; which of the two counts is not for us to say",
            )
        seen.add(member.name)
        yield member


def _single(file: ExportFile, budget: Budget) -> Iterator[Member]:
    stem, dot, suffix = file.name.rpartition(".")
    name = stem if dot and f".{suffix.lower()}" in _SUFFIXES else file.name
    yield Member(name, lambda: open_stream(file.path))


def _is_wanted(name: str, patterns: Sequence[str]) -> bool:
    parts = PureWindowsPath(name).parts
    if not parts or any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return False
    only_archives = all(pattern.lower().endswith(_SUFFIXES) for pattern in patterns)
    return only_archives or any(fnmatch.fnmatch(parts[-1], pattern) for pattern in patterns)


def _write(member: Member, name: str, into: Path, budget: Budget) -> ExportFile:
    path = into / f"member-{uuid4().hex}"
    digest, size = hashlib.sha256(), 0
    try:
        with member.open() as stream, path.open("wb") as target:
            while chunk := stream.read(_CHUNK):
                budget.spend(len(chunk))
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return ExportFile(name, path, digest.hexdigest(), size)


@contextmanager
def _damage_told(file: ExportFile) -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise ReadError(
            "read.unsupported-archive",
            "The archive is packed in a way that cannot be read",
            file=file.name,
            found=str(error),
            remedy="have it packed as zip with the usual compression (deflate), or by gzip",
        ) from None
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the disk's fault, not the archive's; a place that cannot be is the archive's
        raise ReadError(
            "read.damaged-archive",
            "The archive is damaged or cut off",
            file=file.name,
            found=str(error) or type(error).__name__,
            remedy="have it delivered again",
        ) from None
