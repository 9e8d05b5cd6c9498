"""``comity catalog`` in the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from comity.catalog.text import percent, unit_words
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.config.settings import Settings
    from tests.query.conftest import Said


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "–"), (0.0, "0 %"), (0.0001, "<1 %"), (0.255, "26 %"), (0.9999, ">99 %"), (1.0, "100 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_the_overview_lists_record_types_and_sources(comity: Callable[..., Said], data: Path) -> None:
    said = comity(data, "catalog").out

    assert "release 2" in said
    (line,) = (line for line in said.splitlines() if line.startswith("vehicle "))
    assert line.split()[1:4] == ["9", "AA,", "BB"]
    assert "aa-cars" in said and "Cars of A" in said


def test_a_column_by_its_name_alone(comity: Callable[..., Said], data: Path) -> None:
    said = comity(data, "catalog", "plate_key").out

    assert said.startswith("vehicle.plate_key\n")
    assert "0 of 5" in said and "0 of 4" in said


def test_an_older_release(comity: Callable[..., Said], data: Path) -> None:
    assert "3 of 3" in comity(data, "catalog", "vehicle.plate", "--release", "1").out
    assert "5 of 5" in comity(data, "catalog", "vehicle.plate").out


def test_lineage_and_fields_of_the_night(comity: Callable[..., Said], night: Settings) -> None:
    column = comity(night.data_dir, "catalog", "vehicle.make").out
    source = comity(night.data_dir, "catalog", "nz-police-vehicles").out

    assert '{"from": "VMA", "codes": "make"}\n      from VMA' in column
    (line,) = (line for line in source.splitlines() if line.startswith("make "))
    assert line.split() == ["make", "vehicle.make,", "vehicle.make_as_given"]


def test_a_code_list_with_the_columns_that_take_it(comity: Callable[..., Said], data: Path) -> None:
    said = comity(data, "catalog", "vehicle_make").out

    assert "used by   vehicle.make" in said


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("vehicel", "query.unknown-entry", "did you mean 'vehicle'?"),
        ("status", "query.ambiguous-entry", "vehicle.status"),
        ("vehicle.plat", "standard.unknown-column", "did you mean 'plate'?"),
    ],
)
def test_a_name_that_means_nothing_or_several_things(
    comity: Callable[..., Said], data: Path, name: str, code: str, told: str
) -> None:
    said = comity(data, "catalog", name)

    assert said.code == 2 and code in said.err and told in said.err


def test_dcat_to_a_file_and_a_folder_that_cannot_be_written(
    comity: Callable[..., Said], data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "catalog.jsonld"
    assert comity(data, "catalog", "--dcat", str(file)).code == 0
    assert json.loads(file.read_text("utf-8"))["@graph"][0]["@type"] == "dcat:Catalog"

    said = comity(data, "catalog", "--dcat", str(tmp_path / "no" / "c.jsonld"))
    assert said.code == 2 and "query.cannot-write" in said.err


def test_nothing_published_yet(comity: Callable[..., Said], tmp_path: Path) -> None:
    small.open_store(tmp_path / "data")

    assert "query." in comity(tmp_path / "data", "catalog").err


def test_a_unit_is_said_in_words() -> None:
    assert [unit_words(unit) for unit in ("a", "cm")] == ["years", "cm"]
