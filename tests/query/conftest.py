"""What is asked: a small store, and one night over the samples of all sources, made once for all test processes."""

from __future__ import annotations

import fcntl
import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comity.adapters.adapter import load_adapter
from comity.cli.main import main
from comity.config.settings import Settings
from comity.nightly import judge
from comity.nightly.night import run_night
from comity.nightly.sample import sample_database
from comity.nightly.source import adapter_folders
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


class _NoJudge:
    """Validation has tests of its own, and takes most of a small night."""

    def __init__(self, *_: object) -> None: ...

    def judge(self, *_: object) -> None: ...

    def write_results(self, *_: object) -> None: ...


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a federation in which every source of the repository has published its sample."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "night"
    settings = Settings(folder / "data", ROOT, jobs=1, memory_limit="256MB")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _make(settings, folder)
            (folder / "done").touch()
    return settings


def _zip(path: Path) -> None:
    """One of the deliveries comes in an archive."""
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    path.unlink()


def _make(settings: Settings, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "Judge", _NoJudge)
        for source_id, adapter in adapter_folders(ROOT).items():
            inbox = settings.data_dir / "inbox" / source_id
            shutil.copytree(adapter / "sample", inbox)
        _zip(next((settings.data_dir / "inbox" / "nz-police-vehicles").iterdir()))
        database = load_adapter(ROOT / "adapters" / "fr-documents").delivery.database
        assert database is not None
        with sample_database(
            database.url, ROOT / "adapters" / "fr-documents" / "sample", folder / "register"
        ):
            report = run_night(settings)
    assert report.succeeded, report


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two releases: of two sources, then of one of them anew."""
    folder = tmp_path_factory.mktemp("small") / "data"
    store = small.open_store(folder, whole=True)
    store.record_source("aa-cars", "AA", title="Cars of A", authority="Force of A")
    small.publish(store, {"aa-cars": 3, "bb-cars": 4})
    small.publish(store, {"aa-cars": 5})
    return folder


@dataclass(frozen=True)
class Said:
    """What a command gave: its exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def comity(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Said]:
    """The command line, in this process."""

    def call(data: Path, *arguments: str) -> Said:
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--data", str(data), "--federation", str(ROOT), *arguments])
        out, err = capfdbinary.readouterr()
        return Said(int(ended.value.code or 0), out.decode(), err.decode())

    return call
