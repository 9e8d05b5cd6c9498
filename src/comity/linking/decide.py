"""What a person decides of a pair of records.

Invariant: only a pair that is waiting, or was decided before, can be decided; all of a call's decisions are published
in one release, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.errors import QueryError
from comity.linking.published import connected, open_store, publish, read_links
from comity.linking.records import DIFFERENT, SAME

if TYPE_CHECKING:
    from comity.config.settings import Settings


@dataclass(frozen=True)
class Decision:
    """Two records are the same or are not, said by somebody, for a reason."""

    from_id: str
    to_id: str
    same: bool
    by: str
    why: str


def decide(settings: Settings, decisions: list[Decision]) -> int | None:
    """Write down what was decided; the release that shows it, or None when there was nothing."""
    if not decisions:
        return None
    store = open_store(settings)
    with connected(settings) as connection:
        read_links(connection, store)
        today = datetime.now(UTC).date()
        for decision in decisions:
            pair = sorted((decision.from_id, decision.to_id))
            known = connection.execute("SELECT 1 FROM links WHERE from_id = ? AND to_id = ?", pair).fetchall()
            if not known:
                raise QueryError(
                    "query.unknown-link",
                    "No link between these two records is waiting or decided",
                    found=" ".join(pair),
                    remedy="see `comity links review`, and take both ids from one line",
                )
            connection.execute(
                "UPDATE links SET role = ?, certainty = 'confirmed', confirmed_by = ?, decided_on = ?, note = ?, "
                "last_changed = now() WHERE from_id = ? AND to_id = ?",
                [SAME if decision.same else DIFFERENT, decision.by, today, decision.why, *pair],
            )
        return publish(connection, store)
