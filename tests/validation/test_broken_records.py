"""Which records break which rule: a file of keys, and no value of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from comity.validation import Rule, Suite, validate, violations

if TYPE_CHECKING:
    from pathlib import Path

SATISFY = "expect_rows_to_satisfy"


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE t AS SELECT * FROM (VALUES"
        " ('r1', 'e1', 1, 'a', 5, ['x'], 'p1'), ('r2', 'e1', 2, 'a', 6, ['y'], 'p9'),"
        " ('r3', 'e2', 1, NULL, 7, [], NULL)) AS v(record_id, export_id, source_row, name, n, many, person)"
    )
    connection.execute("CREATE TABLE persons AS SELECT 'p1' AS record_id")
    connection.execute("CREATE TABLE lists AS SELECT 'letter' AS list, 'x' AS code")
    return connection


def found(
    connection: duckdb.DuckDBPyConnection, into: Path, rules: dict[str, tuple[str, dict[str, Any]]]
) -> list[tuple[Any, ...]]:
    suite = Suite("person", None, tuple(Rule(key, *rule) for key, rule in rules.items()))
    scope: dict[str, Any] = {"related": {"person": "persons"}, "code_lists": "lists"}
    result = validate(connection, "t", suite, **scope)
    written = violations(connection, "t", suite, result, into, **scope)
    return connection.execute(f"FROM '{written}' ORDER BY ALL").fetchall() if written else []


def test_every_kind_of_rule_names_the_records_that_break_it(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = found(
        connection,
        tmp_path / "broken.parquet",
        {
            "null": ("expect_column_values_to_not_be_null", {"column": "name"}),
            "twice": ("expect_column_values_to_be_unique", {"column": "name"}),
            "when": (
                "expect_column_values_to_be_between",
                {"column": "n", "max_value": 5, "row_condition": 'col("n")<7'},
            ),
            "rows": (SATISFY, {"condition": "n <> 7", "when": "name IS NULL"}),
            "item": ("expect_list_items_to_be_in_code_list", {"column": "many", "code_list": "letter"}),
            "reference": ("expect_references_to_resolve", {"column": "person", "record_type": "person"}),
            "chain": (
                "expect_consecutive_rows_to_satisfy",
                {"group_by": ["export_id"], "order_by": ["source_row"], "condition": "n < previous.n"},
            ),
            "passes": (SATISFY, {"condition": "n > 0"}),
            "whole": ("expect_table_row_count_to_equal", {"value": 4}),
        },
    )

    assert [(row[0], row[3]) for row in rows] == [
        ("r1", "twice"),
        ("r2", "chain"),
        ("r2", "item"),
        ("r2", "reference"),
        ("r2", "twice"),
        ("r2", "when"),
        ("r3", "null"),
        ("r3", "rows"),
    ]


def test_each_leads_to_its_row_of_the_export_and_holds_no_value(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = found(connection, tmp_path / "broken.parquet", {"rows": (SATISFY, {"condition": "n < 7"})})

    assert rows == [("r3", "e2", 1, "rows")]


def test_what_is_within_its_threshold_is_not_looked_for(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = found(
        connection, tmp_path / "broken.parquet", {"rows": (SATISFY, {"condition": "n < 7", "tolerated": 1})}
    )

    assert rows == [] and not list(tmp_path.iterdir())


def test_where_only_the_whole_fails_there_is_no_file(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = found(
        connection, tmp_path / "b.parquet", {"whole": ("expect_table_row_count_to_equal", {"value": 4})}
    )

    assert rows == [] and not list(tmp_path.iterdir())


def test_the_file_is_its_owners_alone(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found(connection, tmp_path / "broken.parquet", {"rows": (SATISFY, {"condition": "n < 7"})})

    assert (tmp_path / "broken.parquet").stat().st_mode & 0o777 == 0o600
