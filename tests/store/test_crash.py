"""Killed with SIGKILL within a step of a publication, the store shows a whole release, and the next run goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store import small

REPOSITORY = Path(__file__).parents[2]
# What the killed process does: a publication of two sources, and a kill just before, or after, one of its steps.
PROGRAM = """
import os, signal, sys
from pathlib import Path
import comity.store.release as release
import comity.store.view_fill as view_fill
import comity.store.views as views
from tests.store import small

moment, data, url = sys.argv[1], Path(sys.argv[2]), sys.argv[3] or None
room, name, when, countdown = moment.split(":")
countdown = [int(countdown)]

def kill_around(call):
    def wrapper(*args, **kwargs):
        countdown[0] -= 1
        if countdown[0] == 0 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **kwargs)
        if countdown[0] == 0 and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return wrapper

store = small.open_store(data, url)
run_id = store.begin_run()
items = [small.publication(store, run_id, 5, "aa-cars"), small.publication(store, run_id, 6, "bb-cars", "BB")]
module = {"release": release, "views": views, "view_fill": view_fill}[room]
setattr(module, name, kill_around(getattr(module, name)))
store.publish(run_id, items)
"""
MOMENTS = {
    "one of two files moved": ("release:move_into_place:after:1", 1),
    "in the transaction": ("release:record_accounts:after:1", 1),
    "views half built": ("view_fill:_put_view:after:1", 1),
    "views not on the disk": ("views:sync:before:1", 1),
    "views built, not committed": ("release:build_beside:after:1", 1),
    "committed, views not shown": ("release:put_in_place:before:1", 2),
}


# Between two steps: tests/store/test_crash_anywhere.py.
@pytest.mark.parametrize(
    "moment",
    ["in the transaction", "views half built", "views not on the disk", "views built, not committed"],
)
def test_a_kill_leaves_whole_releases_only(tmp_path: Path, moment: str) -> None:
    _kill_and_check(tmp_path, None, *MOMENTS[moment])


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment", ["one of two files moved", "views built, not committed", "committed, views not shown"]
)
def test_a_kill_with_a_ledger_on_a_server(tmp_path: Path, postgresql: str, moment: str) -> None:
    _kill_and_check(tmp_path, postgresql, *MOMENTS[moment])


def _kill_and_check(data: Path, ledger_url: str | None, moment: str, expected: int) -> None:
    store = small.open_store(data, ledger_url)
    small.publish(store, {"aa-cars": 3, "bb-cars": 4})
    killed = subprocess.run(
        [sys.executable, "-c", PROGRAM, moment, str(data), ledger_url or ""],
        cwd=REPOSITORY,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()

    # A reader that comes at once sees one whole release: of both sources the old records, or of both the new.
    assert small.shown(store.layout.views_file) in (7, 11)
    store = small.open_store(data, ledger_url)
    assert len(store.releases()) == expected

    # The next start shows the last release and removes the rest.
    store.sweep()
    assert small.shown(store.layout.views_file) == {1: 7, 2: 11}[expected]
    listed = {file.path for number in range(1, expected + 1) for file in store.files(release=number)}
    assert set(store.layout.records.rglob("*.parquet")) == listed
    assert list(store.layout.staging.iterdir()) == []
    assert not list(store.layout.root.glob(".current*"))
    assert small.publish(store, {"aa-cars": 8}).number == expected + 1
