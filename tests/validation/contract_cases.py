"""One passing and one failing case for every expectation type of Great Expectations' core, counted by hand.

``COUNTED`` is, for the failing case of every type that judges rows, how many rows break it and of how many.
``REFUSED`` are the types that cannot be computed in SQL or mean nothing here.
"""

from __future__ import annotations

from typing import Any

TABLE = """
CREATE TABLE sample AS SELECT * FROM (VALUES
    (1, 'L', 10, 10, 'a1', 'A', '{"k": 1}', '2024-01-01', DATE '2024-01-01', 1.0::DOUBLE, NULL),
    (2, 'L', 20, 20, 'a2', 'A', '{"k": 2}', '2024-01-02', DATE '2024-01-02', 2.0, NULL),
    (3, 'R', 30, 30, 'a3', 'A', '{"k": 3}', '2024-01-03', DATE '2024-01-03', 3.0, NULL),
    (4, 'R', 40, 40, 'b4', 'B', '{"k": 4}', '2024-01-04', DATE '2024-01-04', 4.0, NULL),
    (5, 'R', 50, 51, 'b5', NULL, '{"k": 5}', '2024-01-05', DATE '2024-01-05', 100.0, 'x')
) AS t(n, side, tens, almost, name, kind, json, text_day, day, wide, rare)
"""

Kwargs = dict[str, Any]

# type: (kwargs that pass, kwargs that fail)
CASES: dict[str, tuple[Kwargs, Kwargs]] = {
    "expect_column_distinct_values_to_be_in_set": (
        {"column": "kind", "value_set": ["A", "B", "C"]},
        {"column": "kind", "value_set": ["A"]},
    ),
    "expect_column_distinct_values_to_contain_set": (
        {"column": "kind", "value_set": ["A"]},
        {"column": "kind", "value_set": ["A", "C"]},
    ),
    "expect_column_distinct_values_to_equal_set": (
        {"column": "kind", "value_set": ["A", "B"]},
        {"column": "kind", "value_set": ["A", "B", "C"]},
    ),
    "expect_column_kl_divergence_to_be_less_than": (
        {
            "column": "kind",
            "partition_object": {"values": ["A", "B"], "weights": [0.75, 0.25]},
            "threshold": 0.1,
        },
        {
            "column": "kind",
            "partition_object": {"values": ["A", "B"], "weights": [0.1, 0.9]},
            "threshold": 0.1,
        },
    ),
    "expect_column_max_to_be_between": (
        {"column": "n", "min_value": 5, "max_value": 5},
        {"column": "n", "min_value": 6},
    ),
    "expect_column_mean_to_be_between": (
        {"column": "n", "min_value": 3, "max_value": 3},
        {"column": "n", "max_value": 2.9},
    ),
    "expect_column_median_to_be_between": (
        {"column": "n", "min_value": 3, "max_value": 3},
        {"column": "n", "max_value": 2},
    ),
    "expect_column_min_to_be_between": (
        {"column": "n", "min_value": 1, "max_value": 1},
        {"column": "n", "min_value": 2},
    ),
    "expect_column_most_common_value_to_be_in_set": (
        {"column": "kind", "value_set": ["A"]},
        {"column": "kind", "value_set": ["B"]},
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": (
        {"column_A": "tens", "column_B": "n"},
        {"column_A": "almost", "column_B": "tens"},
    ),
    "expect_column_pair_values_to_be_equal": (
        {"column_A": "tens", "column_B": "tens"},
        {"column_A": "tens", "column_B": "almost"},
    ),
    "expect_column_pair_values_to_be_in_set": (
        {
            "column_A": "n",
            "column_B": "tens",
            "value_pairs_set": [[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]],
        },
        {"column_A": "n", "column_B": "tens", "value_pairs_set": [[1, 10]]},
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": (
        {"column": "kind", "min_value": 0.8},
        {"column": "kind", "min_value": 0.9},
    ),
    "expect_column_proportion_of_unique_values_to_be_between": (
        {"column": "n", "min_value": 1},
        {"column": "kind", "min_value": 0.9},
    ),
    "expect_column_quantile_values_to_be_between": (
        {
            "column": "n",
            "quantile_ranges": {"quantiles": [0.0, 0.5, 1.0], "value_ranges": [[1, 1], [2, 4], [5, 5]]},
        },
        {"column": "n", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[4, 5]]}},
    ),
    "expect_column_stdev_to_be_between": (
        {"column": "n", "min_value": 1.5, "max_value": 1.6},
        {"column": "n", "max_value": 1},
    ),
    "expect_column_sum_to_be_between": (
        {"column": "n", "min_value": 15, "max_value": 15},
        {"column": "n", "max_value": 14},
    ),
    "expect_column_to_exist": ({"column": "n"}, {"column": "absent"}),
    "expect_column_type_to_be": (
        {"column": "n", "type_": "INTEGER"},
        {"column": "n", "type_": "VARCHAR"},
    ),
    "expect_column_unique_value_count_to_be_between": (
        {"column": "kind", "min_value": 2, "max_value": 2},
        {"column": "kind", "min_value": 3},
    ),
    "expect_column_value_lengths_to_be_between": (
        {"column": "name", "min_value": 2, "max_value": 2},
        {"column": "name", "min_value": 3},
    ),
    "expect_column_value_lengths_to_equal": ({"column": "name", "value": 2}, {"column": "name", "value": 3}),
    "expect_column_value_z_scores_to_be_less_than": (
        {"column": "n", "threshold": 2, "double_sided": True},
        {"column": "wide", "threshold": 1.5, "double_sided": True},
    ),
    "expect_column_values_to_be_between": (
        {"column": "n", "min_value": 1, "max_value": 5},
        {"column": "n", "min_value": 2},
    ),
    "expect_column_values_to_be_in_set": (
        {"column": "kind", "value_set": ["A", "B"]},
        {"column": "kind", "value_set": ["A"]},
    ),
    "expect_column_values_to_be_in_type_list": (
        {"column": "n", "type_list": ["INTEGER", "BIGINT"]},
        {"column": "n", "type_list": ["VARCHAR"]},
    ),
    "expect_column_values_to_be_null": (
        {"column": "rare", "mostly": 0.8},
        {"column": "rare"},
    ),
    "expect_column_values_to_be_of_type": (
        {"column": "name", "type_": "VARCHAR"},
        {"column": "name", "type_": "INTEGER"},
    ),
    "expect_column_values_to_be_unique": ({"column": "n"}, {"column": "kind"}),
    "expect_column_values_to_match_like_pattern": (
        {"column": "name", "like_pattern": "__"},
        {"column": "name", "like_pattern": "a%"},
    ),
    "expect_column_values_to_match_like_pattern_list": (
        {"column": "name", "like_pattern_list": ["a%", "b%"]},
        {"column": "name", "like_pattern_list": ["a%", "c%"]},
    ),
    "expect_column_values_to_match_regex": (
        {"column": "name", "regex": "[0-9]$"},  # a part of the value is a match
        {"column": "name", "regex": "^a"},
    ),
    "expect_column_values_to_match_regex_list": (
        {"column": "name", "regex_list": ["^a", "^b"]},
        {"column": "name", "regex_list": ["^a", "^c"]},
    ),
    "expect_column_values_to_not_be_in_set": (
        {"column": "kind", "value_set": ["C"]},
        {"column": "kind", "value_set": ["A"]},
    ),
    "expect_column_values_to_not_be_null": ({"column": "n"}, {"column": "kind"}),
    "expect_column_values_to_not_be_outliers": ({"column": "n"}, {"column": "wide"}),
    "expect_column_values_to_not_match_like_pattern": (
        {"column": "name", "like_pattern": "c%"},
        {"column": "name", "like_pattern": "a%"},
    ),
    "expect_column_values_to_not_match_like_pattern_list": (
        {"column": "name", "like_pattern_list": ["c%", "d%"]},
        {"column": "name", "like_pattern_list": ["a%", "d%"]},
    ),
    "expect_column_values_to_not_match_regex": (
        {"column": "name", "regex": "^c"},
        {"column": "name", "regex": "4"},
    ),
    "expect_column_values_to_not_match_regex_list": (
        {"column": "name", "regex_list": ["^c", "^d"]},
        {"column": "name", "regex_list": ["^c", "^a"]},
    ),
    "expect_compound_columns_to_be_unique": (
        {"column_list": ["n", "kind"]},
        {"column_list": ["kind", "side"]},
    ),
    "expect_multicolumn_sum_to_equal": (
        {"column_list": ["n", "tens"], "sum_total": 11, "mostly": 0.2},
        {"column_list": ["n", "tens"], "sum_total": 11},
    ),
    "expect_multicolumn_values_to_be_equal": (
        {"column_list": ["tens", "tens"]},
        {"column_list": ["tens", "almost"]},
    ),
    "expect_select_column_values_to_be_unique_within_record": (
        {"column_list": ["n", "tens"]},
        {"column_list": ["tens", "almost"]},
    ),
    "expect_table_column_count_to_be_between": ({"min_value": 11}, {"max_value": 10}),
    "expect_table_column_count_to_equal": ({"value": 11}, {"value": 10}),
    "expect_table_columns_to_match_ordered_list": (
        {
            "column_list": [
                "n",
                "side",
                "tens",
                "almost",
                "name",
                "kind",
                "json",
                "text_day",
                "day",
                "wide",
                "rare",
            ]
        },
        {
            "column_list": [
                "side",
                "n",
                "tens",
                "almost",
                "name",
                "kind",
                "json",
                "text_day",
                "day",
                "wide",
                "rare",
            ]
        },
    ),
    "expect_table_columns_to_match_set": (
        {"column_set": ["n", "tens"], "exact_match": False},
        {"column_set": ["n", "tens"]},
    ),
    "expect_table_row_count_to_be_between": ({"min_value": 5, "max_value": 5}, {"min_value": 6}),
    "expect_table_row_count_to_equal": ({"value": 5}, {"value": 4}),
    "expect_table_row_count_to_equal_other_table": (
        {"other_table_name": "sample"},
        {"other_table_name": "empty"},
    ),
    "unexpected_rows_expectation": (
        {"unexpected_rows_query": "SELECT * FROM {batch} WHERE n > 5"},
        {"unexpected_rows_query": "SELECT * FROM {batch} WHERE n > 4"},
    ),
}

COUNTED = {
    "expect_column_pair_values_a_to_be_greater_than_b": (4, 5),
    "expect_column_pair_values_to_be_equal": (1, 5),
    "expect_column_pair_values_to_be_in_set": (4, 5),
    "expect_column_value_lengths_to_be_between": (5, 5),
    "expect_column_value_lengths_to_equal": (5, 5),
    "expect_column_value_z_scores_to_be_less_than": (1, 5),
    "expect_column_values_to_be_between": (1, 5),
    "expect_column_values_to_be_in_set": (1, 4),
    "expect_column_values_to_be_null": (1, 5),
    "expect_column_values_to_be_unique": (3, 4),
    "expect_column_values_to_match_like_pattern": (2, 5),
    "expect_column_values_to_match_like_pattern_list": (2, 5),
    "expect_column_values_to_match_regex": (2, 5),
    "expect_column_values_to_match_regex_list": (2, 5),
    "expect_column_values_to_not_be_in_set": (3, 4),
    "expect_column_values_to_not_be_null": (1, 5),
    "expect_column_values_to_not_be_outliers": (1, 5),
    "expect_column_values_to_not_match_like_pattern": (3, 5),
    "expect_column_values_to_not_match_like_pattern_list": (3, 5),
    "expect_column_values_to_not_match_regex": (1, 5),
    "expect_column_values_to_not_match_regex_list": (3, 5),
    "expect_compound_columns_to_be_unique": (2, 5),
    "expect_multicolumn_sum_to_equal": (4, 5),
    "expect_multicolumn_values_to_be_equal": (1, 5),
    "expect_select_column_values_to_be_unique_within_record": (4, 5),
}

REFUSED = {
    "expect_column_values_to_be_dateutil_parseable",
    "expect_column_values_to_be_decreasing",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_json_parseable",
    "expect_column_values_to_match_json_schema",
    "expect_column_values_to_match_strftime_format",
    "expect_query_results_to_match_comparison",
}
