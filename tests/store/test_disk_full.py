"""A disk that fills up publishes nothing by half, and says so; with room again, the next run goes on.

The disk is a small tmpfs where one may be mounted, as by root; elsewhere the system call itself is made to fail.
"""

from __future__ import annotations

import errno
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from comity.errors import StoreError
from comity.store import archive, layout, merge, release, views
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of twelve megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=12m", "comity-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("no small file system can be mounted here; the tests with a failing system call remain")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(disk: Path, leave: int) -> Path:
    """Take all the room but ``leave`` bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast = disk / "ballast"
    ballast.write_bytes(b"\0" * (free - leave))
    return ballast


@pytest.mark.parametrize("leave", [0, 4096, 16384, 65536, 262144])
def test_publishing_on_a_full_disk(small_disk: Path, leave: int) -> None:
    store = small.open_store(small_disk / "data")
    small.publish(store, {"aa-cars": 3})
    run_id = store.begin_run()
    small.record_export(store, run_id)
    item = small.publication(store, run_id, 50)
    ballast = _fill(small_disk, leave)
    with pytest.raises(StoreError) as error:
        store.publish(run_id, [item])
    assert error.value.code == "store.disk-full"
    assert small.shown(store.layout.views_file) == 3
    assert len(list(store.layout.records.rglob("*.parquet"))) == 1
    ballast.unlink()
    assert store.publish(run_id, [item]).number == 2
    assert small.shown(store.layout.views_file) == 50


def test_archiving_on_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    store = small.open_store(small_disk / "data")
    export = tmp_path / "export.csv"
    export.write_bytes(b"x" * 3_000_000)
    ballast = _fill(small_disk, 1_000_000)
    with pytest.raises(StoreError) as error:
        store.archive(export)
    assert error.value.code == "store.disk-full"
    assert [path for path in store.layout.archive.rglob("*") if path.is_file()] == []
    ballast.unlink()
    assert store.archived(store.archive(export)).stat().st_size == 3_000_000


def test_merging_on_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    old = small.write_records(tmp_path / "old.parquet", 20_000)
    new = small.staged(small.write_records(tmp_path / "new.parquet", 20_000), 20_000)
    _fill(small_disk, 100_000)
    with pytest.raises(StoreError) as error:
        merge.merge(
            [new], [old], kind="full", record_type=small.standard().record_types["vehicle"], into=small_disk
        )
    assert error.value.code == "store.disk-full"


def test_opening_on_a_full_disk(small_disk: Path) -> None:
    _fill(small_disk, 8192)
    with pytest.raises(StoreError) as error:
        small.open_store(small_disk / "data")
    assert error.value.code == "store.disk-full"


@pytest.mark.parametrize(
    "where", [(layout, "sync"), (release, "sync"), (release, "record_accounts"), (views, "sync")]
)
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "store.disk-full"),
        (errno.EDQUOT, "store.disk-full"),
        (errno.EACCES, "store.no-permission"),
        (errno.EROFS, "store.read-only"),
        (errno.EIO, "store.io-error"),
    ],
)
def test_a_step_of_publishing_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[object, str], number: int, code: str
) -> None:
    store = small.open_store(tmp_path / "data")
    small.publish(store, {"aa-cars": 3})
    run_id = store.begin_run()
    item = small.publication(store, run_id, 5)

    def fail(*args: object) -> None:
        raise OSError(number, os.strerror(number), "a file")

    with monkeypatch.context() as broken:
        broken.setattr(*where, fail)
        with pytest.raises(StoreError) as error:
            store.publish(run_id, [item])
    assert error.value.code == code
    assert error.value.remedy
    assert small.shown(store.layout.views_file) == 3
    assert store.publish(run_id, [item]).number == 2


def test_views_that_cannot_be_shown_are_shown_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = small.open_store(tmp_path / "data")
    small.publish(store, {"aa-cars": 3})
    run_id = store.begin_run()
    item = small.publication(store, run_id, 5)

    def fail(beside: Path, path: Path) -> None:
        raise StoreError("store.io-error", "The disk reports an error")

    with monkeypatch.context() as broken:
        broken.setattr(release, "put_in_place", fail)
        with pytest.raises(StoreError):
            store.publish(run_id, [item])
    assert len(store.releases()) == 2  # it was committed, so it stays
    store.sweep()
    assert small.shown(store.layout.views_file) == 5


def test_a_copy_that_fails_leaves_nothing_in_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = small.open_store(tmp_path / "data")
    export = tmp_path / "export.csv"
    export.write_bytes(b"x" * 1000)

    def fail(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(StoreError) as error:
            archive.archive(store.layout, store.ledger, export)
    assert error.value.code == "store.disk-full"
    assert [path for path in store.layout.archive.rglob("*") if path.is_file()] == []


def test_views_that_fail_leave_nothing_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = small.open_store(tmp_path / "data")
    small.publish(store, {"aa-cars": 3})

    def fail(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(views, "sync", fail)
        with pytest.raises(StoreError) as error:
            store.refresh_views()
    assert error.value.code == "store.disk-full"
    assert not list(store.layout.root.glob(".current*"))
    assert small.shown(store.layout.views_file) == 3
