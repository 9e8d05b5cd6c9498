"""A rule's SQL, tried where there are no records yet.

Invariant: nothing is read and nothing is written: DuckDB only plans the rule over empty tables of the standard's record
types, so that a wrong name, function or type is told when a suite is loaded and not in the night.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import duckdb

from comity.validation.condition import BadCondition
from comity.validation.scope import Scope, name, text

if TYPE_CHECKING:
    from comity.standard import RecordType, Standard


def try_rule(standard: Standard, record_type: RecordType, kwargs: dict[str, Any], expectation: Any) -> None:
    """Raise BadCondition when DuckDB cannot plan what the rule asks."""
    connection = _tables(standard)
    statements: list[str] = []
    if hasattr(expectation, "metrics"):
        scope = Scope(
            name(record_type.name),
            {each: name(each) for each in standard.record_types},
            name(record_type.name),
            name(_CODE_LISTS),
        )
        for metric, arguments in expectation.metrics(scope).values():
            counted = f"SELECT count(*) FILTER (WHERE {arguments.get('where')}) FROM {scope.relation}"
            statements.append(counted if metric == "rows.count_where" else arguments["query"])
    if (query := kwargs.get("unexpected_rows_query")) is not None:
        try:
            statements.append(query.format(batch=name(record_type.name)))
        except (KeyError, IndexError, ValueError):
            raise BadCondition("a brace other than those of {batch} is written twice: {{ and }}") from None
    regexes = [
        str(each) for each in (kwargs.get("regex"), *(kwargs.get("regex_list") or ())) if each is not None
    ]
    statements += [f"SELECT regexp_matches('', {text(regex)})" for regex in regexes]
    for statement in statements:
        try:
            connection.execute(f"EXPLAIN {statement}").fetchall()
        except duckdb.Error as error:
            raise BadCondition(_first_sentence(str(error))) from None


_CODE_LISTS = "code lists"
# The standard is held with its tables: while it lives, no other object can have its identity.
_made: dict[int, tuple[Standard, duckdb.DuckDBPyConnection]] = {}


def _tables(standard: Standard) -> duckdb.DuckDBPyConnection:
    """An empty table for every record type, made once for a standard."""
    if id(standard) not in _made:
        connection = duckdb.connect()
        for record_type in standard.record_types.values():
            columns = ", ".join(
                f"{name(c.name)} {c.duckdb_type}" for c in record_type.columns if not c.retired
            )
            connection.execute(f"CREATE TABLE {name(record_type.name)} ({columns})")
        connection.execute(f"CREATE TABLE {name(_CODE_LISTS)} (list VARCHAR, code VARCHAR)")
        _made.clear()
        _made[id(standard)] = (standard, connection)
    return _made[id(standard)][1]


def _first_sentence(message: str) -> str:
    plain = " ".join(message.split("\n\n")[0].split("LINE 1:")[0].split())
    return re.sub(r"^\w[\w ]* Error: ", "", plain)[:200]
