"""No text of a cell makes a statement fail or loses a row, whatever step it meets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comity.mappings.text_steps import STEPS
from tests.mappings.small import BLANKS, compile_all, fields, records_field, run_plan

if TYPE_CHECKING:
    from comity.mappings.plan import Plan

KNOWN = ("id", "cell", "other", records_field("items", "name"))

# Every origin, every reading and every calendar on the same cell.
EVERYTHING = f"""
record: specimen
key: [cell, id]
duplicates: number
rows:
  - fields:
      text: {{from: cell, apply: [{", ".join(STEPS)}], pad: {{width: 9}}}}
      code: {{from: cell, codes: colour}}
      country: {{from: cell, apply: upper, codes: same}}
      relation: {{from: cell, codes: colour, take: relation}}
      integer: {{from: cell, integer: true}}
      bigint: {{from: cell, number: {{decimal: ",", thousands: "."}}}}
      decimal: {{from: cell, number: {{multiply: 2.5, round: 1}}}}
      double: {{from: cell, number: true, zero_is_missing: true}}
      boolean: {{from: cell, boolean: {{true: [ja, "1"], false: [nein, "0"]}}}}
      day: {{from: cell, date: ["%Y-%m-%d", "%d.%m.%Y", "%d %B %Y"]}}
      moment: {{from: cell, timestamp: ["%Y-%m-%d %H:%M", "%d/%m/%Y"], zone: Europe/Lisbon}}
      date: {{from: cell, date: ["%Y-%m-%d", "%Y-%m", "%Y", edtf]}}
      texts: {{from: cell, split: {{regex: "[;,/]"}}, missing: {{"-": unknown}}, extract: "^(.+?)x?$", apply: squeeze}}
      codes: {{from: cell, split: ";", codes: colour}}
      structs: {{structs: [{{name: cell, year: {{from: cell, integer: true}}, kind: {{constant: nickname}}}}]}}
      vin_status: {{from: cell, apply: upper, check: vin}}
      mrz_status: {{from: cell, check: mrz}}
      check_status: {{from: cell, check: imei}}
      record_ref: {{record: {{record: part, key: [cell, other]}}}}
      record_ids: {{record: {{record: part, each: items, key: [items.name, cell]}}}}
      bounded: {{sql: "CAST(cell AS BIGINT) + CAST(other AS BIGINT)"}}
  - key: [id, cell]
    each: {{split: cell, on: ";", as: part}}
    fields:
      text: {{hash: [part, other]}}
      date: {{from: part, calendar: japanese, date: ["%E%y年%m月%d日", "%E%y"]}}
  - key: [cell, cell]
    each: {{unpivot: {{cell: a, other: b}}, name: label, value: wide}}
    fields:
      text: {{latin: [cell, wide], language: uk}}
      date: {{from: wide, calendar: minguo, date: ["%y%m%d", "%y"]}}
  - key: [other, cell]
    where: {{sql: "regexp_matches(coalesce(cell, ''), coalesce(other, ''))", reason: no match}}
    fields:
      text: {{name_key: [cell, other]}}
      date: {{from: cell, calendar: umm_al_qura, date: ["%Y/%m/%d", "%Y"]}}
  - key: [cell, items.name, id]
    each: items
    fields:
      text: items.name
      date: {{from: items.name, calendar: ethiopic, date: ["%Y/%m/%d", "%Y"]}}
      boolean:
        case: [{{when: {{field: items.name, matches: "^[a-z]"}}, then: {{constant: true}}}}]
        else: {{sql: "cell > other"}}
  - key: [id]
    fields:
      text: {{first_of: [{{from: cell, extract: "([0-9]+)"}}, {{join: [cell, other], with: "'"}}]}}
      date: {{from: cell, calendar: solar_hijri, date: ["%Y/%m/%d", "%Y"], approximate: true}}
      texts: {{list: [cell, other]}}
"""
CROSSWALKS = {"colour": 'R,rot,red,exact,,,\n"q\'""",quoted,blue,partial,,,\nX,kariert,,none,,,\n'}
NASTY = [
    "'", '"', "''; DROP TABLE export; --", "\\", "\x00", "a\x00b", "\x1b[31m", "\r\n", "\u202eabc", "\u200f",
    "\ufeff", "𝒳😀", "\U0010ffff", "e\u0301", "{}", "{{}}", "<received_day>", "<export_id>", "%s%d%n", "$1", "?",
    "NULL", "null", "nan", "inf", "-0", "1e309", "9" * 400, "-9223372036854775809", "0x10", "epoch", "infinity",
    "0000-00-00", "1979-02-29", "令和99年", "昭和元", "|", "a|b", "\\|", ";", ";;", "R;X;zz", "q'\"", "[", "(", "(?",
    "*", "\t", "\u00a0", "\u3000", " ", "",
]  # fmt: skip
texts = st.text(max_size=20) | st.sampled_from(NASTY) | st.text("0123456789-/.:;年月日R X'\"\\", max_size=14)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    (compiled,) = compile_all(tmp_path_factory.mktemp("all"), EVERYTHING, fields(*KNOWN), CROSSWALKS)
    return compiled


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@example(cells=[(text, other) for text, other in zip(NASTY, reversed(NASTY), strict=True)])
@given(cells=st.lists(st.tuples(st.none() | texts, st.none() | texts), min_size=40, max_size=80))
def test_no_text_stops_the_work_or_loses_its_row(
    plan: Plan, tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str | None, str | None]]
) -> None:
    rows: list[dict[str, Any]] = [
        {"id": str(number), "cell": cell, "other": other, "items": [{"name": cell}, {"name": other}]}
        for number, (cell, other) in enumerate(cells)
    ]

    result = run_plan(tmp_path_factory.mktemp("run"), plan, rows, KNOWN)

    outcome = result.outcome
    assert outcome.rows == outcome.accepted + outcome.rejected + outcome.not_selected == len(rows)
    # The last branch takes every row: none is rejected or left out, and each keeps its text.
    assert outcome.accepted == len(rows)
    assert {record["source_row"] for record in result.records} == set(range(1, len(rows) + 1))
    ids = {row["id"] for row in rows}
    kept = {record["source_row"]: record["texts"] for record in result.records if record["source_key"] in ids}
    for number, (cell, other) in enumerate(cells, 1):
        assert kept[number] == [text for each in (cell, other) if (text := (each or "").strip(BLANKS))]


@pytest.mark.parametrize("text", NASTY)
def test_a_text_of_the_mapping_stays_a_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:

    quoted = json.dumps(text, ensure_ascii=True) if max(text, default="") < "\U00010000" else f"'{text}'"
    if not text.strip() or "\x00" in text or "\x1b" in text or "\ufeff" in text:
        quoted = json.dumps(text)
    folder = tmp_path_factory.mktemp("text")
    mapping = f"""
record: specimen
key: [id]
fields:
  text: {{constant: {quoted}}}
  texts: {{list: [{{constant: {quoted}}}, {{from: cell, replace: {{{quoted}: {quoted}}}}}]}}
  codes: {{from: cell, split: {quoted if text else "x"}, missing: {{{quoted}: unknown}}, codes: same}}
  boolean: {{from: cell, boolean: {{true: [{quoted}], false: [never]}}}}
  integer: {{case: [{{when: {{field: cell, is: [{quoted}]}}, then: {{constant: 7}}}}]}}
ignored: {{other: x, items: x}}
"""
    (plan,) = compile_all(folder, mapping, fields(*KNOWN))

    result = run_plan(folder, plan, [{"id": "1", "cell": text}, {"id": "2", "cell": "x"}], KNOWN)

    assert result.column("text") == [text, text]
    assert result.column("integer") == [7 if text == text.strip(BLANKS) and text else None, None]
