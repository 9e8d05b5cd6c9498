"""The archive keeps the exact bytes, once."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from comity.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store

LONG_AGO = 1_600_000_000


def _export(tmp_path: Path, content: bytes = b"plate;make\nAB1;X\n", name: str = "cars.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def _archived(store: Store) -> list[Path]:
    return [path for path in store.layout.archive.rglob("*") if path.is_file()]


def test_the_bytes_lie_under_their_hash(store: Store, tmp_path: Path) -> None:
    path = _export(tmp_path)
    sha256 = store.archive(path)
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert store.archived(sha256) == store.layout.archive / sha256[:2] / sha256
    assert store.archived(sha256).read_bytes() == path.read_bytes()


def test_what_is_archived_can_no_longer_be_written(store: Store, tmp_path: Path) -> None:
    sha256 = store.archive(_export(tmp_path))
    assert store.archived(sha256).stat().st_mode & 0o777 == 0o400


def test_the_same_bytes_are_kept_once(store: Store, tmp_path: Path) -> None:
    assert store.archive(_export(tmp_path)) == store.archive(_export(tmp_path, name="again.csv"))
    assert len(_archived(store)) == 1


def test_an_unchanged_file_is_not_read_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _export(tmp_path)
    sha256 = store.archive(path)
    monkeypatch.setattr("comity.store.archive._copy", lambda *_: pytest.fail("read again"))
    assert store.archive(path) == sha256


def test_a_changed_file_is_read_again(store: Store, tmp_path: Path) -> None:
    before = store.archive(_export(tmp_path, b"one"))
    path = _export(tmp_path, b"two")
    os.utime(path, (LONG_AGO + 1, LONG_AGO + 1))
    assert store.archive(path) != before


def test_a_file_lost_from_the_archive_is_read_again(store: Store, tmp_path: Path) -> None:
    path = _export(tmp_path)
    sha256 = store.archive(path)
    store.archived(sha256).unlink()
    assert store.archive(path) == sha256
    assert store.archived(sha256).exists()


def test_a_file_just_written_is_not_remembered(store: Store, tmp_path: Path) -> None:
    """Written again within the grain of the clock it would keep its time, and its size by chance."""
    path = tmp_path / "cars.csv"
    path.write_bytes(b"one")
    stat = path.stat()
    before = store.archive(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert store.archive(path) != before


def test_a_file_that_grows_meanwhile_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from comity.store import archive

    path, copy = _export(tmp_path), archive._copy

    def grow(layout: object, source: Path) -> str:
        sha256 = copy(layout, source)  # type: ignore[arg-type]
        source.write_bytes(source.read_bytes() + b"more")
        return sha256

    monkeypatch.setattr("comity.store.archive._copy", grow)
    with pytest.raises(StoreError) as error:
        store.archive(path)
    assert error.value.code == "store.file-changed"


def test_a_missing_file_says_so(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        store.archive(tmp_path / "nothing.csv")
    assert error.value.code == "store.missing-file"
    assert "nothing.csv" in error.value.text()
