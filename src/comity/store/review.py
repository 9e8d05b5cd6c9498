"""Reviews: that a record is still needed, until when, and who said so.

Invariant: a renewal is a line of the ledger and never changes a file; the views show the later of the record's own date
and that of its last renewal, so that it outlives the next export of its source.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from comity.errors import StoreError
from comity.store.purge_find import look_up
from comity.store.view_sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from comity.store.store import Store


def renew(store: Store, record_ids: Sequence[str], until: date, reviewed_by: str, reason: str) -> int:
    """Keep records until the day of their next review; how many."""
    from comity.store.tables import reviews

    found = {target.record_id: target for target in look_up(store, record_ids)}
    missing = [record_id for record_id in record_ids if record_id not in found]
    if missing:
        raise StoreError(
            "store.unknown-record",
            "No release holds that record",
            found=", ".join(missing),
            remedy="look for its record_id with `comity review`; nothing was renewed",
        )
    now = datetime.now(UTC)
    with store.ledger.writing("renewing records") as connection:
        connection.execute(
            reviews.insert(),
            [
                {
                    "review_id": str(uuid.uuid4()),
                    "record_id": record_id,
                    "record_type": found[record_id].record_type,
                    "source_id": found[record_id].source_id,
                    "review_due": until,
                    "reviewed_by": reviewed_by,
                    "reviewed_at": now,
                    "reason": reason,
                }
                for record_id in dict.fromkeys(record_ids)
            ],
        )
    store.refresh_views()
    return len(set(record_ids))


def renewals(store: Store, record_id: str | None = None) -> list[dict[str, Any]]:
    """Every renewal, the last one first."""
    from sqlalchemy import select

    from comity.store.tables import reviews

    statement = select(reviews).order_by(reviews.c.reviewed_at.desc(), reviews.c.record_id)
    if record_id is not None:
        statement = statement.where(reviews.c.record_id == record_id)
    with store.ledger.reading() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def due_sql(record_types: Sequence[str]) -> str:
    """A SELECT of what a review needs to know of every record."""
    return " UNION ALL ".join(
        f"SELECT {literal(name)} AS record_type, record_id, source_id, review_due, purge_after, legal_hold"
        f" FROM {identifier(name)}"
        for name in record_types
    )
