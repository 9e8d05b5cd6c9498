"""What Great Expectations lacks: code lists, list columns, references, chains, and the last release."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.validation.small import judge_one


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE lists AS SELECT 'colour' AS list, unnest(['red', 'blue']) AS code")
    return connection


def fill(connection: duckdb.DuckDBPyConnection, rows: str, name: str = "t") -> None:
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM (VALUES {rows})")


@pytest.mark.parametrize("repeating", [False, True])
@pytest.mark.parametrize(
    ("expectation", "column", "rows", "kwargs", "counted"),
    [
        (
            "expect_column_values_to_be_in_code_list",
            "colour",
            "('red'), ('blue'), ('rot'), (''), (NULL)",
            {"code_list": "colour"},
            (2, 4),
        ),
        (
            "expect_list_items_to_be_in_code_list",
            "colours",
            "(['red', 'blue']), (['red', 'rot']), (['rot', 'gelb']), ([]), (NULL), ([NULL])",
            {"code_list": "colour"},
            (2, 4),
        ),
        (
            "expect_list_items_to_be_in_set",
            "colours",
            "(['red']), (['it''s']), (['green']), ([])",
            {"value_set": ["red", "it's"]},
            (1, 3),
        ),
        (
            "expect_list_items_to_match_regex",
            "colours",
            "(['red']), (['red', 'Red'])",
            {"regex": "^[a-z]+$"},
            (1, 2),
        ),
        (
            "expect_list_lengths_to_be_between",
            "colours",
            "([]), (['a']), (['a', 'b', 'c']), (NULL)",
            {"min_value": 1, "max_value": 2},
            (2, 3),
        ),
    ],
)
def test_values_and_items_are_counted_by_record(
    connection: duckdb.DuckDBPyConnection,
    expectation: str,
    column: str,
    rows: str,
    kwargs: dict[str, Any],
    counted: tuple[int, int],
    repeating: bool,
) -> None:
    fill(connection, f"{rows}, {rows}) AS t({column}")

    known = frozenset({column} if repeating else ())
    check = judge_one(
        connection, "t", expectation, column=column, code_lists="lists", repeating=known, **kwargs
    )

    violated, denominator = (2 * each for each in counted)  # every row stands there twice
    assert (check.outcome, check.violated, check.denominator) == ("fail", violated, denominator)


@pytest.mark.parametrize(
    ("column", "value", "expectation", "kwargs"),
    [
        ("colour", "'rot'", "expect_column_values_to_be_in_code_list", {"code_list": "colour"}),
        ("colour", "'rot'", "expect_column_values_to_match_regex", {"regex": "^[a-q]+$"}),
        (
            "colour",
            "'rot'",
            "expect_column_values_to_match_regex",
            {"regex": "^x", "row_condition": 'col("n") > 2'},
        ),
        ("colour", "NULL::VARCHAR", "expect_column_values_to_not_be_null", {}),
        ("colour", "'rot'", "expect_column_values_to_be_unique", {}),
        ("colour", "'rot'", "expect_column_values_to_be_in_set", {"value_set": ["red"]}),
        ("colours", "['red', 'rot']", "expect_list_items_to_be_in_code_list", {"code_list": "colour"}),
        ("colours", "['red']", "expect_list_lengths_to_be_between", {"min_value": 2}),
    ],
)
def test_a_value_that_stands_in_every_row_counts_for_all_of_them(
    connection: duckdb.DuckDBPyConnection,
    column: str,
    value: str,
    expectation: str,
    kwargs: dict[str, Any],
) -> None:
    connection.execute(f"CREATE TABLE t AS SELECT n, {value} AS {column} FROM range(5) AS t(n)")
    rule = {"column": column, "code_lists": "lists", **kwargs}

    row_by_row = judge_one(connection, "t", expectation, **rule)
    once = judge_one(connection, "t", expectation, constant={column: value}, **rule)

    assert once == row_by_row
    assert (once.outcome, once.violated) == ("fail", 2 if "row_condition" in kwargs else 5)


def test_a_constant_is_counted_where_a_condition_is_unknown_for_every_record(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    fill(connection, "(NULL::INTEGER), (NULL)) AS t(born")

    check = judge_one(connection, "t", "expect_rows_to_satisfy", condition="born > 1900")

    assert (check.outcome, check.observed) == ("not_applicable", "no values")


def test_lists_are_disjoint_when_no_item_stands_in_both(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, "(['a'], ['b']), (['a', 'b'], ['b']), ([], ['b']), (NULL, ['b'])) AS t(allow, deny")

    check = judge_one(connection, "t", "expect_lists_to_be_disjoint", column_A="allow", column_B="deny")

    assert (check.violated, check.denominator) == (1, 2)


def test_a_condition_that_is_unknown_breaks_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, "(1, 2), (2, 1), (NULL, 1)) AS t(a, b")

    check = judge_one(connection, "t", "expect_rows_to_satisfy", condition="a <= b")

    assert (check.violated, check.denominator) == (1, 2)


def test_when_says_which_records_a_condition_is_about(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, "('x', 1), ('x', NULL), ('y', NULL)) AS t(kind, n")

    check = judge_one(connection, "t", "expect_rows_to_satisfy", condition="n IS NOT NULL", when="kind = 'x'")

    assert (check.violated, check.denominator) == (1, 2)


@pytest.mark.parametrize(
    ("wrong", "kwargs", "outcome"),
    [
        (1, {}, "fail"),
        (10, {"mostly": 0.9}, "pass"),
        (11, {"mostly": 0.9}, "fail"),
        (11, {"mostly": 0.9, "tolerated": 11}, "pass"),
        (3, {"tolerated": 3}, "pass"),
        (4, {"tolerated": 3}, "fail"),
    ],
)
def test_a_rule_fails_beyond_the_share_and_beyond_the_number_that_may_break_it(
    connection: duckdb.DuckDBPyConnection, wrong: int, kwargs: dict[str, Any], outcome: str
) -> None:
    connection.execute(f"CREATE TABLE t AS SELECT i >= {wrong} AS good FROM range(100) AS r(i)")

    check = judge_one(connection, "t", "expect_rows_to_satisfy", condition="good", **kwargs)

    assert (check.outcome, check.violated) == (outcome, wrong)


REFERENCES = {"related": {"person": "persons", "vehicle": "vehicles"}}


@pytest.mark.parametrize(
    ("kwargs", "counted"),
    [
        ({"record_type": "person"}, (2, 3)),
        ({"record_type_column": "kind"}, (1, 3)),
        ({"record_type": "person", "when": "kind = 'person'"}, (1, 2)),
        ({"record_type": "person", "related_where": "status = 'active'"}, (3, 3)),
        ({"record_type": "vehicle", "related_column": "plate"}, (3, 3)),
    ],
)
def test_a_reference_resolves_in_the_records_of_its_type(
    connection: duckdb.DuckDBPyConnection, kwargs: dict[str, Any], counted: tuple[int, int]
) -> None:
    fill(
        connection,
        "('p1', 'person'), ('v1', 'vehicle'), ('p9', 'person'), (NULL, 'person')) AS t(refers_to, kind",
    )
    fill(connection, "('p1', 'gone'), (NULL, 'active')) AS t(record_id, status", "persons")
    fill(connection, "('v1', 'AB12', 'active')) AS t(record_id, plate, status", "vehicles")

    check = judge_one(
        connection, "t", "expect_references_to_resolve", column="refers_to", **kwargs, **REFERENCES
    )

    assert (check.violated, check.denominator) == counted


def test_a_list_of_references_breaks_when_one_of_them_leads_nowhere(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    fill(connection, "(['w1']), (['w1', 'w9']), ([])) AS t(warrants")
    fill(connection, "('w1')) AS t(record_id", "persons")

    check = judge_one(
        connection,
        "t",
        "expect_list_references_to_resolve",
        column="warrants",
        record_type="person",
        related={"person": "persons"},
    )

    assert (check.violated, check.denominator) == (1, 2)


def test_a_chain_is_judged_in_its_order_and_in_its_group(connection: duckdb.DuckDBPyConnection) -> None:
    fill(
        connection, "('a', 'x', 2), ('b', 'x', 1), ('c', 'x', 4), ('d', 'y', 1)) AS t(record_id, chain, place"
    )

    check = judge_one(
        connection,
        "t",
        "expect_consecutive_rows_to_satisfy",
        group_by=["chain"],
        order_by=["place"],
        condition="place = previous.place + 1",
    )

    assert (check.violated, check.denominator) == (1, 2)


@pytest.mark.parametrize(
    ("expectation", "kwargs", "reason"),
    [
        ("expect_column_values_to_be_in_code_list", {"column": "n", "code_list": "colour"}, "no code lists"),
        ("expect_references_to_resolve", {"column": "n", "record_type": "person"}, "type person"),
        ("expect_row_count_to_change_by_at_most", {"decrease_percent": 1}, "no earlier release"),
        ("expect_rows_to_satisfy", {"condition": "absent > 1"}, "no column absent"),
        ("expect_rows_to_satisfy", {"condition": "n = '1'", "when": "n = '2'"}, "no values"),
    ],
)
def test_what_has_nothing_to_look_at_is_not_a_pass(
    connection: duckdb.DuckDBPyConnection, expectation: str, kwargs: dict[str, Any], reason: str
) -> None:
    fill(connection, "('1')) AS t(n")

    check = judge_one(connection, "t", expectation, **kwargs)

    assert check.outcome == "not_applicable"
    assert check.observed is not None and reason in check.observed


def now_and_before(connection: duckdb.DuckDBPyConnection, now: str, before: str) -> None:
    connection.execute(f"CREATE TABLE t AS {now}")
    connection.execute(f"CREATE TABLE earlier AS {before}")


@pytest.mark.parametrize(
    ("now", "before", "outcome"),
    [
        (80, 100, "pass"),
        (79, 100, "fail"),
        (150, 100, "pass"),
        (151, 100, "fail"),
        (0, 100, "fail"),
        (1, 19, "not_applicable"),
    ],
)
def test_the_number_of_records_is_compared_with_the_last_release(
    connection: duckdb.DuckDBPyConnection, now: int, before: int, outcome: str
) -> None:
    now_and_before(connection, f"FROM range({now})", f"FROM range({before})")
    bounds = {"decrease_percent": 20, "increase_percent": 50}

    check = judge_one(connection, "t", "expect_row_count_to_change_by_at_most", previous="earlier", **bounds)

    assert check.outcome == outcome


def test_the_share_of_empty_values_is_compared_with_the_last_release(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    half = "SELECT CASE WHEN i % 2 = 0 THEN i END AS n FROM range({}) AS r(i)"
    now_and_before(connection, half.format(200), "SELECT i AS n FROM range(100) AS r(i)")

    far, near = (
        judge_one(
            connection,
            "t",
            "expect_null_share_to_change_by_at_most",
            column="n",
            points=points,
            previous="earlier",
        )
        for points in (49, 50)
    )

    assert (far.outcome, near.outcome) == ("fail", "pass")
    assert far.observed == "50.0 % without a value, 0.0 % before"


def test_codes_that_trade_places_are_told_with_the_one_that_moved_most(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    spread = (
        "SELECT CASE WHEN i < {} THEN 'red' WHEN i < 95 THEN 'blue' END AS colour FROM range(195) AS r(i)"
    )
    now_and_before(connection, spread.format(38), spread.format(19).replace("195", "200"))

    check = judge_one(
        connection,
        "t",
        "expect_code_shares_to_change_by_at_most",
        column="colour",
        points=19,
        minimum_records=50,
        previous="earlier",
    )

    assert (check.outcome, check.observed) == ("fail", "20.0 points apart; most: red")
