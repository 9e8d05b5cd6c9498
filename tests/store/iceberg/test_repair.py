"""Whatever became of a table, it is brought back to what the ledger says; and no night fails because of it."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from comity.errors import StoreError
from comity.store.iceberg import keep_in_step, open_catalogue, rebuild, sync
from comity.store.iceberg.glance import in_step
from comity.store.iceberg.place import metadata_folder
from tests.store import small
from tests.store.iceberg.engines import by_pyiceberg, by_views, checksum

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyiceberg.table import Table

    from comity.store import Store


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a store with two releases of cars, in step after each."""
    data = tmp_path_factory.mktemp("store") / "data"
    store = small.open_store(data)
    for rows in (3, 5):
        small.publish(store, {"aa-cars": rows, "bb-cars": 2})
        assert keep_in_step(store) == []
    return data


@pytest.fixture
def store(two_releases: Path) -> Store:
    """The one store of this module, whole again: every test breaks it and repairs it."""
    opened = small.open_store(two_releases)
    rebuild(opened)
    return opened


def _table(store: Store) -> Table:
    return open_catalogue(store).load_table(("comity", "vehicle"))


def _sql(store: Store, statement: str) -> None:
    with sqlite3.connect(store.layout.ledger_file) as ledger:
        ledger.execute(statement)


def _drop(store: Store) -> None:
    _sql(store, "DELETE FROM iceberg_tables WHERE table_name = 'vehicle'")


def _lose_the_catalogue(store: Store) -> None:
    _sql(store, "DROP TABLE iceberg_tables")
    _sql(store, "DROP TABLE iceberg_namespace_properties")


def _lose_the_folder(store: Store) -> None:
    shutil.rmtree(store.layout.root / "iceberg")


def _cut_the_metadata(store: Store) -> None:
    newest = _table(store).metadata_location.removeprefix("file://")
    with open(newest, "w") as file:  # noqa: PTH123
        file.write("{")


def _lose_a_manifest(store: Store) -> None:
    for path in metadata_folder(store.layout, "vehicle").glob("*-m*.avro"):
        path.unlink()


def _forget_the_hint(store: Store) -> None:
    (metadata_folder(store.layout, "vehicle") / "version-hint.text").unlink()


def _point_back(store: Store) -> None:
    """The catalogue names an earlier state: a database restored from a backup."""
    table = _table(store)
    with table.transaction() as transaction:
        transaction.set_properties({"comity.schema": "of another day"})


def _let_another_write(store: Store) -> None:
    table = _table(store)
    table.delete("owner_country = 'BB'")


def _claim_a_later_release(store: Store) -> None:
    """What a ledger that was restored from a backup finds."""
    small.publish(store, {"aa-cars": 9})
    assert keep_in_step(store) == []
    files = [(str(f.path), f.begin_release) for f in store.files("vehicle")]
    assert max(begin for _, begin in files) == max(r.number for r in store.releases())
    last = store.releases()[-1].number
    _sql(store, f"UPDATE files SET end_release = NULL WHERE end_release = {last}")
    _sql(store, f"DELETE FROM files WHERE begin_release = {last}")
    _sql(store, f"UPDATE accounts SET release = NULL WHERE release = {last}")
    _sql(store, f"DELETE FROM releases WHERE release = {last}")
    store.layout.views_file.unlink()
    store.build_views(store.layout.views_file)


DAMAGES = [
    _drop, _lose_the_catalogue, _lose_the_folder, _cut_the_metadata, _lose_a_manifest, _forget_the_hint, _point_back,
    _let_another_write, _claim_a_later_release,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_table_is_brought_back(store: Store, damage: Callable[[Store], None]) -> None:
    assert in_step(store)
    damage(store)

    outcomes = sync(store, thorough=True)

    assert [outcome.error for outcome in outcomes] == [None, None]
    assert in_step(store)
    assert checksum(by_pyiceberg(store, "vehicle")) == checksum(by_views(store, "vehicle"))
    shown = [s.summary.additional_properties["comity.release"] for s in _table(store).snapshots()]
    assert shown == ["1", "2"]
    assert {outcome.action for outcome in sync(store, thorough=True)} == {"in step"}


def test_files_that_a_purge_has_exchanged_are_found_in_old_snapshots_too(store: Store) -> None:
    [old] = list(store.files("vehicle", "aa-cars", release=1))
    exchanged = old.path.with_name("exchanged.parquet")
    shutil.copy(old.path, exchanged)
    path = store.layout.relative(exchanged)
    _sql(store, f"UPDATE files SET path = '{path}' WHERE path = '{store.layout.relative(old.path)}'")
    try:
        [car, _] = sync(store, thorough=True, check=True)
        assert (car.action, car.reason) == (
            "out of step", "the snapshot of release 1: 1 files are missing, 1 are not the ledger's",
        )  # fmt: skip
        assert sync(store, thorough=True)[0].action == "rebuilt"
        first = _table(store).snapshots()[0]
        assert _table(store).scan(snapshot_id=first.snapshot_id).to_arrow().num_rows == 5
    finally:
        _sql(store, f"UPDATE files SET path = '{store.layout.relative(old.path)}' WHERE path = '{path}'")
        exchanged.unlink()


def test_a_table_that_is_behind_gets_a_snapshot_for_each_release_in_one_commit(tmp_path: Path) -> None:
    store = small.open_store(tmp_path / "data")
    assert keep_in_step(store) == []
    for rows in (1, 2, 3):
        small.publish(store, {"aa-cars": rows})
    [cars, persons] = sync(store)

    assert (cars.action, cars.reason, cars.snapshots, cars.rows) == ("advanced", "3 releases behind", 3, 3)
    assert persons.action == "in step"
    assert len(_table(store).metadata.metadata_log) == 1


def test_a_moved_data_folder_is_found_and_its_tables_are_built_again(
    two_releases: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(two_releases, moved)
    store = small.open_store(moved)

    assert not in_step(store)
    assert sync(store)[0].reason == "the data folder was moved"
    assert all(str(moved) in file.file.file_path for file in _table(store).scan().plan_files())


def test_a_folder_whose_name_readers_would_misread_is_refused_and_the_night_goes_on(tmp_path: Path) -> None:
    store = small.open_store(tmp_path / "100%")
    assert small.publish(store, {"aa-cars": 1}).number == 1

    [error] = keep_in_step(store)
    assert error.code == "store.iceberg-bad-path"


def test_one_table_s_failure_is_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from comity.store.iceberg import keeper

    def fail(catalogue: object, record_type: object, releases: object, history: object) -> None:
        if record_type.name == "vehicle":  # type: ignore[attr-defined]
            raise ValueError("pyiceberg does not like it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeper, "build", fail)
    cars, persons = sync(store, anew=True)

    assert cars.error is not None and cars.error.code == "store.iceberg-failed"
    assert "ValueError: pyiceberg does not like it" in str(cars.error)
    assert persons.error is not None and persons.error.code == "store.disk-full"
    with pytest.raises(StoreError):
        rebuild(store)


def test_only_one_process_changes_the_tables(store: Store) -> None:
    from comity.store.iceberg.place import lock
    from comity.store.lock import holding

    with holding(lock(store.layout), 0), pytest.raises(StoreError, match=r"store\.busy"):
        sync(store, wait_seconds=0)
