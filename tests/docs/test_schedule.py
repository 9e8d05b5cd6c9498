"""The examples of a schedule are what their own tools take."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from croniter import croniter
from dockerfile_parse import DockerfileParser

from tests.docs.codes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "docs" / "schedule"
ANALYZE = shutil.which("systemd-analyze")


def test_every_example_is_told_of_in_the_page() -> None:
    page = (ROOT / "docs" / "schedule.md").read_text("utf-8")

    assert all(f"(schedule/{path.name})" in page for path in FOLDER.iterdir() if path.is_file())


@pytest.mark.skipif(ANALYZE is None, reason="this machine has no systemd-analyze")
def test_systemd_takes_the_service_and_the_timer(tmp_path: Path) -> None:
    for name in ("comity.service", "comity.timer"):
        # It looks whether the program is there, and here it is not.
        text = (FOLDER / name).read_text("utf-8").replace("/opt/comity/bin/comity", "/bin/true")
        (tmp_path / name).write_text(text, "utf-8")

    units = [str(tmp_path / "comity.service"), str(tmp_path / "comity.timer")]
    done = subprocess.run([str(ANALYZE), "verify", "--man=no", *units], capture_output=True, text=True)

    assert [line for line in done.stderr.splitlines() if "comity." in line] == []
    assert done.returncode == 0, done.stderr


def test_the_timer_and_the_crontab_mean_every_night_at_two() -> None:
    start = datetime(2026, 3, 31, 12, tzinfo=UTC)
    lines = (FOLDER / "comity.cron").read_text("utf-8").splitlines()
    (entry,) = [line for line in lines if line and line[0] not in "#" and "=" not in line.split()[0]]
    when, user, command = " ".join(entry.split()[:5]), entry.split()[5], entry.split(None, 6)[6]

    assert croniter.is_valid(when) and user == "comity"
    assert croniter(when, start).get_next(datetime) == datetime(2026, 4, 1, 2, tzinfo=UTC)
    assert subprocess.run(["sh", "-n", "-c", command]).returncode == 0
    assert "%" not in command  # cron would take it for the end of a line
    timer = (FOLDER / "comity.timer").read_text("utf-8")
    assert re.search(r"(?m)^OnCalendar=\*-\*-\* 02:00:00 UTC$", timer)


def test_the_dag_loads_and_asks_for_what_comity_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against stand-ins for Airflow's two classes: they keep what they are given."""
    made: list[tuple[str, dict[str, Any]]] = []

    class Stand:
        def __init__(self, **given: Any) -> None:
            made.append((type(self).__name__, given))

        def __enter__(self) -> Stand:
            return self

        def __exit__(self, *_: object) -> None: ...

        def __rshift__(self, other: Stand) -> Stand:
            return other

    names = ["airflow", "airflow.sdk", "airflow.providers", "airflow.providers.standard"]
    names += ["airflow.providers.standard.operators", "airflow.providers.standard.operators.bash"]
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["airflow.sdk"], "DAG", type("DAG", (Stand,), {}), raising=False)
    monkeypatch.setattr(
        sys.modules[names[-1]], "BashOperator", type("BashOperator", (Stand,), {}), raising=False
    )
    text = (FOLDER / "comity_dag.py").read_text("utf-8")

    exec(compile(ast.parse(text), "comity_dag.py", "exec"), {"__name__": "comity_dag"})

    (_, dag), (_, run), (_, report) = made
    assert croniter.is_valid(dag["schedule"]) and dag["max_active_runs"] == 1 and dag["catchup"] is False
    for task, command in ((run, "run --log json"), (report, "report")):
        assert task["bash_command"] == f"/opt/comity/bin/comity --data /srv/comity/data {command}"


def test_the_container_is_built_from_wheels_and_runs_as_nobody_in_particular() -> None:
    parser = DockerfileParser(fileobj=(FOLDER / "Containerfile").open("rb"))
    steps = [
        (step["instruction"], step["value"]) for step in parser.structure if step["instruction"] != "COMMENT"
    ]

    assert [name for name, _ in steps].count("FROM") == 2 and parser.is_multistage
    pips = [value for name, value in steps if name == "RUN" and "pip" in value]
    assert "pip wheel" in pips[0] and "--no-index" in pips[1]
    named = dict(steps)
    assert json.loads(named["ENTRYPOINT"]) == ["comity"] and json.loads(named["CMD"])[0] == "run"
    assert named["USER"] == "10001:10001" and "root" not in named["USER"]
    assert not re.search(r"(?i)password|token", (FOLDER / "Containerfile").read_text("utf-8"))
