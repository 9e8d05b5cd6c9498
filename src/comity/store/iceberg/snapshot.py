"""One release of a record type as one snapshot of its table.

Invariant: a snapshot's files are exactly those of its release; its summary bears the release's number and run, and
its moment is the one at which the release was published, so that an Iceberg reader finds it by either.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update import AddSnapshotUpdate, RemoveSnapshotsUpdate
from pyiceberg.table.update.snapshot import _ManifestMergeManager, _OverwriteFiles

from comity.store.iceberg.place import KEPT_SNAPSHOTS, PUBLISHED, RELEASE, RUN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyiceberg.manifest import DataFile, ManifestFile
    from pyiceberg.table import Transaction
    from pyiceberg.table.snapshots import Snapshot
    from pyiceberg.table.update import UpdatesAndRequirements

    from comity.store.publication import Release

_MERGED_BYTES = 8 * 1024 * 1024
_MERGED_COUNT = 100


class _ReleaseFiles(_OverwriteFiles):
    """Files in and files out in one snapshot, with the moment of the release.

    pyiceberg's own keeps every manifest that only tells of files gone long ago, so that each commit costs more
    than the one before. Here such a manifest is listed by the snapshot that made it, and by no other.
    """

    published_ms: int = 0

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        live = [
            manifest
            for manifest in manifests
            if manifest.added_snapshot_id in (None, self._snapshot_id)
            or manifest.existing_files_count
            or manifest.added_files_count
        ]
        merging = _ManifestMergeManager(
            target_size_bytes=_MERGED_BYTES,
            min_count_to_merge=_MERGED_COUNT,
            merge_enabled=True,
            snapshot_producer=self,
        )
        return merging.merge_manifests(live)

    def _commit(self) -> UpdatesAndRequirements:
        updates, requirements = super()._commit()
        return tuple(
            AddSnapshotUpdate(snapshot=update.snapshot.model_copy(update={"timestamp_ms": self.published_ms}))
            if isinstance(update, AddSnapshotUpdate)
            else update
            for update in updates
        ), requirements


def stage_release(
    transaction: Transaction, release: Release, added: Iterable[DataFile], removed: Iterable[DataFile]
) -> None:
    """Add the snapshot of ``release`` to what the transaction will commit."""
    added, removed = list(added), list(removed)
    operation = (
        Operation.OVERWRITE if added and removed else Operation.DELETE if removed else Operation.APPEND
    )
    files = _ReleaseFiles(
        operation=operation,
        transaction=transaction,
        io=transaction._table.io,
        commit_uuid=uuid.uuid4(),
        snapshot_properties={
            RELEASE: str(release.number),
            RUN: release.run_id,
            PUBLISHED: release.published_at.isoformat(),
        },
    )
    # A clock that was set back must not make the table's history run backwards: readers refuse that.
    published = int(release.published_at.timestamp() * 1000)
    files.published_ms = max(published, transaction.table_metadata.last_updated_ms)
    for file in added:
        files.append_data_file(file)
    for file in removed:
        files.delete_data_file(file)
    files.commit()


def stage_expiry(transaction: Transaction) -> list[Snapshot]:
    """Let go of all but the last snapshots; those that go."""
    snapshots = in_order(transaction.table_metadata.snapshots)
    expired = snapshots[: max(0, len(snapshots) - KEPT_SNAPSHOTS)]
    if expired:
        ids = [snapshot.snapshot_id for snapshot in expired]
        transaction._apply((RemoveSnapshotsUpdate(snapshot_ids=ids),))
    return expired


def in_order(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    return sorted(snapshots, key=lambda snapshot: snapshot.sequence_number or 0)


def release_of(snapshot: Snapshot) -> tuple[int, str] | None:
    """The release and the run of a snapshot; None for one that another program made."""
    said = snapshot.summary.additional_properties if snapshot.summary else {}
    number = said.get(RELEASE, "")
    return (int(number), said.get(RUN, "")) if number.isdigit() else None
