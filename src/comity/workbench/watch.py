"""Noticing that a file was saved.

Invariant: a file that appears, goes or gets another size or time is noticed, whatever way an editor saves it; nothing
of it is read. Looking twice a second costs nothing and works on every disk, also one that tells of no change itself.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Stamp = frozenset[tuple[str, int, int]]
_EVERY = 0.5


def stamp(places: Iterable[Path]) -> Stamp:
    """Every file in ``places`` (folders are looked into) with its size and time."""
    found = set()
    for place in places:
        for path in (place, *(place.rglob("*") if place.is_dir() else ())):
            try:
                if path.is_file():
                    told = path.stat()
                    found.add((str(path), told.st_size, told.st_mtime_ns))
            except OSError:  # an editor that renames takes the file away for a moment
                continue
    return frozenset(found)


def wait_for_change(places: tuple[Path, ...], before: Stamp) -> Stamp:
    """Return when the files differ from ``before``, and have been left alone since one look."""
    while True:
        time.sleep(_EVERY)
        now = stamp(places)
        if now != before:
            time.sleep(_EVERY / 5)
            if stamp(places) == now:
                return now
