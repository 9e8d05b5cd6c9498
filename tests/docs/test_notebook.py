"""The example notebook: kept without outputs, and every cell runs on a small federation."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from comity.config.settings import Settings
from comity.nightly import judge
from comity.nightly.night import run_night
from tests.query.conftest import ROOT, _NoJudge

NOTEBOOK = ROOT / "docs" / "desk.ipynb"
SOURCES = ("int-red-notices", "pl-wanted", "ua-wanted")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sources that know some of the same persons, published; the notebook adds links."""
    settings = Settings(tmp_path_factory.mktemp("desk") / "data", ROOT, jobs=1, memory_limit="256MB")
    for source in SOURCES:
        shutil.copytree(ROOT / "adapters" / source / "sample", settings.data_dir / "inbox" / source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "Judge", _NoJudge)
        assert run_night(settings).succeeded
    return settings.data_dir


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.slow
def test_every_cell_runs_and_shows_something(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_DATA", str(data))
    monkeypatch.setenv("COMITY_FEDERATION", str(ROOT))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # Its folder is where Jupyter opens it.
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    shown = [_shown(cell) for cell in notebook.cells if cell.cell_type == "code"]
    assert all(shown[:-1]), "a cell shows nothing"
    together = "\n".join(shown)
    assert "Empty DataFrame" not in together and "comity:" not in together, together
    assert "possible" in together and "confirm with the owner" in together and "entities" in together
    assert "'Person'" in shown[-2]


def _shown(cell: Any) -> str:
    """What is printed, and the text of what is shown."""
    return "".join(
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs
    )
