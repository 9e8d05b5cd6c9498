"""A data folder may be called anything that DuckDB reads rightly, is its owner's alone, and belongs to one ledger."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.errors import StoreError
from comity.store import Layout, Store
from comity.store.view_sql import literal
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path


def _count(views: Path) -> int:
    """What somebody sees who opens the views file by itself."""
    with duckdb.connect(views, read_only=True) as duck:
        return int(duck.execute("SELECT count(*) FROM vehicle").fetchall()[0][0])


@pytest.mark.parametrize(
    "name",
    ["it's here", 'a "folder"', "données 数据 بيانات", "a[1]*{b}", "50%20full", "a#b;c&d", "two\nlines"],
)
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    store = small.open_store(tmp_path / name)
    small.publish(store, {"aa-cars": 3})
    small.publish(store, {"aa-cars": 5})
    assert store.layout.ledger_file.exists()
    assert _count(store.layout.views_file) == 5
    assert small.open_store(tmp_path / name).sweep() == 0
    with duckdb.connect() as duck:
        duck.execute(f"ATTACH {literal(store.layout.views_file)} AS views (READ_ONLY)")
        assert duck.execute("SELECT min(owner_country) FROM views.vehicle").fetchall() == [("AA",)]


@pytest.mark.parametrize("name", ["year=2026", "plate=X", "what?", "back\\slash"])
def test_a_path_that_duckdb_reads_otherwise_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError) as error:
        small.open_store(tmp_path / name / "data")
    assert error.value.code == "store.bad-data-folder"
    assert list(tmp_path.iterdir()) == []


def test_the_views_are_read_from_any_working_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = Store.open(store.layout.root.relative_to(tmp_path), standard=small.standard())
    small.publish(relative, {"aa-cars": 3})
    monkeypatch.chdir("/")
    assert _count(store.layout.views_file) == 3


def test_a_moved_folder_is_shown_again_when_its_views_are_written_anew(store: Store, tmp_path: Path) -> None:
    small.publish(store, {"aa-cars": 3})
    small.publish(store, {"aa-cars": 4})
    store.layout.root.rename(tmp_path / "moved")
    with pytest.raises(duckdb.IOException, match=r"\.parquet"):
        _count(tmp_path / "moved" / "current.duckdb")
    moved = small.open_store(tmp_path / "moved")
    assert moved.sweep() == 0
    moved.refresh_views()
    assert _count(moved.layout.views_file) == 4
    assert [file.rows for file in moved.files(release=1)] == [3]


def test_only_the_owner_can_look_in(tmp_path: Path) -> None:
    store = small.open_store(tmp_path / "data")
    export = store.layout.inbox / "cars.csv"
    export.write_bytes(b"plate\nAB1\n")
    export.chmod(0o600)
    store.archive(export)
    small.publish(store, {"aa-cars": 3})
    run_id = store.begin_run()
    small.publication(store, run_id, 5)
    for path in [store.layout.root, *store.layout.root.rglob("*")]:
        if path.is_dir():
            assert path.stat().st_mode & 0o777 == 0o700, path
        elif not path.is_relative_to(store.layout.staging):  # a worker writes there; its folder guards it
            assert path.stat().st_mode & 0o777 in (0o400, 0o600), path


def _files(layout: Layout) -> list[Path]:
    return sorted(path for path in layout.records.rglob("*") if path.is_file())


def test_an_empty_ledger_in_a_full_folder_is_not_believed(store: Store) -> None:
    """Every file would be a stray one to it, and the next sweep would remove them all."""
    small.publish(store, {"aa-cars": 3})
    before = _files(store.layout)
    store.layout.ledger_file.unlink()
    with pytest.raises(StoreError) as error:
        small.open_store(store.layout.root)
    assert error.value.code == "store.other-ledger"
    assert "shows release 1" in error.value.text()
    assert _files(store.layout) == before
    assert _count(store.layout.views_file) == 3


def test_nor_is_a_ledger_on_a_server_that_never_saw_the_folder(store: Store, postgresql: str) -> None:
    small.publish(store, {"aa-cars": 3})
    with pytest.raises(StoreError) as error:
        small.open_store(store.layout.root, postgresql)
    assert error.value.code == "store.other-ledger"
    assert small.open_store(store.layout.root).sweep() == 0


def test_nor_is_one_of_another_folder_with_as_many_releases(store: Store, tmp_path: Path) -> None:
    other = small.open_store(tmp_path / "other")
    for one in (store, other):
        small.publish(one, {"aa-cars": 3})
    shutil.copy(other.layout.ledger_file, store.layout.ledger_file)
    with pytest.raises(StoreError) as error:
        small.open_store(store.layout.root)
    assert error.value.code == "store.other-ledger"


def test_a_restored_older_ledger_goes_on_once_its_owner_says_so(store: Store, tmp_path: Path) -> None:
    small.publish(store, {"aa-cars": 3})
    shutil.copy(store.layout.ledger_file, tmp_path / "backup")
    small.publish(store, {"aa-cars": 4})
    shutil.copy(tmp_path / "backup", store.layout.ledger_file)
    with pytest.raises(StoreError) as error:
        small.open_store(store.layout.root)
    assert error.value.code == "store.other-ledger"
    store.layout.views_file.rename(tmp_path / "away.duckdb")
    again = small.open_store(store.layout.root)
    assert again.sweep() == 1
    assert _count(again.layout.views_file) == 3
    assert small.publish(again, {"aa-cars": 6}).number == 2
