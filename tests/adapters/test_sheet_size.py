"""How much a sheet may hold, and what becomes of damaged, encrypted and harmful workbooks."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.adapters import sheet_size, sheet_xlsx
from comity.errors import ReadError
from tests.adapters.archives import zipped
from tests.adapters.sheets import (
    found,
    ods,
    read,
    saved,
    unpacked,
    with_member,
    with_sheet_data,
    xls,
    xlsx,
)

if TYPE_CHECKING:
    from pathlib import Path

HEAD = ["a", "b"]
GOOD = [HEAD, ["x", 1], ["y", 2]]
WHOLE = [xlsx(GOOD), ods(GOOD), xls(GOOD)]
_TEXT = '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>'
HEADER_XML = f'<row r="1">{_TEXT.format("A1", "a")}{_TEXT.format("B1", "b")}</row>'


def refusal(tmp_path: Path, data: bytes, **format: Any) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, data, **format)
    assert caught.value.remedy and str(caught.value.file).startswith("book")
    return caught.value


@pytest.mark.parametrize("place", ["XFD1048576", "XFD3", "A1048576"])
def test_a_stray_cell_far_away_is_refused_in_little_memory(tmp_path: Path, place: str) -> None:
    book = openpyxl.Workbook()
    for row in GOOD:
        book.active.append(row)
    book.active[place] = "?"
    data = saved(book)
    tracemalloc.start()

    error = refusal(tmp_path, data)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (error.code, peak < 50_000_000) == ("read.sheet-too-large", True)
    assert "XFD" in str(error.found) or "1048576" in str(error.found)


def test_a_stray_cell_in_ods_is_refused(tmp_path: Path) -> None:
    content = unpacked(ods(GOOD), "content.xml").replace(
        b"</table:table>",
        b'<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
        b'<table:table-row><table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
        b"</table:table>",
    )

    assert refusal(tmp_path, with_member(ods(GOOD), "content.xml", content)).code == "read.sheet-too-large"


def test_empty_rows_and_cells_that_are_only_repeated_cost_nothing(tmp_path: Path) -> None:
    content = unpacked(ods(GOOD), "content.xml").replace(
        b"</table:table>",
        b'<table:table-row table:number-rows-repeated="1048570">'
        b'<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>',
    )

    assert found(tmp_path, with_member(ods(GOOD), "content.xml", content)) == [(1, "x", "1"), (2, "y", "2")]


def test_a_cell_that_is_repeated_a_million_times_is_refused(tmp_path: Path) -> None:
    content = unpacked(ods(GOOD), "content.xml").replace(
        b"</table:table>",
        b'<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="999"'
        b' office:value-type="float" office:value="1"/></table:table-row></table:table>',
    )

    assert refusal(tmp_path, with_member(ods(GOOD), "content.xml", content)).code == "read.sheet-too-large"


def test_more_cells_than_the_bound_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_size, "MOST_CELLS", 500)
    again = '<row r="2">' + '<c r="A2"><v>1</v></c>' * 600 + "</row>"
    nameless = "<row>" + "<c><v>1</v></c>" * 600 + "</row>"

    assert refusal(tmp_path, xlsx([HEAD, *[["x", 1]] * 300])).code == "read.sheet-too-large"
    assert refusal(tmp_path, with_sheet_data(HEADER_XML + again)).code == "read.sheet-too-large"
    assert refusal(tmp_path, with_sheet_data(HEADER_XML + nameless)).code == "read.sheet-too-large"


def test_more_columns_than_the_bound_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, xlsx([["a"] * 2_001])).code == "read.sheet-too-large"


def test_more_errors_than_the_bound_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_size, "MOST_UNREAD", 5)

    assert refusal(tmp_path, xlsx([HEAD, *[["x", "#N/A"]] * 6])).code == "read.sheet-too-large"


def test_cells_that_do_not_say_where_they_are_are_read(tmp_path: Path) -> None:
    data = with_sheet_data(
        '<row><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c></row>'
        "<row><c><v>1</v></c><c><v>2</v></c></row>"
    )

    assert found(tmp_path, data) == [(1, "1", "2")]


@pytest.mark.parametrize("size", [64, 300, 1_000])
def test_where_the_sheet_is_cut_for_looking_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    data = xlsx([HEAD, *[[f"x{i}", "#N/A" if i % 3 else f'=A{i}&"<"'] for i in range(200)]])
    monkeypatch.setattr(sheet_size, "CHUNK", size)
    monkeypatch.setattr(sheet_xlsx, "CHUNK", size)

    rows = found(tmp_path, data)

    assert rows == [(i + 1, f"x{i}", "#N/A" if i % 3 else f'=A{i}&"<"') for i in range(200)]


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
def test_a_bomb_in_a_workbook_is_refused(
    tmp_path: Path, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_size, "MOST_BYTES", 50 << 20)
    monkeypatch.setattr(sheet_xlsx, "MOST_SHARED_BYTES", 50 << 20)
    data = with_member(xlsx(GOOD), member, bytes(200 << 20))

    assert len(data) < 300_000
    assert refusal(tmp_path, data).code in ("read.sheet-too-large", "read.damaged-spreadsheet")


def test_a_bomb_of_blanks_between_the_cells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_size, "MOST_BYTES", 20 << 20)
    data = with_sheet_data(HEADER_XML + ("<row>" + " " * 1000 + "</row>") * 30_000)

    assert refusal(tmp_path, data).code == "read.sheet-too-large"


def test_entities_in_a_workbook_are_not_expanded(tmp_path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>'
    book = xlsx(GOOD)
    evil = bomb + unpacked(book, "xl/workbook.xml").replace(b"Sheet0", b"&b;")

    assert refusal(tmp_path, with_member(book, "xl/workbook.xml", evil), sheet="lollollol").code.startswith(
        "read."
    )


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 no workbook",
        b"a,b\n1,2\n",
        zipped({"a.csv": b"a,b\n"}),
        zipped({"[Content_Types].xml": b"", "xl/workbook.bin": b""}),
        xlsx(GOOD)[:-200],
        xls(GOOD)[:700],
        with_member(xlsx(GOOD), "xl/workbook.xml", b"<workbook"),
        with_member(ods(GOOD), "content.xml", b"<office:document-content"),
    ],
    ids=["zip head", "text", "zip", "xlsb", "cut xlsx", "cut xls", "broken list", "broken ods"],
)
def test_what_is_no_whole_workbook_stops_the_source(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path, data).code in (
        "read.damaged-spreadsheet",
        "read.damaged-archive",
        "read.no-member",
    )


def test_an_encrypted_workbook_says_so(tmp_path: Path) -> None:
    office = bytearray(xls(GOOD))
    office[-100 : -100 + 32] = "EncryptedPackage".encode("utf-16-le")
    manifest = b'<manifest:manifest xmlns:manifest="urn:x"><manifest:encryption-data/></manifest:manifest>'

    assert refusal(tmp_path, bytes(office)).code == "read.encrypted-spreadsheet"
    assert refusal(tmp_path, with_member(ods(GOOD), "META-INF/manifest.xml", manifest)).code == (
        "read.encrypted-spreadsheet"
    )


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_damaged_it_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    try:
        read(tmp_path, bytes(whole))
    except ReadError as error:
        assert error.code.startswith("read.")
