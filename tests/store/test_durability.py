"""What a release lists is on the disk before the ledger says so, and the ledger before anybody sees it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from tests.store import small

if TYPE_CHECKING:
    from comity.store import Store


@pytest.fixture
def told(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every sync, rename and commit, in their order, with the name of the file or folder."""
    events: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace

    def watched_sync(handle: int) -> None:
        events.append(("sync", Path(f"/proc/self/fd/{handle}").readlink().name))
        fsync(handle)

    def watched_replace(path: Path, target: Any) -> Path:
        events.append(("rename", Path(target).name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    event.listen(store.ledger.engine, "commit", lambda _: events.append(("commit", "ledger")))
    return events


def _last(told: list[tuple[str, str]], what: str, name: str) -> int:
    """When it happened for the last time; a new folder is also made durable in its parent on the way."""
    return max(place for place, (kind, of) in enumerate(told) if kind == what and name in of)


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="the system does not tell the name of a handle"
)
def test_bytes_then_name_then_ledger_then_views(store: Store, told: list[tuple[str, str]]) -> None:
    run_id = store.begin_run()
    item = small.publication(store, run_id, 3)
    told.clear()
    store.publish(run_id, [item])
    # store.files() commits nothing, but its connection ends a transaction: look before it.
    told = list(told)
    order = [
        _last(told, "sync", "aa-cars.parquet"),
        _last(told, "rename", store.files()[0].path.name),
        _last(told, "sync", "owner_country=AA"),
        _last(told, "sync", ".current.duckdb."),
        _last(told, "commit", "ledger"),
        _last(told, "rename", "current.duckdb"),
        _last(told, "sync", store.layout.root.name),
    ]
    assert order == sorted(order)


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="the system does not tell the name of a handle"
)
def test_an_export_is_on_the_disk_before_it_has_its_name(store: Store, told: list[tuple[str, str]]) -> None:
    export = store.layout.inbox / "cars.csv"
    export.write_bytes(b"plate\n")
    os.utime(export, (0, 0))
    told.clear()
    sha256 = store.archive(export)
    order = [
        _last(told, "sync", ".part"),
        _last(told, "rename", sha256),
        _last(told, "sync", sha256[:2]),
        _last(told, "commit", "ledger"),
    ]
    assert order == sorted(order)


def test_sqlite_waits_for_the_disk(store: Store) -> None:
    with store.ledger.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3  # EXTRA
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
