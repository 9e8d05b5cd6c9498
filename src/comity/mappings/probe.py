"""Asking DuckDB, while a mapping is compiled, whether it takes what the mapping holds.

Invariant: a regular expression, a format or an expression that passes here is bound by DuckDB without an error; what
does not pass is a MappingError at compile time and not a failure at night.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from comity.errors import MappingError
from comity.mappings.text_steps import sql_name, sql_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from comity.mappings.source_field import SourceField

_TYPES = {"text": "VARCHAR", "list": "VARCHAR[]", "records": "JSON[]"}


def type_of(expression: str, fields: Iterable[SourceField]) -> str:
    """The DuckDB type of a scalar expression over the fields; MappingError with DuckDB's words if it has none."""
    columns = ", ".join(f"CAST(NULL AS {_TYPES[field.shape]}) AS {sql_name(field.name)}" for field in fields)
    found, error = _ask(f"SELECT ({expression}) FROM (SELECT {columns or 'NULL'}) LIMIT 0")
    if found is None:
        raise MappingError(
            "mapping.bad-sql",
            "DuckDB does not take the SQL expression",
            found=error,
            remedy="every field is text: compare it with text, or TRY_CAST it first",
        )
    return found


@lru_cache(maxsize=1024)
def check_pattern(pattern: str, group: int | None = None) -> None:
    """A regular expression that DuckDB (RE2) reads, with the group that is asked for."""
    found, error = _ask(
        f"SELECT regexp_matches(x, {sql_text(pattern)}) FROM (SELECT CAST('' AS VARCHAR) AS x) LIMIT 0"
    )
    if found is None:
        raise MappingError(
            "mapping.bad-pattern",
            "The regular expression cannot be read",
            found=f"{pattern}: {error}",
            remedy="keep to what RE2 knows: no look-around and no back-references",
        )
    if group is None:
        return
    try:
        groups = re.compile(pattern).groups
    except re.error:  # RE2 reads it and Python does not: the group is not checked
        return
    if group > groups:
        raise MappingError(
            "mapping.bad-pattern",
            f"The regular expression has no group {group}",
            found=pattern,
            remedy="put the part to keep in parentheses, or write 'group: 0' for the whole of what is found",
        )


@lru_cache(maxsize=1024)
def check_timestamp_format(form: str) -> None:
    """A format that DuckDB's strptime reads."""
    found, error = _ask(
        f"SELECT try_strptime(x, {sql_text(form)}) FROM (SELECT CAST('' AS VARCHAR) AS x) LIMIT 0"
    )
    if found is None or "%" not in form:
        raise MappingError(
            "mapping.bad-date-format",
            "The timestamp format cannot be read",
            found=f"{form}: {error}",
            remedy='use strptime\'s letters, for example "%Y-%m-%d %H:%M:%S"',
        )


@lru_cache(maxsize=1)
def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb

    from comity.mappings.check_digit import install_macros

    connection = duckdb.connect(
        config={"threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    install_macros(connection)
    return connection


def _ask(query: str) -> tuple[str | None, str]:
    """The type of the first column, or None with the first line of the error."""
    import duckdb

    try:
        cursor = _connection().cursor()
        return str(cursor.execute(query).description[0][1]), ""
    except duckdb.Error as error:
        return None, str(error).splitlines()[0]
