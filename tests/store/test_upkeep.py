"""Looking after a store: check, compact, expire, backup and restore."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from comity.errors import StoreError
from comity.store import Account, Publication, Store
from comity.store.backup import backup, restore
from comity.store.check import check
from comity.store.compact import compact
from comity.store.expire import expire
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path


def look(store: Store, quick: bool = False) -> list[tuple[str, str]]:
    return [(fault.kind, fault.path) for fault in check(store.layout, store.ledger, quick=quick)[1]]


def count(store: Store, release: int, folder: Path) -> int:
    return small.shown(store.build_views(folder / f"{release}.duckdb", release))


def many_files(store: Store) -> None:
    """One release with five files of one source."""
    run_id = store.begin_run()
    folder = store.layout.staging_of(run_id)
    paths = [small.write_records(folder / f"{i}.parquet", 2, first=2 * i) for i in range(5)]
    files = tuple(small.staged(path, 2) for path in paths)
    account = Account(run_id, "aa-cars", small.EXPORT, "vehicle", 10, 10, 0, 0, 10)
    store.publish(run_id, [Publication("aa-cars", "AA", small.EXPORT, small.VERSION, files, (account,))])
    store.end_run(run_id, "ok")


def test_a_sound_store_has_no_fault(store: Store) -> None:
    small.publish(store, {"aa-cars": 3, "bb-cars": 2})
    small.publish(store, {"aa-cars": 4})
    assert look(store) == []


def test_every_fault_is_found(store: Store) -> None:
    small.publish(store, {"aa-cars": 3, "bb-cars": 2, "cc-cars": 2, "dd-cars": 1})
    files = {file.source_id: file.path for file in store.files()}
    files["aa-cars"].unlink()
    content = files["bb-cars"].read_bytes()
    files["bb-cars"].chmod(0o600)
    files["bb-cars"].write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    files["cc-cars"].chmod(0o600)
    files["cc-cars"].write_bytes(content[:-10])
    (stray := store.layout.records / "vehicle" / "stray.parquet").write_bytes(b"x")
    with store.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE releases SET records = 9")
    told = dict(look(store))
    name = {source: store.layout.relative(path) for source, path in files.items()}
    assert told["missing"] == name["aa-cars"]
    assert ("changed", name["bb-cars"]) in look(store)
    assert {kind for kind, path in look(store) if path == name["cc-cars"]} == {"changed", "unreadable"}
    assert told["release"] == "release 1"
    assert told["unlisted"] == store.layout.relative(stray)
    assert ("changed", name["bb-cars"]) not in look(store, quick=True)


def test_small_files_become_one_in_every_release(store: Store, tmp_path: Path) -> None:
    many_files(store)
    small.publish(store, {"bb-cars": 1})
    small.publish(store, {"aa-cars": 4})
    old = [file.path for file in store.files(release=2)]
    assert compact(store, smaller_than=10**6) == (5, 1)
    assert [len(store.files(source_id="aa-cars", release=n)) for n in (1, 2, 3)] == [1, 1, 1]
    assert [count(store, n, tmp_path) for n in (1, 2, 3)] == [10, 11, 5]
    assert all(path.exists() for path in old)  # who has the old views open goes on
    store.sweep()
    assert look(store) == []
    assert compact(store, smaller_than=10**6) == (0, 0)


def test_old_releases_expire_with_the_files_that_only_they_have(store: Store, tmp_path: Path) -> None:
    small.publish(store, {"aa-cars": 3, "bb-cars": 2})
    small.publish(store, {"aa-cars": 4})
    small.publish(store, {"aa-cars": 5})
    gone = [store.files(source_id="aa-cars", release=n)[0].path for n in (1, 2)]
    assert expire(store, 2, dry_run=True)[:2] == (1, 1)
    assert gone[0].exists()
    assert expire(store, 2)[:2] == (1, 1)
    assert [path.exists() for path in gone] == [False, True]
    assert [count(store, n, tmp_path) for n in (2, 3)] == [6, 7]
    with pytest.raises(StoreError) as error:
        store.files(release=1)
    assert error.value.code == "store.expired-release"
    assert [release.number for release in store.releases()] == [2, 3]
    assert expire(store, 99)[:2] == (1, 1)  # the last one stays
    assert look(store) == []
    assert small.shown(store.layout.views_file) == 7


def test_a_store_is_destroyed_and_restored(
    tmp_path: Path, ledger_url: str | None, postgresql_other: str | None
) -> None:
    store = small.open_store(tmp_path / "data", ledger_url)
    export = tmp_path / "cars.csv"
    export.write_text("plate\nAB1\n")
    sha256 = store.archive(export)
    many_files(store)
    small.publish(store, {"bb-cars": 2})
    before = [(r.number, r.published_at, r.records) for r in store.releases()]
    copy = tmp_path / "backup"
    assert backup(store, copy)["release"] == 2
    small.publish(store, {"aa-cars": 1})  # not in this backup
    shutil.rmtree(tmp_path / "data")
    restore(copy, tmp_path / "new", postgresql_other)
    back = small.open_store(tmp_path / "new", postgresql_other)
    back.refresh_views()
    assert [(r.number, r.published_at, r.records) for r in back.releases()] == before
    assert look(back) == []
    assert [count(back, n, tmp_path) for n in (1, 2)] == [10, 12]
    assert small.shown(back.layout.views_file) == 12
    small.publish(back, {"aa-cars": 3})  # and it goes on
    assert back.releases()[-1].number == 3
    assert not back.archived(sha256).exists()  # it belongs to no export that a run met


@pytest.fixture
def postgresql_other(ledger_url: str | None, request: pytest.FixtureRequest) -> str | None:
    """Where the store had a PostgreSQL ledger, another empty database; else None."""
    if ledger_url is None:
        return None
    import uuid

    import psycopg

    server = request.getfixturevalue("postgresql_server")
    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return str(server).replace("/postgres?", f"/{name}?")


def test_a_backup_follows_what_the_store_lost(store: Store, tmp_path: Path) -> None:
    small.publish(store, {"aa-cars": 1})
    small.publish(store, {"aa-cars": 2})
    copy = tmp_path / "backup"
    first = backup(store, copy)["files"]
    kept = {path: path.stat().st_ino for path in copy.rglob("*.parquet")}
    expire(store, 2)
    assert backup(store, copy)["files"] == int(str(first)) - 1
    left = {path: path.stat().st_ino for path in copy.rglob("*.parquet")}
    assert len(left) == 1 and left.items() <= kept.items()  # what was there was not copied again


def test_a_release_that_is_published_meanwhile_is_in_no_part_of_a_backup(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from comity.store import backup as room

    small.publish(store, {"aa-cars": 1})
    copied = room._copy_file

    def publish_first(source: Path, target: Path) -> int:
        monkeypatch.setattr(room, "_copy_file", copied)
        small.publish(store, {"aa-cars": 2, "bb-cars": 5})
        return copied(source, target)

    monkeypatch.setattr(room, "_copy_file", publish_first)
    assert backup(store, tmp_path / "backup")["release"] == 1
    restore(tmp_path / "backup", tmp_path / "new")
    back = small.open_store(tmp_path / "new")
    assert (look(back), [r.records for r in back.releases()]) == ([], [1])


def test_a_backup_that_cannot_be_made_or_used_says_so(store: Store, tmp_path: Path) -> None:
    small.publish(store, {"aa-cars": 1})
    with pytest.raises(StoreError) as inside:
        backup(store, store.layout.root / "backup")
    with pytest.raises(StoreError) as none:
        restore(tmp_path / "nothing", tmp_path / "new")
    backup(store, tmp_path / "backup")
    with pytest.raises(StoreError) as full:
        restore(tmp_path / "backup", store.layout.root)
    assert [e.value.code for e in (inside, none, full)] == [
        "store.bad-backup-folder", "store.no-backup", "store.not-empty"
    ]  # fmt: skip
