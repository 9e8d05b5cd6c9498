"""What a proposal was not sure of is refused until a person has decided it, wherever it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.nightly.small import SmallFederation

if TYPE_CHECKING:
    from pathlib import Path

CARS = "nz-police-vehicles"


@pytest.mark.parametrize(
    ("file", "pattern", "new", "place"),
    [
        ("adapters/cars/adapter.yaml", r"kind: full", "kind: TODO full or delta", "adapter.yaml:"),
        ("adapters/cars/adapter.yaml", r"sensitivity: personal", "sensitivity: TODO", "adapter.yaml:"),
        (
            "mappings/cars/vehicle.yaml",
            r"model: model",
            'model: {from: model, TODO: "or make?"}',
            "vehicle.yaml:",
        ),
        ("mappings/cars/vehicle.yaml", r"key: \[plate,", "key: [TODO plate,", "vehicle.yaml:"),
        ("mappings/cars/colour.csv", r"(?m)^(\w+),(.*?),\w+,exact", r"\1,\2,TODO,exact", "colour.csv:"),
    ],
)
def test_a_run_refuses_a_todo_with_its_place_and_what_to_do(
    tmp_path: Path, file: str, pattern: str, new: str, place: str
) -> None:
    federation = SmallFederation(tmp_path)
    federation.add(CARS, "cars")
    path = federation.edit(file, pattern, new)

    night = federation.run()

    assert night.code == 1
    error = night.error("cars")
    line = next(
        number for number, text in enumerate(path.read_text("utf-8").splitlines(), 1) if "TODO" in text
    )
    assert error["code"] == "config.undecided"
    assert re.search(rf"{re.escape(place)}{line}:\d+", night.said)
    assert "remove the TODO alone" in night.said


def test_a_suite_with_a_todo_is_refused(tmp_path: Path) -> None:
    federation = SmallFederation(tmp_path)
    federation.add(CARS, "cars")
    suite = federation.root / "validation" / "sources" / "cars.yaml"
    suite.parent.mkdir()
    suite.write_text("source: cars\nrecord: vehicle\nexpectations:\n  - {type: TODO}\n", "utf-8")

    code, said = federation.call("suite", "check")

    assert code == 2
    assert "cars.yaml:4:12" in said and "[config.undecided]" in said


def test_a_comment_may_say_todo(tmp_path: Path) -> None:
    federation = SmallFederation(tmp_path)
    federation.add(CARS, "cars")
    federation.edit("mappings/cars/vehicle.yaml", r"source:", "# TODO: ask about the trailers\nsource:")

    assert federation.call("sources", "cars")[0] == 0
