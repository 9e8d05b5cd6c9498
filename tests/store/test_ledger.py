"""The ledger: one schema in two databases, and a clear word for whatever is wrong with it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import comity.store.migrations
from comity.errors import StoreError
from comity.store.ledger import Ledger, _alembic_config
from comity.store.tables import REVISION, metadata

if TYPE_CHECKING:
    from collections.abc import Callable


def _open(tmp_path: Path, url: str | None = None, **options: object) -> Ledger:
    return Ledger.open(tmp_path / "ledger.sqlite", url, **options)  # type: ignore[arg-type]


def _code(error: pytest.ExceptionInfo[StoreError]) -> str:
    assert error.value.remedy
    return error.value.code


def _migrated(tmp_path: Path, url: str | None = None) -> Ledger:
    """A ledger that all migrations have made, as one that began with the first of them."""
    ledger = _open(tmp_path, url)
    with ledger.writing() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        command.upgrade(_alembic_config(connection), "head")
    return ledger


@pytest.mark.parametrize("make", [_open, _migrated])
def test_migrations_from_base_make_exactly_the_tables(
    tmp_path: Path, ledger_url: str | None, make: Callable[[Path, str | None], Ledger]
) -> None:
    with make(tmp_path, ledger_url).reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_new_ledger_is_what_the_migrations_make(tmp_path: Path, ledger_url: str | None) -> None:
    def shape(ledger: Ledger) -> dict[str, dict[str, list[str]]]:
        """Of every table its columns, keys, checks and indexes, whatever their order."""
        with ledger.reading() as connection:
            of = inspect(connection)
            whats = (
                of.get_columns, of.get_pk_constraint, of.get_foreign_keys, of.get_unique_constraints,
                of.get_check_constraints, of.get_indexes, of.get_table_options,
            )  # fmt: skip
            tables = {}
            for table in of.get_table_names():
                found = {what.__name__: what(table) for what in whats}
                tables[table] = {
                    name: sorted(map(repr, each)) if isinstance(each, list) else [repr(each)]
                    for name, each in found.items()
                }
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return {**tables, "revision": {"": [str(revision)]}}

    new = shape(_open(tmp_path, ledger_url))

    assert len(new) > 10
    assert new == shape(_migrated(tmp_path, ledger_url))


def test_the_revision_is_the_last_migration() -> None:
    folder = Path(comity.store.migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == REVISION


def test_a_ledger_taken_back_to_nothing_is_made_again(tmp_path: Path, ledger_url: str | None) -> None:
    ledger = _open(tmp_path, ledger_url)
    with ledger.writing() as connection:
        command.downgrade(_alembic_config(connection), "base")

    with _open(tmp_path, ledger_url).reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_opening_again_changes_nothing(tmp_path: Path, ledger_url: str | None) -> None:
    _open(tmp_path, ledger_url)
    with _open(tmp_path, ledger_url).reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_what_is_not_committed_never_happened(tmp_path: Path, ledger_url: str | None) -> None:
    ledger = _open(tmp_path, ledger_url)
    insert = text("INSERT INTO seen_files (path, size, mtime_ns, sha256) VALUES ('a', 1, 1, 'x')")
    with pytest.raises(RuntimeError), ledger.writing() as connection:
        connection.execute(insert)
        raise RuntimeError
    with ledger.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM seen_files")).scalar() == 0


def test_a_newer_ledger_is_left_alone(tmp_path: Path, ledger_url: str | None) -> None:
    with _open(tmp_path, ledger_url).writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for writable in (True, False):
        with pytest.raises(StoreError) as error:
            _open(tmp_path, ledger_url, writable=writable)
        assert _code(error) == "store.newer-ledger"


def test_a_reader_does_not_migrate(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "ledger.sqlite").execute("CREATE TABLE anything (x)").connection.close()
    with pytest.raises(StoreError) as error:
        _open(tmp_path, writable=False)
    assert _code(error) == "store.older-ledger"


def test_a_reader_does_not_make_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        _open(tmp_path, writable=False)
    assert _code(error) == "store.no-ledger"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write(tmp_path: Path, ledger_url: str | None) -> None:
    _open(tmp_path, ledger_url)
    with (
        pytest.raises(StoreError) as error,
        _open(tmp_path, ledger_url, writable=False).writing() as connection,
    ):
        connection.execute(text("DELETE FROM runs"))
    assert _code(error) in ("store.no-permission", "store.read-only")


def test_a_locked_ledger_says_so_after_waiting(tmp_path: Path, ledger_url: str | None) -> None:
    ledger = _open(tmp_path, ledger_url, wait_seconds=0.1)
    with ledger.writing(), pytest.raises(StoreError) as error, ledger.writing():
        pass
    assert _code(error) == "store.ledger-locked"
    with ledger.writing():
        pass  # the next one goes on


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_corrupt_ledger_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(content)
    with pytest.raises(StoreError) as error:
        _open(tmp_path)
    assert _code(error) == "store.corrupt-ledger"
    assert (tmp_path / "ledger.sqlite").read_bytes() == content


def test_an_unreachable_server_says_so_without_the_password() -> None:
    with pytest.raises(StoreError) as error:
        Ledger.open(Path("unused"), "postgresql://who:secret@/ledger?host=/nowhere", wait_seconds=2)
    assert _code(error) == "store.ledger-unreachable"
    assert "secret" not in error.value.text()


@pytest.mark.parametrize("url", ["mysql://who:secret@host/db", "not a url", "sqlite://"])
def test_only_sqlite_and_postgresql(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError) as error:
        _open(tmp_path, url)
    assert _code(error) == "store.bad-ledger-url"
    assert "secret" not in error.value.text()


def test_missing_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions do not bind root, so as root the refusal is simulated at the system call."""
    if os.geteuid() == 0:

        def refuse(path: Path, *args: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "touch", refuse)
    else:
        tmp_path.chmod(0o500)
    with pytest.raises(StoreError) as error:
        _open(tmp_path)
    assert _code(error) == "store.no-permission"


def test_an_immutable_ledger_file_says_so(tmp_path: Path) -> None:
    """The one refusal that binds root too."""
    file = tmp_path / "ledger.sqlite"
    _open(tmp_path)
    if os.geteuid() != 0 or subprocess.run(["chattr", "+i", file], capture_output=True).returncode != 0:
        pytest.skip("this file system, or this user, cannot make a file immutable")
    try:
        with pytest.raises(StoreError) as error:
            _open(tmp_path)
    finally:
        subprocess.run(["chattr", "-i", file], check=True)
    assert _code(error) == "store.no-permission"


def test_the_ledger_is_private(tmp_path: Path) -> None:
    _open(tmp_path)
    assert (tmp_path / "ledger.sqlite").stat().st_mode & 0o777 == 0o600
