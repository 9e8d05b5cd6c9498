"""Letting go of old releases.

Invariant: the last release never expires; a file goes when no kept release has it, and not before. That a release was
published, by which run and with how many records, is kept for ever, and so are the ids of what was withdrawn.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.store.catalogue import last_release
from comity.store.lock import holding
from comity.store.sweep import sweep

if TYPE_CHECKING:
    from comity.store.store import Store


def expire(store: Store, before: int, *, dry_run: bool = False) -> tuple[int, int, int]:
    """Expire every release before number ``before``; releases, files and bytes that went, or would go."""
    from sqlalchemy import func, select

    from comity.store.tables import files, releases

    with (
        holding(store.layout.publish_lock, store.wait_seconds),
        store.ledger.writing("expiring old releases") as connection,
    ):
        before = min(before, last_release(connection))
        old = (releases.c.release < before) & releases.c.expired_at.is_(None)
        count = connection.execute(select(func.count()).where(old).select_from(releases)).scalar_one()
        # A file that ends at or before the first kept release is in none of them.
        gone = files.c.end_release <= before
        lost, size = connection.execute(
            select(func.count(), func.coalesce(func.sum(files.c.bytes), 0)).where(gone)
        ).one()
        if not dry_run:
            connection.execute(files.delete().where(gone))
            connection.execute(releases.update().where(old).values(expired_at=datetime.now(UTC)))
    if not dry_run and count:
        from comity.store.iceberg import follow

        store.refresh_views()
        follow(store)
        sweep(store.layout, store.ledger, store.standard, store.wait_seconds)
    return int(count), int(lost), int(size)
