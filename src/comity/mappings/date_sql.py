"""Dates that SQL can read: Gregorian, and the calendars that differ from it by their year only.

Invariant: it reads exactly what ``calendar.read_date`` reads (a property test holds the two together); it is there
because a column of dates is the commonest of all columns and SQL reads it without leaving DuckDB.
"""

from __future__ import annotations

from comity.mappings.calendar import YEAR_OFFSET, YEARS
from comity.mappings.date_format import COMPACT, DateFormat, parse_format
from comity.mappings.text_steps import sql_text


def sql_reads(formats: tuple[str, ...], calendar: str) -> bool:
    """Whether every format is digits of a year and, perhaps, a month and a day."""
    if calendar not in YEAR_OFFSET or "edtf" in formats:
        return False
    for text in formats:
        fmt = parse_format(text, calendar)
        if fmt.interval or not fmt.has_year or {"B", "E"} & set(fmt.parts):
            return False
        if "y" in fmt.parts and calendar != "minguo":
            return False
        if "d" in fmt.parts and "m" not in fmt.parts:
            return False
    return True


def full_date(text: str, formats: tuple[str, ...], calendar: str) -> str:
    """A DATE from the formats that name a day, NULL where none fits."""
    dates = [
        _date(text, parse_format(form, calendar), calendar)
        for form in formats
        if _grain(form, calendar) == "day"
    ]
    return _coalesce(dates, "DATE")


def month_start(text: str, formats: tuple[str, ...], calendar: str) -> str:
    """The first day of a month from the formats that name a month and no day."""
    dates = [
        _date(text, parse_format(form, calendar), calendar)
        for form in formats
        if _grain(form, calendar) == "month"
    ]
    return _coalesce(dates, "DATE")


def year_start(text: str, formats: tuple[str, ...], calendar: str) -> str:
    """The first of January from the formats that name a year only."""
    dates = [
        _date(text, parse_format(form, calendar), calendar)
        for form in formats
        if _grain(form, calendar) == "year"
    ]
    return _coalesce(dates, "DATE")


def whole_years(read: str, text: str) -> str:
    """What strptime read, without years that nobody meant and the words that it takes for moments."""
    # DuckDB reads 'epoch' and 'infinity' by any format as the first of January 1900.
    plausible = f"{read} {_within('gregorian')}"
    written = f"({read} <> '1900-01-01' OR regexp_matches({text}, '[0-9]'))"
    return f"CASE WHEN {plausible} AND {written} THEN {read} END"


def _within(calendar: str) -> str:
    first, last = (year + YEAR_OFFSET[calendar] for year in YEARS[calendar])
    return f"BETWEEN '{first}-01-01' AND '{last}-12-31'"


def _grain(form: str, calendar: str) -> str:
    parts = parse_format(form, calendar).parts
    return "day" if "d" in parts else "month" if "m" in parts else "year"


def _coalesce(values: list[str], kind: str) -> str:
    if not values:
        return f"CAST(NULL AS {kind})"
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _date(text: str, fmt: DateFormat, calendar: str) -> str:
    offset = YEAR_OFFSET[calendar]
    groups = ", ".join(sql_text(part.lower()) for part in fmt.parts)
    found = f"regexp_extract({text}, {sql_text(fmt.pattern)}, [{groups}])"
    if calendar == "gregorian" and fmt.full and "Y" in fmt.parts and not COMPACT.search(fmt.text):
        # strptime is three times as fast as the regular expression; a short year falls out of the bounds.
        return whole_years(f"CAST(try_strptime({text}, {sql_text(fmt.text)}) AS DATE)", text)
    year = f"TRY_CAST({found}.y AS INTEGER)" + (
        f" + {offset}" if offset > 0 else f" - {-offset}" if offset else ""
    )
    month = f"{found}.m" if "m" in fmt.parts else "'1'"
    day = f"{found}.d" if "d" in fmt.parts else "'1'"
    read = f"TRY_CAST(({year}) || '-' || {month} || '-' || {day} AS DATE)"
    return f"CASE WHEN {read} {_within(calendar)} THEN {read} END"
