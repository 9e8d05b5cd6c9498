"""Clearing away what dead runs left behind, and finishing what one of them had committed.

Invariant: nothing that a release lists is ever touched, nor anything that a living run uses: its staging
is guarded by its lock, and no file is half way to its place while the publish lock is held.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.store.catalogue import last_release, listed_paths
from comity.store.chronicle import running
from comity.store.failure import storing
from comity.store.lock import holding, is_held, take
from comity.store.views import build_beside, discard, put_in_place, shown_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from comity.standard import Standard
    from comity.store.layout import Layout
    from comity.store.ledger import Ledger


def sweep(layout: Layout, ledger: Ledger, standard: Standard | None, wait_seconds: float) -> int:
    """Remove what nobody lists or uses; the number of files removed."""
    with holding(layout.publish_lock, wait_seconds), storing("sweeping the data folder", layout.root):
        removed = _sweep_staging(layout, ledger)
        removed += _sweep_unlisted(layout, ledger)
        removed += _sweep_unfinished(layout)
        _finish_release(layout, ledger, standard)
    return removed


def _sweep_staging(layout: Layout, ledger: Ledger) -> int:
    from comity.store.tables import runs

    removed = 0
    with ledger.writing("looking for dead runs") as connection:
        # In a writing transaction, so that no run is just beginning.
        begun = set(running(connection)) | {
            path.name.removesuffix(".lock") for path in layout.staging.iterdir()
        }
    for run_id in sorted(begun):
        handle = take(layout.run_lock(run_id))
        if handle is None:
            continue
        try:
            with ledger.writing("closing a dead run") as connection:
                connection.execute(
                    runs.update()
                    .where(runs.c.run_id == run_id, runs.c.status == "running")
                    .values(status="died", ended_at=datetime.now(UTC))
                )
            staged = layout.staging_of(run_id)
            removed += sum(1 for path in staged.rglob("*") if path.is_file())
            if staged.exists():
                shutil.rmtree(staged)
            layout.run_lock(run_id).unlink()
        finally:
            os.close(handle)
    return removed


def _sweep_unlisted(layout: Layout, ledger: Ledger) -> int:
    with ledger.reading() as connection:
        unlisted = unlisted_files(layout, connection)
    for path in unlisted:
        path.unlink()
    return len(unlisted)


def unlisted_files(layout: Layout, connection: Connection) -> list[Path]:
    """Files of records, changes, rejects and results that the ledger does not know."""
    listed = listed_paths(connection)
    return [path for path in _stored(layout) if layout.relative(path) not in listed]


def _stored(layout: Layout) -> Iterator[Path]:
    for folder in (layout.records, layout.changes, layout.rejects, layout.quality):
        yield from (path for path in folder.rglob("*") if path.is_file())


def _sweep_unfinished(layout: Layout) -> int:
    """Copies into the archive, and views files, that their process never finished."""
    unfinished = [path for path in layout.archive.glob("*.part") if not is_held(path)]
    unfinished += layout.root.glob(f".{layout.views_file.name}.*")
    for path in unfinished:
        path.unlink(missing_ok=True)
    return len(unfinished)


def _finish_release(layout: Layout, ledger: Ledger, standard: Standard | None) -> None:
    """Show the last release when a kill came between its commit and the rename of its views."""
    with ledger.reading() as connection:
        last, shown = last_release(connection), shown_release(layout.views_file)
        if shown is not None and shown[0] == last:
            return
        beside = build_beside(connection, layout, standard, layout.views_file)
    try:
        put_in_place(beside, layout.views_file)
    except BaseException:
        discard(beside)
        raise
