"""Which exports of a source this run takes.

Invariant: an export that was published under the present mapping is not read again, but to lay it over one that came
late; a full export that is older than one already published never comes back; what failed is tried again while it
waits in the inbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.nightly.inbox import Delivery, InboxFile, deliveries, waiting_files
from comity.nightly.work import snapshot_task
from comity.store.failure import storing
from comity.store.layout import make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.part import ExportFile
    from comity.nightly.source import Source
    from comity.nightly.workers import Workers
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


def find_waiting(store: Store, source: Source, staging: Path, workers: Workers) -> tuple[Waiting, ...]:
    """The exports to take, oldest first; their files are in the archive when this returns."""
    adapter = source.adapter
    if adapter.delivery.database is not None:
        into = staging / source.source_id / "snapshot"
        make_folder(into)
        snapshot = workers.submit(source.source_id, into, 0.0, snapshot_task, adapter, into).result().value
        file = InboxFile(snapshot.path, store.archive(snapshot.path), snapshot.size)
        found: tuple[Delivery, ...] = deliveries((file,), together=False)
    else:
        folder = store.layout.inbox / source.source_id
        make_folder(folder)
        with storing("looking into the inbox", folder):
            files = tuple(
                InboxFile(path, store.archive(path), path.stat().st_size)
                for path in waiting_files(folder, adapter)
            )
        found = deliveries(files, together=adapter.delivery.together)
    return tuple(_as_waiting(store, delivery, again) for delivery, again in _choose(store, source, found))


def _choose(store: Store, source: Source, found: tuple[Delivery, ...]) -> list[tuple[Delivery, bool]]:
    """The exports to take in their order, and whether each was published before."""
    versions = store.published_versions(source.source_id)
    distinct = {delivery.export_id: delivery for delivery in found}  # the same bytes twice are one export
    ordered = list(distinct.values())
    last = max((i for i, delivery in enumerate(ordered) if delivery.export_id in versions), default=-1)
    first = next(
        (i for i, delivery in enumerate(ordered) if delivery.export_id not in versions), len(ordered)
    )
    if source.adapter.delivery.kind == "full":
        first = max(first, last + 1)
    new = [(delivery, delivery.export_id in versions) for delivery in ordered[first:]]
    if not new and last >= 0 and source.mapping_version not in versions[ordered[last].export_id]:
        return [
            (ordered[last], False)
        ]  # nothing new from the source, but the mapping would read it differently now
    return new


def _as_waiting(store: Store, delivery: Delivery, again: bool) -> Waiting:
    from comity.adapters.part import ExportFile

    files = tuple(
        ExportFile(file.path.name, store.archived(file.sha256), file.sha256, file.size)
        for file in delivery.files
    )
    return Waiting(delivery.export_id, files, again)
