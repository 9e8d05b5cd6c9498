"""Schema drift: one report names every column that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from tests.adapters.exports import make_adapter, make_file, rows

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = ["plate", "colour", "make", "year", "reported"]


def read(root: Path, header: str, fields: list[Any] = FIELDS, **dialect: Any) -> Any:
    adapter = make_adapter(root, fields, {"type": "csv", **dialect})
    cells = ",".join(str(number) for number in range(header.count(",") + 1))
    file = make_file(root / "export.csv", f"{header}\n{cells}\n".encode())
    reading = read_export(adapter, [file], root / "into")
    return rows(reading, adapter), reading.notes


def drift(root: Path, header: str, **options: Any) -> DriftError:
    with pytest.raises(DriftError) as caught:
        read(root, header, **options)
    assert caught.value.code == "read.header-drift"
    return caught.value


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    error = drift(tmp_path, "plate,colour,make,year")

    assert (error.missing, error.new) == (("reported",), ())
    assert error.found == "missing 'reported'"
    assert (error.file, error.line) == ("export.csv", 1)


def test_a_new_column_is_named(tmp_path: Path) -> None:
    error = drift(tmp_path, "plate,colour,make,year,reported,region")

    assert (error.missing, error.new) == ((), ("region",))


def test_a_renamed_column_is_both_and_each_names_the_other(tmp_path: Path) -> None:
    error = drift(tmp_path, "plate,colour,make,year,reported_on")

    assert error.found == (
        "missing 'reported' (the file has 'reported_on'); new 'reported_on' (declared is 'reported')"
    )


def test_every_difference_stands_in_one_report(tmp_path: Path) -> None:
    error = drift(tmp_path, "make,Plate,color,year,year,region")

    assert error.missing == ("plate", "colour", "reported")
    assert error.new == ("Plate", "color", "region")
    assert error.repeated == ("year",)
    assert "'year' stands twice" in str(error)


def test_the_columns_in_another_order_are_no_drift(tmp_path: Path) -> None:
    found, notes = read(tmp_path, "colour,plate,make,reported,year")

    assert found == [(1, "1", "0", "2", "4", "3")]
    assert len(notes) == 1
    assert notes[0].startswith("export.csv: columns in another order: ")


def test_only_the_columns_that_moved_are_named_in_a_note(tmp_path: Path) -> None:
    _, notes = read(tmp_path, "colour,make,year,reported,plate")

    assert notes == ("export.csv: columns in another order: plate",)


def test_an_alias_is_a_name_too(tmp_path: Path) -> None:
    fields = [{"name": "plate", "aliases": ["registration", "reg. no."]}, "make"]

    for name in ("plate", "registration", "reg. no."):
        assert read(tmp_path, f"{name},make", fields)[0] == [(1, "0", "1")]


def test_an_optional_column_may_be_absent(tmp_path: Path) -> None:
    fields = ["plate", {"name": "make", "optional": True}, "year"]

    assert read(tmp_path, "plate,year", fields)[0] == [(1, "0", None, "1")]
    assert read(tmp_path, "plate,year,make", fields)[0] == [(1, "0", "2", "1")]


@pytest.mark.parametrize(
    "written", ["reg  no", " reg no ", '"reg\nno"', "reg\u00a0no", "ｒｅｇ　ｎｏ", "\ufeffreg no"]
)
def test_names_that_look_alike_are_one_name(tmp_path: Path, written: str) -> None:
    assert read(tmp_path, f"{written},make", ["reg no", "make"])[0] == [(1, "0", "1")]


def test_names_that_differ_in_case_are_two(tmp_path: Path) -> None:
    assert drift(tmp_path, "Plate", fields=["plate"]).found == (
        "missing 'plate' (the file has 'Plate'); new 'Plate' (declared is 'plate')"
    )


def test_the_line_of_the_header_is_named(tmp_path: Path) -> None:
    assert drift(tmp_path, "title\n\nplate,make", preamble_rows=2).line == 3


def test_a_searched_header_that_differs_reports_the_row_that_looks_most_like_it(tmp_path: Path) -> None:
    error = drift(tmp_path, "title,year\nplate,color,make,year,reported\nx", find_header=True)

    assert (error.line, error.missing, error.new) == (2, ("colour",), ("color",))


def test_without_a_header_another_number_of_columns_is_drift(tmp_path: Path) -> None:
    error = drift(tmp_path, "a,b,c", header_rows=0)

    assert error.found == f"rows of 3 columns; 5 are declared: {', '.join(FIELDS)}"


def test_another_delimiter_is_drift_of_every_column(tmp_path: Path) -> None:
    error = drift(tmp_path, "plate;colour;make;year;reported")

    assert error.missing == tuple(FIELDS)
    assert error.new == ("plate;colour;make;year;reported",)
