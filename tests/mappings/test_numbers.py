"""Numbers are read only as they are written, in the unit that is declared, within the column's bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import ConfigError
from tests.mappings.small import one

if TYPE_CHECKING:
    from pathlib import Path

UNREAD = "unparseable"
FAR = "out_of_range"


@pytest.mark.parametrize(
    ("column", "rule", "text", "value"),
    [
        ("integer", "integer: true", "181", 181),
        ("integer", "integer: true", "007", 7),
        ("integer", "integer: true", "+7", 7),
        ("bounded", "integer: true", "-5", -5),
        ("integer", "number: true", "12.0", 12),
        ("double", "number: true", "1.65", 1.65),
        ("double", "number: true", ".5", 0.5),
        ("double", "number: true", "5.", 5.0),
        ("double", "integer: true", "-3", -3.0),
        ("decimal", "number: true", "1234.56", Decimal("1234.56")),
        ("decimal", 'number: {decimal: ","}', "1234,56", Decimal("1234.56")),
        ("decimal", 'number: {decimal: ",", thousands: "."}', "1.234.567,89", Decimal("1234567.89")),
        ("decimal", 'number: {decimal: ",", thousands: "."}', "1234,5", Decimal("1234.50")),
        ("decimal", 'number: {thousands: " "}', "1 234", Decimal("1234.00")),
        ("bigint", 'number: {thousands: ","}', "12,34,567", 1234567),  # lakhs
        ("bigint", 'number: {thousands: "’"}', "1’234’567", 1234567),
        ("bigint", "number: true", "9007199254740993", 9007199254740993),  # a double would not hold it
        ("integer", "number: {multiply: 100, round: 0}", "1.65", 165),  # metres
        ("double", "number: {multiply: 0.45359237, round: 1}", "150", 68.0),  # pounds
        ("integer", "number: {round: 0}", "12.5", 13),
        ("integer", "integer: true, apply: [fold_digits]", "١٨١", 181),
    ],
)
def test_a_number_is_read(tmp_path: Path, column: str, rule: str, text: str, value: object) -> None:
    assert one(tmp_path, column, f"{{from: cell, {rule}}}", text) == [(value, [])]


@pytest.mark.parametrize(
    ("column", "rule", "text", "reason"),
    [
        ("integer", "integer: true", "12.0", UNREAD),
        ("integer", "integer: true", "1 2", UNREAD),
        ("integer", "integer: true", "--1", UNREAD),
        ("integer", "integer: true", "0x10", UNREAD),
        ("integer", "integer: true", "1_000", UNREAD),
        ("integer", "integer: true", "١٨١", UNREAD),
        ("integer", "integer: true", "181 cm", UNREAD),
        ("integer", "number: true", "12.5", UNREAD),  # nobody said to round
        ("integer", "number: {multiply: 100}", "1.655", UNREAD),
        ("double", "number: true", "1,65", UNREAD),
        ("double", "number: true", "1.234.567", UNREAD),
        ("double", "number: true", "1e5", UNREAD),
        ("double", "number: true", "nan", UNREAD),
        ("double", "number: true", "Infinity", UNREAD),
        ("double", "number: true", ".", UNREAD),
        ("decimal", 'number: {decimal: ",", thousands: "."}', "12.5", UNREAD),  # not 125
        ("decimal", 'number: {decimal: ",", thousands: "."}', "1.23", UNREAD),
        ("decimal", 'number: {thousands: ","}', "1,2,3", UNREAD),
        ("integer", "integer: true", "301", FAR),
        ("integer", "integer: true", "-1", FAR),
        ("integer", "number: {multiply: 100, round: 0}", "165", FAR),  # centimetres after all
        ("bounded", "integer: true", "6", FAR),
        ("bigint", "integer: true", "9223372036854775808", UNREAD),
        ("integer", "integer: true", "99999999999999999999", UNREAD),
        ("decimal", "number: true", "99999999999999999.99", FAR),
        ("decimal", "number: true", "9999999999999999.995", FAR),
        ("double", "number: true", "9" * 320, FAR),
    ],
)
def test_what_is_no_such_number_is_flagged(
    tmp_path: Path, column: str, rule: str, text: str, reason: str
) -> None:
    assert one(tmp_path, column, f"{{from: cell, {rule}}}", text) == [(None, [f"{column}:{reason}"])]


def test_zero_can_be_the_word_for_unknown(tmp_path: Path) -> None:
    rule = "{from: cell, number: {multiply: 100, round: 0}, zero_is_missing: true, invalid: flag}"

    found = one(tmp_path, "integer", rule, "0", "0.00", "1.8", "-")

    unknown = (None, ["integer:unknown"])
    assert found == [unknown, unknown, (180, []), (None, ["integer:unparseable"])]


def test_zero_that_means_unknown_is_understood_and_rejects_nothing(tmp_path: Path) -> None:
    rule = "{from: cell, integer: true, zero_is_missing: true, invalid: reject}"

    assert one(tmp_path, "integer", rule, "0", "5") == [(None, ["integer:unknown"]), (5, [])]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('{from: cell, number: {decimal: ",", thousands: ","}}', "both decimals and thousands"),
        ('{from: cell, number: {decimal: ""}}', "at least 1 character"),
        ("{from: cell, number: {round: -1}}", "greater than or equal to 0"),
        ("{from: cell, integer: true, number: true}", "read as one thing"),
    ],
)
def test_marks_that_make_no_sense_are_refused(tmp_path: Path, rule: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        one(tmp_path, "double", rule, "1")

    assert caught.value.line == 5


@settings(max_examples=10, deadline=None)
@given(numbers=st.lists(st.decimals(-(10**15), 10**15, places=2), min_size=20, max_size=40))
def test_a_number_that_was_written_by_the_rule_comes_back(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[Decimal]
) -> None:
    written = [f"{number:,}".replace(",", " ").replace(".", ",") for number in numbers]
    rule = '{from: cell, number: {decimal: ",", thousands: " "}}'

    found = one(tmp_path_factory.mktemp("numbers"), "decimal", rule, *written)

    assert found == [(number, []) for number in numbers]
