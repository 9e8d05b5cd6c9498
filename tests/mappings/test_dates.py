"""Dates: formats, partial dates and intervals as EDTF, and that January the first is never invented."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import MappingError
from comity.mappings.calendar import read_date
from comity.mappings.date_sql import sql_reads
from comity.mappings.edtf import read_edtf
from comity.mappings.lookup import DateLookup
from tests.mappings.small import BLANKS, one, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    ("rule", "text", "edtf", "earliest", "latest"),
    [
        ('date: "%Y-%m-%d"', "1979-01-17", "1979-01-17", "1979-01-17", "1979-01-17"),
        ('date: ["%Y/%m/%d", "%Y/%m", "%Y"]', "1979/01", "1979-01", "1979-01-01", "1979-01-31"),
        ('date: ["%Y/%m/%d", "%Y/%m", "%Y"]', "1979", "1979", "1979-01-01", "1979-12-31"),
        ('date: ["%d/%m/%Y", "00/%m/%Y", "00/00/%Y"]', "00/02/2024", "2024-02", "2024-02-01", "2024-02-29"),
        ('date: ["%Y%m%d", "%Y%m00", "%Y0000"]', "19790000", "1979", "1979-01-01", "1979-12-31"),
        ('date: "%d %B %Y"', "3 October 1973", "1973-10-03", "1973-10-03", "1973-10-03"),
        ('date: "%B %d, %Y"', "oct 3, 1973", "1973-10-03", "1973-10-03", "1973-10-03"),
        ('date: "Circa %Y - %Y"', "Circa 1973 - 1980", "1973/1980", "1973-01-01", "1980-12-31"),
        (
            'date: "%d.%m. / Geburtsjahr unbekannt"',
            "16.05. / Geburtsjahr unbekannt",
            "XXXX-05-16",
            None,
            None,
        ),
        ('date: "%d/%m/%y", pivot: 30', "17/01/79", "1979-01-17", "1979-01-17", "1979-01-17"),
        ('date: "%d/%m/%y", pivot: 30', "17/01/30", "2030-01-17", "2030-01-17", "2030-01-17"),
        ('date: "c. %Y", approximate: true', "c. 1965", "1965~", "1965-01-01", "1965-12-31"),
        (
            'date: ["%Y-%m-%d", "%Y"], approximate: true',
            "1965-03-01",
            "1965-03-01",
            "1965-03-01",
            "1965-03-01",
        ),
        ('date: "%Y - %Y", approximate: true', "1970 - 1971", "1970~/1971~", "1970-01-01", "1971-12-31"),
        ("date: edtf", "197X", "197X", "1970-01-01", "1979-12-31"),
        ("date: edtf", "1970/1971", "1970/1971", "1970-01-01", "1971-12-31"),
        ("date: edtf", "1965~", "1965~", "1965-01-01", "1965-12-31"),
        ("date: edtf", "XXXX-05-16", "XXXX-05-16", None, None),
        (
            'date: "%Y/%m", calendar: umm_al_qura',
            "1443/05",
            "2021-12-05/2022-01-03",
            "2021-12-05",
            "2022-01-03",
        ),
        ('date: "%y", calendar: minguo', "99", "2010", "2010-01-01", "2010-12-31"),
    ],
)
def test_a_partial_date_is_the_interval_of_all_that_it_may_mean(
    tmp_path: Path, rule: str, text: str, edtf: str, earliest: str | None, latest: str | None
) -> None:
    mapping = f"record: specimen\nkey: [id]\nfields:\n  date: {{from: cell, {rule}}}"

    (record,) = run(tmp_path, mapping, [{"id": "1", "cell": text}]).records

    days = [record["date_earliest"], record["date_latest"]]
    assert record["date"] == edtf
    assert [day and day.isoformat() for day in days] == [earliest, latest]
    assert record["quality_flags"] == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ('date: "%d/%m/%Y"', "02/13/2024"),  # a month behind a day: no thirteenth
        ('date: "%d/%m/%Y"', "30/02/2024"),
        ('date: "%d/%m/%Y"', "00/00/2024"),
        ('date: "%d/%m/%y"', "17/01/79"),  # no pivot says which century
        ('date: "%d%m%Y"', "1122024"),  # the 1st of December or the 11th of February
        ('date: "%Y-%m-%d"', "2024-01-15T00:00"),
        ('date: "%Y-%m-%d"', "15-01-2024"),
        ('date: "%Y-%m-%d"', "epoch"),
        ('date: "%Y-%m-%d"', "infinity"),
        ('date: "%d %B %Y"', "3 Oktober 1973"),
        ('date: "%Y - %Y"', "1980 - 1973"),
        ("date: edtf", "1979-13"),
        ("date: edtf", "1971/1970"),
        ("date: edtf", "0079-01-01"),
        ("date: edtf", "01/02/2024"),
    ],
)
def test_a_date_that_is_not_understood_whole_is_flagged(tmp_path: Path, rule: str, text: str) -> None:
    assert one(tmp_path, "date", f"{{from: cell, {rule}}}", text) == [(None, ["date:unparseable"])]


def test_a_column_of_whole_days_takes_no_part_of_a_date(tmp_path: Path) -> None:
    rule = '{from: cell, date: ["%Y-%m-%d", "%Y-%m", "%d %B %Y"]}'

    found = one(tmp_path, "day", rule, "2024-02-03", "2024-02", "3 March 2024")

    assert found == [(dt.date(2024, 2, 3), []), (None, ["day:unparseable"]), (dt.date(2024, 3, 3), [])]


def test_the_first_format_that_fits_counts(tmp_path: Path) -> None:
    rule = '{from: cell, date: ["%d/%m/%Y", "%m/%d/%Y"]}'

    assert one(tmp_path, "date", rule, "02/03/2024", "02/13/2024") == [("2024-03-02", []), ("2024-02-13", [])]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("%Y-%q", "%q"),
        ("today", "reads nothing"),
        ("%d.%d.%Y", "twice"),
        ("%", "%"),
        ("%d/%Y", "without its month"),
    ],
)
def test_a_format_that_nobody_knows_is_refused(tmp_path: Path, form: str, words: str) -> None:
    with pytest.raises(MappingError) as caught:
        one(tmp_path, "date", f'{{from: cell, date: "{form}"}}', "x")

    assert caught.value.code == "mapping.bad-date-format"
    assert words in str(caught.value)
    assert caught.value.line == 5


FORMATS = [
    (("%Y-%m-%d", "%Y-%m", "%Y"), "gregorian"),
    (("%d/%m/%Y", "00/%m/%Y", "00/00/%Y"), "gregorian"),
    (("%Y%m%d", "%Y%m00", "%Y0000"), "gregorian"),
    (("%d%m%Y", "%d. %m. %Y"), "gregorian"),
    (("%Y年%m月%d日", "%Y年%m月", "%%%Y"), "gregorian"),
    (("%d/%m/%Y", "%m/%Y", "%Y"), "buddhist"),
    (("%y%m%d", "%y/%m/%d", "%y/%m", "%y"), "minguo"),
]
# Texts near to dates: every sign that a format has, doubled, dropped and misplaced.
near_dates = st.text("0123456789/-. 年月日T%", max_size=11) | st.builds(
    "{}{}{}{}{}".format,
    st.integers(0, 2600),
    st.sampled_from(["-", "/", ".", "", ". ", "年"]),
    st.integers(0, 32),
    st.sampled_from(["-", "/", ".", "", ". ", "月"]),
    st.integers(0, 2600) | st.sampled_from(["", "日", "9日"]),
)


@pytest.mark.parametrize(("formats", "calendar"), FORMATS, ids=lambda value: str(value)[:24])
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(near_dates | st.text(max_size=12), min_size=30, max_size=60, unique=True))
def test_sql_reads_exactly_what_python_reads(
    duck: duckdb.DuckDBPyConnection, formats: tuple[str, ...], calendar: str, texts: list[str]
) -> None:
    texts = [stripped for text in texts if (stripped := text.strip(BLANKS))]  # as every cell is
    lookup = DateLookup(formats, calendar, None, approximate=False)
    assert sql_reads(formats, calendar) and lookup.rest is None

    found = duck.execute(lookup.select("SELECT unnest($1::VARCHAR[]) AS text"), [texts]).fetchall()

    for text, edtf, earliest, latest in found:
        date = read_date(text, formats, calendar)
        assert (edtf, earliest, latest) == (
            (date.edtf, date.earliest, date.latest) if date else (None,) * 3
        ), text


@given(text=st.text("0123456789X-/~?%", max_size=21) | st.text(max_size=12))
def test_edtf_is_kept_as_it_is_or_is_none(text: str) -> None:
    found = read_edtf(text)

    if found is not None:
        edtf, earliest, latest = found
        assert edtf == text
        assert (earliest is None) == (latest is None)
        assert earliest is None or latest is None or earliest <= latest


@given(at=st.dates(dt.date(1700, 1, 1), dt.date(2199, 12, 31)))
def test_edtf_of_a_day_a_month_and_a_year_hold_the_day(at: dt.date) -> None:
    for text in (f"{at}", f"{at:%Y-%m}", f"{at:%Y}", f"{at:%Y}"[:3] + "X", f"{at:%Y}"[:2] + "XX"):
        found = read_edtf(text)

        assert found is not None and found[1] is not None and found[2] is not None
        assert found[1] <= at <= found[2]
