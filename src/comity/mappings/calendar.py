"""Dates of every calendar that exports use, as an interval of Gregorian days and an EDTF text.

Invariant: a date is understood whole or not at all. A day that its calendar does not have, a year out of the range
that is published for the calendar, a two-digit year without a pivot: each is None, never a guess; and a partial date
is the interval of all days it may mean, so that January the first is never invented.

Sources: Umm al-Qura by hijridate (published tables, 1343-1500 AH); Solar Hijri by jdatetime; Ethiopic by convertdate
(the Coptic calendar with another era); Minguo = CE - 1911; Buddhist = CE + 543; Japanese eras by their first days.
Where the use changed: days of Japanese eras were counted by the moon until 1872, and such dates are not read; the
Buddhist year begins with January the first since 1941 (not verified), and earlier dates are read as all others.
"""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from dataclasses import dataclass

from comity.mappings.date_format import ENGLISH_MONTHS, DateFormat, parse_format
from comity.mappings.edtf import read_edtf

YEAR_OFFSET = {"gregorian": 0, "minguo": 1911, "buddhist": -543}
LIBRARIES = {"umm_al_qura": ("hijridate",), "solar_hijri": ("jdatetime",), "ethiopic": ("convertdate",)}
# The years that a register of today can mean, in the calendar's own count: a year of another calendar by mistake, or
# of another century, is outside and therefore not understood. Japanese years with an era are bound by the eras.
YEARS = {
    "gregorian": (1700, 2199),
    "minguo": (1, 199),
    "buddhist": (2400, 2699),
    "japanese": (1873, 2199),
    "umm_al_qura": (1343, 1500),
    "solar_hijri": (1200, 1500),
    "ethiopic": (1700, 2199),
}
# The century of a two-digit year above the pivot; at or below it, the next.
_CENTURY = {"gregorian": 1900, "buddhist": 2400, "umm_al_qura": 1300, "solar_hijri": 1300, "ethiopic": 1900}

# Names of an era as exports write them, its first year, and its first day that is read. An era ends where the next
# begins. Meiji began in 1868; the Gregorian calendar came with its sixth year.
JAPANESE_ERAS: tuple[tuple[tuple[str, ...], int, dt.date], ...] = (
    (("明治", "明", "M", "㍾", "MEIJI"), 1868, dt.date(1873, 1, 1)),
    (("大正", "大", "T", "㍽", "TAISHO"), 1912, dt.date(1912, 7, 30)),
    (("昭和", "昭", "S", "㍼", "SHOWA"), 1926, dt.date(1926, 12, 25)),
    (("平成", "平", "H", "㍻", "HEISEI"), 1989, dt.date(1989, 1, 8)),
    (("令和", "令", "R", "㋿", "REIWA"), 2019, dt.date(2019, 5, 1)),
)


@dataclass(frozen=True)
class PartialDate:
    """EDTF text, and the first and last day that it may mean (None where the year is not known)."""

    edtf: str
    earliest: dt.date | None
    latest: dt.date | None


def read_date(
    text: str, formats: tuple[str, ...], calendar: str, pivot: int | None = None, approximate: bool = False
) -> PartialDate | None:
    """The first format that fits and names a day, month or year that exists; None where none does."""
    for form in formats:
        if form == "edtf":
            if (edtf := read_edtf(text)) is not None and _plausible(edtf[1], edtf[2]):
                return PartialDate(*edtf)
            continue
        fmt = parse_format(form, calendar)
        match = re.fullmatch(fmt.pattern.removeprefix("^").removesuffix("$"), text)
        if match is None:
            continue
        found = _interpret(fmt, dict(zip(fmt.parts, match.groups(), strict=True)), calendar, pivot)
        if found is not None:
            return _approximate(found) if approximate and not fmt.full else found
    return None


def _plausible(*days: dt.date | None) -> bool:
    earliest, latest = YEARS["gregorian"]
    return all(earliest <= day.year <= latest for day in days if day is not None)


def _interpret(
    fmt: DateFormat, parts: dict[str, str], calendar: str, pivot: int | None
) -> PartialDate | None:
    month = _month(parts)
    day = int(parts["d"]) if "d" in parts else None
    if not fmt.has_year:
        return _without_year(month, day) if calendar == "gregorian" else None
    year = _year(parts, calendar, pivot)
    if year is None or ("B" in parts and month is None):
        return None
    span = _span(calendar, year, month, day)
    if span is None:
        return None
    if "E" in parts and (era := _era(parts["E"])) is not None:
        # An era's first and last year are not whole years, and a day belongs to the era that it names.
        span = (max(span[0], era[1]), min(span[1], era[2]))
        if span[0] > span[1]:
            return None
    earliest, latest = span
    if fmt.interval:
        last = _span(calendar, int(parts["Y2"]), None, None)
        if last is None or last[1] < earliest:
            return None
        return PartialDate(
            f"{_edtf(earliest, last_of=span[1])}/{_edtf(last[0], last_of=last[1])}", earliest, last[1]
        )
    return PartialDate(_edtf(earliest, last_of=latest), earliest, latest)


def _year(parts: dict[str, str], calendar: str, pivot: int | None) -> int | None:
    if "E" in parts:
        return _era_year(parts)
    if "Y" in parts:
        return int(parts["Y"])
    year = int(parts["y"])
    if calendar == "minguo":
        return year
    if pivot is None or calendar not in _CENTURY:
        return None
    return year + _CENTURY[calendar] + (100 if year <= pivot else 0)


def _era_year(parts: dict[str, str]) -> int | None:
    """The Gregorian year of an era's year; 元 is the first."""
    era = _era(parts["E"])
    number = int((parts.get("y") or parts.get("Y") or "0").replace("元", "1"))
    return era[0] + number - 1 if era is not None and number >= 1 else None


def _era(name: str) -> tuple[int, dt.date, dt.date] | None:
    """First year, first and last day of an era."""
    for index, (names, year, first) in enumerate(JAPANESE_ERAS):
        if name.upper() in names:
            following = JAPANESE_ERAS[index + 1][2] if index + 1 < len(JAPANESE_ERAS) else dt.date.max
            return year, first, following - dt.timedelta(days=1)
    return None


def _month(parts: dict[str, str]) -> int | None:
    if "m" in parts:
        return int(parts["m"])
    name = parts.get("B", "").lower()
    for number, month in enumerate(ENGLISH_MONTHS, 1):
        if name and (name == month or name == month[:3]):
            return number
    return None


def _without_year(month: int | None, day: int | None) -> PartialDate | None:
    if month is None:
        return None
    try:
        dt.date(
            2000, month, 1 if day is None else day
        )  # a leap year: the 29th of February exists in some year
    except ValueError:
        return None
    return PartialDate(f"XXXX-{month:02d}" + (f"-{day:02d}" if day else ""), None, None)


def _span(calendar: str, year: int, month: int | None, day: int | None) -> tuple[dt.date, dt.date] | None:
    """First and last day of the day, month or year; None where the calendar does not have it."""
    try:
        first = to_gregorian(calendar, year, 1 if month is None else month, 1 if day is None else day)
        last = (
            first
            if day is not None
            else _last_day(calendar, year, month if month is not None else _months(calendar))
        )
    except (ValueError, OverflowError):
        return None
    return (first, last)


def _last_day(calendar: str, year: int, month: int) -> dt.date:
    for day in range(31, 5, -1):
        with suppress(ValueError, OverflowError):
            return to_gregorian(calendar, year, month, day)
    return to_gregorian(calendar, year, month, 5)  # the shortest month there is


def _months(calendar: str) -> int:
    return 13 if calendar == "ethiopic" else 12


def to_gregorian(calendar: str, year: int, month: int, day: int) -> dt.date:
    """The Gregorian day; ValueError or OverflowError where the calendar has no such day or no published table."""
    earliest, latest = YEARS[calendar]
    if not earliest <= year <= latest:
        raise ValueError(f"year {year}")
    if calendar in YEAR_OFFSET or calendar == "japanese":
        return dt.date(year + YEAR_OFFSET.get(calendar, 0), month, day)
    if calendar == "umm_al_qura":
        from hijridate import Hijri

        return dt.date.fromordinal(Hijri(year, month, day).to_gregorian().toordinal())
    if calendar == "solar_hijri":
        import jdatetime

        return jdatetime.date(year, month, day).togregorian()  # type: ignore[no-any-return]
    return _ethiopic(year, month, day)


def _ethiopic(year: int, month: int, day: int) -> dt.date:
    from convertdate import coptic

    # Ethiopic = Coptic year + 276: the months and days are the same.
    coptic_year = year - 276
    days = 30 if month <= 12 else (6 if coptic_year % 4 == 3 else 5)
    if not (1 <= month <= 13 and 1 <= day <= days):
        raise ValueError(f"{year}-{month}-{day}")
    return dt.date(*coptic.to_gregorian(coptic_year, month, day))


def _edtf(first: dt.date, last_of: dt.date) -> str:
    if first == last_of:
        return first.isoformat()
    if first.year == last_of.year and first.day == 1 and (last_of + dt.timedelta(days=1)).day == 1:
        if (first.month, last_of.month) == (1, 12):
            return f"{first:%Y}"
        if first.month == last_of.month:
            return f"{first:%Y-%m}"
    # A month or a year of another calendar is an interval of Gregorian days.
    return f"{first.isoformat()}/{last_of.isoformat()}"


def _approximate(found: PartialDate) -> PartialDate:
    edtf = "/".join(f"{part}~" for part in found.edtf.split("/"))
    return PartialDate(edtf, found.earliest, found.latest)
