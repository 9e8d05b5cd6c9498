"""What was delivered and no run takes is named: an owner may have renamed the export, or written to another folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.nightly.small import VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cars(tmp_path: Path) -> SmallFederation:
    federation = SmallFederation(tmp_path)
    federation.add(VEHICLES, "cars", files="['cars*.csv']")
    return federation


def lines(said: str) -> list[str]:
    return [" ".join(line.split()) for line in said.splitlines()]


def test_a_file_that_fits_no_pattern_and_a_folder_of_no_source_are_named(cars: SmallFederation) -> None:
    cars.drop("cars", "vehicles.xlsx", b"renamed")
    cars.drop("cars", "half.csv.part", b"still on its way")
    cars.drop("carz", "cars.csv", b"in the wrong folder")
    expected = [
        "cars 1 file: none of its patterns (cars*.csv) fits vehicles.xlsx",
        "carz 1 file: no source has the name of this folder; did you mean 'cars'?",
    ]

    planned = lines(cars.call("plan")[1])
    night = cars.run()

    for said in (planned, lines(night.said)):
        at = said.index("Left in the inbox:")
        assert said[at + 1 : at + 3] == expected
    assert [each["place"] for each in night.report["left_alone"]] == ["cars", "carz"]
    page = (cars.data / "runs" / night.report["run_id"] / "report.html").read_text("utf-8")
    assert "Left in the inbox" in page and "fits vehicles.xlsx" in page
    assert night.code == 0, "nothing failed"


def test_of_one_source_only_its_own_inbox_is_told_of(cars: SmallFederation) -> None:
    cars.drop("carz", "cars.csv", b"in the wrong folder")

    plan = json.loads(cars.call("plan", "--source", "cars", "--json")[1])

    assert plan["left_alone"] == []


def test_a_link_is_not_followed_wherever_it_leads(cars: SmallFederation, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("plate\nSECRET1\n", "utf-8")
    inbox = cars.data / "inbox" / "cars"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "cars-2.csv").symlink_to(secret)

    night = cars.run()

    assert "a link is not followed" in night.said and night.report["exports"] == []
    archived = [path for path in (cars.data / "archive").rglob("*") if path.is_file()]
    assert not any(b"SECRET1" in path.read_bytes() for path in archived)
