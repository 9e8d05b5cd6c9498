"""Compaction and expiry take files away: the tables go along at once, and a night sees where they did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.store.compact import compact
from comity.store.expire import expire
from comity.store.iceberg import keep_in_step, open_catalogue, sync
from comity.store.iceberg.glance import in_step
from comity.store.purge import purge
from comity.store.purge_find import find
from tests.store import small
from tests.store.iceberg.engines import by_pyiceberg, by_views, checksum

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three releases; two small files of one source, one that began in the first, one of each release."""
    store = small.open_store(tmp_path / "data")
    run_id = store.begin_run()
    folder = store.layout.staging_of(run_id)
    files = []
    for part in (0, 1):
        path = small.write_records(folder / f"{part}.parquet", 3, first=10 * part, source="aa-cars")
        files.append(small.staged(path, 3))
    first = small.Publication("aa-cars", "AA", small.EXPORT, small.VERSION, tuple(files), ())
    store.publish(run_id, [first, small.publication(store, run_id, 1, "bb-cars", "BB")])
    store.end_run(run_id, "ok")
    for rows in (2, 3):
        small.publish(store, {"bb-cars": rows})
    assert keep_in_step(store) == []
    return store


def _agree(store: Store) -> None:
    assert in_step(store)
    assert checksum(by_pyiceberg(store, "vehicle")) == checksum(by_views(store, "vehicle"))
    assert {outcome.action for outcome in sync(store, thorough=True, check=True)} == {"in step"}


def test_compaction_takes_the_tables_along(store: Store) -> None:
    assert compact(store, smaller_than=1 << 30) == (2, 1)
    store.sweep()
    _agree(store)


def test_a_night_sees_that_compaction_was_interrupted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("comity.store.iceberg.keeper.follow", lambda _: None)
        compact(store, smaller_than=1 << 30)
    assert not in_step(store)
    assert keep_in_step(store) == []
    _agree(store)


def test_what_expires_goes_from_the_tables_too(store: Store) -> None:
    assert expire(store, 3)[0] == 2
    _agree(store)
    table = open_catalogue(store).load_table(("comity", "vehicle"))
    # What is left of the table's past can be read, and a file of an expired release that is still current is in it.
    assert [table.scan(snapshot_id=each.snapshot_id).to_arrow().num_rows for each in table.snapshots()] == [9]
    small.publish(store, {"bb-cars": 4})
    assert keep_in_step(store) == []
    _agree(store)


def test_a_purge_after_an_expiry_ends(store: Store) -> None:
    expire(store, 3)
    assert purge(store, find(store, keys=[("aa-cars", "1")]), "why", "who")["status"] == "gone"
    _agree(store)
