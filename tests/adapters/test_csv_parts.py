"""A file in several chunks and parts gives the same rows as in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters import csv_part, encoding
from comity.adapters.export import read_export
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.part import Reading

TABLE = (
    b"plate,make,year\r\n"
    b"A,plain,1\r\n"
    b'"B","with\r\nline\nends\r",2\r\n'
    b"C,too few\r\n"
    b'D,"unclosed,3\r\n'
    b"\r\n"
    b'E,8" wide,4\n'
    b'"F"G,x,5\r'
    b"\xff,x,6\r\n"
    b"Total,,\n"
    b'H,"say ""no""\n\n",7\n'
    b'I,"' + b"long " * 20 + b'\nend",8\r\n'
    b"J,x"
)


def read(root: Path, data: bytes, **more: Any) -> tuple[Any, Reading]:
    adapter = make_adapter(root, ["plate", "make", "year"], {"type": "csv", "footer": "^Total"} | more)
    reading = read_export(adapter, [make_file(root / "export.csv", data)], root / "into")
    assert_adds_up(reading, adapter)
    found = sorted(rows(reading, adapter))
    lost = refused(reading, "source_row", "line", "byte_offset", "raw", "code", "message")
    return (found, sorted(lost), reading.rows_read, reading.rows_not_selected), reading


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 16, 50, 200])
def test_however_the_file_is_cut_into_chunks_its_rows_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    whole, _ = read(tmp_path, TABLE)

    monkeypatch.setattr(encoding, "CHUNK", chunk)

    assert read(tmp_path, TABLE)[0] == whole
    assert whole[2:] == (11, 1)


@pytest.mark.parametrize("chunk", [3, 16, 200])
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be", "cp932", "cp037"])
def test_chunks_are_cut_alike_in_every_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, codec: str
) -> None:
    data = TABLE.replace(b"\xff", "Ñ".encode()).decode().replace("Ñ", "N").encode(codec)
    whole, _ = read(tmp_path, data, encoding=codec)

    monkeypatch.setattr(encoding, "CHUNK", chunk)

    assert read(tmp_path, data, encoding=codec)[0] == whole


@pytest.mark.parametrize("chunk", [1, 16, encoding.CHUNK])
@pytest.mark.parametrize("size", [1, 30])
def test_several_parts_hold_the_same_rows_under_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, chunk: int
) -> None:
    whole, one = read(tmp_path, TABLE)

    monkeypatch.setattr(encoding, "CHUNK", chunk)
    monkeypatch.setattr(csv_part, "PART_BYTES", size)
    parts, several = read(tmp_path, TABLE)

    assert parts == whole
    assert len(one.parts) == 1
    assert len(several.parts) > 1 or chunk > len(TABLE)


def test_each_part_knows_its_first_row_and_how_many_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", 40)
    monkeypatch.setattr(csv_part, "PART_BYTES", 40)

    _, reading = read(tmp_path, b"plate,make,year\n" + b"A,B,1\nC,D\n" * 20)

    assert sum(part.rows for part in reading.parts) == 40
    following = 1
    for part in reading.parts:
        assert part.first_row == following
        following += part.rows


def test_only_parts_with_refused_rows_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "CHUNK", 16)
    monkeypatch.setattr(csv_part, "PART_BYTES", 1)

    _, reading = read(tmp_path, b"plate,make,year\n" + b"A,B,1\n" * 6 + b"bad\n" + b"A,B,1\n" * 6)

    assert sum(part.marked for part in reading.parts) == 1


@pytest.mark.slow
def test_a_large_part_of_cells_with_line_ends_is_scanned_as_it_is(tmp_path: Path) -> None:
    # DuckDB, scanning one file from several places, takes the lines of such notes for rows.
    note = "\n".join(f'note {line}, with, commas and "quoted" text' for line in range(100))
    row = f'A,"{note}",1\n'.replace('"quoted"', '""quoted""')
    data = b"plate,make,year\n" + (row * (40_000_000 // len(row))).encode()

    (found, lost, count, _), _ = read(tmp_path, data)

    assert (len(found), lost) == (count, [])
    assert {each[1:] for each in found} == {("A", note, "1")}
