"""The ledger: the SQL database that says which files are published, and since when.

Invariant: what ``writing()`` commits is on the disk before it returns, and only one process writes at a
time; what it does not commit never happened. The schema is that of this program's revision, or the ledger
does not open.

SQLite keeps its rollback journal instead of WAL: writes are rare and small, ``synchronous=EXTRA`` makes a
commit outlive a power cut (a views file that is newer than its ledger would be a lie), the ledger stays
one file that can be copied, works on a network share, and can be read by a user who may not write beside
it.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.errors import StoreError
from comity.store.failure import storing
from comity.store.layout import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

WAIT_SECONDS = 30.0
# Any constant will do, as long as nothing else in that PostgreSQL database uses it.
_MIGRATION_KEY = 0x636F6D697479


class Ledger:
    """An open ledger. It keeps no connection between two uses, so a fork never inherits one."""

    def __init__(self, engine: Engine, place: str) -> None:
        self.engine = engine
        self.place = place

    @classmethod
    def open(
        cls, file: Path, url: str | None = None, *, writable: bool = True, wait_seconds: float = WAIT_SECONDS
    ) -> Ledger:
        """Open the ledger at ``url``, by default the SQLite ``file``; a writable one is made and migrated."""
        from sqlalchemy.engine import URL, make_url
        from sqlalchemy.exc import ArgumentError

        try:
            parsed = make_url(url) if url else URL.create("sqlite", database=str(file))
        except ArgumentError:
            raise _bad_url("it is not a URL") from None
        backend = parsed.get_backend_name()
        if backend == "sqlite" and parsed.database:
            ledger = cls(_sqlite(Path(parsed.database), writable, wait_seconds), parsed.database)
        elif backend == "postgresql":
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            place = parsed.render_as_string(hide_password=True)
            ledger = cls(_postgresql(parsed, writable, wait_seconds), place)
        else:
            raise _bad_url(f"a {backend} database")
        ledger._reach_revision(writable)
        return ledger

    @contextmanager
    def reading(self, what: str = "reading the ledger") -> Iterator[Connection]:
        """A connection that sees one state of the ledger."""
        with storing(what, self.place), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, what: str = "writing the ledger") -> Iterator[Connection]:
        """A connection that alone may write; the block is committed as a whole, or not at all."""
        with (
            storing(what, self.place),
            self.engine.connect().execution_options(comity_writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def _reach_revision(self, writable: bool) -> None:
        from comity.store.tables import REVISION

        with self.reading("opening the ledger") as connection:
            found = _revision(connection)
        if found == REVISION:
            return
        if not writable:
            self._check(found, REVISION)
        # Two processes may open a new ledger at once: look again when no one else can write.
        with self.writing("migrating the ledger") as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_KEY})")
            found = _revision(connection)
            if found is None:
                _make(connection)
            elif found != REVISION:
                self._migrate(connection, found)

    def _migrate(self, connection: Connection, found: str) -> None:
        from alembic import command
        from alembic.script import ScriptDirectory

        config = _alembic_config(connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found not in known:
            raise self._newer(found)
        command.upgrade(config, "head")

    def _check(self, found: str | None, wanted: str) -> None:
        if found is None or found < wanted:
            raise StoreError(
                "store.older-ledger",
                "The ledger has not been brought to this program's revision yet",
                file=self.place,
                found=f"revision {found or 'none'}, this program needs {wanted}",
                remedy="have the owner of the data folder run a command that writes, such as `comity run`",
            )
        raise self._newer(found)

    def _newer(self, found: str) -> StoreError:
        from comity.store.tables import REVISION

        return StoreError(
            "store.newer-ledger",
            "The ledger was written by a newer version of this program",
            file=self.place,
            found=f"revision {found}, this program knows up to {REVISION}",
            remedy="upgrade Comity on this machine; nothing was changed",
        )


def _make(connection: Connection) -> None:
    """A new ledger as all migrations would leave it, without Alembic, which takes longer to import than this does."""
    from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table

    from comity.store.tables import REVISION, metadata

    number = Column("version_num", String(32), nullable=False)
    key = PrimaryKeyConstraint("version_num", name="alembic_version_pkc")
    version = Table("alembic_version", MetaData(), number, key)
    version.create(connection, checkfirst=True)  # emptied, but there, after a downgrade to nothing
    metadata.create_all(connection, checkfirst=False)
    connection.execute(version.insert().values(version_num=REVISION))


def _alembic_config(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _bad_url(found: str) -> StoreError:
    # The URL itself may hold a password, so it is not repeated.
    return StoreError(
        "store.bad-ledger-url",
        "The ledger must be a SQLite or PostgreSQL database",
        found=found,
        remedy="set `ledger` to sqlite:////absolute/path or postgresql://user@host/database",
    )


def _sqlite(file: Path, writable: bool, wait_seconds: float) -> Engine:
    from sqlalchemy import URL, create_engine, event
    from sqlalchemy.pool import NullPool

    with storing("opening the ledger", file):
        if writable:
            # SQLite would make it by the umask; its journal copies the permissions that it finds.
            file.touch(PRIVATE)
        elif not file.exists():
            raise StoreError(
                "store.no-ledger",
                "There is no ledger here, so nothing was ever published here",
                file=file,
                remedy="check --data, or run `comity run` first",
            )
    mode = "rwc" if writable else "ro"
    engine = create_engine(
        URL.create("sqlite", database=file.resolve().as_uri(), query={"mode": mode, "uri": "true"}),
        poolclass=NullPool,
        connect_args={"timeout": wait_seconds},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        # Python's sqlite3 would begin only before a change and commit before DDL; we begin and end ourselves.
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("comity_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: Any, writable: bool, wait_seconds: float) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    try:
        engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="REPEATABLE READ" if not writable else "READ COMMITTED",
            connect_args={
                "connect_timeout": max(2, int(wait_seconds)),
                "options": f"-c lock_timeout={int(wait_seconds * 1000)} -c timezone=UTC"
                f" -c default_transaction_read_only={'off' if writable else 'on'}",
            },
        )
    except ModuleNotFoundError:
        raise StoreError(
            "store.no-driver",
            "A PostgreSQL ledger needs the driver psycopg",
            remedy='install it: pip install "comity[postgresql]"',
        ) from None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("comity_writes"):
            # One writer at a time, as in SQLite: released when the transaction ends, however it ends.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_KEY + 1})")

    return engine
