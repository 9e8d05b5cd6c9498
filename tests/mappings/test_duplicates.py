"""Records of one key: which one is kept, which are rejected or numbered, and that the export alone decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.mappings.duplicates import settle_duplicates
from comity.mappings.normalise import Limits, connect, normalise
from tests.mappings.small import PROVENANCE, compile_all, deliver, fields, run

if TYPE_CHECKING:
    from pathlib import Path

SPLIT = """
record: specimen
each: {split: cell, on: ";", as: part}
key: [id]
duplicates: %s
fields:
  text: part
"""


def test_of_several_rows_the_first_is_kept_and_the_others_point_at_it(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id]\nfields: {text: cell}"

    result = run(tmp_path, mapping, [{"id": "a", "cell": "1"}, {"id": "b"}, {"id": "a", "cell": "2"}])

    assert result.column("text") == ["1", None]
    (reject,) = result.rejects
    assert (reject["source_row"], reject["kept_row"], reject["row_rejected"]) == (3, 1, True)
    assert result.reasons == ["source_key:mapping.duplicate-key"]
    assert "row 1" in reject["reasons"][0]["message"]
    assert (result.outcome.accepted, result.outcome.rejected) == (2, 1)


def test_keep_last_keeps_the_last(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id]\nduplicates: keep_last\nfields: {text: cell}"

    result = run(tmp_path, mapping, [{"id": "a", "cell": "1"}, {"id": "a", "cell": "2"}])

    assert result.column("text") == ["2"]
    assert result.rejects[0]["kept_row"] == 2


def test_numbered_records_all_stay_under_keys_of_their_own(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id]\nduplicates: number\nfields: {text: cell}"

    result = run(
        tmp_path, mapping, [{"id": "a", "cell": "1"}, {"id": "a", "cell": "2"}, {"id": "a", "cell": "3"}]
    )

    assert result.column("source_key") == ["a", "a#2", "a#3"]
    assert result.column("text") == ["1", "2", "3"]
    assert len(set(result.column("record_id"))) == 3
    assert not result.rejects


def test_of_a_part_only_what_stands_twice_is_written_anew(tmp_path: Path) -> None:
    (plan,) = compile_all(tmp_path, "record: specimen\nkey: [id]\nfields: {text: cell}", ("id", "cell"))
    rows = [{"id": key, "cell": "x"} for key in ("a", "b", "c", "b", "d")]
    with connect(Limits("512MB", 1, tmp_path / "spill")) as connection:
        delivered = deliver(connection, rows, fields("id", "cell"))
        outcome = normalise(connection, plan, delivered, PROVENANCE, "run", tmp_path / "out")
        assert outcome.records_path and outcome.repeated_path
        before = [path.stat().st_ino for path in (outcome.records_path, outcome.repeated_path)]
        once, again = settle_duplicates(connection, plan, [(delivered, outcome)], PROVENANCE, "run")
        assert once.records_path and again.records_path
        after = [path.stat().st_ino for path in (once.records_path, again.records_path)]

    assert (outcome.rows, outcome.accepted, outcome.records, outcome.repeated) == (5, 5, 5, 2)
    assert (once.rows, once.accepted, once.records) == (3, 3, 3)
    assert (again.rows, again.accepted, again.rejected, again.records) == (2, 1, 1, 1)
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)


@pytest.mark.parametrize(("rule", "kept"), [("keep_first", "z"), ("keep_last", "a")])
def test_within_a_row_the_place_of_the_item_decides(tmp_path: Path, rule: str, kept: str) -> None:
    result = run(tmp_path, SPLIT % rule, [{"id": "1", "cell": "z;m;q;b;a"}])

    assert result.column("text") == [kept]
    (reject,) = result.rejects
    assert not reject["row_rejected"]
    assert (result.outcome.accepted, result.outcome.rejected, result.outcome.records) == (1, 0, 1)


def test_items_of_a_row_are_numbered_in_their_order_however_the_file_keeps_them(tmp_path: Path) -> None:
    parts = [str(number * 7 % 1000) for number in range(1000)]

    result = run(tmp_path, SPLIT % "number", [{"id": "1", "cell": ";".join(parts)}, {"id": "2", "cell": "x"}])

    numbered = {record["source_key"]: record["text"] for record in result.records}
    assert numbered == {"1": parts[0], "2": "x"} | {f"1#{nr}": part for nr, part in enumerate(parts[1:], 2)}


def test_equal_items_of_a_row_are_numbered_too(tmp_path: Path) -> None:
    result = run(tmp_path, SPLIT % "number", [{"id": "1", "cell": "a;b;a;a"}])

    numbered = {record["source_key"]: record["text"] for record in result.records}
    assert numbered == {"1": "a", "1#2": "b", "1#3": "a", "1#4": "a"}


def test_branches_come_in_the_order_of_the_mapping(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    key: [id]
    rows:
      - fields: {text: {constant: first}, date: {from: cell, date: "%d.%m.%Y", calendar: buddhist}}
      - fields: {text: {constant: second}, date: {from: cell, date: "%d.%m.%Y", calendar: ethiopic}}
    """

    result = run(tmp_path, mapping, [{"id": "1", "cell": "1.1.2510"}])

    assert result.column("text") == ["first"]
    assert result.rejects[0]["reasons"][0]["code"] == "mapping.duplicate-key"
