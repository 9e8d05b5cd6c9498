"""Small sets of records as tables of DuckDB, in the columns that the standard gives their type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.validation.scope import literal, name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from comity.standard import RecordType


def table(
    connection: duckdb.DuckDBPyConnection,
    called: str,
    kind: RecordType,
    records: Sequence[Mapping[str, Any]],
    *,
    times: int = 1,
) -> str:
    """``records``, each ``times`` over, as the table ``called``; a column that a record does not name is null.

    A text that begins with ``=`` is SQL.
    """
    columns = [column for column in kind.columns if not column.retired]
    assert not {key for record in records for key in record} - {column.name for column in columns}
    rows = " UNION ALL ".join(
        "SELECT "
        + ", ".join(f"{_sql(r.get(c.name))}::{c.duckdb_type} AS {name(c.name)}" for c in columns)
        + f" FROM range({times})"
        for r in records
    )
    connection.execute(f"CREATE OR REPLACE TABLE {name(called)} AS {rows}")
    return name(called)


def _sql(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_sql(each) for each in value)}]"
    if isinstance(value, str) and value.startswith("="):
        return f"({value[1:]})"
    return literal(value)
