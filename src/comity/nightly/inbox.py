"""What waits in the inbox of a source.

Invariant: a file is taken once for each mapping that would read it differently, oldest first, and never changed or
removed; a hidden file, or one that ends in .part or .tmp, is still being delivered and is left alone; so is a link.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comity.adapters.adapter import Adapter
    from comity.nightly.outline import Outline


@dataclass(frozen=True)
class InboxFile:
    """A delivered file with the hash of its bytes."""

    path: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class Delivery:
    """One export that waits: its id, and its files in order."""

    export_id: str
    files: tuple[InboxFile, ...]


def waiting_files(folder: Path, adapter: Adapter | Outline) -> tuple[Path, ...]:
    """The files that the adapter's patterns name, oldest first: by its ``order``, else by time of change, then name."""
    patterns = adapter.delivery.files
    found = [path for path in delivered(folder) if fits(path, patterns)]
    order = re.compile(adapter.delivery.order) if adapter.delivery.order else None

    def age(path: Path) -> tuple[str, int, str]:
        match = order.search(path.name) if order else None
        if match is not None:
            return (match[1], 0, path.name)
        return ("", path.stat().st_mtime_ns, path.name)

    return tuple(sorted(found, key=age))


def fits(path: Path, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)


def delivered(folder: Path, *, links: bool = False) -> Iterator[Path]:
    """Every file below ``folder`` that is there as a whole; with ``links`` those too.

    A link is never followed: it would bring any file that Comity may read into the archive of whoever can write here.
    """
    for path in _files(folder):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if not path.name.endswith((".part", ".tmp")) and (links or not path.is_symlink()):
            yield path


def _files(folder: Path) -> Iterator[Path]:
    """Every file below ``folder``. A folder that may not be looked into is an error: it is not empty."""

    def fail(error: OSError) -> None:
        raise error

    for parent, _, names in os.walk(folder, onerror=fail):
        yield from (path for name in names if (path := Path(parent, name)).is_file())


def deliveries(files: tuple[InboxFile, ...], *, together: bool) -> tuple[Delivery, ...]:
    """The files as exports: each its own, or all of them one."""
    if together and files:
        named = tuple(sorted(files, key=lambda file: file.path.name))
        if len(named) == 1:
            return (Delivery(named[0].sha256, named),)
        body = "\n".join(f"{file.sha256}  {file.path.name}" for file in named)
        return (Delivery(hashlib.sha256(body.encode()).hexdigest(), named),)
    return tuple(Delivery(file.sha256, (file,)) for file in files)
