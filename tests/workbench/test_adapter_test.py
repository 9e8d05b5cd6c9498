"""`comity adapter test`: a sample against its golden output."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nightly.small import SmallFederation


@pytest.fixture
def golden(cars: SmallFederation) -> SmallFederation:
    code, said = cars.call("adapter", "test", "cars", "--update")
    assert code == 0, said
    return cars


def test_update_writes_what_the_next_test_finds_as_it_should_be(golden: SmallFederation) -> None:
    folder = golden.root / "adapters" / "cars" / "golden"
    assert sorted(path.name for path in folder.iterdir()) == [
        "accounts.ndjson", "rejects.ndjson", "vehicle.ndjson",
    ]  # fmt: skip

    code, said = golden.call("adapter", "test")

    assert code == 0 and "cars: as it should be (accounts 1, rejects 1, vehicle 4)" in said
    assert not golden.data.exists()


def test_a_difference_is_told_by_record_and_field(golden: SmallFederation, tmp_path: Path) -> None:
    golden.edit("mappings/cars/vehicle.yaml", "constant: stolen", "constant: recovered")
    golden.edit("adapters/cars/sample/cars.csv", "QQC303", "QQC333")
    junit = tmp_path / "junit.xml"

    code, said = golden.call("adapter", "test", "cars", "--junit", str(junit))

    assert code == 1
    lines = [line.strip() for line in said.splitlines()]
    at = lines.index("QQA101|2026-10-03|Canterbury")
    assert lines[at : at + 4] == [
        "QQA101|2026-10-03|Canterbury", "status", "expected  stolen", "found     recovered",
    ]  # fmt: skip
    assert "+ QQC333|2026-11-03|Waikato" in lines and "- QQC303|2026-11-03|Waikato" in lines
    root = ElementTree.parse(junit).getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "0")
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["golden/vehicle.ndjson"]
    golden.call("adapter", "test", "cars", "--update")
    assert golden.call("adapter", "test", "cars")[0] == 0


def test_a_source_that_does_not_load_or_has_no_sample_stops_no_other(
    golden: SmallFederation, tmp_path: Path
) -> None:
    golden.edit("mappings/cars/vehicle.yaml", "constant: stolen", "constant: stolne")
    code, said = golden.call("adapter", "test", "--junit", str(tmp_path / "junit.xml"))
    assert code == 1 and "cars: not tested" in said and "did you mean" in said
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().get("errors") == "1"

    (golden.root / "adapters/cars/sample/cars.csv").unlink()
    code, said = golden.call("adapter", "test", "cars")
    assert code == 1 and "config.no-sample" in said

    code, said = golden.call("adapter", "test", "cras")
    assert code == 2 and "did you mean 'cars'" in said
