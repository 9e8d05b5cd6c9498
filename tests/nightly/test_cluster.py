"""A night on a real Dask cluster: a scheduler and workers as processes of their own over one data folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.nightly.small import BICYCLES, CARS, FIELDS, ROOT, VEHICLES, SmallFederation
from tests.nightly.test_killed import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
DASK = (sys.executable, "-m", "distributed.cli.dask_worker")
READER = """
import time
from pathlib import Path

import pyarrow as pa


def read(path):
    here = Path(__file__).parent
    if not (here / "begun").exists():
        (here / "begun").touch()
        time.sleep(600)
    yield pa.table(dict(zip({fields!r}, zip(*{cars!r})))).to_batches()[0]
"""


class Cluster:
    """A scheduler, and the workers that are started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workers = folder, {}  # type: ignore[var-annotated]
        self.log = folder / "log"
        self.environment = {
            **os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "DASK_DISTRIBUTED__WORKER__DAEMON": "True",
        }  # fmt: skip
        command = [
            sys.executable,
            "-m",
            "distributed.cli.dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
        ]
        self.scheduler = self._start(
            [*command, "--no-dashboard", "--scheduler-file", str(folder / "scheduler")]
        )
        until((folder / "scheduler").exists)
        self.address = json.loads((folder / "scheduler").read_text())["address"]

    def add(self, name: str, **environment: str) -> None:
        command = [
            *DASK,
            self.address,
            "--name",
            name,
            "--nthreads",
            "2",
            "--nworkers",
            "1",
            "--no-dashboard",
        ]
        command += ["--memory-limit", "0", "--no-nanny", "--local-directory", str(self.folder / name)]
        self.workers[name] = self._start(command, **environment)

    def _start(self, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=self.environment | environment,
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("ab"),
            cwd=self.folder,
            start_new_session=True,
        )

    def close(self) -> None:
        for process in (*self.workers.values(), self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.add("sound")
    yield cluster
    cluster.close()


def federation_in(folder: Path) -> SmallFederation:
    federation = SmallFederation(folder)
    for source in (VEHICLES, BICYCLES):
        federation.add(source)
        federation.drop_sample(source)
    return federation


def outcome(federation: SmallFederation) -> dict[str, Any]:
    """All that a night left that does not tell the time: bytes, rows and hashes of records, accounts."""
    records = {
        kind: federation.ask(
            "SELECT md5(string_agg(t::VARCHAR, '' ORDER BY record_id)) FROM (SELECT * EXCLUDE "
            f"(first_seen, last_changed, review_due, purge_after) FROM {kind}) AS t"
        )
        for kind in ("vehicle", "incident")
    }
    files = [
        (path.parent.parent.name, path.parent.name, path.stat().st_size)
        for path in (federation.data / "records").rglob("*.parquet")
    ]
    accounts = federation.ask(
        "SELECT source_id, record_type, rows_read, rows_accepted, rows_rejected, rows_not_selected, records "
        "FROM accounting ORDER BY ALL"
    )
    return {"records": records, "files": sorted(files), "accounts": accounts}


def test_the_same_release_as_on_one_machine(tmp_path: Path, cluster: Cluster) -> None:
    here, there = federation_in(tmp_path / "here"), federation_in(tmp_path / "there")
    assert here.run().code == 0

    night = there.run("--cluster", cluster.address)

    assert night.code == 0, night.said
    assert outcome(there) == outcome(here)
    assert there.accounts_add_up()
    assert all(export["peak_memory"] > 0 for export in night.report["exports"])
    assert not list((there.data / "staging").iterdir())


def test_what_was_found_in_an_export_is_in_no_log_of_a_worker(tmp_path: Path, cluster: Cluster) -> None:
    federation = SmallFederation(tmp_path)
    federation.add(BICYCLES)
    federation.drop(BICYCLES, "Fahrraddiebstahl.csv", b"Wilhelmina Plantagenet,QQA101\n")
    night = federation.run("--cluster", cluster.address)

    assert night.export(BICYCLES)["error"]["code"] == "read.header-drift"
    assert "Plantagenet" in night.said
    log = cluster.log.read_text("utf-8")
    assert "distributed.worker" in log and "Plantagenet" not in log


def test_a_worker_of_another_version_is_refused_by_name(tmp_path: Path, cluster: Cluster) -> None:
    elsewhere = tmp_path / "other"
    shutil.copytree(
        ROOT / "src" / "comity", elsewhere / "comity", ignore=shutil.ignore_patterns("__pycache__")
    )
    init = elsewhere / "comity" / "__init__.py"
    init.write_text(f'{init.read_text()}\n__version__ = "0.0.7"\n')
    cluster.add("elderly", PYTHONPATH=str(elsewhere))
    federation = federation_in(tmp_path / "federation")
    workers_there(cluster, 2)

    night = federation.run("--cluster", cluster.address)

    assert night.code == 0
    assert "elderly" in night.said and "runs Comity 0.0.7" in night.said
    cluster.workers["elderly"].kill()
    workers_there(cluster, 1)


def workers_there(cluster: Cluster, count: int) -> None:
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        until(lambda: len(client.scheduler_info(n_workers=-1)["workers"]) == count)


def test_a_worker_killed_in_the_middle_has_its_task_begun_again(tmp_path: Path, cluster: Cluster) -> None:
    federation = SmallFederation(tmp_path)
    federation.add(VEHICLES, "slow", files="['export-*']", order="'export-(.)'", format="{type: own}")
    folder = federation.root / "adapters" / "slow"
    (folder / "reader.py").write_text(READER.format(cars=[list(car) for car in CARS], fields=list(FIELDS)))
    federation.drop("slow", "export-1", b"any")

    def kill() -> None:
        until((folder / "begun").exists)
        cluster.add("second")
        os.killpg(cluster.workers["sound"].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    night = federation.run("--cluster", cluster.address)
    killer.join()

    assert night.code == 0, night.said
    assert len(federation.records("vehicle", "slow")) == 3
    assert federation.accounts_add_up()
    assert not list((federation.data / "staging").iterdir())


def test_without_a_scheduler_or_a_worker_nothing_is_run(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.nightly.cluster.WAIT_SECONDS", 1)
    federation = federation_in(tmp_path)
    cluster.workers["second"].kill()
    workers_there(cluster, 0)

    code, said = federation.call("run", "--cluster", cluster.address)
    nowhere = federation.call("run", "--cluster", "tcp://127.0.0.1:1")

    assert code == 1 and "[nightly.no-cluster-worker]" in said
    assert nowhere[0] == 1 and "[nightly.cluster-unreachable]" in nowhere[1]
    assert not list((federation.data / "staging").iterdir())


def test_what_the_page_shows_is_well_formed() -> None:
    page = (ROOT / "docs" / "cluster.md").read_text("utf-8")
    blocks = page.split("```")[1::2]
    for block in blocks:
        kind, _, text = block.partition("\n")
        if kind == "yaml":
            assert yaml.safe_load(text)["kind"] == "Deployment"
        else:
            assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0
