"""Which records break which rule.

Invariant: only rules that failed and that single records can break are looked at, in one scan and one file of record,
rule, and the row of the export that the record was made from; no value of a record is copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.validation.run import VIEW
from comity.validation.scope import Scope, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

    from comity.validation.result import SuiteResult
    from comity.validation.suite import Suite


_KEYS = ("record_id", "export_id", "source_row")


def broken_folder(results: Path) -> Path:
    """Where a run keeps these files, beside its other results."""
    return results / "broken"


def violations(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    suite: Suite,
    result: SuiteResult,
    into: Path,
    *,
    related: Mapping[str, str] | None = None,
    code_lists: str | None = None,
) -> Path | None:
    """Write the Parquet file ``into`` and return it, or None when no single record breaks a rule."""
    from comity.validation.vocabulary import build

    failed = [check for check in result.checks if check.outcome == "fail" and check.violated]
    if not failed:
        return None
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {VIEW} AS SELECT * FROM {relation}")
    scope = Scope(VIEW, related or {}, None, code_lists)
    expectations = {check.rule_id: build(suite.rule(check.rule_id)) for check in failed}
    conditions = _conditions(connection, scope, expectations)
    if not conditions:
        return None
    # Each condition is computed once a row, in a query of its own, since one of them may be a join.
    marks = ", ".join(f"({sql}) AS b{i}" for i, sql in enumerate(conditions.values()))
    any_mark = " OR ".join(f"b{i}" for i in range(len(conditions)))
    rules = ", ".join(f"CASE WHEN b{i} THEN {text(rule)} END" for i, rule in enumerate(conditions))
    present = {row[0] for row in connection.execute(f"DESCRIBE {VIEW}").fetchall()}
    keys = ", ".join(key for key in _KEYS if key in present)
    connection.execute(
        f"COPY (SELECT {keys}, rule_id FROM (SELECT {keys}, unnest([{rules}]) AS rule_id FROM"
        f" (SELECT {keys}, {marks} FROM {VIEW}) WHERE {any_mark}) WHERE rule_id IS NOT NULL)"
        f" TO {text(str(into))} (FORMAT parquet, COMPRESSION zstd)"
    )
    into.chmod(0o600)
    return into


def _conditions(
    connection: duckdb.DuckDBPyConnection, scope: Scope, expectations: Mapping[str, Any]
) -> dict[str, str]:
    """For every rule that single records break, the SQL condition that is true for those that do."""
    from comity.validation.datasource import open_batch

    found: dict[str, str] = {}
    engine = None
    for rule_id, expectation in expectations.items():
        condition: str | None = None
        if hasattr(expectation, "broken"):
            condition = expectation.broken(scope)
        elif getattr(expectation, "map_metric", None) is not None:
            engine = engine or open_batch(connection, VIEW, scope)[1]
            condition = engine.broken_sql(expectation)
        if condition is not None:
            found[rule_id] = condition
    return found
