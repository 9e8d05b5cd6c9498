"""What is special about the lists of wanted persons, told on their samples."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sources.golden import ROOT


def golden(source: str, record_type: str) -> dict[str, dict[str, Any]]:
    """The sample's records by source key; another test holds them to what the engine makes."""
    text = (ROOT / "adapters" / source / "golden" / f"{record_type}.ndjson").read_text("utf-8")
    return {record["source_key"]: record for record in map(json.loads, text.splitlines())}


def test_pseudo_codes_are_no_countries_and_are_not_lost() -> None:
    person = golden("int-red-notices", "person")["2026/900402"]

    assert (person["nationalities"], person["nationality_as_given"]) == (["AF"], "AF;914")


def test_no_country_is_picked_where_several_ask() -> None:
    alerts, warrants = (golden("int-red-notices", kind) for kind in ("alert", "warrant"))

    assert "requesting_country" not in alerts["2026/900401"]
    assert [warrants[f"2026/900401|{place}"]["issuing_country"] for place in (1, 2)] == ["UA", "PL"]


def test_a_warrant_needs_a_notice_with_a_number() -> None:
    assert all(key.startswith("2026/") for key in golden("int-red-notices", "warrant"))


@pytest.mark.parametrize(
    ("source", "key", "expected"),
    [
        ("int-red-notices", "2026/900402", ("1979-01", "1979-01-01", "1979-01-31")),
        ("int-red-notices", "2026/900403", ("1971", "1971-01-01", "1971-12-31")),
        ("th-wanted", "จ.407/2566", ("1952", "1952-01-01", "1952-12-31")),
        # A year of the Umm al-Qura calendar is no year of ours.
        ("sa-wanted", "1446-00403", ("1989-08-02/1990-07-22", "1989-08-02", "1990-07-22")),
    ],
)
def test_a_partial_birth_date_stays_one(source: str, key: str, expected: tuple[str, str, str]) -> None:
    person = golden(source, "person")[key]

    assert tuple(person[f"birth_date{part}"] for part in ("", "_earliest", "_latest")) == expected


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("th-wanted", "จ.409/2566"),  # 1987 in a list of Buddhist years
        ("sa-wanted", "1446-00406"),  # before the first published year
        ("sa-wanted", "1446-00407"),  # the 30th of a month of 29 days
        ("sa-wanted", "1446-00408"),  # behind the last
    ],
)
def test_a_date_that_its_calendar_does_not_have_is_said_to_be_none(source: str, key: str) -> None:
    person = golden(source, "person")[key]

    assert "birth_date" not in person
    assert "birth_date:unparseable" in person["quality_flags"]


def test_the_latin_form_of_the_source_is_kept_and_named() -> None:
    people = golden("ua-wanted", "person")

    given, made = people["3000900400006"], people["3000900400002"]
    assert (given["full_name_latin"], given["latin_scheme"]) == ("PETROSYANC ARAM HURHENOVYCH", "SOURCE")
    assert (made["full_name_latin"], made["latin_scheme"]) == ("VYHADARENKO HRYHORII IURIIOVYCH", "ICAO9303")


def test_half_a_latin_name_is_kept_beside_the_whole_one() -> None:
    person = golden("ua-wanted", "person")["3000900400005"]

    assert person["latin_scheme"] == "ICAO9303"
    assert [name["full_name"] for name in person["other_names"] if name["script"] == "Latn"] == [
        "AL-HADDADINE"
    ]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("900404", ["AM", "RU"]),
        ("900409", ["UA", "GB"]),
        ("900410", ["UA", "MD", "RO"]),
        ("900403", ["DE", "YUCS"]),
        ("900405", ["ZRCD"]),
        ("900406", ["TH"]),
        ("900408", ["PL"]),
        ("900414", ["CSXX"]),
    ],
)
def test_countries_of_one_cell_are_told_apart(key: str, expected: list[str]) -> None:
    assert golden("pl-wanted", "person")[key]["nationalities"] == expected


def test_a_row_of_dashes_is_neither_a_person_nor_an_error() -> None:
    text = (ROOT / "adapters/pl-wanted/golden/accounts.ndjson").read_text("utf-8")

    assert [json.loads(line)["rows_not_selected"] for line in text.splitlines()] == [2, 2]


def test_letters_that_look_alike_mean_the_same_and_stay_as_they_were_typed() -> None:
    people = golden("sa-wanted", "person")

    assert people["1447-00501"]["nationalities"] == ["YE"]
    assert people["1447-00501"]["full_name"] == "یحیی علی مصطفی المثالوی"
    assert people["1447-00501"]["birth_date"] == people["1446-00401"]["birth_date"]


def test_one_person_is_found_in_five_lists() -> None:
    sources = ("int-red-notices", "ua-wanted", "pl-wanted", "th-wanted", "sa-wanted")
    found = [
        (person["name_key"], person["birth_date"])
        for source in sources
        for person in golden(source, "person").values()
        if person.get("name_key") == "KOVALENCHUK OSTAP"
    ]

    assert found == [("KOVALENCHUK OSTAP", "1979-04-17")] * 5
