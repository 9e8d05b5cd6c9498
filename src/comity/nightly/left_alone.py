"""What lies in the inbox and no run takes: files in a folder of no source, files that fit no pattern, links.

Invariant: of what was delivered, a file is taken, or is still on its way (hidden, ``.part``, ``.tmp``), or is named
here with the reason; an owner who renames an export is not passed over in silence.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from comity.errors import did_you_mean
from comity.nightly.inbox import delivered, fits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from comity.nightly.outline import Outline

_NAMED = 3


@dataclass(frozen=True)
class LeftAlone:
    """``place``: a folder below the inbox. ``files``: how many of its files no run takes, for the reason ``why``."""

    place: str
    files: int
    why: str

    def text(self) -> str:
        return f"{self.files:,} file{'s' if self.files > 1 else ''}: {self.why}"


def left_alone(
    inbox: Path, outlines: Iterable[Outline], known: Collection[str] | None
) -> tuple[LeftAlone, ...]:
    """Of the inboxes of ``outlines``; and of folders that are none of the ``known`` sources', unless that is None."""
    found = []
    for outline in outlines:
        if outline.delivery.database is not None:
            continue  # a register in one file may well lie there
        patterns = outline.delivery.files
        there = _of(inbox / outline.source_id)
        links = [path.name for path in there if path.is_symlink()]
        others = [path.name for path in there if not (path.is_symlink() or fits(path, patterns))]
        if others:
            why = f"none of its patterns ({', '.join(patterns)}) fits {_names(others)}"
            found.append(LeftAlone(outline.source_id, len(others), why))
        if links:
            why = f"a link is not followed, since it may lead anywhere; put the file itself there: {_names(links)}"
            found.append(LeftAlone(outline.source_id, len(links), why))
    if known is not None and inbox.is_dir():
        for entry in sorted(os.scandir(inbox), key=lambda entry: entry.name):
            if entry.is_dir() and entry.name not in known and (count := len(_of(Path(entry)))):
                hint = did_you_mean(entry.name, known).rstrip()
                found.append(
                    LeftAlone(
                        entry.name, count, f"no source has the name of this folder; {hint}".rstrip("; ")
                    )
                )
    return tuple(found)


def _of(folder: Path) -> list[Path]:
    """A folder that may not be looked into is told of where its source is read."""
    try:
        return list(delivered(folder, links=True))
    except OSError:
        return []


def _names(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
