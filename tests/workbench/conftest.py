"""A source with a sample, in a federation that a test may edit; a proposal for bytes that a test makes up."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from comity.standard import load_standard
from comity.workbench.draft import Owner
from comity.workbench.propose import Draft, propose
from tests.docs.codes import ROOT
from tests.nightly.small import CARS, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.standard import Standard

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


@pytest.fixture(scope="session")
def standard() -> Standard:
    return load_standard(ROOT / "standard")


@pytest.fixture
def look(tmp_path: Path, standard: Standard) -> Callable[..., Draft]:
    """``look({"name.csv": bytes})``: the proposal in a federation without any source."""

    federation = tmp_path / "federation"
    federation.mkdir()
    (federation / "standard").symlink_to(ROOT / "standard")

    def proposal(files: dict[str, bytes], **more: Any) -> Draft:
        paths = []
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
            paths.append(tmp_path / name)
        return propose(paths, Owner("aa-things", "FR", "Invented"), standard, federation, **more)

    return proposal
