"""Sources that a person holds back: none of their exports is published until somebody releases them.

Invariant: a hold is never forgotten: who placed it, when and why stays in the ledger, and who released it. A source has
at most one hold that is not released.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class Hold:
    """``released_at`` None: the source is held."""

    source_id: str
    held_at: datetime
    held_by: str
    reason: str
    released_at: datetime | None = None
    released_by: str | None = None

    def text(self) -> str:
        return f"held by {self.held_by} since {self.held_at:%Y-%m-%d %H:%M}Z: {self.reason}"


def place(connection: Connection, source_id: str, by: str, reason: str) -> Hold:
    """Hold a source; one that is held already stays so, by the first word."""
    from comity.store.tables import holds

    if (known := held(connection).get(source_id)) is not None:
        return known
    hold = Hold(source_id, datetime.now(UTC), by, reason)
    connection.execute(
        holds.insert().values(source_id=source_id, held_at=hold.held_at, held_by=by, reason=reason)
    )
    return hold


def lift(connection: Connection, source_id: str, by: str) -> Hold | None:
    """Release a source; its hold, or None when it was not held."""
    from comity.store.tables import holds

    known = held(connection).get(source_id)
    if known is not None:
        connection.execute(
            holds.update()
            .where(holds.c.source_id == source_id, holds.c.released_at.is_(None))
            .values(released_at=datetime.now(UTC), released_by=by)
        )
    return known


def held(connection: Connection) -> dict[str, Hold]:
    """Every source that is held now."""
    return {hold.source_id: hold for hold in history(connection) if hold.released_at is None}


def history(connection: Connection) -> list[Hold]:
    """Every hold there ever was, oldest first."""
    from sqlalchemy import select

    from comity.store.tables import holds

    columns = [holds.c[name] for name in Hold.__dataclass_fields__]
    return [Hold(**row) for row in connection.execute(select(*columns).order_by(holds.c.held_at)).mappings()]
