"""Which exports of a source this run takes, and why.

Invariant: an export that was published under the present mapping is not read again, but to lay it over one that came
late; a full export that is older than one already published never comes back; what failed is tried again while it
waits in the inbox. The plan and the run decide by the same function, so that the one foretells the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.nightly.inbox import Delivery, InboxFile, deliveries, waiting_files
from comity.store.failure import storing

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from comity.adapters.part import ExportFile
    from comity.nightly.outline import Outline
    from comity.store.holds import Hold
    from comity.store.layout import Layout
    from comity.store.store import Store


@dataclass(frozen=True)
class Waiting:
    """One export to take: its archived files, by the names that they were delivered under.

    ``again``: it was published before, and is taken once more only if an older one that came late is published now, so
    that what is newer stays on top.
    """

    export_id: str
    files: tuple[ExportFile, ...]
    again: bool = False

    @property
    def names(self) -> list[str]:
        return [file.name for file in self.files]


@dataclass(frozen=True)
class Choice:
    """The exports to take in their order, each with whether it was published before; and why, in a person's words."""

    exports: tuple[tuple[Delivery, bool], ...]
    why: str


@dataclass(frozen=True)
class Past:
    """What the ledger knows of all sources, asked once a night; empty where there is none yet.

    ``versions``: source → published export → mapping versions; ``seen``: inbox file → size, time of change, hash;
    ``received``: source → when its newest published export first came; ``tried``: source → exports that a run met.
    """

    versions: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    seen: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    received: dict[str, datetime] = field(default_factory=dict)
    tried: dict[str, set[str]] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store) -> Past:
        from comity.store import history, holds

        with store.ledger.reading() as connection:
            return cls(
                history.published_versions(connection),
                history.seen_files(connection),
                history.received(connection),
                history.tried(connection),
                holds.held(connection),
            )


def inbox_files(
    layout: Layout, past: Past, outline: Outline, digest: Callable[[Path], str]
) -> tuple[InboxFile, ...]:
    """The files that wait, with their hashes. One that has not changed since a run archived it is not read; of any
    other, ``digest`` gives the hash.
    """
    folder = layout.inbox / outline.source_id
    if not folder.is_dir():
        return ()
    files = []
    with storing("looking into the inbox", folder):
        for path in waiting_files(folder, outline):
            stat = path.stat()
            size, changed, sha256 = past.seen.get(str(path.resolve()), (-1, -1, ""))
            unchanged = (size, changed) == (stat.st_size, stat.st_mtime_ns)
            if not (unchanged and _has_size(layout.archived(sha256), size)):
                sha256 = digest(path)
            files.append(InboxFile(path, sha256, stat.st_size))
    return tuple(files)


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def choose(past: Past, outline: Outline, files: tuple[InboxFile, ...]) -> Choice:
    """What of these files is to be taken."""
    found = deliveries(files, together=outline.delivery.together)
    versions = past.versions.get(outline.source_id, {})
    distinct = {delivery.export_id: delivery for delivery in found}  # the same bytes twice are one export
    ordered = list(distinct.values())
    last = max((i for i, delivery in enumerate(ordered) if delivery.export_id in versions), default=-1)
    first = next(
        (i for i, delivery in enumerate(ordered) if delivery.export_id not in versions), len(ordered)
    )
    if outline.delivery.kind == "full":
        first = max(first, last + 1)
    new = tuple((delivery, delivery.export_id in versions) for delivery in ordered[first:])
    if not new and last >= 0 and outline.mapping_version not in versions[ordered[last].export_id]:
        # Nothing new from the source, but the mapping would read it differently now.
        return Choice(((ordered[last], False),), "mapping changed")
    if not new:
        return Choice((), "unchanged" if ordered else "nothing in the inbox")
    return Choice(new, _why(past, outline, [delivery for delivery, again in new if not again]))


def _why(past: Past, outline: Outline, new: list[Delivery]) -> str:
    tried = past.tried.get(outline.source_id, set())
    failed = sum(delivery.export_id in tried for delivery in new)
    fresh = len(new) - failed
    told = [f"{fresh} new export{'s' if fresh > 1 else ''}"] if fresh else []
    told += [f"{failed} that did not pass before"] if failed else []
    return ", ".join(told)


def as_waiting(store: Store, delivery: Delivery, again: bool) -> Waiting:
    """That delivery with its files in the archive."""
    files = tuple(archived_file(store, file.path.name, file.sha256, file.size) for file in delivery.files)
    return Waiting(delivery.export_id, files, again)


def archived_file(store: Store, name: str, sha256: str, size: int) -> ExportFile:
    """A file of an export as the archive has it, where it stays: a purge waits for runs to end."""
    from comity.adapters.part import ExportFile

    return ExportFile(name, store.archived(sha256), sha256, size, stays=True)


def hash_of(path: Path) -> str:
    """The hash of a file that is not to be archived now."""
    with storing("reading an export file", path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
