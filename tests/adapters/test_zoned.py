"""Zoned decimals: the sign stands over the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.adapters.export import read_export
from comity.adapters.sql import quoted_text
from comity.adapters.zoned import zoned_sql
from tests.adapters.exports import make_adapter, make_file, rows

if TYPE_CHECKING:
    from pathlib import Path

EBCDIC = ["cp037", "cp273", "cp500", "cp1140"]
_CONNECTION = duckdb.connect()


def decoded(text: str, decimals: int = 0, encoding: str = "ascii") -> str | None:
    row = _CONNECTION.execute(f"SELECT {zoned_sql(quoted_text(text), decimals, encoding)}").fetchall()[0]
    return row[0]


def written(number: int, digits: int, encoding: str) -> str:
    """As COBOL writes PIC S9(digits): the zone of the last byte is C for plus and D for minus."""
    text = str(abs(number)).rjust(digits, "0")
    zone = 0xD0 if number < 0 else 0xC0
    return text[:-1] + bytes([zone + int(text[-1])]).decode(encoding if encoding != "ascii" else "cp037")


@pytest.mark.parametrize(
    ("text", "decimals", "number"),
    [
        ("0012J", 0, "-121"),
        ("0012}", 0, "-120"),
        ("0012{", 0, "120"),
        ("0201H", 0, "2018"),
        ("0012J", 1, "-12.1"),
        ("0012J", 4, "-0.0121"),
        ("J", 2, "-0.01"),
        ("00012", 0, "12"),
        ("00012", 2, "0.12"),
        ("00000", 2, "0.00"),
        ("0000}", 0, "0"),
        ("0000}", 2, "0.00"),
        (" 12A ", 0, "121"),
        ("0012p", 0, "-120"),
        ("0012y", 0, "-129"),
        ("9" * 17 + "R", 0, "-" + "9" * 18),
        ("9" * 30 + "I", 18, "9" * 13 + "." + "9" * 18),
    ],
)
def test_a_zoned_decimal_is_written_with_its_sign_and_point(text: str, decimals: int, number: str) -> None:
    assert decoded(text, decimals) == number


@pytest.mark.parametrize("text", ["", "ABC", "-12", "1 2A", "12.5", "JJ", "12é", "１２", "'"])
def test_what_is_no_zoned_decimal_stays_as_it_is(text: str) -> None:
    assert decoded(text, 2) == text


@pytest.mark.parametrize("encoding", EBCDIC)
@pytest.mark.parametrize(
    ("number", "text"), [(-121, "f0f0f1f2d1"), (-120, "f0f0f1f2d0"), (120, "f0f0f1f2c0")]
)
def test_in_ebcdic_the_sign_is_a_half_byte_whatever_it_looks_like(
    encoding: str, number: int, text: str
) -> None:
    assert decoded(bytes.fromhex(text).decode(encoding), 0, encoding) == str(number)


@settings(max_examples=300)
@given(
    number=st.integers(-(10**18) + 1, 10**18 - 1),
    decimals=st.integers(0, 18),
    encoding=st.sampled_from(["ascii", *EBCDIC]),
)
def test_every_number_comes_back(number: int, decimals: int, encoding: str) -> None:
    text = decoded(written(number, 18, encoding), decimals, encoding)

    assert text is not None
    assert Decimal(text) == Decimal(number).scaleb(-decimals)
    assert len(text.partition(".")[2]) == decimals


@settings(max_examples=300)
@given(st.text(st.characters(codec="cp037"), max_size=8), st.integers(0, 3))
def test_whatever_the_text_is_it_is_a_number_or_stays(text: str, decimals: int) -> None:
    found = decoded(text, decimals, "cp037")

    assert found is not None
    assert found == text.strip(" ") or Decimal(found).is_finite()


def test_a_register_of_a_mainframe_is_read_whole(tmp_path: Path) -> None:
    fields = [
        {"name": "id", "start": 1, "length": 4},
        {"name": "amount", "start": 5, "length": 5, "zoned": 2},
    ]
    format = {"type": "fixed_width", "encoding": "cp037", "line_ending": "none", "record_length": 9}
    adapter = make_adapter(tmp_path, fields, format)
    data = "0001" + "0012J" + "0002" + "     " + "0003" + "?????"

    reading = read_export(adapter, [make_file(tmp_path / "x", data.encode("cp037"))], tmp_path / "parts")

    assert rows(reading, adapter) == [(1, "0001", "-1.21"), (2, "0002", None), (3, "0003", "?????")]
