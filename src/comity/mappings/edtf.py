"""The part of EDTF (ISO 8601-2, level 0 and 1) that a partial date needs.

Invariant: a text is returned with the first and last day that it may mean, or None when it is no such EDTF.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

_SINGLE = re.compile(r"(\d{4}|\d{3}X|\d{2}XX|XXXX)(?:-(\d{2}|XX))?(?:-(\d{2}|XX))?([~?%])?")


def read_edtf(text: str) -> tuple[str, dt.date | None, dt.date | None] | None:
    """``1979-01``, ``197X``, ``1965~``, ``1970/1971``, ``XXXX-05-16`` … with its first and last day."""
    first_text, slash, last_text = text.partition("/")
    first = _single(first_text)
    if first is None:
        return None
    if not slash:
        return (text, *first)
    last = _single(last_text)
    if last is None or first[0] is None or last[1] is None or last[1] < first[0]:
        return None
    return (text, first[0], last[1])


def _single(text: str) -> tuple[dt.date | None, dt.date | None] | None:
    match = _SINGLE.fullmatch(text)
    if match is None:
        return None
    year, month, day, _ = match.groups()
    if day not in (None, "XX") and month in (None, "XX"):
        return None
    try:
        if year == "XXXX":
            dt.date(2000, int(month), int(day) if day not in (None, "XX") else 1)
            return (None, None)
        low, high = int(year.replace("X", "0")), int(year.replace("X", "9"))
        first_month, last_month = (1, 12) if month in (None, "XX") else (int(month), int(month))
        if day in (None, "XX"):
            return dt.date(low, first_month, 1), dt.date(
                high, last_month, calendar.monthrange(high, last_month)[1]
            )
        return dt.date(low, first_month, int(day)), dt.date(high, last_month, int(day))
    except (ValueError, TypeError):
        return None
