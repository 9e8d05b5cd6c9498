"""A copy of the store that is whole, also while a run publishes; and the way back.

Invariant: the ledger is copied first, in one transaction, then every file that this copy names: no listed file is ever
changed, so the copy is one state. A backup says that it is complete only when it is. What the store no longer has, a
backup made again into the same folder loses too, or a purged record would live on there.

The ledger of a backup is always SQLite, whatever the store's is: it can be restored into either database.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.catalogue import last_release, listed_paths
from comity.store.failure import storing
from comity.store.layout import FINAL, PRIVATE, Layout, make_folder, sync
from comity.store.ledger import Ledger
from comity.store.purge_scan import files_below

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from comity.store.store import Store

_COMPLETE = "backup.json"
_TRIES = 3
_AT_ONCE = 5_000


def backup(store: Store, into: Path) -> dict[str, object]:
    """Copy the store into the folder ``into``; what the copy holds. Files that are there already are not copied."""
    target = Layout.at(into)
    if target.root == store.layout.root or target.root.is_relative_to(store.layout.root):
        raise StoreError(
            "store.bad-backup-folder",
            "A backup cannot lie in the store that it is a copy of",
            file=into,
            remedy="choose a folder outside of the data folder, best on another disk",
        )
    make_folder(target.root)
    with storing("backing up the store", into):
        for left in range(_TRIES - 1, -1, -1):
            (target.root / _COMPLETE).unlink(missing_ok=True)
            try:
                return _copy(store, target)
            except FileNotFoundError:
                # A purge, compaction or expiry took a file away since the ledger was copied: copy the newer state.
                if not left:
                    raise
    raise AssertionError("a backup ends or fails")


def _copy(store: Store, target: Layout) -> dict[str, object]:
    beside = target.root / "ledger.new"
    beside.unlink(missing_ok=True)
    copy = Ledger.open(beside)
    with (
        store.ledger.reading("copying the ledger") as source,
        copy.writing("writing the backup's ledger") as into,
    ):
        if source.dialect.name == "postgresql":
            source.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _copy_tables(source, into)
    with copy.reading() as connection:
        wanted = listed_paths(connection) | _archived(connection, store.layout)
        release = last_release(connection)
    wanted |= {store.layout.relative(path) for path in files_below(store.layout.runs)}
    size = 0
    for name in sorted(wanted):
        size += _copy_file(store.layout.root / name, target.root / name)
    for folder in (
        target.records,
        target.changes,
        target.rejects,
        target.quality,
        target.archive,
        target.runs,
    ):
        for path in files_below(folder):
            if target.relative(path) not in wanted:
                path.unlink()
    beside.replace(target.ledger_file)
    sync(target.root)
    told: dict[str, object] = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "release": release,
        "files": len(wanted),
        "bytes": size,
    }
    manifest = target.root / _COMPLETE
    manifest.touch(PRIVATE)
    manifest.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    sync(manifest)
    return told


def restore(source: Path, into: Path, ledger_url: str | None = None) -> dict[str, object]:
    """Make a store from a backup in the folder ``into``, which holds none; what the backup holds."""
    backup_of, target = Layout.at(source), Layout.at(into)
    manifest = backup_of.root / _COMPLETE
    if not manifest.exists():
        raise StoreError(
            "store.no-backup",
            "This folder is no backup, or one that was not finished",
            file=source,
            remedy=f"name the folder that holds {_COMPLETE}",
        )
    with storing("restoring the store", into):
        told: dict[str, object] = json.loads(manifest.read_text("utf-8"))
        copy = Ledger.open(backup_of.ledger_file)  # brought to this program's revision
        target.create()
        ledger = Ledger.open(target.ledger_file, ledger_url)
        with ledger.reading() as connection:
            if last_release(connection) or any(files_below(target.records)):
                raise StoreError(
                    "store.not-empty",
                    "There is a store here already, and a backup never writes over one",
                    file=target.root,
                    remedy="give --data a new folder, and `ledger` an empty database",
                )
        for name in ("records", "changes", "rejects", "quality", "archive", "runs"):
            for path in files_below(backup_of.root / name):
                _copy_file(path, target.root / backup_of.relative(path))
        with copy.reading() as connection, ledger.writing("restoring the ledger") as written:
            _copy_tables(connection, written)
    return told


def _copy_tables(source: Connection, into: Connection) -> None:
    from sqlalchemy import select

    from comity.store.tables import metadata

    for table in metadata.sorted_tables:
        into.execute(table.delete())
        rows = source.execute(select(table).execution_options(yield_per=_AT_ONCE)).mappings()
        for part in rows.partitions(_AT_ONCE):
            into.execute(table.insert(), [dict(row) for row in part])


def _archived(connection: Connection, layout: Layout) -> set[str]:
    """The files of the archive that exports consist of; one that was dropped for a purge is not missed."""
    from sqlalchemy import select

    from comity.store.tables import export_files

    hashes = connection.execute(select(export_files.c.sha256).distinct()).scalars()
    return {layout.relative(path) for path in map(layout.archived, hashes) if path.exists()}


def _copy_file(source: Path, target: Path) -> int:
    """Copy a file unless it is there, durable before it has its name; its size."""
    size = source.stat().st_size
    if target.exists() and target.stat().st_size == size and "runs" not in target.parts:
        return size
    make_folder(target.parent)
    beside = target.with_name(target.name + ".part")
    shutil.copyfile(source, beside)
    beside.chmod(FINAL if "runs" not in target.parts else PRIVATE)
    sync(beside)
    beside.replace(target)
    return size
