"""Rules by the mapping's own SQL: the steps that follow, and that its failure on a cell stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.errors import MappingError
from tests.mappings.small import one, run

if TYPE_CHECKING:
    from pathlib import Path


def test_a_failure_on_a_cell_is_a_flag_with_the_cells_and_stops_nothing(tmp_path: Path) -> None:
    rule = '{sql: "CAST(CAST(cell AS INTEGER) * 1000000 AS VARCHAR)"}'

    found = one(tmp_path, "text", rule, "1", "x", None, "3000", "-2")

    failed = (None, ["text:unparseable"])
    assert found == [("1000000", []), failed, (None, []), failed, ("-2000000", [])]


def test_two_rules_with_the_same_part_fail_each_for_itself(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    key: [id]
    fields:
      text: {sql: "CAST(CAST(cell AS INTEGER) AS VARCHAR)"}
      integer: {sql: "CAST(cell AS INTEGER) + 1"}
      boolean: {sql: "CAST(cell AS INTEGER) > 5", invalid: reject}
    """
    rows = [{"id": "1", "cell": "7"}, {"id": "2", "cell": "x"}, {"id": "3"}]

    result = run(tmp_path, mapping, rows)

    assert [(record["text"], record["integer"], record["boolean"]) for record in result.records] == [
        ("7", 8, True),
        (None, None, None),
    ]
    (reason,) = result.rejects[0]["reasons"]
    assert (reason["column"], reason["code"], reason["found"]) == (
        "boolean",
        "mapping.value-unparseable",
        "x",
    )


def test_a_list_fills_a_list(tmp_path: Path) -> None:
    rule = '{sql: "list_transform(string_split(cell, \';\'), lambda x: upper(x))", missing: {"-": unknown}}'

    assert one(tmp_path, "texts", rule, "a; b", "-", None) == [
        (["A", "B"], []),
        ([], ["texts:unknown"]),
        (None, []),
    ]


def test_steps_follow_the_sql(tmp_path: Path) -> None:
    assert one(tmp_path, "date", '{sql: "left(cell, 10)", date: "%Y-%m-%d"}', "2024-05-16T10:00") == [
        ("2024-05-16", [])
    ]
    assert one(tmp_path, "day", '{sql: "TRY_CAST(left(cell, 10) AS DATE)"}', "2024-05-16T1")[0][1] == []
    assert one(tmp_path, "code", '{sql: "lower(cell)"}', "RED", "CRIMSON") == [
        ("red", []),
        (None, ["code:unmapped"]),
    ]
    assert one(tmp_path, "texts", '{sql: "lower(cell)", split: "/"}', "A/B") == [(["a", "b"], [])]


@pytest.mark.parametrize("sql", ["upper(cell, id)", "cell + 1", "list_sort(cell)", "cell[1]['x']"])
def test_what_duckdb_does_not_take_is_refused_when_it_is_compiled(tmp_path: Path, sql: str) -> None:
    with pytest.raises(MappingError) as caught:
        one(tmp_path, "text", f'{{sql: "{sql}"}}', "x")

    assert (caught.value.code, caught.value.line) == ("mapping.bad-sql", 5)
