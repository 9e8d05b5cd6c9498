"""Delimited text that is damaged: the row is refused with its place, and the rest goes on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters import csv, encoding
from comity.adapters.export import read_export
from comity.adapters.refused import RAW_LIMIT
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from comity.adapters.part import Reading

HEADER = b"plate,make,year\n"  # 16 bytes
GOOD = b"A,B,1\n"  # 6 bytes


def read(root: Path, data: bytes, **dialect: Any) -> tuple[list[str], Reading]:
    """The first cells of the rows that were kept, and the account."""
    adapter = make_adapter(root, ["plate", "make", "year"], {"type": "csv", **dialect})
    reading = read_export(adapter, [make_file(root / "export.csv", data)], root / "into")
    assert_adds_up(reading, adapter)
    return [row[1] for row in rows(reading, adapter)], reading


def test_a_row_with_too_few_or_too_many_cells_is_refused_with_its_place(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + GOOD + b"C,D\n" + GOOD + b"E,F,2,\n" + GOOD)

    assert kept == ["A", "A", "A"]
    assert refused(reading, "source_row", "file", "line", "byte_offset", "raw", "code", "message") == [
        (2, "export.csv", 3, 22, "C,D", "read.column-count", "the row has 2 columns; 3 are declared"),
        (4, "export.csv", 5, 32, "E,F,2,", "read.column-count", "the row has 4 columns; 3 are declared"),
    ]


def test_a_refused_row_of_several_lines_has_the_place_of_its_first(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + b'"x\ny",z,1\n' + b'C,"D\nE"\n' + GOOD)

    assert kept == ["x\ny", "A"]
    assert refused(reading, "source_row", "line", "byte_offset", "raw") == [(2, 4, 26, 'C,"D\nE"')]


def test_the_examples_of_the_documentation_are_true(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "errors" / "read.md").read_text("utf-8")
    block = page.split("## Quotes")[1].split("```text\n")[1].split("```")[0].splitlines()
    told = [re.split(r"\s{3,}", line, maxsplit=1) for line in block[1:]]
    adapter = make_adapter(tmp_path, ["plate", "model"], {"type": "csv", "delimiter": ";"})
    data = "\n".join([block[0], *(line for line, _ in told)]) + "\n"

    reading = read_export(adapter, [make_file(tmp_path / "export.csv", data.encode())], tmp_path / "into")

    found = {int(plate): f"read:    {model}" for _, plate, model in rows(reading, adapter)}
    found |= {row: f"refused: {code}" for row, _, code in refused(reading)}
    assert len(told) == 5
    assert all(says.startswith(found[row]) for row, (_, says) in enumerate(told, 1))


def test_text_behind_a_closing_quote_is_refused(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + b'"C"D,x,1\n' + GOOD + b'E,"x" ,2\n' + GOOD)

    assert kept == ["A", "A"]
    assert refused(reading) == [(1, 2, "read.stray-quote"), (3, 4, "read.stray-quote")]


def test_a_quote_behind_blanks_is_refused_since_readers_differ_about_it(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + b'C, "D",1\n' + b'E,  "F,2\n' + GOOD)

    assert kept == ["A"]
    assert refused(reading) == [(1, 2, "read.stray-quote"), (2, 3, "read.stray-quote")]


def test_an_unclosed_quote_costs_its_own_line(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + b'C,"D,1\n' + GOOD + GOOD)

    assert kept == ["A", "A"]
    assert refused(reading) == [(1, 2, "read.unclosed-quote")]


def test_an_unclosed_quote_costs_no_row_that_quotes_well(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + b'C,"D,1\n' + GOOD + b'"E","F ""x""",2\n' + GOOD)

    assert kept == ["A", "E", "A"]
    assert refused(reading) == [(1, 2, "read.unclosed-quote")]


def test_behind_a_refused_quote_a_quote_in_a_cell_is_not_taken_for_data(tmp_path: Path) -> None:
    # The last line may be the end of the cell that opens in the first.
    kept, reading = read(tmp_path, HEADER + b'C,1,"D\nsays "no" loudly\nE,2,x"\n' + b'F,3,x"\n')

    assert kept == ["F"]
    assert [code for _, _, code in refused(reading)] == [
        "read.unclosed-quote",
        "read.stray-quote",
        "read.stray-quote",
    ]


@pytest.mark.parametrize("cut", [b"C", b"C,", b"C,D"])
def test_a_file_cut_off_in_a_row_keeps_all_rows_before(tmp_path: Path, cut: bytes) -> None:
    kept, reading = read(tmp_path, HEADER + GOOD + cut)

    assert kept == ["A"]
    assert refused(reading, "source_row", "line", "byte_offset", "raw", "code") == [
        (2, 3, 22, cut.decode(), "read.truncated-row")
    ]


def test_a_file_cut_off_in_a_quoted_cell_keeps_all_rows_before(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + GOOD + b'C,"D\nE')

    assert kept == ["A"]
    assert refused(reading) == [(2, 3, "read.unclosed-quote"), (3, 4, "read.truncated-row")]


def test_a_file_cut_off_in_a_character_keeps_all_rows_before(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + GOOD + "C,D,é".encode()[:-1])

    assert kept == ["A"]
    assert refused(reading, "source_row", "line", "byte_offset", "raw", "code") == [
        (2, 3, 26, "C,D,\\xc3", "read.undecodable-bytes")
    ]


def test_bytes_that_cannot_be_decoded_cost_their_row_and_are_named(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + GOOD + b"C,\xff\xfe,1\n" + GOOD + b"E,F,\x80\n" + GOOD)

    assert kept == ["A", "A", "A"]
    assert refused(reading, "source_row", "line", "byte_offset", "raw", "code", "message") == [
        (2, 3, 24, "C,\\xff\\xfe,1", "read.undecodable-bytes", _undecodable("ff", 24)),
        (4, 5, 39, "E,F,\\x80", "read.undecodable-bytes", _undecodable("80", 39)),
    ]


def _undecodable(byte: str, offset: int) -> str:
    return f"byte 0x{byte} at offset {offset} cannot be decoded as utf-8"


def test_bytes_that_cannot_be_decoded_in_a_cell_of_several_lines_cost_its_lines(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + b'"C\n\xff",D,1\n' + GOOD)

    assert kept == ["A"]
    assert refused(reading) == [(1, 2, "read.unclosed-quote"), (2, 3, "read.undecodable-bytes")]


def test_a_row_that_shows_an_escape_of_its_own_is_not_taken_for_undecodable(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + b"C\\xff,D,1\n")

    assert (kept, reading.rows_refused) == (["C\\xff"], 0)


def test_a_row_that_looks_like_the_mark_of_refused_rows_is_refused(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + b"\x01refused,,\n" + b'"\x01refused",,\n' + GOOD)

    assert kept == ["A"]
    assert [code for _, _, code in refused(reading)] == ["read.reserved-mark"] * 2


def test_a_footer_is_no_damage(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + GOOD + b'"Total: "1"\n' + b"bad\n", footer="^Total")

    assert kept == ["A"]
    assert (reading.rows_not_selected, refused(reading)) == (1, [(3, 4, "read.column-count")])


def test_only_so_much_of_a_refused_row_is_kept_as_its_text(tmp_path: Path) -> None:
    _, reading = read(tmp_path, HEADER + b"x" * (RAW_LIMIT + 10) + b"\n")

    assert refused(reading, "length(raw)") == [(RAW_LIMIT,)]


@pytest.fixture
def short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "MAX_LINE", 100)
    monkeypatch.setattr(encoding, "MAX_LINE", 100)
    monkeypatch.setattr(encoding, "CHUNK", 64)


@pytest.mark.usefixtures("short_lines")
@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_beyond_the_bound_is_refused_with_its_place(tmp_path: Path, end: bytes) -> None:
    kept, reading = read(tmp_path, HEADER + GOOD + b"C," + b"x" * 500 + end)
    again, more = read(tmp_path, HEADER + GOOD + b"C," + b"x" * 500 + b",1\n" + GOOD)

    assert (kept, again) == (["A"], ["A", "A"])
    for each in (reading, more):
        assert refused(each, "source_row", "line", "byte_offset", "code") == [
            (2, 3, 22, "read.record-too-long")
        ]


@pytest.mark.usefixtures("short_lines")
def test_a_quoted_cell_beyond_the_bound_counts_as_unclosed(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, HEADER + GOOD + b'C,"' + GOOD * 30 + b'",1\n' + GOOD)

    assert set(kept) == {"A"}
    assert refused(reading)[0] == (2, 3, "read.unclosed-quote")
    assert len(kept) == 1 + 30 - 1 + 1  # the first of the thirty stands on the refused line


@pytest.mark.parametrize("size", [64, 4 << 20])
def test_a_file_that_ends_exactly_where_a_chunk_ends_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    data = HEADER + GOOD * 8  # 64 bytes
    monkeypatch.setattr(encoding, "CHUNK", size)

    kept, _ = read(tmp_path, data * (size // 64 if size > 64 else 1))

    assert kept[:8] == ["A"] * 8
