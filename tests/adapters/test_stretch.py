"""A part whose bytes stand in a file that stays is not written again: it is a stretch of that file."""

from __future__ import annotations

import gzip
import json
import resource
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from comity.adapters import csv_part, csv_plain, encoding
from comity.adapters.csv_plain import plain_cells, read_plain
from comity.adapters.export import read_export
from comity.adapters.stretch import lay_down
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, raw, refused, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile, Part, Reading

HEADER = b"plate,make\n"
CARS = b"A,Volvo\nB,\nC,Ford\n"
BOM = b"\xef\xbb\xbf"


def read(root: Path, *files: ExportFile, **more: Any) -> tuple[Adapter, Reading]:
    adapter = make_adapter(root, ["plate", "make"], {"type": "csv"} | more)
    reading = read_export(adapter, files, root / "into")
    assert_adds_up(reading, adapter)
    return adapter, reading


def read_bytes(root: Path, data: bytes, **more: Any) -> tuple[Adapter, Reading]:
    return read(root, make_file(root / "export.csv", data), **more)


def bytes_of(part: Part) -> bytes:
    """The stretch of a part."""
    assert part.stretch is not None
    return part.stretch.path.read_bytes()[part.stretch.start :][: part.stretch.size]


@pytest.mark.parametrize(
    ("head", "body", "encoding"),
    [
        (HEADER, CARS, "utf-8"),
        (BOM + HEADER, CARS, "utf-8"),
        (HEADER, CARS[:-1], "utf-8"),
        (HEADER, CARS.replace(b"\n", b"\r\n"), "utf-8"),
        (HEADER, b"A,Volvo\r\nB,\nC,Ford", "utf-8"),
        (HEADER, "Å,Škoda\n".encode(), "utf-8"),
        (HEADER, CARS, "latin-1"),  # ASCII is in UTF-8 what it is there
    ],
    ids=[
        "plain",
        "byte order mark",
        "no line end at the end",
        "CRLF",
        "CRLF or not",
        "letters",
        "ASCII only",
    ],
)
def test_what_is_fine_is_read_where_it_stands(
    tmp_path: Path, head: bytes, body: bytes, encoding: str
) -> None:
    (tmp_path / "into").mkdir()
    adapter = make_adapter(tmp_path, ["plate", "make"], {"type": "csv", "encoding": encoding})

    (part,) = read_export(adapter, [make_file(tmp_path / "a.csv", head + body)], tmp_path / "into").parts

    assert bytes_of(part) == body
    assert [path.name for path in (tmp_path / "into").iterdir()] == [f"{part.path.stem}.lines.npy"]
    read = read_plain(part, adapter)
    assert read is not None
    cells = [line.split(",") for line in body.decode().splitlines()]
    assert read.drop_columns("source_row").to_pylist() == [
        {"plate": plate, "make": make or None} for plate, make in cells
    ]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (HEADER + b'A,"Volvo"\n', "utf-8"),
        (HEADER + b"A,Volvo\r\nB,Ford\r", "utf-8"),
        (HEADER + b"A,Volvo\rB,Ford\r", "utf-8"),
        (HEADER + b"A,Volvo\n\nB,Ford\n", "utf-8"),
        (HEADER + b"A,Volvo\nB\n", "utf-8"),
        (HEADER + "A,Škoda\n".encode("cp1250"), "cp1250"),
        ((HEADER + CARS).decode().encode("utf-16"), "utf-16"),
    ],
    ids=["quoted", "half a CRLF", "CR", "blank line", "refused", "another encoding", "two bytes a character"],
)
def test_what_is_not_the_same_in_the_part_is_written(tmp_path: Path, data: bytes, encoding: str) -> None:
    _, reading = read_bytes(tmp_path, data, encoding=encoding)

    assert [part.stretch for part in reading.parts] == [None]


def test_a_file_that_may_go_is_copied(tmp_path: Path) -> None:
    file = make_file(tmp_path / "export.csv", HEADER + CARS)
    packed = make_file(tmp_path / "packed.csv.gz", gzip.compress(HEADER + CARS))

    adapter, reading = read(tmp_path, replace(file, stays=False), packed)

    assert [part.stretch for part in reading.parts] == [None, None]
    file.path.unlink()
    assert len(rows(reading, adapter)) == 6


def test_a_refused_row_costs_its_own_part_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "CHUNK", 16)
    monkeypatch.setattr(csv_part, "PART_BYTES", 32)
    data = HEADER + b"A,Volvo\n" * 12 + b"bad\n" + b"B,Ford\n" * 12

    adapter, reading = read_bytes(tmp_path, data)

    assert {part.stretch is None for part in reading.parts} == {True, False}
    assert all((part.stretch is None) == part.marked for part in reading.parts)
    assert b"".join(bytes_of(part) for part in reading.parts if part.stretch) in data.replace(b"bad\n", b"")
    assert [row[0] for row in rows(reading, adapter)] == [*range(1, 13), *range(14, 26)]
    assert refused(reading) == [(13, 14, "read.column-count")]


def test_what_stood_fine_before_a_refused_row_goes_along_into_its_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", 16)

    adapter, reading = read_bytes(tmp_path, HEADER + b"A,Volvo\n" * 6 + b'B,"\nC,Ford\n')

    (part,) = reading.parts
    assert (part.stretch, part.plain, part.rows) == (None, True, 8)
    assert [row[1:] for row in rows(reading, adapter)] == [("A", "Volvo")] * 6 + [("C", "Ford")]


def test_several_files_have_their_own_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "CHUNK", 8)
    monkeypatch.setattr(csv_part, "PART_BYTES", 9)
    files = [make_file(tmp_path / f"{name}.csv", HEADER + CARS) for name in ("first", "second")]

    adapter, reading = read(tmp_path, *files)

    assert [part.first_row for part in reading.parts] == [1, 3, 4, 6]
    for file in files:
        own = [part for part in reading.parts if part.stretch and part.stretch.path == file.path]
        assert b"".join(map(bytes_of, own)) == CARS
    assert [row[1] for row in rows(reading, adapter)] == ["A", "B", "C"] * 2


@pytest.mark.parametrize("body", [CARS, CARS[:-1], CARS.replace(b"\n", b"\r\n"), CARS * 2000])
@pytest.mark.parametrize("stays", [True, False])
def test_rows_are_picked_from_a_stretch_as_from_a_file(tmp_path: Path, body: bytes, stays: bool) -> None:
    adapter, reading = read(tmp_path, replace(make_file(tmp_path / "a.csv", HEADER + body), stays=stays))
    (part,) = reading.parts
    some = np.array([part.rows, 1, 2])

    cells, none = plain_cells(part, adapter, some), plain_cells(part, adapter, some[:0])

    assert cells is not None
    assert none is not None
    assert cells.to_pylist() == [
        {"source_row": row, "plate": "ABC"[(row - 1) % 3],
         "make": ["Volvo", "", "Ford"][(row - 1) % 3]}
        for row in some.tolist()
    ]  # fmt: skip
    assert none.to_pylist() == []
    assert none.column_names == cells.column_names
    assert len(raw(reading, adapter)) == part.rows


def test_a_part_is_laid_down_for_duckdb_once_with_line_ends_alike(tmp_path: Path) -> None:
    _, reading = read_bytes(tmp_path, HEADER + CARS * 2 + CARS.replace(b"\n", b"\r\n"))
    (part,) = reading.parts
    part.path.unlink(missing_ok=True)

    lay_down(part)
    written = part.path.stat()
    lay_down(part)

    assert part.path.read_bytes() == CARS * 3
    assert part.path.stat().st_mtime_ns == written.st_mtime_ns
    assert [path.name for path in (tmp_path / "into").glob("*.csv*")] == [part.path.name]


@pytest.mark.parametrize("block", range(9, 20))
def test_a_line_end_may_lie_in_two_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_plain, "_BLOCK", block)
    adapter, reading = read_bytes(tmp_path, HEADER + CARS.replace(b"\n", b"\r\n") * 7)
    (part,) = reading.parts

    read = read_plain(part, adapter)

    assert read is not None
    assert list(zip(*read.drop_columns("source_row").to_pydict().values(), strict=True)) == [
        ("A", "Volvo"), ("B", None), ("C", "Ford"),
    ] * 7  # fmt: skip


def test_what_arrow_cannot_read_is_laid_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter, reading = read_bytes(tmp_path, HEADER + CARS)
    (part,) = reading.parts
    monkeypatch.setattr(csv_plain, "_split", lambda *_: None)

    for asked in (lambda: read_plain(part, adapter), lambda: plain_cells(part, adapter, np.array([2]))):
        part.path.unlink(missing_ok=True)
        assert asked() is None
        assert part.path.exists()


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize("part_bytes", [1, 1000])
def test_what_looks_like_a_byte_order_mark_in_a_record_stays_wherever_a_part_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stays: bool, part_bytes: int
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", 8)
    monkeypatch.setattr(csv_part, "PART_BYTES", part_bytes)
    body = b"A,Volvo\n" + (BOM + b"B,Ford\n") * 2 + BOM + b"C\n" + b"D,Fiat\n"

    adapter, reading = read(tmp_path, replace(make_file(tmp_path / "a.csv", HEADER + body), stays=stays))

    plates = ["A", "\ufeffB", "\ufeffB", "D"]
    assert [row[1] for row in rows(reading, adapter)] == plates
    picked = []
    for part in reading.parts:
        for row in range(part.first_row, part.first_row + part.rows):
            cells = plain_cells(part, adapter, np.array([row]))
            assert cells is not None
            picked += cells.column("plate").to_pylist()
    assert [plate for plate in picked if "refused" not in plate] == plates
    assert [json.loads(text)["plate"] for _, text in raw(reading, adapter)] == plates


@contextmanager
def no_room_behind(size: int) -> Iterator[None]:
    """No file grows beyond it: what is written across that place is taken in half, as by a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_never_cuts_a_part_short(tmp_path: Path) -> None:
    body = CARS * 20_000
    _, reading = read_bytes(tmp_path, HEADER + body)
    (part,) = reading.parts
    part.path.unlink()

    with no_room_behind(100_000), pytest.raises(OSError, match="too large"):
        lay_down(part)
    assert not part.path.exists()

    quoted = make_file(tmp_path / "quoted.csv", HEADER + body.replace(b"Ford", b'"Ford"'))
    with no_room_behind(100_000), pytest.raises(OSError, match="too large"):
        read(tmp_path, quoted)
