"""The counts that Great Expectations gets in SQL on DuckDB are those that it gets row by row in pandas.

The two differ in one thing: a comparison with a value that is missing is unknown in SQL and breaks nothing, whereas
pandas takes it for wrong. Comparisons of columns are therefore asked about rows that have both.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from comity.validation import Rule, Suite, validate

if TYPE_CHECKING:
    from comity.validation import CheckResult

TABLE = """
CREATE TABLE sample AS SELECT * FROM (VALUES
    (1, 'a', 10, 10, 'Ann', 1.5),
    (2, 'a', 20, 5, 'ann', 2.5),
    (3, 'b', NULL, NULL, 'Bob', NULL),
    (4, 'b', 30, NULL, '', 4.0),
    (5, NULL, 30, 31, 'Łuk', 4.0),
    (6, NULL, NULL, 7, NULL, -1.0),
    (7, 'c', 50, 50, 'D''or%_', 100.0),
    (7, 'c', 50, 50, 'x y', 0.0)
) AS t(id, kind, one, two, name, wide)
"""
CONDITIONS = (None, 'col("kind")=="a"', 'col("one")>15', 'col("kind").notnull()')
PAIR = {"column_A": "one", "column_B": "two", "ignore_row_if": "either_value_is_missing"}
SEVERAL = {"column_list": ["one", "two"], "ignore_row_if": "any_value_is_missing"}
QUANTILES = {"quantiles": [0.25, 0.5, 0.75], "value_ranges": [[0, 1.5], [1.5, 2.5], [4, 4]]}
CATEGORIES = {"values": ["a", "b", "c"], "weights": [0.3, 0.3, 0.4]}
BINS = {"bins": [-2, 0, 2, 50], "weights": [0.3, 0.3, 0.4]}
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_not_be_null", {"column": "kind"}),
    ("expect_column_values_to_be_null", {"column": "kind"}),
    ("expect_column_values_to_be_in_set", {"column": "kind", "value_set": ["a", "b"]}),
    ("expect_column_values_to_not_be_in_set", {"column": "kind", "value_set": ["a", "z"]}),
    ("expect_column_values_to_be_between", {"column": "one", "min_value": 15, "max_value": 40}),
    ("expect_column_values_to_be_between", {"column": "one", "min_value": 30, "strict_min": True}),
    ("expect_column_values_to_be_unique", {"column": "id"}),
    ("expect_column_values_to_be_unique", {"column": "one"}),
    ("expect_column_value_lengths_to_be_between", {"column": "name", "min_value": 1, "max_value": 3}),
    ("expect_column_value_lengths_to_equal", {"column": "name", "value": 3}),
    ("expect_column_values_to_match_regex", {"column": "name", "regex": "^[A-Z]"}),
    ("expect_column_values_to_match_regex", {"column": "name", "regex": "^$"}),
    ("expect_column_values_to_not_match_regex", {"column": "name", "regex": "^a|^A"}),
    ("expect_column_values_to_match_regex_list", {"column": "name", "regex_list": ["^A", "^B"]}),
    (
        "expect_column_values_to_match_regex_list",
        {"column": "name", "regex_list": ["^A", "^An"], "match_on": "all"},
    ),
    ("expect_column_values_to_not_match_regex_list", {"column": "name", "regex_list": ["^A", "^B"]}),
    (
        "expect_column_value_z_scores_to_be_less_than",
        {"column": "wide", "threshold": 1.5, "double_sided": True},
    ),
    (
        "expect_column_value_z_scores_to_be_less_than",
        {"column": "wide", "threshold": 0.2, "double_sided": False},
    ),
    ("expect_column_pair_values_to_be_equal", PAIR),
    ("expect_column_pair_values_a_to_be_greater_than_b", PAIR),
    ("expect_column_pair_values_a_to_be_greater_than_b", {**PAIR, "or_equal": True}),
    ("expect_column_pair_values_to_be_in_set", {**PAIR, "value_pairs_set": [[10, 10], [50, 50]]}),
    ("expect_compound_columns_to_be_unique", SEVERAL),
    ("expect_compound_columns_to_be_unique", {"column_list": ["kind", "one"]}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["kind", "one"], "ignore_row_if": "never"}),
    ("expect_multicolumn_sum_to_equal", {**SEVERAL, "sum_total": 100}),
    ("expect_multicolumn_values_to_be_equal", SEVERAL),
    ("expect_select_column_values_to_be_unique_within_record", SEVERAL),
]
COLUMNS: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_max_to_be_between", {"column": "one", "max_value": 40}),
    ("expect_column_min_to_be_between", {"column": "one", "min_value": 20}),
    ("expect_column_mean_to_be_between", {"column": "one", "min_value": 30, "max_value": 32}),
    ("expect_column_median_to_be_between", {"column": "wide", "min_value": 2, "max_value": 3}),
    ("expect_column_sum_to_be_between", {"column": "one", "min_value": 0, "max_value": 100}),
    ("expect_column_stdev_to_be_between", {"column": "one", "min_value": 0, "max_value": 15.5}),
    ("expect_column_unique_value_count_to_be_between", {"column": "kind", "max_value": 2}),
    ("expect_column_proportion_of_unique_values_to_be_between", {"column": "one", "min_value": 0.7}),
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "one", "min_value": 0.7}),
    ("expect_column_most_common_value_to_be_in_set", {"column": "one", "value_set": [50]}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "kind", "value_set": ["a", "b"]}),
    ("expect_column_distinct_values_to_contain_set", {"column": "kind", "value_set": ["a", "z"]}),
    ("expect_column_distinct_values_to_equal_set", {"column": "kind", "value_set": ["a", "b", "c"]}),
    ("expect_column_quantile_values_to_be_between", {"column": "wide", "quantile_ranges": QUANTILES}),
    (
        "expect_column_kl_divergence_to_be_less_than",
        {"column": "kind", "partition_object": CATEGORIES, "threshold": 0.02},
    ),
    (
        "expect_column_kl_divergence_to_be_less_than",
        {"column": "wide", "partition_object": BINS, "threshold": 0.1, "tail_weight_holdout": 0.1},
    ),
]
RULES = {
    f"{expectation.removeprefix('expect_')}-{number}-{condition}": Rule(
        f"{number}-{condition}",
        expectation,
        {**kwargs, **({"row_condition": condition} if condition else {})},
    )
    for number, (expectation, kwargs) in enumerate(ROWS + COLUMNS)
    for condition in (CONDITIONS if expectation != "expect_column_pair_values_to_be_in_set" else (None,))
}


@pytest.fixture(scope="module")
def in_duckdb() -> dict[str, CheckResult]:
    connection = duckdb.connect()
    connection.execute(TABLE)
    suite = Suite("sample", None, tuple(RULES.values()))
    return {check.rule_id: check for check in validate(connection, "sample", suite).checks}


@pytest.fixture(scope="module")
def in_pandas() -> dict[str, Any]:
    from comity.validation.datasource import context
    from comity.validation.library import ExpectationSuite
    from comity.validation.vocabulary import build

    import_module(
        "great_expectations.datasource.fluent.pandas_datasource"
    )  # it is left out until it is asked for
    frame = duckdb.connect().execute(f"{TABLE}; SELECT * FROM sample").df()
    # As pandas has them: numbers with NaN, texts with None.
    frame = frame.astype({"one": "float64", "two": "float64", "kind": object, "name": object})
    frame = frame.where(frame.notna(), None).astype({"one": "float64", "two": "float64", "wide": "float64"})
    source = context().data_sources.add_or_update_pandas("pandas")
    batch = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("all")
    suite = ExpectationSuite("pandas", [build(rule) for rule in RULES.values()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = batch.get_batch({"dataframe": frame}).validate(suite, result_format="BASIC").results
    return {each.expectation_config.meta["rule"]: each for each in results}


@pytest.mark.parametrize("name", RULES)
def test_the_counts_are_the_same(
    in_duckdb: dict[str, CheckResult], in_pandas: dict[str, Any], name: str
) -> None:
    check, other = in_duckdb[RULES[name].id], in_pandas[RULES[name].id]

    found = other.result
    rows = found["element_count"] - found.get("missing_count", 0) if "element_count" in found else None
    if check.outcome == "not_applicable":
        assert not rows
        return
    assert check.outcome == ("pass" if other.success else "fail")
    assert (check.violated, check.denominator) == (None if rows is None else found["unexpected_count"], rows)
