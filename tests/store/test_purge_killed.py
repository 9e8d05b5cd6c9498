"""A purge killed before any of its steps: readers see whole releases, and what comes next ends it."""

from __future__ import annotations

import itertools
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from comity.store import purge as purging
from comity.store.check import check
from comity.store.iceberg import keep_in_step, open_catalogue
from comity.store.purge_plan import unfinished
from tests.store import small
from tests.store.killed import killing
from tests.store.purged import RECORD_ID, fill, key, left_of
from tests.store.test_changes import ask

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from comity.store import Store

WHOLE = {f"PLATE-{i}" for i in range(6)}
PURGED = WHOLE - {"PLATE-2"}


def with_tables(data: Path) -> None:
    store = small.open_store(data)
    fill(store)
    assert keep_in_step(store) == []


def purge_one(data: Path) -> None:
    if not data.exists():
        with_tables(data)
    store = small.open_store(data)
    purging.purge(store, key(store, 2), "why", "who")


def test_a_purge_killed_early_in_its_middle_and_late(tmp_path: Path) -> None:
    assert _killed_before(tmp_path, (30, 60, 104)) == [True] * 3


@pytest.mark.slow
def test_a_purge_killed_before_every_sixth_of_its_steps(tmp_path: Path) -> None:
    begun = _killed_before(tmp_path, itertools.count(1, 6))
    assert not begun[0] and begun.count(True) > 10


def _killed_before(folder: Path, steps: Iterable[int]) -> list[bool]:
    """Whether the purge had begun, for every one of the steps; up to the step that a purge does not have."""
    data, template = folder / "data", folder / "template"
    with_tables(data)
    data.rename(template)
    begun = []
    with killing(purge_one, data) as run:
        for step in steps:
            shutil.copytree(template, data)
            ended = run(step)
            if ended != signal.SIGKILL:
                assert ended == 0
                _check_purged(small.open_store(data))
                return begun
            begun.append(_check_after_kill(data))
            shutil.rmtree(data)
    return begun


def _check_after_kill(data: Path) -> bool:
    """Whether the purge had begun."""
    _check_readers(data)
    store = small.open_store(data)
    begun = bool(unfinished(store.layout))
    store.sweep()
    if begun:
        _check_purged(store)
    elif purging.proofs(store):
        _check_purged(store)  # killed when all was done
    else:
        assert _plates(data / "current.duckdb") == WHOLE
        assert not list(data.glob("purge/*"))
    return begun


def _check_readers(data: Path) -> None:
    """Those who open what lies there, without a word to the store."""
    assert _plates(data / "current.duckdb") in (WHOLE, PURGED)
    store = small.open_store(data)
    for release in (1, 2):
        assert _plates(store.build_views(data.parent / "asked.duckdb", release)) in (WHOLE, PURGED)
    assert set(_table(store).scan().to_arrow()["plate"].to_pylist()) in (WHOLE, PURGED)


def _check_purged(store: Store) -> None:
    data = store.layout.root
    assert unfinished(store.layout) == []
    assert left_of(data, "PLATE-2", RECORD_ID) == []
    assert check(store.layout, store.ledger)[1] == []
    assert _plates(store.layout.views_file) == PURGED
    for release in (1, 2):
        assert _plates(store.build_views(data.parent / "asked.duckdb", release)) == PURGED
    table = _table(store)
    for snapshot in table.snapshots():
        assert set(table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()["plate"].to_pylist()) == PURGED
    assert len(table.snapshots()) == 2
    [proof] = purging.proofs(store)
    assert (proof["status"], proof["proof"]["before"]["records"]["found"]) == ("gone", 2)
    assert not list(data.rglob("*.part"))


def _plates(views: Path) -> set[str]:
    return {row[0] for row in ask(views, "SELECT plate FROM vehicle")}


def _table(store: Store):  # type: ignore[no-untyped-def]
    return open_catalogue(store).load_table(("comity", "vehicle"))
