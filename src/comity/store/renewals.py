"""Renewals as the views show them.

Invariant: a record is due at the later of its own date and that of its last renewal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection


def last_renewals(connection: Connection, until: datetime | None) -> list[tuple[str, str, date]]:
    """Record type, record and day of the last renewal of every record, of those made by the moment ``until``."""
    from sqlalchemy import select

    from comity.store.tables import reviews

    statement = select(reviews.c.record_type, reviews.c.record_id, reviews.c.review_due).order_by(
        reviews.c.reviewed_at
    )
    if until is not None:
        statement = statement.where(reviews.c.reviewed_at <= until)
    return list({row.record_id: tuple(row) for row in connection.execute(statement)}.values())


def renewed(body: str) -> str:
    """The body of a record type's view of which some record was renewed."""
    return (
        "SELECT held.* REPLACE (coalesce(greatest(held.review_due, renewed.review_due), held.review_due) AS review_due)"
        f" FROM ({body}) AS held LEFT JOIN ledger.renewals AS renewed USING (record_id)"
    )
