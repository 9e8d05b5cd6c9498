"""A condition of a suite speaks about the columns of one row and nothing else."""

from __future__ import annotations

import pytest

from comity.validation.condition import BadCondition, parse_condition, previous_columns, with_previous


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a <= b", {"a", "b"}),
        ("coalesce(a, b) IS NOT NULL OR len(c) > 0", {"a", "b", "c"}),
        ("len(list_filter(a, lambda item: item = b)) = 0", {"a", "b"}),
        ("a.field = 1", {"a"}),
        ("CASE a WHEN 'x' THEN b BETWEEN 1 AND 2 ELSE true END", {"a", "b"}),
        ("a IN ('--', ';', '/* */')", {"a"}),  # in a text they end nothing and hide nothing
    ],
)
def test_the_columns_that_a_condition_reads_are_known(text: str, columns: set[str]) -> None:
    assert parse_condition(text).columns == columns


@pytest.mark.parametrize(
    "text",
    [
        "count(*) > 1",
        "a IN (SELECT 1)",
        "EXISTS (FROM other)",
        "row_number() OVER () > 1",
        "a = 1; DROP TABLE t",
        "a = 1 -- and the rest",
        "a = 1 /* and the rest */",
        "true) OR (true",
        "a = $1",
        "a = ?",
        "read_text('x') = a",
        "getenv('HOME') = a",
        "random() > 0.5",
        "nextval('s') > a",
        "current_setting('x') = a",
        "DELETE FROM t",
        "",
        "a AS b",
        "*",
    ],
)
def test_what_looks_beyond_the_row_or_ends_the_statement_is_refused(text: str) -> None:
    with pytest.raises(BadCondition):
        parse_condition(text)


def test_what_is_asked_of_the_row_before_is_told_apart() -> None:
    condition = parse_condition("a >= previous.a AND previous.b IS NULL", previous=True)

    assert (condition.columns, condition.previous) == ({"a"}, {"a", "b"})
    assert with_previous(condition) == 'a >= "previous_a" AND "previous_b" IS NULL'
    assert previous_columns(condition, "(ORDER BY a)")[0] == 'lag("a") OVER (ORDER BY a) AS "previous_a"'


def test_a_column_called_previous_is_a_column_where_no_row_before_is_meant() -> None:
    assert parse_condition("previous.a = 1").columns == {"previous"}
