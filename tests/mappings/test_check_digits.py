"""Check digits: the vectors of the standards, the severity of a VIN by its maker's region, and damage of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import MappingError
from comity.mappings.check_digit import CHECK_WORDS, install_macros
from tests.mappings.small import one, standard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# ICAO Doc 9303's own specimens. TD1 and TD2 also with a document number of twelve characters (9303-11, appendix D.2).
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6"
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
TD1_LONG = "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2STEVENSON<<PETER<JOHN<<<<<<<<<"
TD2_LONG = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<D23145890<UTO3407127M95071227349<<<8"
VISA = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L8988901C4XXX4009078F96121096ZE184226B<<<<<<"

VALUES = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        install_macros(connection)
        yield connection


def said(duck: duckdb.DuckDBPyConnection, check: str, text: str | None) -> str | None:
    return duck.execute(f"SELECT check_{check}($1::VARCHAR)", [text]).fetchall()[0][0]


def digit(field: str) -> str:
    return str(sum(VALUES[char] * (7, 3, 1)[place % 3] for place, char in enumerate(field)) % 10)


@pytest.mark.parametrize(  # STANDARD-FACTS A.5
    ("field", "expected"), [("L898902C3", 6), ("740812", 2), ("120415", 9), ("ZE184226B<<<<<", 1)]
)
def test_the_digit_of_a_field(duck: duckdb.DuckDBPyConnection, field: str, expected: int) -> None:
    assert duck.execute("SELECT mrz_digit($1)", [field]).fetchall() == [(expected,)]


@pytest.mark.parametrize(
    "zone", [TD3, TD2, TD1, TD1_LONG, TD2_LONG, VISA], ids=lambda zone: f"{zone[:1]}{len(zone)}"
)
def test_a_specimen_is_sound(duck: duckdb.DuckDBPyConnection, zone: str) -> None:
    assert said(duck, "mrz", zone) == "ok"


# The places of every digit's field in the joined lines, from 0. A visa has no digit over the whole.
FIELDS = {
    TD3: [(44, 54), (57, 64), (65, 72), (72, 87), (87, 88)],
    TD2: [(36, 46), (49, 56), (57, 64), (71, 72)],
    TD1: [(5, 15), (30, 37), (38, 45), (59, 60)],
    TD1_LONG: [(5, 14), (15, 19), (30, 37), (38, 45), (59, 60)],
    TD2_LONG: [(36, 45), (49, 56), (57, 64), (64, 68), (71, 72)],
    VISA: [(44, 54), (57, 64), (65, 72)],
}


@pytest.mark.parametrize("zone", FIELDS, ids=lambda zone: f"{zone[:1]}{len(zone)}")
def test_one_wrong_character_under_a_digit_is_found(duck: duckdb.DuckDBPyConnection, zone: str) -> None:
    for first, behind in FIELDS[zone]:
        for place in range(first, behind):
            other = str((VALUES[zone[place]] + 1) % 10)
            damaged = zone[:place] + other + zone[place + 1 :]

            assert said(duck, "mrz", damaged) == "check_fail", (place, damaged)


@pytest.mark.parametrize("length", range(10, 23))
def test_a_long_number_of_an_identity_card_goes_on_in_the_optional_data(
    duck: duckdb.DuckDBPyConnection, length: int
) -> None:
    number = ("AB12345678901234567890CD")[:length]
    optional = f"{number[9:]}{digit(number)}".ljust(15, "<")
    upper = f"I<UTO{number[:9]}<{optional}"
    middle = "3407127M9507122UTO<<<<<<<<<<<"
    whole = digit(upper[5:] + middle[:7] + middle[8:15] + middle[18:29])

    assert said(duck, "mrz", upper + middle + whole + "STEVENSON<<PETER<JOHN<<<<<<<<<") == "ok"
    wrong = str((int(digit(number)) + 1) % 10)
    upper = upper.replace(optional, f"{number[9:]}{wrong}".ljust(15, "<"))
    whole = digit(upper[5:] + middle[:7] + middle[8:15] + middle[18:29])
    assert said(duck, "mrz", upper + middle + whole + "STEVENSON<<PETER<JOHN<<<<<<<<<") == "check_fail"


def test_an_empty_optional_field_may_have_a_filler_for_its_digit(duck: duckdb.DuckDBPyConnection) -> None:
    lower = "L898902C36UTO7408122F1204159" + "<" * 14
    for filler in "<0":
        whole = digit(lower[:10] + lower[13:20] + lower[21:42] + filler)
        zone = f"P<UTOERIKSSON<<ANNA<MARIA{'<' * 19}{lower}{filler}{whole}"

        assert said(duck, "mrz", zone) == "ok"


@pytest.mark.parametrize("text", ["", "P<UTO", TD3[:-1], TD3.lower(), TD3.replace("<", " "), "É" * 88])
def test_what_is_no_zone_is_malformed(duck: duckdb.DuckDBPyConnection, text: str) -> None:
    assert said(duck, "mrz", text) == "malformed"


@pytest.mark.parametrize(
    ("vin", "expected"),
    [
        ("1M8GDM9AXKP042788", "valid"),  # STANDARD-FACTS A.5
        ("11111111111111111", "valid"),  # STANDARD-FACTS A.5
        ("WVWZZZ1JZXW000001", "checkdigit_fail_optional"),  # STANDARD-FACTS A.5: a legal European VIN
        ("1M8GDM9A1KP042788", "checkdigit_fail_mandatory"),
        ("5M8GDM9A1KP042788", "checkdigit_fail_mandatory"),
        ("LM8GDM9A1KP042788", "checkdigit_fail_mandatory"),
        ("6M8GDM9A1KP042788", "checkdigit_fail_optional"),
        ("JM8GDM9A1KP042788", "checkdigit_fail_optional"),
        ("1M8GDM9AXKP04278", "nonstandard_length"),
        ("1M8GDM9AXKP0427888", "nonstandard_length"),
        ("IM8GDM9AXKP042788", "illegal_chars"),
        ("OM8GDM9AXKP042788", "illegal_chars"),
        ("QM8GDM9AXKP042788", "illegal_chars"),
        ("1m8gdm9axkp042788", "illegal_chars"),
        ("", "nonstandard_length"),
        (None, "absent"),
    ],
)
def test_a_vin_is_judged_by_where_its_maker_is(
    duck: duckdb.DuckDBPyConnection, vin: str | None, expected: str
) -> None:
    assert said(duck, "vin", vin) == expected


@pytest.mark.parametrize(
    ("check", "text", "expected"),
    [
        ("imei", "490154203237518", "ok"),  # STANDARD-FACTS A.5
        ("imei", "490154203237517", "check_fail"),
        ("imei", "49015420323751", "malformed"),
        ("imei", None, None),
        ("imo", "9074729", "ok"),  # STANDARD-FACTS A.5
        ("imo", "9074728", "check_fail"),
        ("imo", "IMO9074729", "malformed"),
        ("imo", None, None),
        ("luhn", "79927398713", "ok"),
        ("luhn", "79927398710", "check_fail"),
        ("luhn", "7", "malformed"),
        ("luhn", "7992739871x", "malformed"),
        ("luhn", "٤٩٠١٥٤", "malformed"),
    ],
)
def test_numbers_with_a_check_digit(
    duck: duckdb.DuckDBPyConnection, check: str, text: str | None, expected: str | None
) -> None:
    assert said(duck, check, text) == expected


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=95) | st.text("0123456789ABCXILO<", min_size=15, max_size=90))
def test_no_text_fails_and_every_answer_is_a_word_of_the_list(
    duck: duckdb.DuckDBPyConnection, text: str
) -> None:
    for check, words in CHECK_WORDS.items():
        if check == "weights":
            continue  # no macro: its weights stand in the rule
        assert said(duck, check, text) in words


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("44051401359", "ok"),  # STANDARD-FACTS A.5: PESEL
        ("44051401358", "check_fail"),
        ("4405140135", "malformed"),
        ("4405140135X", "malformed"),
        (None, None),
    ],
)
def test_a_number_by_its_weights(tmp_path: Path, cell: str | None, expected: str | None) -> None:
    rule = "{from: cell, check: {weights: [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]}}"

    assert one(tmp_path, "check_status", rule, cell) == [(expected, [])]


@pytest.mark.parametrize("check", CHECK_WORDS)
def test_the_words_are_codes_of_the_standard(check: str) -> None:
    lists = {"vin": "vin_status", "mrz": "mrz_status"}

    assert set(CHECK_WORDS[check]) <= set(standard().code_lists[lists.get(check, "check_status")].codes)


def test_a_check_fills_the_column_of_its_list(tmp_path: Path) -> None:
    assert one(tmp_path, "vin_status", "{from: cell, check: vin}", "1M8GDM9AXKP042788", None) == [
        ("valid", []),
        ("absent", []),
    ]
    with pytest.raises(MappingError, match="vin_status") as caught:
        one(tmp_path, "vin_status", "{from: cell, check: mrz}", TD3)
    assert caught.value.code == "mapping.rule-does-not-fit"
