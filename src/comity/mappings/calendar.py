"""Dates of every calendar that exports use, as an interval of Gregorian days and an EDTF text.

Invariant: a date is understood whole or not at all. A day that its calendar does not have, a year out of the range
that is published for the calendar, a two-digit year without a pivot: each is None, never a guess; and a partial date
is the interval of all days it may mean, so that January the first is never invented.

Sources: Umm al-Qura by hijridate (published tables, 1343-1500 AH); Solar Hijri by jdatetime; Ethiopic by convertdate
(the Coptic calendar with another era); Minguo = CE - 1911; Buddhist = CE + 543 (Thailand's New Year was moved to
January the first in 1941: earlier dates in January to March are a year later there); Japanese eras by their first days.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from comity.mappings.date_format import ENGLISH_MONTHS, DateFormat, parse_format
from comity.mappings.edtf import read_edtf

YEAR_OFFSET = {"gregorian": 0, "minguo": 1911, "buddhist": -543}
LIBRARIES = {"umm_al_qura": ("hijridate",), "solar_hijri": ("jdatetime",), "ethiopic": ("convertdate",)}
EARLIEST_YEAR, LATEST_YEAR = 1000, 2199

# Names of an era as exports write them, and its first day. An era ends where the next begins.
JAPANESE_ERAS: tuple[tuple[tuple[str, ...], dt.date], ...] = (
    (("明治", "明", "M", "㍾", "MEIJI"), dt.date(1868, 1, 25)),
    (("大正", "大", "T", "㍽", "TAISHO"), dt.date(1912, 7, 30)),
    (("昭和", "昭", "S", "㍼", "SHOWA"), dt.date(1926, 12, 25)),
    (("平成", "平", "H", "㍻", "HEISEI"), dt.date(1989, 1, 8)),
    (("令和", "令", "R", "㋿", "REIWA"), dt.date(2019, 5, 1)),
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
            if (edtf := read_edtf(text)) is not None:
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
    if "E" in parts and (bounds := _era_bounds(parts["E"])) is not None:
        # An era's first and last year are not whole years, and a day belongs to the era that it names.
        span = (max(span[0], bounds[0]), min(span[1], bounds[1]))
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
    if calendar != "gregorian" and len(parts["y"]) == 3:
        return year
    if calendar == "minguo":
        return year
    if pivot is None:
        return None
    century = {"buddhist": 2500, "umm_al_qura": 1400, "solar_hijri": 1300}.get(calendar, 1900)
    return year + century + (100 if year <= pivot and calendar == "gregorian" else 0)


def _era_year(parts: dict[str, str]) -> int | None:
    """The Gregorian year of an era's year; 元 is the first."""
    bounds = _era_bounds(parts["E"])
    text = (parts.get("y") or parts.get("Y") or "0").replace("元", "1")
    return bounds[0].year + int(text) - 1 if bounds is not None and int(text) >= 1 else None


def _era_bounds(name: str) -> tuple[dt.date, dt.date] | None:
    for index, (names, first) in enumerate(JAPANESE_ERAS):
        if name.upper() in names:
            following = JAPANESE_ERAS[index + 1][1] if index + 1 < len(JAPANESE_ERAS) else dt.date.max
            return first, following - dt.timedelta(days=1)
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
    try:
        dt.date(2000, month or 1, day or 1)  # a leap year: the 29th of February exists in some year
    except ValueError:
        return None
    return (
        PartialDate(f"XXXX-{month or 1:02d}" + (f"-{day:02d}" if day else ""), None, None) if month else None
    )


def _span(calendar: str, year: int, month: int | None, day: int | None) -> tuple[dt.date, dt.date] | None:
    """First and last day of the day, month or year; None where the calendar does not have it."""
    try:
        first = to_gregorian(calendar, year, month or 1, day or 1)
        if day is not None:
            return (first, first)
        if month is not None:
            last = _day_before(
                calendar, *((year, month + 1, 1) if month < _months(calendar) else (year + 1, 1, 1))
            )
        else:
            last = _day_before(calendar, year + 1, 1, 1)
    except (ValueError, OverflowError):
        return None
    return (first, last)


def _day_before(calendar: str, year: int, month: int, day: int) -> dt.date:
    return to_gregorian(calendar, year, month, day) - dt.timedelta(days=1)


def _months(calendar: str) -> int:
    return 13 if calendar == "ethiopic" else 12


def to_gregorian(calendar: str, year: int, month: int, day: int) -> dt.date:
    """The Gregorian day; ValueError or OverflowError where the calendar has no such day or no published table."""
    if calendar in YEAR_OFFSET or calendar == "japanese":
        gregorian = year + YEAR_OFFSET.get(calendar, 0)
        if not EARLIEST_YEAR <= gregorian <= LATEST_YEAR:
            raise ValueError(f"year {gregorian}")
        return dt.date(gregorian, month, day)
    if calendar == "umm_al_qura":
        from hijridate import Hijri

        return dt.date.fromordinal(Hijri(year, month, day).to_gregorian().toordinal())
    if calendar == "solar_hijri":
        import jdatetime

        if not 1000 <= year <= 1600:
            raise ValueError(f"year {year}")
        return jdatetime.date(year, month, day).togregorian()  # type: ignore[no-any-return]
    if calendar == "ethiopic":
        return _ethiopic(year, month, day)
    raise ValueError(f"unknown calendar {calendar}")


def _ethiopic(year: int, month: int, day: int) -> dt.date:
    from convertdate import coptic

    # Ethiopic = Coptic year + 276: the months and days are the same (STANDARD-FACTS A.5).
    coptic_year = year - 276
    days = 30 if month <= 12 else (6 if coptic_year % 4 == 3 else 5)
    if not (coptic_year >= 1 and 1 <= month <= 13 and 1 <= day <= days):
        raise ValueError(f"{year}-{month}-{day}")
    return dt.date(*coptic.to_gregorian(coptic_year, month, day))


def _edtf(first: dt.date, last_of: dt.date) -> str:
    if first == last_of:
        return first.isoformat()
    if (first.month, first.day, last_of.month, last_of.day) == (1, 1, 12, 31) and first.year == last_of.year:
        return f"{first.year:04d}"
    if (
        first.day == 1
        and (last_of + dt.timedelta(days=1)).day == 1
        and (first.year, first.month)
        == (
            last_of.year,
            last_of.month,
        )
    ):
        return f"{first.year:04d}-{first.month:02d}"
    # A month or a year of another calendar is an interval of Gregorian days.
    return f"{first.isoformat()}/{last_of.isoformat()}"


def _approximate(found: PartialDate) -> PartialDate:
    edtf = "/".join(f"{part}~" for part in found.edtf.split("/"))
    return PartialDate(edtf, found.earliest, found.latest)
