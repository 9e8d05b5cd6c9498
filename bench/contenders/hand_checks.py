"""The same forty checks as the best SQL that we can write by hand: one scan for all counts, one pass for each key."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

from comity.config.yaml_file import read_yaml

SUITE = Path(__file__).parents[1] / "forty.yaml"


def main(*files: str) -> None:
    connection = duckdb.connect(
        config={"threads": 1, "memory_limit": "1GB", "temp_directory": str(Path(files[0]).parent / "spill")}
    )
    listed = ", ".join(f"'{file}'" for file in files)
    connection.execute(f"CREATE VIEW records AS SELECT * FROM read_parquet([{listed}])")
    content, _ = read_yaml(SUITE)
    rules = [(rule["type"], rule["kwargs"]) for rule in content["expectations"]]
    counted = {number: sql for number, (kind, kwargs) in enumerate(rules) if (sql := _wrong(kind, kwargs))}
    began = time.process_time()
    row = connection.execute(f"SELECT {', '.join(counted.values())} FROM records").fetchall()[0]
    violated: list[Any] = [0] * len(rules)
    for number, value in zip(counted, row, strict=True):
        violated[number] = value
    for number, (_, kwargs) in enumerate(rules):
        if number not in counted:
            keys = ", ".join(kwargs.get("column_list") or [kwargs["column"]])
            violated[number] = connection.execute(
                "SELECT coalesce(sum(n), 0)::BIGINT FROM "
                f"(SELECT count(*) AS n FROM records GROUP BY {keys} HAVING n > 1)"
            ).fetchall()[0][0]
    cpu = time.process_time() - began
    print(json.dumps({"cpu": cpu, "checks": len(rules), "violated": violated}))


def _wrong(kind: str, kwargs: dict[str, Any]) -> str | None:
    """SQL that counts the rows that break the rule; None for a rule of uniqueness."""
    column = kwargs.get("column")
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    match kind:
        case "expect_column_values_to_not_be_null":
            return f"count(*) FILTER ({column} IS NULL)"
        case "expect_column_values_to_be_null":
            return f"count({column})"
        case "expect_column_values_to_be_in_set":
            known = ", ".join(f"'{value}'" for value in kwargs["value_set"])
            return f"count(*) FILTER ({column} NOT IN ({known}))"
        case "expect_column_values_to_match_regex":
            return f"count(*) FILTER (NOT regexp_matches({column}, '{kwargs['regex']}'))"
        case "expect_column_values_to_not_match_regex":
            return f"count(*) FILTER (regexp_matches({column}, '{kwargs['regex']}'))"
        case "expect_column_value_lengths_to_equal":
            return f"count(*) FILTER (length({column}) <> {kwargs['value']})"
        case "expect_column_value_lengths_to_be_between":
            return f"count(*) FILTER (length({column}) NOT BETWEEN {low} AND {high})"
        case "expect_column_values_to_be_between":
            return f"count(*) FILTER ({column} NOT BETWEEN {low} AND {high})"
        case "expect_column_pair_values_a_to_be_greater_than_b":
            return f"count(*) FILTER ({kwargs['column_A']} < {kwargs['column_B']})"
        case "expect_column_mean_to_be_between":
            return f"(avg({column}) NOT BETWEEN {low} AND {high})::INTEGER"
        case "expect_table_row_count_to_be_between":
            return f"(count(*) NOT BETWEEN {low} AND {high})::INTEGER"
        case "expect_column_values_to_be_unique" | "expect_compound_columns_to_be_unique":
            return None
    raise ValueError(kind)


if __name__ == "__main__":
    main(*sys.argv[1:])
