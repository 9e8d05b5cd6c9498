"""Every rule of a suite has one result, whatever happens; no result holds a value of a record."""

from __future__ import annotations

import dataclasses
from typing import Any

import duckdb
import pytest

from comity.errors import ValidationError
from comity.validation import CheckResult, Rule, Suite, quality_table, run, validate
from tests.validation.small import judge_one

NOT_NULL = "expect_column_values_to_not_be_null"
SATISFY = "expect_rows_to_satisfy"
SECRET = "Zebedee Quux"


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        f"CREATE TABLE t AS SELECT i AS n, '{SECRET}' AS name, NULL::INTEGER AS nothing FROM range(10) AS r(i)"
    )
    return connection


def judge(
    connection: duckdb.DuckDBPyConnection, rules: dict[str, tuple[str, dict[str, Any]]], relation: str = "t"
) -> dict[str, CheckResult]:
    suite = Suite("person", None, tuple(Rule(key, *rule) for key, rule in rules.items()))
    return {check.rule_id: check for check in validate(connection, relation, suite).checks}


def test_results_stand_in_the_order_of_the_rules_and_say_what_was_counted(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    checks = judge(
        connection,
        {
            "some": (SATISFY, {"condition": "n < 8", "mostly": 0.5}),
            "all": (NOT_NULL, {"column": "nothing"}),
            "table": ("expect_table_row_count_to_equal", {"value": 10}),
        },
    )

    assert list(checks) == ["some", "all", "table"]
    assert [(c.outcome, c.violated, c.denominator, c.percent, c.threshold) for c in checks.values()] == [
        ("pass", 2, 10, 20.0, 0.5),
        ("fail", 10, 10, 100.0, 1.0),
        ("pass", None, None, None, None),
    ]
    assert checks["table"].observed == "10"


@pytest.mark.parametrize("kind", ["match", "not_match"])
@pytest.mark.parametrize("when", [{}, {"row_condition": 'col("n") > 2'}])
def test_a_pattern_counts_rows_also_where_a_text_that_repeats_is_matched_once(
    connection: duckdb.DuckDBPyConnection, kind: str, when: dict[str, Any]
) -> None:
    connection.execute(
        "CREATE TABLE texts AS SELECT n, CASE n % 4 WHEN 0 THEN 'DE' WHEN 1 THEN 'x' END AS code FROM t"
    )
    rule = Rule(
        "it", f"expect_column_values_to_{kind}_regex", {"column": "code", "regex": "^[A-Z]{2}$", **when}
    )
    suite = Suite("person", None, (rule,))

    (row_by_row,) = validate(connection, "texts", suite).checks
    (once,) = validate(connection, "texts", suite, repeating=frozenset({"code"})).checks

    # Rows 0, 4 and 8 have DE; 1, 5 and 9 have x.
    expected = {
        ("match", 0): (3, 6),
        ("match", 1): (2, 4),
        ("not_match", 0): (3, 6),
        ("not_match", 1): (2, 4),
    }
    assert (once.violated, once.denominator) == expected[kind, len(when)]
    assert once == row_by_row


def test_a_pattern_that_is_none_is_an_error_also_where_texts_repeat(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rule = Rule("it", "expect_column_values_to_match_regex", {"column": "name", "regex": "(["})

    (check,) = validate(connection, "t", Suite("person", None, (rule,)), repeating=frozenset({"name"})).checks

    assert check.outcome == "error"


@pytest.mark.parametrize(
    "wrong",
    [
        (SATISFY, {"condition": "strptime(name, '%Y') IS NOT NULL"}),
        (SATISFY, {"condition": "name > DATE '2020-01-01'"}),
        ("expect_column_mean_to_be_between", {"column": "name", "max_value": 1}),
        ("expect_column_values_to_match_regex", {"column": "name", "regex": "(["}),
        (
            "expect_column_kl_divergence_to_be_less_than",
            {"column": "name", "partition_object": {"x": 1}, "threshold": 0.1},
        ),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE nowhere = 1"}),
    ],
)
def test_a_rule_that_cannot_be_computed_is_an_error_of_ours_and_costs_no_other_rule(
    connection: duckdb.DuckDBPyConnection, wrong: tuple[str, dict[str, Any]]
) -> None:
    checks = judge(
        connection,
        {
            "before": (NOT_NULL, {"column": "n"}),
            "wrong": wrong,
            "after": (SATISFY, {"condition": "n < 5"}),
            "unique": ("expect_column_values_to_be_unique", {"column": "n"}),
        },
    )

    assert {key: check.outcome for key, check in checks.items()} == {
        "before": "pass",
        "wrong": "error",
        "after": "fail",
        "unique": "pass",
    }
    assert checks["wrong"].violated is None and checks["wrong"].observed


def test_no_result_holds_a_value_of_a_record(connection: duckdb.DuckDBPyConnection) -> None:
    checks = judge(
        connection,
        {
            "in set": ("expect_column_values_to_be_in_set", {"column": "name", "value_set": ["a"]}),
            "common": (
                "expect_column_most_common_value_to_be_in_set",
                {"column": "name", "value_set": ["a"]},
            ),
            "distinct": (
                "expect_column_distinct_values_to_be_in_set",
                {"column": "name", "value_set": ["a"]},
            ),
            "greatest": ("expect_column_max_to_be_between", {"column": "name", "max_value": 1}),
            "query": ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch}"}),
            "conversion": (SATISFY, {"condition": "strptime(name, '%Y') IS NOT NULL"}),
            "cast": (SATISFY, {"condition": "name::INTEGER > 0"}),
        },
    )

    assert [check.outcome for check in checks.values()] == [*["fail"] * 3, "error", "fail", "error", "error"]
    told = str([dataclasses.asdict(check) for check in checks.values()])
    assert "Zebedee" not in told and "Quux" not in told


def test_a_relation_without_records_has_not_passed(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE TABLE empty AS FROM t LIMIT 0")

    checks = judge(
        connection,
        {
            "rows": (SATISFY, {"condition": "n < 5"}),
            "values": (NOT_NULL, {"column": "n"}),
            "mean": ("expect_column_mean_to_be_between", {"column": "n", "min_value": 0}),
            "columns": ("expect_column_to_exist", {"column": "n"}),
            "count": ("expect_table_row_count_to_be_between", {"min_value": 1}),
        },
        "empty",
    )

    assert {key: check.outcome for key, check in checks.items()} == {
        "rows": "not_applicable",
        "values": "not_applicable",
        "mean": "not_applicable",
        "columns": "pass",
        "count": "fail",
    }


def test_a_column_without_values_has_no_mean_and_none_that_passed(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    checks = judge(
        connection,
        {
            "mean": ("expect_column_mean_to_be_between", {"column": "nothing", "min_value": 0}),
            "set": ("expect_column_values_to_be_in_set", {"column": "nothing", "value_set": [1]}),
            "share": (
                "expect_column_proportion_of_non_null_values_to_be_between",
                {"column": "nothing", "min_value": 0.5},
            ),
        },
    )

    assert {key: check.outcome for key, check in checks.items()} == {
        "mean": "not_applicable",
        "set": "not_applicable",
        "share": "fail",
    }


def test_a_rule_that_comes_back_without_a_result_stops_the_source(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_run", lambda *_: [])

    with pytest.raises(ValidationError) as raised:
        judge(connection, {"some": (NOT_NULL, {"column": "n"})})

    assert (raised.value.code, raised.value.found) == ("validation.rules-lost", "some")


def listen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that Great Expectations sends from now on."""
    from comity.validation.dialect import Connection

    statements: list[str] = []
    inner = Connection.run

    def run(self: Connection, cursor: Any, statement: str, parameters: list[Any]) -> Any:
        statements.append(statement)
        return inner(self, cursor, statement, parameters)

    monkeypatch.setattr(Connection, "run", run)
    return statements


def test_all_counts_of_rows_are_made_in_one_statement(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = listen(monkeypatch)

    judge(
        connection,
        {
            f"{kind} {number}": rule
            for number in range(10)
            for kind, rule in {
                "null": (NOT_NULL, {"column": "n", "mostly": number / 10}),
                "rows": (SATISFY, {"condition": f"n <> {number}"}),
                "between": ("expect_column_values_to_be_between", {"column": "n", "max_value": number}),
                "when": (NOT_NULL, {"column": "name", "row_condition": f'col("n")>{number}'}),
            }.items()
        },
    )

    scans = [each for each in statements if "count(" in each]
    assert (
        len(scans) == 2
    )  # how many rows there are, which a file answers without being read; and all the rest
    assert scans[1].count("count_if(") >= 40


@pytest.mark.parametrize("inside", [True, False])
def test_a_large_set_of_values_is_a_join_and_not_a_comparison_a_value(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    statements = listen(monkeypatch)
    expectation = f"expect_column_values_to_{'' if inside else 'not_'}be_in_set"

    check = judge_one(connection, "t", expectation, column="n", value_set=list(range(4, 20_000)))

    assert (check.violated, check.denominator) == (4 if inside else 6, 10)
    (counted,) = [each for each in statements if "in_set" in each]
    assert "IN (SELECT unnest(list_value(" in counted


def test_a_table_for_the_view_quality_has_a_row_for_every_check(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    suite = Suite(
        "person", None, (Rule("r", SATISFY, {"condition": "n < 8"}, "warning", "since it must be"),)
    )

    made = quality_table("run-1", [("aa-wanted", "e1", "person", validate(connection, "t", suite))])

    assert made.to_pylist() == [
        {
            "run_id": "run-1",
            "source_id": "aa-wanted",
            "export_id": "e1",
            "record_type": "person",
            "rule_id": "r",
            "expectation_type": SATISFY,
            "column_name": None,
            "severity": "warning",
            "outcome": "fail",
            "violated": 2,
            "denominator": 10,
            "percent": 20.0,
            "observed": None,
        }
    ]
    assert quality_table("run-1", []).num_rows == 0
