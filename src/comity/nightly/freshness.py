"""How long ago each source was last published, and whether its next export is overdue.

Invariant: what a source is due is what its adapter says; a source that was never published has no age and is not
overdue, since nobody relies on it yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from comity.store.store import Store

DUE = {
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=31),
    "yearly": timedelta(days=366),
}
"""The longest time between two exports; what comes irregularly is never overdue."""


@dataclass(frozen=True)
class Freshness:
    """One source at one moment. ``last_published`` (UTC): when a run last published an export of it."""

    source_id: str
    owner_country: str
    due: str
    last_published: datetime | None
    age: timedelta | None
    overdue: timedelta

    @property
    def stale(self) -> bool:
        return self.overdue > timedelta(0)

    def text(self) -> str:
        """For a person: ``weekly, last published 9 days ago``."""
        if self.age is None:
            return f"{self.due}, never published"
        return f"{self.due}, last published {duration(self.age)} ago"


def duration(span: timedelta) -> str:
    """``span`` in its largest whole unit, rounded down."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if (count := int(span.total_seconds() // seconds)) >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def freshness_of(
    source_id: str, owner_country: str, due: str | None, last_published: datetime | None, now: datetime
) -> Freshness:
    """The freshness of one source at ``now``."""
    due = due or "irregular"
    age = max(now - last_published, timedelta(0)) if last_published else None
    period = DUE.get(due)
    overdue = max(age - period, timedelta(0)) if age is not None and period is not None else timedelta(0)
    return Freshness(source_id, owner_country, due, last_published, age, overdue)


def freshness(store: Store, now: datetime) -> tuple[Freshness, ...]:
    """Every source that the ledger knows, by name."""
    from sqlalchemy import func, select

    from comity.store.tables import exports, releases, sources

    published = (
        select(exports.c.source_id, func.max(releases.c.published_at).label("at"))
        .join(releases, releases.c.run_id == exports.c.run_id)
        .where(exports.c.outcome == "published")
        .group_by(exports.c.source_id)
        .subquery()
    )
    question = (
        select(sources.c.source_id, sources.c.owner_country, sources.c.due, published.c.at)
        .join(published, published.c.source_id == sources.c.source_id, isouter=True)
        .order_by(sources.c.source_id)
    )
    with store.ledger.reading("reading when each source was published") as connection:
        return tuple(freshness_of(*row, now) for row in connection.execute(question))
