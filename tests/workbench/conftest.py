"""A source with a sample, in a federation that a test may edit."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.nightly.small import CARS, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path

ODD = ("QQD404", "Teal", "Toyota", "HIACE", "unknown", "Light Van", "16/11/2026", "Canterbury")


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    federation = SmallFederation(tmp_path_factory.mktemp("workbench"))
    federation.add(VEHICLES, "cars", files="['*.csv']")
    sample = federation.root / "adapters" / "cars" / "sample"
    sample.mkdir()
    lines = [",".join(car) for car in (*CARS, ODD)]
    (sample / "cars.csv").write_text("\n".join([*lines, "too,short", ""]), "utf-8")
    return federation


@pytest.fixture
def cars(_made: SmallFederation, tmp_path: Path) -> SmallFederation:
    """``cars``: three cars, one with a colour and a year that nobody knows, a row that is too short."""
    copy = object.__new__(SmallFederation)
    copy.root, copy.data = tmp_path / "federation", tmp_path / "data"
    shutil.copytree(_made.root, copy.root, symlinks=True)
    return copy
