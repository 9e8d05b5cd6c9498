"""A sweep removes what nobody lists and nobody uses, and nothing else."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store


def _status(store: Store, run_id: str) -> str:
    with store.ledger.reading() as connection:
        found = connection.execute(text("SELECT status FROM runs WHERE run_id = :id"), {"id": run_id})
        return str(found.scalar_one())


def _die(store: Store, run_id: str) -> None:
    """What the kernel does when the process of a run dies."""
    handle, _ = store._runs.pop(run_id)
    os.close(handle)


def test_nothing_to_do_removes_nothing(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    before = sorted(path for path in store.layout.root.rglob("*"))
    assert store.sweep() == 0
    assert sorted(path for path in store.layout.root.rglob("*")) == before


def test_a_living_run_keeps_its_staging(store: Store) -> None:
    run_id = store.begin_run()
    small.publication(store, run_id, 3)
    assert small.open_store(store.layout.root).sweep() == 0
    assert len(list(store.layout.staging_of(run_id).iterdir())) == 1
    assert _status(store, run_id) == "running"


def test_a_dead_run_loses_its_staging(store: Store) -> None:
    run_id = store.begin_run()
    small.publication(store, run_id, 3)
    _die(store, run_id)
    assert store.sweep() == 1
    assert list(store.layout.staging.iterdir()) == []
    assert _status(store, run_id) == "died"


def test_a_run_that_ended_leaves_no_staging(store: Store) -> None:
    run_id = store.begin_run()
    small.publication(store, run_id, 3)
    store.end_run(run_id, "failed")
    assert list(store.layout.staging.iterdir()) == []
    assert store.sweep() == 0
    assert _status(store, run_id) == "failed"


def test_files_of_older_releases_stay(store: Store, tmp_path: Path) -> None:
    small.publish(store, {"aa-cars": 3})
    small.publish(store, {"aa-cars": 4})
    assert store.sweep() == 0
    assert small.shown(store.build_views(tmp_path / "one.duckdb", 1)) == 3


def test_files_that_no_release_lists_go(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    for folder in (
        store.layout.records / "vehicle" / "owner_country=AA",
        store.layout.rejects,
        store.layout.quality,
    ):
        (folder / "stray.parquet").write_bytes(b"PAR1")
    assert store.sweep() == 3
    assert small.shown(store.layout.views_file) == 3


def test_an_unfinished_copy_goes_unless_it_is_being_made(store: Store) -> None:
    dead, living = store.layout.archive / "dead.part", store.layout.archive / "living.part"
    dead.write_bytes(b"x")
    with living.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert store.sweep() == 1
    assert not dead.exists()
    assert living.exists()


def test_the_archive_and_the_inbox_are_never_touched(store: Store, tmp_path: Path) -> None:
    export = store.layout.inbox / "aa-cars" / "cars.csv"
    export.parent.mkdir()
    export.write_bytes(b"plate\n")
    sha256 = store.archive(export)
    assert store.sweep() == 0
    assert export.exists()
    assert store.archived(sha256).exists()


def test_a_lost_views_file_is_built_again(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    store.layout.views_file.unlink()
    store.sweep()
    assert small.shown(store.layout.views_file) == 3


def test_a_damaged_views_file_is_built_again(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    store.layout.views_file.write_bytes(b"no database")
    store.sweep()
    assert small.shown(store.layout.views_file) == 3
