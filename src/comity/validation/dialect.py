"""SQLAlchemy over one live DuckDB connection, without a driver package.

Invariant: every statement runs on the connection that was handed in, and nothing here opens, commits, rolls
back or closes it. No result is lost when another statement runs, and none is read further than it is asked
for.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa
from sqlalchemy import types
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine.interfaces import ReflectedColumn


class Cursor:
    """A DB-API cursor that reads its result only as far as it is asked to.

    A result lives on its connection until the next statement, so the connection keeps the rest of it first.
    """

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: list[tuple[Any, ...]] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Sequence[Any] | None = None) -> Cursor:
        self._kept = []
        self.description = self._connection.run(self, statement, list(parameters or ()))
        return self

    def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> Cursor:
        for row in parameters:
            self.execute(statement, row)
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        wanted = size or self.arraysize
        rows, self._kept = self._kept[:wanted], self._kept[wanted:]
        if len(rows) < wanted:
            rows += self._connection.read(self, wanted - len(rows))
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows, self._kept = self._kept, []
        return rows + self._connection.read(self, None)

    def keep(self) -> None:
        """Take over what is left of the result: the connection is about to run something else."""
        self._kept += self._connection.read(self, None)

    def close(self) -> None:
        self._kept = []
        self._connection.forget(self)


class Connection:
    """A DB-API connection whose transactions belong to the caller: begin, commit, rollback and close do
    nothing.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._open: Cursor | None = None

    def run(self, cursor: Cursor, statement: str, parameters: list[Any]) -> Sequence[Any] | None:
        if self._open is not None and self._open is not cursor:
            self._open.keep()
        self._open = None
        self._connection.execute(statement, parameters)
        description: Sequence[Any] | None = self._connection.description
        self._open = cursor if description else None
        return description

    def read(self, cursor: Cursor, rows: int | None) -> list[tuple[Any, ...]]:
        if self._open is not cursor:
            return []
        if rows is not None:
            return self._connection.fetchmany(rows)
        self._open = None
        return self._connection.fetchall()

    def forget(self, cursor: Cursor) -> None:
        if self._open is cursor:
            self._open = None

    def cursor(self) -> Cursor:
        return Cursor(self)

    def commit(self) -> None:
        """Nothing: the connection's owner commits."""

    def rollback(self) -> None:
        """Nothing: the connection's owner rolls back."""

    def close(self) -> None:
        """Nothing: the connection's owner closes."""


_TYPES: dict[str, type[types.TypeEngine[Any]]] = {
    "BIGINT": types.BIGINT,
    "BLOB": types.BLOB,
    "BOOLEAN": types.BOOLEAN,
    "DATE": types.DATE,
    "DOUBLE": types.DOUBLE,
    "FLOAT": types.FLOAT,
    "HUGEINT": types.NUMERIC,
    "INTEGER": types.INTEGER,
    "SMALLINT": types.SMALLINT,
    "TIME": types.TIME,
    "TIMESTAMP": types.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": types.TIMESTAMP,
    "TINYINT": types.SMALLINT,
    "UBIGINT": types.NUMERIC,
    "UINTEGER": types.BIGINT,
    "USMALLINT": types.INTEGER,
    "UTINYINT": types.SMALLINT,
    "UUID": types.UUID,
    "VARCHAR": types.VARCHAR,
}


class DuckDBType(types.UserDefinedType[Any]):
    """A type that SQLAlchemy has no word for, such as ``VARCHAR[]``: it keeps DuckDB's name."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name

    def __repr__(self) -> str:
        return self.name


def sqlalchemy_type(name: str) -> types.TypeEngine[Any]:
    """SQLAlchemy's type for the type that DESCRIBE names."""
    if name.startswith("DECIMAL(") and name.endswith(")"):
        precision, scale = name[len("DECIMAL(") : -1].split(",")
        return types.DECIMAL(int(precision), int(scale))
    kind = _TYPES.get(name)
    return kind() if kind is not None else DuckDBType(name)


class DuckDBDialect(PGDialect):
    """PostgreSQL's SQL as DuckDB understands it; reflection by DESCRIBE instead of PostgreSQL's catalogue."""

    name = "duckdb"
    driver = "live"
    default_paramstyle = "numeric_dollar"
    supports_statement_cache = True
    supports_server_side_cursors = False
    postgresql_use_native_hstore = False

    # What SQLAlchemy needs of a DB-API module: the style of parameters and the errors it wraps.
    dbapi_module = SimpleNamespace(paramstyle="numeric_dollar", Error=duckdb.Error)

    def initialize(self, connection: sa.Connection) -> None:
        self.server_version_info = (16,)
        self.default_schema_name = None  # unqualified names follow the connection's own search path

    def do_begin(self, dbapi_connection: Any) -> None:
        """Nothing: the connection's owner begins."""

    def do_ping(self, dbapi_connection: Any) -> bool:
        return True

    def get_columns(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[ReflectedColumn]:
        quote = self.identifier_preparer.quote_identifier
        name = ".".join(quote(part) for part in (schema, table_name) if part)
        rows = connection.exec_driver_sql(f"DESCRIBE {name}").fetchall()
        return [
            {"name": row[0], "type": sqlalchemy_type(row[1]), "nullable": row[2] == "YES", "default": row[4]}
            for row in rows
        ]

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        return {"constrained_columns": [], "name": None}

    def has_table(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> bool:
        query = sa.text("SELECT count(*) FROM duckdb_tables() WHERE table_name = :t").bindparams(t=table_name)
        views = sa.text("SELECT count(*) FROM duckdb_views() WHERE view_name = :t").bindparams(t=table_name)
        return any(connection.execute(each).scalar() for each in (query, views))


def engine_over(connection: duckdb.DuckDBPyConnection) -> sa.Engine:
    """A SQLAlchemy engine whose only connection is ``connection``."""
    dialect = DuckDBDialect(dbapi=DuckDBDialect.dbapi_module)  # type: ignore[no-untyped-call]
    pool = StaticPool(lambda: Connection(connection))  # type: ignore[arg-type]
    return sa.Engine(pool, dialect, sa.make_url("duckdb://"))
