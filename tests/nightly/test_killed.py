"""Processes that die, by a kill or by Ctrl-C: nobody else is harmed, nothing is half published, nobody stays behind.

The sources have a reader of their own, which does what its export says: ``die`` or ``wait``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.nightly.small import CARS, COMITY, FIELDS, ROOT, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

READER = """
import os, signal, time
from pathlib import Path

import pyarrow as pa

CARS = {cars!r}
FIELDS = {fields!r}


def read(path):
    word, here = Path(path).read_text().split("#")[0], Path(__file__).parent
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "wait":
        (here / "waits").touch()
        time.sleep(600)
    yield pa.table(dict(zip(FIELDS, zip(*CARS)))).to_batches()[0]
"""


def add(federation: SmallFederation, name: str, export: str) -> None:
    federation.add(VEHICLES, name, files="['export-*']", order="'export-(.)'", format="{type: own}")
    reader = federation.root / "adapters" / name / "reader.py"
    reader.write_text(READER.format(cars=[list(car) for car in CARS], fields=list(FIELDS)))
    federation.drop(name, "export-1", f"{export}#{name}".encode())


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    federation = SmallFederation(tmp_path_factory.mktemp("killed"))
    add(federation, "sound", "read")
    assert federation.run().code == 0
    return federation


def published(federation: SmallFederation) -> dict[str, int]:
    return dict(federation.ask("SELECT source_id, count(*) FROM vehicle GROUP BY ALL"))


def test_a_worker_that_is_killed_fails_its_own_export_and_no_other(federation: SmallFederation) -> None:
    for name, export in (("deadly", "die"), ("fatal", "die"), ("one", "read"), ("two", "read")):
        add(federation, name, export)

    night = federation.run(jobs=2)

    assert night.code == 1
    for name in ("deadly", "fatal"):
        assert night.error(name)["code"] == "nightly.worker-died"
        assert f"'{name}'" in night.error(name)["message"] and night.error(name)["remedy"]
    assert published(federation) == {"sound": 3, "one": 3, "two": 3}
    assert federation.accounts_add_up()
    for name in ("deadly", "fatal"):
        federation.drop(name, "export-1", f"read#{name}".encode())
    assert federation.run().code == 0
    assert published(federation) == {"sound": 3, "one": 3, "two": 3, "deadly": 3, "fatal": 3}


def until(true: Callable[[], bool]) -> None:
    """Wait for what another process is about to do; a minute is far too long for it."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def living(group: int) -> bool:
    """Whether a process of that group is alive."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, _, its_group = stat.read_text().rpartition(") ")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                return True
    return False


def as_in_a_terminal() -> None:
    """Ctrl-C is heard, also where whoever started the tests has made them deaf to it, as a shell does by ``&``."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(federation: SmallFederation, send: Callable[[int], None]) -> tuple[int, str]:
    """A night that is stopped while a worker reads: its exit code, and what it said."""
    name = f"slow-{len(list((federation.root / 'adapters').iterdir()))}"
    add(federation, name, "wait")
    before = published(federation)
    command = [
        *COMITY,
        "--data",
        str(federation.data),
        "--federation",
        str(federation.root),
        "run",
        "--jobs",
        "2",
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=as_in_a_terminal,
    )
    until((federation.root / "adapters" / name / "waits").exists)

    send(process.pid)

    until(lambda: process.poll() is not None)
    until(lambda: not living(process.pid))  # its workers end with it, and let go of its output
    assert process.stdout is not None
    said = process.stdout.read()
    assert published(federation) == before
    federation.drop(name, "export-1", f"read#{name}".encode())
    return process.returncode, said


def test_ctrl_c_stops_everything_at_once_and_publishes_nothing_by_half(federation: SmallFederation) -> None:
    # A terminal sends it to every process of the night.
    code, said = interrupted(federation, lambda pid: os.killpg(pid, signal.SIGINT))

    assert code == 130
    assert "comity: interrupted; nothing half published, run again to go on" in said
    assert "Traceback" not in said


def test_a_night_that_is_killed_leaves_no_worker_behind(federation: SmallFederation) -> None:
    code, said = interrupted(federation, lambda pid: os.kill(pid, signal.SIGKILL))

    assert code == -signal.SIGKILL
    assert "Traceback" not in said


def test_after_all_this_the_next_night_publishes_what_waited(federation: SmallFederation) -> None:
    before = published(federation)

    night = federation.run()

    assert night.code == 0
    assert published(federation) == {**before, **{each["source_id"]: 3 for each in night.report["exports"]}}
    assert len(night.report["exports"]) == 2
    assert not list((federation.data / "staging").iterdir())


def test_a_script_may_run_a_night_without_a_guard(federation: SmallFederation) -> None:
    script = federation.data.parent / "script.py"
    script.write_text(
        "from comity.config.settings import load_settings\n"
        "from comity.nightly.night import run_night\n\n"
        f"settings = load_settings({str(federation.data)!r}, {str(federation.root)!r})\n"
        "print([export.error.code for export in run_night(settings, ('by-script',)).exports])\n"
    )
    add(federation, "by-script", "read")
    federation.drop("by-script", "export-1", b"")

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=ROOT)

    # A worker has looked at it, and the script was run once.
    assert (done.stdout, done.stderr) == ("['read.empty-export']\n", "")
