"""Small suites written as files, and one standard for all tests of the room."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.standard import Standard, load_standard
from comity.validation import Rule, Suite, validate

if TYPE_CHECKING:
    import duckdb

    from comity.validation import CheckResult

ROOT = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def standard() -> Standard:
    return load_standard(ROOT / "standard")


def rule_text(
    expectation: str = "expect_column_values_to_not_be_null",
    kwargs: str = "{column: sex}",
    severity: str = "warning",
    rule_id: str = "the.rule",
) -> str:
    """One rule as it stands in a suite, four lines from the third on."""
    return (
        f"  - type: {expectation}\n    kwargs: {kwargs}\n    severity: {severity}\n"
        f"    meta: {{id: {rule_id}, why: because the test wants it}}\n"
    )


def write_suite(root: Path, *rules: str, record: str = "person", source: str | None = None) -> Path:
    """A suite of the record type, or of the source, in its place under ``root``."""
    path = root / "sources" / f"{source}.yaml" if source else root / f"{record}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f"source: {source}\n" if source else ""
    path.write_text(f"{head}record: {record}\nexpectations:\n{''.join(rules)}", "utf-8")
    return path


def judge_one(
    connection: duckdb.DuckDBPyConnection, relation: str, expectation: str, /, **kwargs: Any
) -> CheckResult:
    """What one rule says about a relation. ``related``, ``previous`` and ``code_lists`` are what it may look at,
    ``repeating`` and ``constant`` what is known of the columns.
    """
    keys = ("related", "previous", "code_lists", "repeating", "constant")
    scope = {key: kwargs.pop(key) for key in keys if key in kwargs}
    suite = Suite("person", None, (Rule("the.rule", expectation, kwargs),))
    (check,) = validate(connection, relation, suite, **scope).checks
    return check
