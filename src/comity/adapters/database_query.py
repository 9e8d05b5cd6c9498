"""A query on its way out of a database: as batches of text, never the whole result.

Invariant: the query is run as it is written, whatever ``:``, ``%`` or ``?`` it holds, in a transaction that may only
read where the server can promise that, and a SQLite file is opened for reading alone.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from comity.adapters.database_text import postgresql_text, sqlite_text
from comity.adapters.database_url import sqlite_path
from comity.adapters.value_text import text_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from comity.adapters.database_url import DatabaseUrl

_BATCH = 10_000
_CONNECT_SECONDS = 20
_IDLE_SECONDS = 60
"""After so long the network is asked whether a silent server is still there."""
_SILENT_SECONDS = 3600
"""How long a server may be silent before it counts as gone, where the driver cannot ask."""
_ADBC = {"postgresql": "adbc_driver_postgresql.dbapi", "sqlite": "adbc_driver_sqlite.dbapi"}
_AS_TEXT = {"postgresql": postgresql_text, "sqlite": sqlite_text}
_MARIADB = ("SET time_zone = '+00:00'", "SET SESSION TRANSACTION READ ONLY")
_PREPARATION: dict[str, tuple[str, ...]] = {
    "postgresql": (
        "SET TRANSACTION READ ONLY",
        "SET LOCAL TimeZone = 'UTC'",
        "SET LOCAL DateStyle = 'ISO'",
        "SET LOCAL IntervalStyle = 'postgres'",
        "SET LOCAL extra_float_digits = 3",
    ),
    "mysql": _MARIADB,
    "mariadb": _MARIADB,
    "sqlite": ("PRAGMA busy_timeout = 20000",),
}


class _Session(Protocol):
    def run(self, statement: str) -> None: ...
    def columns(self, statement: str) -> list[tuple[str, Any]]: ...
    def stream(self, statement: str) -> tuple[list[str], Iterator[pa.RecordBatch]]: ...


@contextmanager
def connected(database: DatabaseUrl) -> Iterator[_Session]:
    """A session that is ready to read."""
    driver = adbc_driver(database.dialect)
    with _by_sqlalchemy(database) if driver is None else _by_adbc(database, driver) as session:
        for statement in _PREPARATION.get(database.dialect, ()):
            session.run(statement)
        yield session


def stream(
    session: _Session, dialect: str, query: str, check: Callable[[Sequence[str]], object]
) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    """The names of the columns, and the result in batches of text. ``check`` sees the names before any row is read."""
    query = query.strip().removesuffix(";")
    as_text = _AS_TEXT.get(dialect)
    if as_text is None:
        names, batches = session.stream(query)
        check(names)
        return names, batches
    inner = f"FROM (\n{query}\n) AS export"
    columns = session.columns(f"SELECT * {inner} LIMIT 0")
    check([name for name, _ in columns])
    query = f"SELECT {', '.join(as_text(name, kind) for name, kind in columns)} {inner}"
    if dialect != "sqlite":
        return session.stream(query)
    # SQLite's driver takes the type of a column from its first cells, which may all be null: a row of texts goes first.
    names, batches = session.stream(f"SELECT {', '.join(chr(39) * 2 for _ in columns)} UNION ALL {query}")
    return [name for name, _ in columns], _without_first_row(batches)


def _without_first_row(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield next(batches).slice(1)
    yield from batches


def adbc_driver(dialect: str) -> Any:
    """The ADBC driver for a kind of database, or None."""
    try:
        return import_module(_ADBC[dialect])
    except (KeyError, ImportError):
        return None


@contextmanager
def _by_adbc(database: DatabaseUrl, driver: Any) -> Iterator[_Session]:
    address = _sqlite_uri(database) if database.dialect == "sqlite" else _libpq(database)
    with closing(driver.connect(address)) as connection:
        yield _AdbcSession(connection)


class _AdbcSession:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def columns(self, statement: str) -> list[tuple[str, Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return [(column[0], column[1]) for column in cursor.description]

    def stream(self, statement: str) -> tuple[list[str], Iterator[pa.RecordBatch]]:
        cursor = self._connection.cursor()
        cursor.execute(statement)
        reader = cursor.fetch_record_batch()
        return list(reader.schema.names), self._batches(reader, cursor)

    def _batches(self, reader: Any, cursor: Any) -> Iterator[pa.RecordBatch]:
        with closing(cursor):
            yield from reader


@contextmanager
def _by_sqlalchemy(database: DatabaseUrl) -> Iterator[_Session]:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    url, options = database.url, _connect_options(database)
    if database.dialect == "sqlite":
        url = url.set(database=_sqlite_uri(database), query={"uri": "true"})
    engine = create_engine(url, poolclass=NullPool, connect_args=options)
    try:
        with engine.connect() as connection:
            yield _SqlAlchemySession(connection)
    finally:
        engine.dispose()


class _SqlAlchemySession:
    def __init__(self, connection: Any) -> None:
        # Without parameters a driver leaves the statement's percent signs alone.
        options = {"no_parameters": True, "stream_results": True, "max_row_buffer": _BATCH}
        self._connection = connection
        self._streaming = options

    def run(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)

    def columns(self, statement: str) -> list[tuple[str, Any]]:
        result = self._connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        with closing(result):
            return [(column[0], column[1]) for column in result.cursor.description]

    def stream(self, statement: str) -> tuple[list[str], Iterator[pa.RecordBatch]]:
        result = self._connection.exec_driver_sql(statement, execution_options=self._streaming)
        names = list(result.keys())
        return names, self._batches(names, result)

    def _batches(self, names: list[str], result: Any) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for rows in result.partitions(_BATCH):
            columns = [text_column(values) for values in zip(*rows, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, names=names)


def _sqlite_uri(database: DatabaseUrl) -> str:
    return f"{sqlite_path(database).as_uri()}?mode=ro"


def _libpq(database: DatabaseUrl) -> str:
    """The URL as PostgreSQL's own library takes it, in pairs, where no character means anything else."""
    url = database.url
    pairs = {"connect_timeout": str(_CONNECT_SECONDS), "keepalives_idle": str(_IDLE_SECONDS)}
    pairs |= {"client_encoding": "utf8"}
    pairs |= {name: ",".join(values) for name, values in url.normalized_query.items()}
    known = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database}
    pairs |= {name: str(value) for name, value in known.items() if value}
    if url.password:
        pairs["password"] = str(url.password)
    return " ".join(f"{name}={_quoted(value)}" for name, value in pairs.items())


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _connect_options(database: DatabaseUrl) -> dict[str, Any]:
    """How long to wait, in the words of the driver; what the URL says goes first."""
    options: dict[str, Any] = {}
    driver = database.url.get_driver_name()
    if driver in ("psycopg", "psycopg2", "pymysql", "mysqldb"):
        options["connect_timeout"] = _CONNECT_SECONDS
    if driver in ("psycopg", "psycopg2"):
        options |= {"client_encoding": "utf8", "keepalives_idle": _IDLE_SECONDS}
    if driver == "pymysql":
        options["read_timeout"] = _SILENT_SECONDS
    return {name: value for name, value in options.items() if name not in database.url.query}
