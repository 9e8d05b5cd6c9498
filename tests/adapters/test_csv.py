"""Delimited text as it should be: what a well-formed file becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, raw, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading

PLATES = ["plate", "make", "year"]


def read(root: Path, data: bytes, *, fields: list[Any] = PLATES, **dialect: Any) -> tuple[Adapter, Reading]:
    adapter = make_adapter(root, fields, {"type": "csv", **dialect})
    reading = read_export(adapter, [make_file(root / "export.csv", data)], root / "into")
    assert_adds_up(reading, adapter)
    return adapter, reading


def cells(root: Path, data: bytes, **options: Any) -> list[tuple[Any, ...]]:
    adapter, reading = read(root, data, **options)
    assert not reading.rows_refused
    return rows(reading, adapter)


def test_every_cell_is_text_and_an_empty_one_is_null(tmp_path: Path) -> None:
    found = cells(tmp_path, b'plate,make,year\n007,Lada,1.10\nTRUE,,""\n')

    assert found == [(1, "007", "Lada", "1.10"), (2, "TRUE", None, None)]


def test_words_of_the_adapter_that_hold_nothing_are_null(tmp_path: Path) -> None:
    found = cells(tmp_path, b"plate,make,year\nA,-,n/a\n-,, -\n", missing=["", "-", "n/a"])

    assert found == [(1, "A", None, None), (2, None, None, " -")]


def test_without_such_words_an_empty_cell_is_an_empty_text(tmp_path: Path) -> None:
    assert cells(tmp_path, b"plate,make,year\nA,,x\n", missing=[]) == [(1, "A", "", "x")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", " ", "\x1f"])
def test_any_ascii_character_delimits(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (PLATES, ["A", '"x,;\t|^ y"', "1"])) + "\n"

    assert cells(tmp_path, text.encode(), delimiter=delimiter) == [(1, "A", "x,;\t|^ y", "1")]


def test_quoted_cells_hold_delimiters_line_ends_and_doubled_quotes(tmp_path: Path) -> None:
    data = b'plate,make,year\n"A,B","say ""hi""","line one\nline two\r\nline three"\n"""",x,""""""\n'

    assert cells(tmp_path, data) == [
        (1, "A,B", 'say "hi"', "line one\nline two\r\nline three"),
        (2, '"', "x", '""'),
    ]


def test_another_quote_leaves_the_usual_one_alone(tmp_path: Path) -> None:
    found = cells(tmp_path, b"plate,make,year\n'A,''B','19\" x',\"\n", quote="'")

    assert found == [(1, "A,'B", '19" x', '"')]


def test_without_quoting_a_quote_is_a_character(tmp_path: Path) -> None:
    found = cells(tmp_path, b'plate,make,year\n"A","B\n"A"",x,"\n'.replace(b'"B', b'"B,1'), quote=None)

    assert found == [(1, '"A"', '"B', "1"), (2, '"A""', "x", '"')]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_of_any_kind_and_a_last_line_without_one(tmp_path: Path, end: bytes, last: bool) -> None:
    data = end.join([b"plate,make,year", b"A,B,1", b"C,D,2"]) + (end if last else b"")

    assert cells(tmp_path, data) == [(1, "A", "B", "1"), (2, "C", "D", "2")]


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    found = cells(tmp_path, b"plate,make,year\r\nA,B,1\rC,D,2\nE,F,3\r\n")

    assert [row[1] for row in found] == ["A", "C", "E"]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    found = cells(tmp_path, b"plate,make,year\n\nA,B,1\n\r\n\nC,D,2\n\n")

    assert found == [(1, "A", "B", "1"), (2, "C", "D", "2")]


def test_a_cell_may_hold_a_nul_and_other_control_characters(tmp_path: Path) -> None:
    found = cells(tmp_path, b"plate,make,year\nA\x00B,\x0b\x0c\x1a,\x7f" + b"x" * 500 + b"\n")

    assert found[0][1:3] == ("A\x00B", "\x0b\x0c\x1a")


def test_a_cell_of_a_million_characters_is_read(tmp_path: Path) -> None:
    found = cells(tmp_path, b"plate,make,year\nA,%s,1\nB,x,2\n" % (b"x" * 1_000_000))

    assert [len(row[2]) for row in found] == [1_000_000, 1]


def test_a_quote_that_does_not_begin_a_cell_is_data(tmp_path: Path) -> None:
    data = b'plate,make,year\nA,8" X 4",x\nB,monitor 19","quoted, too"\n"C",O""Neil,"1"\n'

    assert cells(tmp_path, data) == [
        (1, "A", '8" X 4"', "x"),
        (2, "B", 'monitor 19"', "quoted, too"),
        (3, "C", 'O""Neil', "1"),
    ]


def test_the_raw_row_is_its_cells_by_their_names(tmp_path: Path) -> None:
    adapter, reading = read(tmp_path, b"plate,make,year\nA,,1\n")

    assert raw(reading, adapter) == [(1, '{"plate":"A","make":"","year":"1"}')]


def test_columns_in_another_order_are_found_by_name_and_told(tmp_path: Path) -> None:
    adapter, reading = read(tmp_path, b"year,plate,make\n1,A,B\n")

    assert rows(reading, adapter) == [(1, "A", "B", "1")]
    assert reading.notes == ("export.csv: columns in another order: year",)


def test_the_declared_header_may_stand_in_any_of_several_header_rows(tmp_path: Path) -> None:
    data = b"Kennzeichen,Marke,Jahr\nplate,make,year\nA,B,1\n"

    assert cells(tmp_path, data, header_rows=2) == [(1, "A", "B", "1")]


def test_a_second_header_row_is_no_data(tmp_path: Path) -> None:
    data = b"plate,make,year\ntext,text,number\nA,B,1\n"

    assert cells(tmp_path, data, header_rows=2) == [(1, "A", "B", "1")]


def test_a_header_cell_may_have_line_ends(tmp_path: Path) -> None:
    data = b'plate,"make\n(of the car)",year\nA,B,1\n'
    fields = ["plate", "make (of the car)", "year"]

    assert cells(tmp_path, data, fields=fields) == [(1, "A", "B", "1")]


def test_a_preamble_is_counted_in_lines(tmp_path: Path) -> None:
    data = b'Stolen vehicles\n"as of, 2026\n\nplate,make,year\nA,B,1\n'

    assert cells(tmp_path, data, preamble_rows=3) == [(1, "A", "B", "1")]


def test_a_header_is_found_wherever_it_stands_in_the_first_lines(tmp_path: Path) -> None:
    data = b"Report\n,,\nmade by,hand\nplate,make,year\nA,B,1\n"

    assert cells(tmp_path, data, find_header=True) == [(1, "A", "B", "1")]


def test_without_a_header_columns_go_by_position(tmp_path: Path) -> None:
    assert cells(tmp_path, b"A,B,1\nC,D,2\n", header_rows=0) == [(1, "A", "B", "1"), (2, "C", "D", "2")]


def test_without_a_header_optional_columns_at_the_end_may_be_absent(tmp_path: Path) -> None:
    fields = ["plate", "make", {"name": "year", "optional": True}]

    assert cells(tmp_path, b"A,B\nC,D\n", fields=fields, header_rows=0) == [
        (1, "A", "B", None),
        (2, "C", "D", None),
    ]


def test_footer_rows_are_not_selected_wherever_they_stand(tmp_path: Path) -> None:
    data = b'plate,make,year\nA,B,1\nTotal 1\n"Total",,2\nC,D,2\nSource: us\n'

    adapter, reading = read(tmp_path, data, footer="^(Total|Source:)")

    assert [row[:2] for row in rows(reading, adapter)] == [(1, "A"), (4, "C")]
    assert (reading.rows_read, reading.rows_not_selected, reading.rows_refused) == (5, 3, 0)


def test_a_header_without_rows_is_an_export_of_no_rows(tmp_path: Path) -> None:
    for data in (b"plate,make,year\n", b"plate,make,year", b"\xef\xbb\xbfplate,make,year\r\n"):
        _, reading = read(tmp_path, data)

        assert (reading.rows_read, reading.parts) == (0, ())


def test_one_column_is_enough(tmp_path: Path) -> None:
    assert cells(tmp_path, b'plate\nA\n\n""\n"B\nC"\n', fields=["plate"]) == [
        (1, "A"),
        (2, None),
        (3, "B\nC"),
    ]


def test_rows_are_numbered_on_over_the_files_of_an_export(tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path, PLATES, {"type": "csv"})
    files = [
        make_file(tmp_path / "one.csv", b"plate,make,year\nA,B,1\nbad\n"),
        make_file(tmp_path / "two.csv", b"plate,make,year\nC,D,2\nworse\n"),
    ]

    reading = read_export(adapter, files, tmp_path / "into")

    assert_adds_up(reading, adapter)
    assert [row[0] for row in rows(reading, adapter)] == [1, 3]
    assert refused(reading, "source_row", "file", "line") == [(2, "one.csv", 3), (4, "two.csv", 3)]
    assert [(file.name, file.first_row, file.rows) for file in reading.files] == [
        ("one.csv", 1, 2),
        ("two.csv", 3, 2),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "read.empty-export"),
        (b"\0" * 5000, "read.zeros"),
        (b"\xef\xbb\xbf", "read.no-header"),
        (b"\n\n\r\n", "read.no-header"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "read.binary-file"),
        (bytes(range(32)) * 10 + bytes(1000), "read.binary-file"),
        (b"%PDF-1.7\nplate,make,year\n", "read.binary-file"),
    ],
)
def test_what_is_no_text_or_nothing_stops_the_source(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, data)

    assert caught.value.code == code


def test_a_file_without_the_declared_header_stops_the_source(tmp_path: Path) -> None:
    for data in (b"A,B,1\nC,D,2\n", b"plate;make;year\nA;B;1\n"):
        with pytest.raises(DriftError):
            read(tmp_path, data)
