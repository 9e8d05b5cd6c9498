"""Instants: a text with an offset or the local time of a zone names exactly one moment, or none and a flag."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comity.errors import MappingError
from tests.mappings.small import one, run

if TYPE_CHECKING:
    from pathlib import Path

MADRID = '{from: cell, timestamp: "%Y-%m-%dT%H:%M", zone: Europe/Madrid}'
UTC = dt.UTC


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-15T12:00", dt.datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("2026-07-15T12:00", dt.datetime(2026, 7, 15, 10, tzinfo=UTC)),
        ("2026-03-29T01:59", dt.datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        ("2026-03-29T03:00", dt.datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("2026-10-25T01:59", dt.datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("2026-10-25T03:00", dt.datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)
def test_a_local_time_is_the_instant_of_its_zone(tmp_path: Path, text: str, instant: dt.datetime) -> None:
    assert one(tmp_path, "moment", MADRID, text) == [(instant, [])]


@pytest.mark.parametrize(
    ("zone", "text", "flag"),
    [
        ("Europe/Madrid", "2026-10-25T02:00", "ambiguous"),
        ("Europe/Madrid", "2026-10-25T02:59", "ambiguous"),
        ("Europe/Madrid", "2026-03-29T02:00", "no_such_local_time"),
        ("Europe/Madrid", "2026-03-29T02:59", "no_such_local_time"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "ambiguous"),  # half an hour
        ("Australia/Lord_Howe", "2026-10-04T02:15", "no_such_local_time"),
        ("Pacific/Apia", "2011-12-30T12:00", "no_such_local_time"),  # a whole day was skipped
        ("America/New_York", "2026-11-01T01:30", "ambiguous"),
    ],
)
def test_a_local_time_that_comes_twice_or_never_is_flagged_and_not_guessed(
    tmp_path: Path, zone: str, text: str, flag: str
) -> None:
    rule = f'{{from: cell, timestamp: "%Y-%m-%dT%H:%M", zone: {zone}}}'

    assert one(tmp_path, "moment", rule, text) == [(None, [f"moment:{flag}"])]


def test_where_the_column_is_required_the_reason_says_that_it_is_ambiguous(tmp_path: Path) -> None:
    mapping = """
    record: custody_event
    key: [id]
    fields:
      evidence_record_id: {record: {record: evidence_item, key: [id]}}
      sequence: {constant: 1}
      action: {constant: transferred}
      occurred_at: {from: cell, timestamp: "%Y-%m-%dT%H:%M", zone: Europe/Madrid, invalid: reject}
    """

    result = run(tmp_path, mapping, [{"id": "1", "cell": "2026-10-25T02:30"}])

    assert result.reasons == ["occurred_at:mapping.value-ambiguous"]
    assert result.rejects[0]["reasons"][0]["found"] == "2026-10-25T02:30"


def test_an_offset_in_the_text_is_read_with_the_time(tmp_path: Path) -> None:
    rule = '{from: cell, timestamp: ["%Y-%m-%dT%H:%M:%S%z", "%d.%m.%Y %H:%M %z"]}'

    found = one(tmp_path, "moment", rule, "2026-10-25T02:30:00+02:00", "25.10.2026 02:30 +0100", "25.10.2026")

    assert found == [
        (dt.datetime(2026, 10, 25, 0, 30, tzinfo=UTC), []),
        (dt.datetime(2026, 10, 25, 1, 30, tzinfo=UTC), []),
        (None, ["moment:unparseable"]),
    ]


@pytest.mark.parametrize(
    "text", ["epoch", "Infinity", "-infinity", "24-01-15T12:00", "0001-01-01T00:00", "now", "x"]
)
def test_what_is_no_plausible_time_is_flagged(tmp_path: Path, text: str) -> None:
    assert one(tmp_path, "moment", MADRID, text) == [(None, ["moment:unparseable"])]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ('{from: cell, timestamp: "%Y-%m-%d %H:%M"}', "mapping.timestamp-needs-zone"),
        ('{from: cell, timestamp: "%Y-%m-%d %H:%M %z", zone: Europe/Madrid}', "mapping.timestamp-needs-zone"),
        ('{from: cell, timestamp: ["%Y-%m-%d %H:%M %z", "%Y-%m-%d %H:%M"]}', "mapping.timestamp-needs-zone"),
        ('{from: cell, timestamp: "%Y-%m-%d", zone: Europe/Madird}', "mapping.unknown-zone"),
        ('{from: cell, timestamp: "%Y-%m-%d %Q", zone: Europe/Madrid}', "mapping.bad-date-format"),
        ('{from: cell, timestamp: "yesterday", zone: Europe/Madrid}', "mapping.bad-date-format"),
    ],
)
def test_a_rule_that_names_no_instant_is_refused(tmp_path: Path, rule: str, code: str) -> None:
    with pytest.raises(MappingError) as caught:
        one(tmp_path, "moment", rule, "x")

    assert caught.value.code == code
    assert caught.value.line == 5
    assert caught.value.remedy


@settings(max_examples=12, deadline=None)
@given(
    zone=st.sampled_from(["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "America/Santiago"]),
    moments=st.lists(
        st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2024, 12, 31)).map(
            lambda at: at.replace(second=0, microsecond=0)
        ),
        min_size=20,
        max_size=40,
    ),
    year=st.integers(1985, 2024),
)
@example(zone="Europe/Madrid", moments=[dt.datetime(2024, 10, 27, 2, 30)], year=2024)
def test_zones_agree_with_pythons_own(
    tmp_path_factory: pytest.TempPathFactory, zone: str, moments: list[dt.datetime], year: int
) -> None:
    info = zoneinfo.ZoneInfo(zone)
    moments += _around_changes(info, year)

    found = one(
        tmp_path_factory.mktemp("zone"),
        "moment",
        f'{{from: cell, timestamp: "%Y-%m-%dT%H:%M", zone: {zone}}}',
        *(f"{at:%Y-%m-%dT%H:%M}" for at in moments),
    )

    for at, (value, flags) in zip(moments, found, strict=True):
        instants = {at.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1)}
        real = {instant for instant in instants if instant.astimezone(info).replace(tzinfo=None) == at}
        assert value == (real.pop() if len(real) == 1 else None), (zone, at)
        assert bool(flags) == (value is None)


def _around_changes(zone: zoneinfo.ZoneInfo, year: int) -> list[dt.datetime]:
    """Local times around every change of offset in that year."""
    found = []
    for hours in range(366 * 24):
        at = dt.datetime(year, 1, 1, tzinfo=UTC) + dt.timedelta(hours=hours)
        before, after = at.astimezone(zone), (at + dt.timedelta(hours=1)).astimezone(zone)
        if before.utcoffset() != after.utcoffset():
            local = before.replace(tzinfo=None, minute=0)
            found += [local + dt.timedelta(minutes=15 * step) for step in range(-6, 13)]
    return found
