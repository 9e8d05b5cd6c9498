"""Spreadsheets: cells become the text that a person sees, and no row is lost."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.errors import ConfigError, ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows
from tests.adapters.sheets import found, ods, read, saved, unpacked, with_member, with_sheet_data, xls, xlsx

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = ["a", "b"]
BOOKS: dict[str, Callable[..., bytes]] = {"xlsx": xlsx, "ods": ods}


@pytest.fixture(params=BOOKS)
def book(request: pytest.FixtureRequest) -> Callable[..., bytes]:
    return BOOKS[request.param]


def test_rows_are_read_below_the_header(tmp_path: Path, book: Callable[..., bytes]) -> None:
    reading, adapter = read(tmp_path, book([HEAD, ["x", "1"], ["y", "2"]]))

    assert rows(reading, adapter) == [(1, "x", "1"), (2, "y", "2")]
    assert_adds_up(reading, adapter)


def test_an_old_workbook_is_read_too(tmp_path: Path) -> None:
    assert found(tmp_path, xls([HEAD, ["Łódź 東京", 5], [0.1, "007"]])) == [
        (1, "Łódź 東京", "5"),
        (2, "0.1", "007"),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("007", "007"),
        ("  x  y ", "x  y"),
        ("Müller 東京 الرياض", "Müller 東京 الرياض"),
        (7, "7"),
        (5.0, "5"),
        (0.1, "0.1"),
        (-12.5, "-12.5"),
        (1e-7, "0.0000001"),
        (1e22, "1" + "0" * 22),
        (True, "true"),
        (False, "false"),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.datetime(2024, 5, 1, 12, 30, 5), "2024-05-01 12:30:05"),
        (dt.datetime(2024, 5, 1), "2024-05-01"),
    ],
)
def test_a_cell_is_the_text_that_a_person_sees(
    tmp_path: Path, book: Callable[..., bytes], value: Any, text: str
) -> None:
    assert found(tmp_path, book([HEAD, [value, "-"]])) == [(1, text, "-")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (dt.time(12, 30), "12:30:00"),
        (dt.timedelta(hours=30, minutes=5), "30:05:00"),
        (dt.datetime(1900, 3, 1), "1900-03-01"),
        (dt.datetime(2024, 5, 1, 23, 59, 59, 250_000), "2024-05-01 23:59:59.250000"),
        ("1867-03-02", "1867-03-02"),
    ],
)
def test_times_and_old_dates_of_xlsx(tmp_path: Path, value: Any, text: str) -> None:
    assert found(tmp_path, xlsx([HEAD, [value, "-"]])) == [(1, text, "-")]


def test_a_date_before_1900_is_a_date_in_ods(tmp_path: Path) -> None:
    assert found(tmp_path, ods([HEAD, [dt.date(1867, 3, 2), "-"]])) == [(1, "1867-03-02", "-")]


def test_a_workbook_that_counts_days_from_1904_gives_the_same_dates(tmp_path: Path) -> None:
    data = xlsx([HEAD, [dt.datetime(2024, 2, 29), "-"]], epoch=CALENDAR_MAC_1904)

    assert found(tmp_path, data) == [(1, "2024-02-29", "-")]


@pytest.mark.parametrize(
    ("written", "seen"),
    [("0.30000000000000004", "0.3"), ("12.100000000000001", "12.1"), ("123456789012345", "123456789012345")],
)
def test_digits_that_no_spreadsheet_shows_are_not_read(tmp_path: Path, written: str, seen: str) -> None:
    data = with_sheet_data(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
        f'<row r="2"><c r="A2"><v>{written}</v></c><c r="B2"><v>1</v></c></row>'
    )

    assert found(tmp_path, data) == [(1, seen, "1")]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?"])
def test_an_error_in_a_cell_is_kept_as_it_is_seen(
    tmp_path: Path, book: Callable[..., bytes], error: str
) -> None:
    # openpyxl knows an error by its text; LibreOffice keeps an empty value beside what it shows.
    cell = error if book is xlsx else {"text": error, "valuetype": "string", "stringvalue": ""}

    assert found(tmp_path, book([HEAD, ["x", cell], ["y", 1]])) == [(1, "x", error), (2, "y", "1")]


def test_an_error_that_has_a_number_beside_it_is_no_number(tmp_path: Path) -> None:
    cell = {"text": "#DIV/0!", "formula": "of:=1/0", "valuetype": "float", "value": "0"}
    data = ods([HEAD, ["x", cell], ["y", 1]])
    content = unpacked(data, "content.xml").replace(
        b'office:value="0"', b'office:value="0" xmlns:calcext="urn:ext" calcext:value-type="error"'
    )

    assert found(tmp_path, with_member(data, "content.xml", content)) == [(1, "x", "#DIV/0!"), (2, "y", "1")]


def test_an_error_in_a_row_that_is_repeated_is_in_each(tmp_path: Path) -> None:
    cell = {"text": "#N/A", "valuetype": "string", "stringvalue": "", "numbercolumnsrepeated": "2"}
    data = ods([HEAD, ["x", "y"], [cell]])
    content = unpacked(data, "content.xml")
    at = content.rindex(b"<table:table-row")
    content = content[:at] + content[at:].replace(
        b"<table:table-row", b'<table:table-row table:number-rows-repeated="3"', 1
    )

    assert found(tmp_path, with_member(data, "content.xml", content)) == [
        (1, "x", "y"), *[(row, "#N/A", "#N/A") for row in (2, 3, 4)]
    ]  # fmt: skip


def test_a_formula_that_nobody_computed_is_kept_as_it_is_written(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, xlsx([HEAD, ["x", "=1+1"], ["y", '="<"&A2'], ["z", "2"]]))

    assert rows(reading, adapter) == [(1, "x", "=1+1"), (2, "y", '="<"&A2'), (3, "z", "2")]


def test_an_error_in_the_last_column_or_the_last_row_is_not_lost(tmp_path: Path) -> None:
    data = xlsx([[None, *HEAD], [None, "x", "#N/A"], [], [None, None, "#REF!"]])

    assert found(tmp_path, data) == [(1, "x", "#N/A"), (2, None, "#REF!")]


def test_an_error_outside_the_columns_is_a_value_outside_the_columns(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, xlsx([HEAD, ["x", "1", None, "#N/A"], ["y", "2"]]))

    assert rows(reading, adapter) == [(2, "y", "2")]
    assert refused(reading, "source_row", "line", "code", "raw") == [
        (1, 2, "read.column-count", "x\t1\t\t#N/A")
    ]


def test_an_old_workbook_with_errors_stops_the_source(tmp_path: Path) -> None:
    import struct

    cell = struct.pack("<HHHHHBB", 0x205, 8, 1, 0, 0, 0x2A, 1)
    formula = struct.pack("<HHHHHBBBBBBHHIH", 0x06, 22, 1, 0, 0, 2, 0, 7, 0, 0, 0, 0xFFFF, 0, 0, 0)

    for extra in (cell, formula):
        with pytest.raises(ReadError) as caught:
            read(tmp_path, xls([HEAD, ["x", "y"]], extra))
        assert caught.value.code == "read.cell-errors"


def test_titles_above_are_skipped_by_their_number(tmp_path: Path, book: Callable[..., bytes]) -> None:
    cells = [["Register of things"], [], HEAD, ["x", "1"]]

    assert found(tmp_path, book(cells), preamble_rows=2) == [(1, "x", "1")]


@pytest.mark.parametrize("titles", [0, 1, 12])
def test_the_header_is_found_below_any_number_of_titles(
    tmp_path: Path, book: Callable[..., bytes], titles: int
) -> None:
    cells = [*[[f"title {i}", "b or so"] for i in range(titles)], HEAD, ["x", "1"]]

    assert found(tmp_path, book(cells), find_header=True) == [(1, "x", "1")]


def test_a_merged_title_and_a_second_header_row_are_no_data(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["All things"], HEAD, ["text", "number"], ["x", 1]):
        sheet.append(row)
    sheet.merge_cells("A1:B1")

    assert found(tmp_path, saved(book), find_header=True, header_rows=2) == [(1, "x", "1")]


def test_footers_are_not_selected_and_blank_rows_are_no_rows(
    tmp_path: Path, book: Callable[..., bytes]
) -> None:
    cells = [HEAD, ["x", 1], [None, " "], ["y", 2], [None, None], ["TOTAL", 3], [None, "Source: nobody"]]

    reading, adapter = read(tmp_path, book(cells), footer="^(TOTAL|Source)")

    assert rows(reading, adapter) == [(1, "x", "1"), (2, "y", "2")]
    assert (reading.rows_read, reading.rows_not_selected) == (4, 2)
    assert_adds_up(reading, adapter)


def test_a_row_with_cells_outside_the_declared_columns_is_refused_with_its_line(
    tmp_path: Path, book: Callable[..., bytes]
) -> None:
    cells = [["title"], [None, *HEAD], [None, "x", 1], ["?", "y", 2], [None, "z", 3, "!"], [None, "w", 4]]

    reading, adapter = read(tmp_path, book(cells), preamble_rows=1)

    assert rows(reading, adapter) == [(1, "x", "1"), (4, "w", "4")]
    assert refused(reading, "source_row", "line", "code", "raw") == [
        (2, 4, "read.column-count", "?\ty\t2\t"),
        (3, 5, "read.column-count", "\tz\t3\t!"),
    ]
    assert_adds_up(reading, adapter)


def test_a_blank_column_between_may_be_there(tmp_path: Path, book: Callable[..., bytes]) -> None:
    assert found(tmp_path, book([["a", None, "b"], ["x", None, 1]])) == [(1, "x", "1")]


def test_columns_are_found_by_name_in_any_order(tmp_path: Path, book: Callable[..., bytes]) -> None:
    fields = [{"name": "a", "aliases": ["Ä  name"]}, "b", {"name": "c", "optional": True}]

    reading, adapter = read(tmp_path, book([["b", "Ä\nname"], [1, "x"]]), fields)

    assert rows(reading, adapter) == [(1, "x", "1", None)]
    assert "another order" in reading.notes[0]


def test_another_header_is_drift_that_names_each_column(tmp_path: Path, book: Callable[..., bytes]) -> None:
    for more in ({}, {"find_header": True}):
        with pytest.raises(DriftError) as caught:
            read(tmp_path, book([["a", "bb"], ["x", 1]]), **more)
        assert (caught.value.missing, caught.value.new, caught.value.line) == (("b",), ("bb",), 1)


def test_without_header_columns_go_by_position(tmp_path: Path, book: Callable[..., bytes]) -> None:
    fields = ["a", "b", {"name": "c", "optional": True}]

    assert found(tmp_path, book([["x", 1], ["y", 2]]), fields, header_rows=0) == [
        (1, "x", "1", None),
        (2, "y", "2", None),
    ]
    with pytest.raises(DriftError):
        read(tmp_path, book([["x"], ["y"]]), fields, header_rows=0)


@pytest.mark.parametrize("sheet", [1, "Δεδομένα"])
def test_the_sheet_is_chosen_by_position_or_name(
    tmp_path: Path, book: Callable[..., bytes], sheet: str | int
) -> None:
    data = book([["cover"]], [HEAD, ["x", 1]], names=("Cover", "Δεδομένα"))

    assert found(tmp_path, data, sheet=sheet) == [(1, "x", "1")]


@pytest.mark.parametrize("sheet", [2, "date"])
def test_a_missing_sheet_names_those_there_are(
    tmp_path: Path, book: Callable[..., bytes], sheet: str | int
) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, book([HEAD], [HEAD], names=("Cover", "data")), sheet=sheet)

    assert caught.value.code == "read.missing-sheet"
    assert "Known: Cover, data" in str(caught.value.remedy)


def test_a_sheet_before_the_first_is_refused_at_load(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        make_adapter(tmp_path, HEAD, {"type": "spreadsheet", "sheet": -1})


@pytest.mark.parametrize("cells", [[], [[]], [["", " "]]])
def test_an_empty_sheet_shows_no_header(tmp_path: Path, book: Callable[..., bytes], cells: list[Any]) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, book(cells))

    assert caught.value.code in ("read.no-header", "read.header-drift")


def test_many_rows_keep_their_numbers(tmp_path: Path) -> None:
    cells: list[list[Any]] = [HEAD, *[[f"x{i}", i] if i % 5 else [] for i in range(25_000)]]

    reading, adapter = read(tmp_path, xlsx(cells))

    assert reading.rows_read == 20_000
    assert rows(reading, adapter)[-1] == (20_000, "x24999", "24999")
    assert_adds_up(reading, adapter)


def test_an_adapter_of_two_layouts_takes_the_one_that_fits(tmp_path: Path) -> None:
    formats = [{"type": "spreadsheet", "sheet": "new"}, {"type": "spreadsheet"}, {"type": "csv"}]
    adapter = make_adapter(tmp_path, HEAD, formats)
    files = [
        make_file(tmp_path / "1", xlsx([HEAD, ["x", 1]], names=("old",))),
        make_file(tmp_path / "2", xlsx([["?"]], [HEAD, ["y", 2]], names=("cover", "new"))),
        make_file(tmp_path / "3", b"a,b\nz,3\n"),
    ]

    reading = read_export(adapter, files, tmp_path / "parts")

    assert rows(reading, adapter) == [(1, "x", "1"), (2, "y", "2"), (3, "z", "3")]
    assert [file.format for file in reading.files] == [1, 0, 2]
