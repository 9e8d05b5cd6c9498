"""Which release is meant by a number, a date, or a moment.

Invariant: a date is the state at its end in UTC, a moment the state that readers saw then; what cannot be read as
either, or was before the first release, is an error and never another release.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from comity.errors import QueryError

if TYPE_CHECKING:
    from comity.store import Store

    When = int | str | date | datetime


def release_number(store: Store, when: When) -> int:
    """The number of the release; raises when there was none."""
    if isinstance(when, str) and when.strip().isdecimal() and len(when.strip()) < 8:
        when = int(when)
    if isinstance(when, int):
        return when  # the store says whether there is such a release
    moment = _moment(when)
    number = store.release_at(moment)
    if not number:
        first = next((f"{release.published_at:%Y-%m-%dT%H:%M:%SZ}" for release in store.releases()), "none")
        raise QueryError(
            "query.no-release-then",
            f"Nothing was published yet at {moment:%Y-%m-%dT%H:%M:%SZ}",
            found=f"the first release: {first}",
            remedy="see `comity releases`",
        )
    return number


def _moment(when: str | date | datetime) -> datetime:
    if isinstance(when, str):
        try:
            parsed: date = date.fromisoformat(when.strip())
        except ValueError:
            try:
                parsed = datetime.fromisoformat(when.strip())
            except ValueError:
                raise QueryError(
                    "query.bad-moment",
                    "This is neither a release number nor a date nor a moment",
                    found=when,
                    remedy="write 17, 2026-11-01 or 2026-11-01T06:00:00Z",
                ) from None
        when = parsed
    if not isinstance(when, datetime):
        return datetime.combine(when, time.max, UTC)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
