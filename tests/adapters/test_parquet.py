"""Parquet files: every column as text, damage and drift told."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.adapters.reader import find_reader
from comity.errors import ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile, Reading

PARQUET = {"type": "parquet"}


def parquet(path: Path, columns: dict[str, Any], **options: Any) -> ExportFile:
    pq.write_table(pa.table(columns), path, **options)
    return make_file(path, path.read_bytes())


def read(tmp_path: Path, file: ExportFile, fields: list[Any]) -> tuple[Reading, Adapter]:
    adapter = make_adapter(tmp_path, fields, PARQUET)
    return read_export(adapter, [file], tmp_path / "parts"), adapter


def test_columns_become_text_in_the_order_of_the_fields(tmp_path: Path) -> None:
    file = parquet(tmp_path / "x.parquet", {"b": [1.0, None], "a": [dt.date(2024, 5, 1), None]})

    reading, adapter = read(tmp_path, file, ["a", "b"])

    assert rows(reading, adapter) == [(1, "2024-05-01", "1"), (2, None, None)]
    assert reading.notes and "another order" in reading.notes[0]
    assert_adds_up(reading, adapter)


def test_a_list_column_is_a_list_of_texts(tmp_path: Path) -> None:
    file = parquet(tmp_path / "x.parquet", {"a": [["x", None], None, []]})

    reading, adapter = read(tmp_path, file, [{"name": "a", "many": True}])

    assert rows(reading, adapter) == [(1, ["x", None]), (2, None), (3, [])]


def test_an_optional_column_that_is_not_there_is_null(tmp_path: Path) -> None:
    file = parquet(tmp_path / "x.parquet", {"a": ["x"]})

    reading, adapter = read(tmp_path, file, ["a", {"name": "b", "optional": True}])

    assert rows(reading, adapter) == [(1, "x", None)]


def test_row_groups_are_numbered_on(tmp_path: Path) -> None:
    file = parquet(tmp_path / "x.parquet", {"a": [str(i) for i in range(100_000)]}, row_group_size=30_000)

    reading, adapter = read(tmp_path, file, ["a"])

    assert reading.rows_read == 100_000
    assert all(row == int(text) + 1 for row, text in rows(reading, adapter))
    assert_adds_up(reading, adapter)


def test_missing_and_new_columns_are_drift_that_names_each(tmp_path: Path) -> None:
    file = parquet(tmp_path / "x.parquet", {"a": ["x"], "colour": ["red"], "z": [1]})

    with pytest.raises(DriftError) as caught:
        read(tmp_path, file, ["a", "color", "c"])

    assert caught.value.missing == ("color", "c")
    assert caught.value.new == ("colour", "z")


def test_a_file_without_columns_is_drift(tmp_path: Path) -> None:
    file = parquet(tmp_path / "x.parquet", {})

    with pytest.raises(DriftError):
        read(tmp_path, file, [{"name": "a", "optional": True}])


def test_a_text_that_is_no_utf8_sends_its_row_to_the_refused(tmp_path: Path) -> None:
    texts = pa.array([b"fine", b"Krak\xf3w", None, b"also"], pa.binary()).view(pa.string())
    lists = pa.ListArray.from_arrays([0, 1, 2, 3, 4], pa.array([b"x", b"y", b"z", b"\xff"]).view(pa.string()))
    file = parquet(tmp_path / "x.parquet", {"a": texts, "b": lists, "c": [1, 2, 3, 4]})

    reading, adapter = read(tmp_path, file, ["a", {"name": "b", "many": True}, "c"])

    assert rows(reading, adapter) == [(1, "fine", ["x"], "1"), (3, None, ["z"], "3")]
    found = refused(reading, "source_row", "code", "message", "raw")
    assert [row[:2] for row in found] == [(2, "read.undecodable-bytes"), (4, "read.undecodable-bytes")]
    assert [row[2] for row in found] == [
        "the column 'a' holds bytes that are not UTF-8",
        "the column 'b' holds bytes that are not UTF-8",
    ]
    assert found[0][3].startswith("Krak\\xF3w\t")
    assert_adds_up(reading, adapter)


@pytest.mark.parametrize(
    ("column", "field", "remedy"),
    [
        ([["x"]], "a", "many: true"),
        ([{"x": 1}], "a", "delivered as text"),
        (["x"], {"name": "a", "many": True}, "delivered as"),
    ],
    ids=["list", "struct", "no list"],
)
def test_a_column_of_another_shape_is_an_error_that_names_it(
    tmp_path: Path, column: list[Any], field: Any, remedy: str
) -> None:
    file = parquet(tmp_path / "x.parquet", {"a": column})

    with pytest.raises(ReadError) as caught:
        read(tmp_path, file, [field])

    assert caught.value.code == "read.column-type"
    assert "'a'" in caught.value.message
    assert remedy in str(caught.value.remedy)


@pytest.mark.parametrize("part", ["head", "middle", "tail"])
def test_a_damaged_file_stops_the_source(tmp_path: Path, part: str) -> None:
    whole = parquet(
        tmp_path / "x.parquet", {"a": [f"text {i * 7919}" for i in range(50_000)]}, use_dictionary=False
    ).path.read_bytes()
    half = len(whole) // 2
    cut = {
        "head": whole[:half],
        "middle": whole[:99] + b"\xff" * half + whole[99 + half :],
        "tail": whole[half:],
    }

    with pytest.raises(ReadError) as caught:
        read(tmp_path, make_file(tmp_path / "y.parquet", cut[part]), ["a"])

    assert caught.value.code == "read.damaged-parquet"
    assert (caught.value.file, bool(caught.value.found)) == ("y.parquet", True)


def test_a_text_file_is_no_parquet(tmp_path: Path) -> None:
    file = make_file(tmp_path / "x.parquet", b"a,b\n1,2\n")

    with pytest.raises(ReadError, match="no whole Parquet file"):
        read(tmp_path, file, ["a"])
    with pytest.raises(ReadError, match="no whole Parquet file"):
        adapter = make_adapter(tmp_path, ["a"], PARQUET)
        find_reader("parquet").probe(file, adapter.formats[0], adapter)


def test_an_adapter_of_two_formats_takes_the_one_that_fits(tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path, ["a"], [PARQUET, {"type": "csv"}])
    files = [parquet(tmp_path / "x.parquet", {"a": ["1"]}), make_file(tmp_path / "x.csv", b"a\n2\n")]

    reading = read_export(adapter, files, tmp_path / "parts")

    assert rows(reading, adapter) == [(1, "1"), (2, "2")]
    assert [file.format for file in reading.files] == [0, 1]
