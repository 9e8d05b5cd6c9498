"""Every calendar gives the Gregorian day of its own tables, and nothing for a day or a year that it does not have."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.mappings.calendar import JAPANESE_ERAS, YEARS, read_date, to_gregorian
from tests.mappings.small import one

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = dt.timedelta(days=1)


def day(calendar: str, text: str, form: str = "%Y-%m-%d") -> dt.date | None:
    found = read_date(text, (form,), calendar)
    assert found is None or found.earliest == found.latest
    return found.earliest if found else None


@pytest.mark.parametrize(  # STANDARD-FACTS A.5
    ("calendar", "text", "form", "expected"),
    [
        ("umm_al_qura", "1420-09-01", "%Y-%m-%d", "1999-12-09"),
        ("solar_hijri", "1370-01-01", "%Y-%m-%d", "1991-03-21"),
        ("solar_hijri", "1399-12-30", "%Y-%m-%d", "2021-03-20"),
        ("minguo", "1150729", "%y%m%d", "2026-07-29"),
        ("minguo", "990101", "%y%m%d", "2010-01-01"),
        ("ethiopic", "2000-01-01", "%Y-%m-%d", "2007-09-12"),
        ("buddhist", "2567-01-01", "%Y-%m-%d", "2024-01-01"),
        ("japanese", "令和6年1月1日", "%E%y年%m月%d日", "2024-01-01"),  # trap 12
    ],
)
def test_vectors(tmp_path: Path, calendar: str, text: str, form: str, expected: str) -> None:
    assert day(calendar, text, form) == dt.date.fromisoformat(expected)
    rule = f'{{from: cell, calendar: {calendar}, date: "{form}"}}'
    assert one(tmp_path, "date", rule, text) == [(expected, [])]


def umm_al_qura(at: dt.date) -> tuple[int, int, int]:
    from hijridate import Gregorian

    return tuple(Gregorian(at.year, at.month, at.day).to_hijri().datetuple())


def solar_hijri(at: dt.date) -> tuple[int, int, int]:
    import jdatetime

    found = jdatetime.date.fromgregorian(date=at)
    return found.year, found.month, found.day


def ethiopic(at: dt.date) -> tuple[int, int, int]:
    """By arithmetic alone, from the first day of the year 1: the 27th of August of the year 8."""
    days = at.toordinal() - dt.date(8, 8, 27).toordinal()
    year = (4 * days + 1463) // 1461
    month, in_month = divmod(days - 365 * (year - 1) - year // 4, 30)
    return year, month + 1, in_month + 1


def offset(years: int) -> Callable[[dt.date], tuple[int, int, int]]:
    return lambda at: (at.year + years, at.month, at.day)


FROM_GREGORIAN: dict[str, tuple[Callable[[dt.date], tuple[int, int, int]], dt.date, dt.date]] = {
    "gregorian": (offset(0), dt.date(1700, 1, 1), dt.date(2199, 12, 31)),
    "minguo": (offset(-1911), dt.date(1912, 1, 1), dt.date(2110, 12, 31)),
    "buddhist": (offset(543), dt.date(1857, 1, 1), dt.date(2156, 12, 31)),
    "umm_al_qura": (umm_al_qura, dt.date(1924, 8, 1), dt.date(2077, 11, 16)),
    "solar_hijri": (solar_hijri, dt.date(1821, 3, 21), dt.date(2122, 3, 20)),
    "ethiopic": (ethiopic, dt.date(1707, 9, 12), dt.date(2207, 9, 12)),
}


@pytest.mark.parametrize("calendar", FROM_GREGORIAN)
@given(data=st.data())
def test_every_day_comes_back_as_itself(calendar: str, data: st.DataObject) -> None:
    convert, first, last = FROM_GREGORIAN[calendar]
    at = data.draw(st.dates(first, last))
    year, month, in_month = convert(at)

    assert to_gregorian(calendar, year, month, in_month) == at
    form = "%y.%m.%d" if calendar == "minguo" else "%Y.%m.%d"
    assert day(calendar, f"{year}.{month}.{in_month}", form) == at


@pytest.mark.parametrize("calendar", FROM_GREGORIAN)
@given(data=st.data())
def test_a_month_or_a_year_is_all_its_days(calendar: str, data: st.DataObject) -> None:
    convert, first, last = FROM_GREGORIAN[calendar]
    at = data.draw(st.dates(first, last))
    year, month, _ = convert(at)
    short = "%y" if calendar == "minguo" else "%Y"

    for text, form, part in ((f"{year}/{month}", f"{short}/%m", 2), (f"{year}", short, 1)):
        found = read_date(text, (form,), calendar)

        assert found is not None and found.earliest is not None and found.latest is not None
        assert found.earliest <= at <= found.latest
        assert convert(found.earliest)[:part] == convert(found.latest)[:part] == (year, month)[:part]
        for outside in (found.earliest - DAY, found.latest + DAY):
            if first <= outside <= last:
                assert convert(outside)[:part] != (year, month)[:part]


@pytest.mark.parametrize("calendar", [name for name in YEARS if name not in ("japanese", "minguo")])
def test_a_year_that_no_register_means_is_not_read(calendar: str) -> None:
    first, last = YEARS[calendar]

    for year in (first, last):
        assert read_date(f"{year}", ("%Y",), calendar) is not None
        assert read_date(f"{year}/1", ("%Y/%m",), calendar) is not None
    for year in (first - 1, last + 1):
        assert read_date(f"{year}", ("%Y",), calendar) is None
        assert read_date(f"{year}/1/1", ("%Y/%m/%d",), calendar) is None


@pytest.mark.parametrize(
    ("calendar", "form", "text"),
    [
        ("buddhist", "%d/%m/%Y", "15/06/1987"),  # a Gregorian year
        ("buddhist", "%d/%m/%Y", "15/06/2399"),
        ("gregorian", "%d/%m/%Y", "15/06/2530"),  # a Buddhist one
        ("gregorian", "%Y/%m/%d", "1443/05/10"),  # a Hijri one
        ("umm_al_qura", "%Y/%m/%d", "2021/05/10"),
        ("solar_hijri", "%Y/%m/%d", "1987/05/10"),
        ("minguo", "%y%m%d", "2000101"),
        ("minguo", "%Y/%m/%d", "1998/01/01"),
        ("gregorian", "%Y/%m/%d", "0000/01/01"),
        ("gregorian", "%Y/%m/%d", "9999/12/31"),
    ],
)
def test_a_year_of_another_calendar_is_flagged_and_not_guessed(
    tmp_path: Path, calendar: str, form: str, text: str
) -> None:
    rule = f'{{from: cell, calendar: {calendar}, date: "{form}"}}'

    assert one(tmp_path, "date", rule, text) == [(None, ["date:unparseable"])]


@pytest.mark.parametrize(
    ("calendar", "text"),
    [
        ("gregorian", "2023-02-29"),
        ("buddhist", "2566-02-29"),
        ("umm_al_qura", "1420-09-31"),
        ("umm_al_qura", "1442-03-30"),  # that month had 29 days
        ("umm_al_qura", "1420-13-01"),
        ("umm_al_qura", "1420-00-00"),  # and not its first day
        ("solar_hijri", "1399-05-00"),
        ("ethiopic", "2000-00-05"),
        ("solar_hijri", "1400-12-30"),  # no leap year
        ("solar_hijri", "1399-07-31"),
        ("ethiopic", "2000-13-06"),  # the year before a leap day has it: 1999
        ("ethiopic", "2000-14-01"),
        ("ethiopic", "2000-01-31"),
    ],
)
def test_a_day_that_the_calendar_does_not_have_is_not_read(calendar: str, text: str) -> None:
    assert day(calendar, text) is None


def test_the_sixth_day_of_pagume_is_there_before_a_leap_year() -> None:
    assert day("ethiopic", "1999-13-06") == dt.date(2007, 9, 11)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("明治6年1月1日", "1873-01-01"),
        ("明治45年7月29日", "1912-07-29"),
        ("大正元年7月30日", "1912-07-30"),
        ("大正15年12月24日", "1926-12-24"),
        ("昭和元年12月25日", "1926-12-25"),
        ("昭和64年1月7日", "1989-01-07"),
        ("平成元年1月8日", "1989-01-08"),
        ("平成31年4月30日", "2019-04-30"),
        ("令和元年5月1日", "2019-05-01"),
        ("令和1年5月1日", "2019-05-01"),
        ("明治5年12月2日", None),  # by the moon
        ("明治45年7月30日", None),
        ("大正元年7月29日", None),
        ("昭和64年1月8日", None),
        ("平成元年1月7日", None),
        ("平成31年5月1日", None),
        ("令和元年4月30日", None),
        ("令和0年5月1日", None),
        ("慶応4年1月1日", None),
    ],
)
def test_a_day_belongs_to_the_era_that_it_names(text: str, expected: str | None) -> None:
    found = day("japanese", text, "%E%y年%m月%d日")

    assert found == (dt.date.fromisoformat(expected) if expected else None)


@pytest.mark.parametrize(("names", "year"), [(names, year) for names, year, _ in JAPANESE_ERAS])
def test_every_name_of_an_era_is_read(names: tuple[str, ...], year: int) -> None:
    for name in names:
        assert day("japanese", f"{name}10.12.1", "%E%y.%m.%d") == dt.date(year + 9, 12, 1)


@pytest.mark.parametrize(
    ("text", "edtf"),
    [
        ("昭和64年", "1989-01-01/1989-01-07"),
        ("平成元年", "1989-01-08/1989-12-31"),
        ("平成31年", "2019-01-01/2019-04-30"),
        ("令和6年", "2024"),
        ("大正元年", "1912-07-30/1912-12-31"),
    ],
)
def test_the_first_and_the_last_year_of_an_era_are_not_whole(text: str, edtf: str) -> None:
    found = read_date(text, ("%E%y年",), "japanese")

    assert found is not None and found.edtf == edtf


def test_hijri_months_are_those_of_umm_al_qura_and_not_of_the_tabular_calendar() -> None:
    from convertdate import islamic

    tabular = dt.date(*islamic.to_gregorian(1443, 5, 10))

    assert day("umm_al_qura", "1443-05-10") == dt.date(2021, 12, 14) != tabular
