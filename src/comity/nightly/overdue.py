"""Sources whose next delivery is overdue: how old the last one is, held against how often one is due.

Invariant: a source is overdue when its adapter says how often an export is due, it delivered before, and more time than
that has gone by since. One that never delivered is not overdue: most installations have some that are not set up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from comity.nightly.freshness import DUE, duration


@dataclass(frozen=True)
class StaleLine:
    """A source that is overdue: how often it is ``due``, when the last delivery came, and seconds since it was due."""

    source_id: str
    due: str
    last_delivery: str
    seconds_overdue: int

    def text(self) -> str:
        span = duration(timedelta(seconds=self.seconds_overdue))
        return f"due {self.due}, last delivery {self.last_delivery[:16]}Z, overdue by {span}"


def stale_line(
    source_id: str, due: str, received: datetime | None, dropped: float | None, now: datetime
) -> StaleLine | None:
    """None when the source is in time. ``received``: its last published export; ``dropped``: the time of change of the
    newest file in its inbox, in seconds since 1970, since the same bytes again are a delivery too.
    """
    period = DUE.get(due)
    moments = [received] if received is not None else []
    if dropped is not None and (moment := datetime.fromtimestamp(dropped, UTC)) <= now:
        moments.append(moment)
    if period is None or not moments:
        return None
    last = max(moments)
    over = int((now - last - period).total_seconds())
    if over <= 0:
        return None
    return StaleLine(source_id, due, last.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), over)
