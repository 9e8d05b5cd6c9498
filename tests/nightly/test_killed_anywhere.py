"""A night killed at any moment, or one of its workers: readers see whole releases, and the next night makes it good.

Nights are forked from one process that has imported everything and opened nothing; each is killed, or one of its
workers is, after a random time. ``COMITY_MOMENTS`` says how many; the seed is fixed, the machine is not.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.nightly.small import CARS, ROOT, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path

MOMENTS = int(os.environ.get("COMITY_MOMENTS", "6"))
# For each line "seconds whom" it runs a night and kills the coordinator ("night") or one of its workers ("worker")
# after so long; answers with how the night ended, and how long it took.
PROGRAM = """
import os, signal, sys, time
from pathlib import Path

import great_expectations
import alembic.command, duckdb, pyarrow.parquet
import comity.nightly.judge, comity.nightly.night, comity.nightly.preload, comity.validation.run
from comity.config.settings import load_settings
from comity.nightly.night import run_night

settings = load_settings(sys.argv[1], sys.argv[2], jobs=2)

def workers(pid):
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            found += [int(each) for each in Path(f"/proc/{child}/task/{child}/children").read_text().split()]
        except OSError:
            pass
    return found

for line in sys.stdin:
    seconds, whom = line.split()
    began = time.monotonic()
    night = os.fork()
    if night == 0:
        os.setsid()
        try:
            report = run_night(settings)
            code = 0 if report.succeeded else 1
        except BaseException as error:
            print(type(error).__name__, error, file=sys.stderr)
            code = 9
        os._exit(code)
    while time.monotonic() - began < float(seconds):
        time.sleep(0.01)
        if os.waitid(os.P_PID, night, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
    try:
        victims = [night] if whom == "night" else workers(night)[:1]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
    except OSError:
        pass
    _, status = os.waitpid(night, 0)
    print(os.waitstatus_to_exitcode(status), time.monotonic() - began, flush=True)
"""


def car(number: int) -> bytes:
    return (",".join((f"QQ{number:04d}", *CARS[0][1:])) + "\n").encode()


class Nights:
    """Two sources whose every export has one car more; a reader sees of each a whole export, never one of another."""

    def __init__(self, folder: Path) -> None:
        self.federation = SmallFederation(folder)
        for name in ("first", "second"):
            self.federation.add(VEHICLES, name, files="['export']")
        (self.federation.root.parent / "comity.toml").write_text('iceberg = "no"\n')
        self.number = 0
        self.program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.federation.data), str(self.federation.root)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def drop(self) -> None:
        self.number += 1
        for name in ("first", "second"):
            self.federation.drop(name, "export", b"".join(map(car, range(self.number))))

    def run(self, seconds: float, whom: str) -> tuple[int, float]:
        assert self.program.stdin and self.program.stdout
        self.program.stdin.write(f"{seconds} {whom}\n")
        self.program.stdin.flush()
        code, took = self.program.stdout.readline().split()
        return int(code), float(took)

    def seen(self) -> dict[str, int]:
        return dict(self.federation.ask("SELECT source_id, count(*) FROM vehicle GROUP BY ALL"))

    def check_all_is_well(self) -> None:
        data = self.federation.data
        assert self.seen() == {"first": self.number, "second": self.number}
        assert self.federation.ask("SELECT count(*) FROM accounting WHERE rows_read <> rows_accepted") == [
            (0,)
        ]
        assert list((data / "staging").iterdir()) == []
        assert [path.name for path in data.iterdir() if path.name.startswith(".")] == []
        assert list((data / "archive").glob("*.part")) == []
        ((listed,),) = self.federation.ask("SELECT count(*) FROM (SELECT DISTINCT filename FROM read_parquet('"
            f"{data}/records/**/*.parquet', filename = true))")  # fmt: skip
        assert listed == len(list((data / "records").rglob("*.parquet")))


@pytest.mark.slow
def test_a_night_killed_at_random_moments(tmp_path: Path) -> None:
    nights, choose = Nights(tmp_path), random.Random(4)
    nights.drop()
    code, whole = nights.run(600, "night")
    assert code == 0
    nights.check_all_is_well()
    killed = 0
    for moment in range(MOMENTS):
        before = nights.seen()
        nights.drop()

        code, _ = nights.run(choose.uniform(0, whole), "worker" if moment % 3 == 0 else "night")

        killed += code != 0
        # A reader sees of each source one whole export: that of before, or the new one.
        assert all(count in (before[name], nights.number) for name, count in nights.seen().items())
        assert code in (0, 1, -signal.SIGKILL)
        code, whole = nights.run(600, "night")
        assert code == 0
        nights.check_all_is_well()
    assert killed > MOMENTS / 4
