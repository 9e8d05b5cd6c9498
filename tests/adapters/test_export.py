"""A whole export: files in their order, the format that fits, and what is no export at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.adapters.part import FileRead, Part, Reading
from comity.errors import ConfigError, ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

CSV = {"type": "csv"}
TSV = {"type": "csv", "delimiter": "\t"}
TEXTS: list[dict[str, Any]] = [CSV, {"type": "json"}, {"type": "ndjson"}, {"type": "xml", "records": "//r"}]
BINARY = bytes(range(256)) * 20


def read(tmp_path: Path, format: Any, *contents: bytes, name: str = "x") -> tuple[Reading, Any]:
    adapter = make_adapter(tmp_path, ["a", "b"], format)
    files = [make_file(tmp_path / f"{name}{number}", data) for number, data in enumerate(contents)]
    return read_export(adapter, files, tmp_path / "parts"), adapter


def refusal(tmp_path: Path, format: Any, content: bytes) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, format, content)
    assert caught.value.remedy
    assert caught.value.file == "x0"
    return caught.value


def test_files_are_read_in_order_and_rows_numbered_on(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, CSV, b"a,b\n1,x\n?\n", b"a,b\n2,y\n!\n3,z\n")

    assert rows(reading, adapter) == [(1, "1", "x"), (3, "2", "y"), (5, "3", "z")]
    assert refused(reading, "file", "source_row") == [("x0", 2), ("x1", 4)]
    assert [(file.name, file.first_row, file.rows) for file in reading.files] == [("x0", 1, 2), ("x1", 3, 3)]
    assert_adds_up(reading, adapter)


def test_each_file_takes_the_first_format_that_fits(tmp_path: Path) -> None:
    contents = (b"a\tb\n1\tx\n", b"a,b\n2,y\n", b'[{"a": 3, "b": "z"}]')

    reading, adapter = read(tmp_path, [CSV, TSV, {"type": "json"}], *contents)

    assert rows(reading, adapter) == [(1, "1", "x"), (2, "2", "y"), (3, "3", "z")]
    assert [file.format for file in reading.files] == [1, 0, 2]
    assert [part.format for part in reading.parts] == [1, 0, 2]


def test_a_file_that_fits_no_format_tells_the_drift(tmp_path: Path) -> None:
    error = refusal(tmp_path, [{"type": "json"}, CSV], b"a,bb\n1,x\n")

    assert isinstance(error, DriftError)
    assert (error.missing, error.new) == (("b",), ("bb",))
    assert "1 other format" in error.message and "1 other format" in str(error)


@pytest.mark.parametrize("format", [*TEXTS, {"type": "spreadsheet"}, {"type": "parquet"}, [CSV, TSV]])
def test_an_empty_file_is_no_export(tmp_path: Path, format: Any) -> None:
    assert refusal(tmp_path, format, b"").code == "read.empty-export"


@pytest.mark.parametrize("format", [*TEXTS, {"type": "spreadsheet"}, {"type": "parquet"}, [CSV, TSV]])
@pytest.mark.parametrize("size", [1, 70_000, 3_000_000])
def test_a_file_of_zeros_is_no_export(tmp_path: Path, format: Any, size: int) -> None:
    error = refusal(tmp_path, format, bytes(size))

    assert (error.code, error.found) == ("read.zeros", f"{size} zero bytes")


@pytest.mark.parametrize("format", TEXTS)
@pytest.mark.parametrize(
    ("begins", "named"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x7fELF", "a program"),
        (b"MZ\x90", "a program"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"PAR1", "a Parquet file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"\x9d", "a binary file"),
    ],
)
def test_a_binary_file_is_named(tmp_path: Path, format: Any, begins: bytes, named: str) -> None:
    error = refusal(tmp_path, format, begins + BINARY)

    assert (error.code, error.message) == ("read.binary-file", f"The export should be text and is {named}")


def test_another_archive_says_what_to_do(tmp_path: Path) -> None:
    assert "zip, gzip or tar" in str(refusal(tmp_path, CSV, b"7z\xbc\xaf\x27\x1c" + BINARY).remedy)


@pytest.mark.parametrize("word", ["MZ", "PAR1", "GIF8", "Rar!", "BZh", "7z", "PK"])
def test_a_text_is_no_program_because_of_its_first_letters(tmp_path: Path, word: str) -> None:
    reading, adapter = read(tmp_path, CSV | {"header_rows": 0}, f"{word},x\n".encode())

    assert rows(reading, adapter) == [(1, word, "x")]


@pytest.mark.parametrize("page", [b"<!DOCTYPE html>\n<title>Log in</title>", b"\xef\xbb\xbf <HTML><body>"])
def test_a_web_page_in_place_of_data_is_named(tmp_path: Path, page: bytes) -> None:
    for format in (CSV, {"type": "json"}, [CSV, TSV]):
        error = refusal(tmp_path, format, page)
        assert error.code == "read.web-page"
        assert "html" in str(error.found).lower()


def test_a_control_character_may_separate_columns(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, CSV | {"delimiter": "\x02"}, b"a\x02b\n1\x02x\n")

    assert rows(reading, adapter) == [(1, "1", "x")]


def test_a_page_may_be_an_export_of_markup(tmp_path: Path) -> None:
    page = b"<html><r><a>1</a><b>x</b></r></html>"

    reading, adapter = read(tmp_path, {"type": "xml", "records": "//r"}, page)

    assert rows(reading, adapter) == [(1, "1", "x")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32-le", "cp037", "cp932", "utf-8-sig"])
def test_no_encoding_looks_binary(tmp_path: Path, encoding: str) -> None:
    text = "a,b\n1,東京\n" if encoding != "cp037" else "a,b\n1,xyz\n"

    reading, adapter = read(tmp_path, CSV | {"encoding": encoding}, text.encode(encoding))

    assert rows(reading, adapter) == [(1, "1", text.split(",")[-1].strip())]


@pytest.mark.parametrize(
    ("delivery", "format"),
    [
        ({"files": ["*"]}, {"type": "database"}),
        ({"database": {"url": "sqlite:///x", "query": "SELECT 1"}}, CSV),
        ({"database": {"url": "sqlite:///x", "query": "SELECT 1"}}, [{"type": "database"}, CSV]),
        ({"database": {"url": "sqlite:///x", "query": "SELECT 1"}, "files": ["*"]}, {"type": "database"}),
        ({}, CSV),
    ],
)
def test_a_format_that_its_delivery_cannot_bring_is_refused_at_load(
    tmp_path: Path, delivery: dict[str, Any], format: Any
) -> None:
    with pytest.raises(ConfigError):
        make_adapter(tmp_path, ["a", "b"], format, delivery=delivery)


def test_a_reader_that_loses_rows_stops_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless:
        def read(self, file: Any, format: Any, adapter: Any, into: Path, first_row: int) -> Reading:
            read_file = FileRead(file.name, file.sha256, file.size, first_row, 10)
            return Reading((Part(into, "table", first_row, 7),), 10, 1, None, 1, (read_file,))

        def probe(self, file: Any, format: Any, adapter: Any) -> None: ...

    monkeypatch.setattr("comity.adapters.format_check.reader_names", lambda: {"careless"})
    for module in ("export", "reader"):
        monkeypatch.setattr(f"comity.adapters.{module}.find_reader", lambda name: Careless())

    error = refusal(tmp_path, {"type": "careless"}, b"x")

    assert (error.code, error.found) == ("read.rows-do-not-add-up", "10 rows read, 9 accounted for")
