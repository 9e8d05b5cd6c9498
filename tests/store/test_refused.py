"""A folder that refuses, or somebody who holds the ledger: a clear word, nothing by half, and the next run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from comity.errors import StoreError
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.store import Store

# Another program that holds the ledger for as long as it lives.
HOLDER = """
import sys, time
url = sys.argv[1]
if url.startswith("postgresql"):
    import psycopg
    connection = psycopg.connect(url)
    connection.execute(sys.argv[2])
else:
    import sqlite3
    connection = sqlite3.connect(url, isolation_level=None)
    connection.execute(sys.argv[2])
print("held", flush=True)
time.sleep(600)
"""


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """``path`` cannot be changed in the block, by whoever runs the test: permissions do not bind root."""
    if os.geteuid() != 0:
        before = path.stat().st_mode
        path.chmod(0o500 if path.is_dir() else 0o400)
        yield
        path.chmod(before)
        return
    if subprocess.run(["chattr", "+i", path], capture_output=True).returncode != 0:
        pytest.skip("root can write everywhere, and this file system cannot make a folder immutable")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


@pytest.mark.parametrize(
    "name", ["records/vehicle", "records/vehicle/owner_country=AA", ".", "ledger.sqlite"]
)
def test_publishing_where_writing_is_refused(store: Store, name: str) -> None:
    small.publish(store, {"aa-cars": 3})
    run_id = store.begin_run()
    # A country that has no folder yet, and one that has.
    items = [
        small.publication(store, run_id, 5),
        small.publication(store, run_id, 6, "bb-cars", "BB"),
    ]
    with refusing(store.layout.root / name), pytest.raises(StoreError) as error:
        store.publish(run_id, items)
    assert error.value.code == "store.no-permission"
    assert error.value.file and error.value.remedy
    assert small.shown(store.layout.views_file) == 3
    assert len(list(store.layout.records.rglob("*.parquet"))) == 1
    assert store.publish(run_id, items).number == 2
    assert small.shown(store.layout.views_file) == 11


def test_views_that_may_not_be_replaced_are_shown_by_the_next_start(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    run_id = store.begin_run()
    item = small.publication(store, run_id, 5)
    with refusing(store.layout.views_file):
        if os.geteuid() != 0:
            pytest.skip("a rename asks the folder, not the file")
        with pytest.raises(StoreError) as error:
            store.publish(run_id, [item])
    assert error.value.code == "store.no-permission"
    assert len(store.releases()) == 2  # it was committed before
    assert small.shown(store.layout.views_file) == 3
    small.open_store(store.layout.root).sweep()
    assert small.shown(store.layout.views_file) == 5


@pytest.mark.parametrize("name", ["archive", "staging", "rejects", "ledger.sqlite"])
def test_other_steps_of_a_run_where_writing_is_refused(store: Store, name: str) -> None:
    export = store.layout.inbox / "cars.csv"
    export.write_bytes(b"plate\n")
    os.utime(export, (0, 0))
    run_id = store.begin_run()
    rejects = small.write_records(store.layout.staging_of(run_id) / "rejects.parquet", 1)
    with refusing(store.layout.root / name), pytest.raises(StoreError) as error:
        store.begin_run()
        store.archive(export)
        store.record_rejects(run_id, "aa-cars", small.EXPORT, rejects, 1)
    assert error.value.code == "store.no-permission"
    store.archive(export)
    store.record_rejects(run_id, "aa-cars", small.EXPORT, rejects, 1)
    assert small.publish(store, {"aa-cars": 3}).number == 1


@contextmanager
def _held(place: str, statement: str) -> Iterator[None]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, place, statement], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_ledger_file_that_another_program_holds(store: Store, statement: str) -> None:
    small.publish(store, {"aa-cars": 3})
    _check_held(store, None, str(store.layout.ledger_file), statement)


@pytest.mark.parametrize("statement", ["LOCK TABLE files", "LOCK TABLE releases IN SHARE MODE"])
def test_a_ledger_on_a_server_that_another_program_holds(
    tmp_path: Path, postgresql: str, statement: str
) -> None:
    store = small.open_store(tmp_path, postgresql)
    small.publish(store, {"aa-cars": 3})
    _check_held(store, postgresql, postgresql, statement)


def _check_held(store: Store, ledger_url: str | None, place: str, statement: str) -> None:
    waiting = small.open_store(store.layout.root, ledger_url, wait_seconds=0.2)
    run_id = waiting.begin_run()
    item = small.publication(waiting, run_id, 5)
    with _held(place, statement):
        with pytest.raises(StoreError) as error:
            waiting.publish(run_id, [item])
        assert small.shown(store.layout.views_file) == 3
    assert error.value.code == "store.ledger-locked"
    assert error.value.remedy
    assert len(list(store.layout.records.rglob("*.parquet"))) == 1
    assert not list(store.layout.root.glob(".current*"))
    # Its holder is gone: the next one goes on.
    assert waiting.publish(run_id, [item]).number == 2


def test_a_publisher_that_never_ends_is_not_waited_for_for_ever(store: Store) -> None:
    from comity.store.lock import holding

    waiting = small.open_store(store.layout.root, wait_seconds=0.1)
    run_id = waiting.begin_run()
    item = small.publication(waiting, run_id, 5)
    with holding(store.layout.publish_lock, 1), pytest.raises(StoreError) as error:
        waiting.publish(run_id, [item])
    assert error.value.code == "store.busy"
    assert waiting.publish(run_id, [item]).number == 1


@pytest.mark.parametrize("kept", [0.5, 0.1])
def test_a_ledger_that_lost_pages_publishes_nothing(store: Store, kept: float) -> None:
    small.publish(store, {"aa-cars": 3})
    whole = store.layout.ledger_file.read_bytes()
    store.layout.ledger_file.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(StoreError) as error:
        small.publish(small.open_store(store.layout.root), {"aa-cars": 4})
    assert error.value.code == "store.corrupt-ledger"
    assert "backup" in (error.value.remedy or "")
    assert small.shown(store.layout.views_file) == 3
    # With its backup back in place, the next run goes on.
    store.layout.ledger_file.write_bytes(whole)
    again = small.open_store(store.layout.root)
    assert again.sweep() == 0
    assert small.publish(again, {"aa-cars": 4}).number == 2
