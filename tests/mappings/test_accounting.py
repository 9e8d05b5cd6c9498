"""Rows = accepted + rejected + not selected, whatever they hold: blanks, bad values, repeated keys, several records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mappings.small import compile_all, fields, records_field, run_plan

if TYPE_CHECKING:
    from comity.mappings.plan import Plan

KNOWN = ("id", "state", "value", "parts", records_field("items", "name", "nr"))
IGNORED = "ignored: {items: not needed}"

MAPPINGS = {
    "simple": f"""
record: specimen
key: [id]
duplicates: keep_first
fields:
  code: {{from: state, codes: colour, unmapped: reject}}
  integer: {{from: value, integer: true, invalid: reject}}
  texts: {{from: parts, split: ";"}}
{IGNORED}
""",
    "flags": f"""
record: specimen
key: [id, value]
duplicates: number
fields:
  code: {{from: state, codes: colour}}
  integer: {{from: value, integer: true}}
  date: {{from: parts, date: "%Y"}}
{IGNORED}
""",
    "required": f"""
record: demanding
key: [id]
duplicates: keep_last
where: {{sql: "coalesce(state, '') <> 'closed'", reason: lifted}}
fields:
  code: {{from: state, codes: colour}}
  text: parts
  bigint: {{sql: "CAST(value AS BIGINT)"}}
{IGNORED}
""",
    "parts": f"""
record: specimen
each: {{split: parts, on: ";", as: part}}
key: [id, part]
duplicates: keep_first
where: {{sql: "CAST(value AS INTEGER) >= 0", reason: negative}}
fields:
  integer: {{from: part, integer: true, invalid: reject}}
  text: state
{IGNORED}
""",
    "items": """
record: specimen
each: items
key: [items.name]
duplicates: number
fields:
  text: items.name
  integer: {from: items.nr, integer: true, invalid: reject}
  texts: {list: [id, state, value, parts]}
""",
    "branches": """
record: specimen
key: [id]
duplicates: keep_first
rows:
  - where: {sql: "state = 'R'", reason: not red}
    fields: {integer: {from: value, integer: true, invalid: reject}}
  - each: {split: parts, on: ";", as: part}
    key: [part, id]
    fields: {text: part}
  - each: items
    key: [id, items.name]
    fields: {text: items.name, bigint: {from: items.nr, integer: true, invalid: reject}}
""",
}
CROSSWALKS = {"colour": "R,rot,red,exact,,,\nX,kariert,,none,,,\n"}

cells = st.sampled_from(
    [None, "", " ", "1", "2", "R", "X", "-3", "x", "closed", "a;b;a", ";", "1;2;x", "2024"]
)
items = st.none() | st.lists(
    st.none() | st.fixed_dictionaries({"name": cells, "nr": cells}) | st.just({}), max_size=4
)
tables = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["1", "2", "3", "4", None, " "]),
            "state": cells,
            "value": cells,
            "parts": cells,
            "items": items,
        }
    ),
    max_size=30,
)


@pytest.fixture(scope="module", params=MAPPINGS)
def plan(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp(request.param)
    (compiled,) = compile_all(folder, MAPPINGS[request.param], fields(*KNOWN), CROSSWALKS)
    return compiled


@settings(max_examples=12, deadline=None)
@given(rows=tables)
def test_every_row_has_one_fate(
    plan: Plan, tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    result = run_plan(tmp_path_factory.mktemp("run"), plan, rows, KNOWN)

    outcome = result.outcome
    with_record = {record["source_row"] for record in result.records}
    rejected = [reject["source_row"] for reject in result.rejects if reject["row_rejected"]]
    assert outcome.rows == len(rows) == outcome.accepted + outcome.rejected + outcome.not_selected
    assert outcome.records == len(result.records)
    assert outcome.accepted == len(with_record)
    assert outcome.rejected == len(rejected) == len(set(rejected))
    assert not with_record & set(rejected)
    # One entry a row, with a reason; no key stands twice.
    assert max(Counter(reject["source_row"] for reject in result.rejects).values(), default=1) == 1
    assert all(reject["reasons"] and reject["raw"] for reject in result.rejects)
    assert len({record["record_id"] for record in result.records}) == len(result.records)
    if plan.simple:
        assert outcome.not_selected == 0


@settings(max_examples=4, deadline=None)
@given(rows=tables)
def test_the_same_rows_become_the_same_records(
    plan: Plan, tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    once, again = (run_plan(tmp_path_factory.mktemp("run"), plan, rows, KNOWN) for _ in range(2))

    assert once.records == again.records
    assert once.rejects == again.rejects


@settings(max_examples=15, deadline=None)
@given(rows=tables)
def test_the_simple_rules_say_which_rows_are_accepted(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    """An account of the first mapping by plain Python."""
    folder = tmp_path_factory.mktemp("simple")
    (plan,) = compile_all(folder, MAPPINGS["simple"], fields(*KNOWN), CROSSWALKS)
    expected, seen = [], set()
    for number, row in enumerate(rows, 1):
        key, state, value = ((row[name] or "").strip() or None for name in ("id", "state", "value"))
        understood = state in (None, "R", "X") and (value is None or value in ("1", "2", "2024"))
        if key is None or not understood or (value == "2024") or key in seen:
            continue
        seen.add(key)
        expected.append(number)

    result = run_plan(folder, plan, rows, KNOWN)

    assert [record["source_row"] for record in result.records] == expected
