"""Where a column's value comes from: every origin of a rule."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from comity.errors import ComityError, MappingError
from tests.mappings.small import PROVENANCE, SOURCE, Envelope, one, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("column", "constant", "value"),
    [
        ("text", 'it\'s; "so"', 'it\'s; "so"'),
        ("text", "true", "true"),
        ("text", "7", "7"),
        ("code", "red", "red"),
        ("country", "NO", "NO"),
        ("integer", "7", 7),
        ("bigint", "9007199254740993", 9007199254740993),
        ("double", "0.25", 0.25),
        ("boolean", "false", False),
        ("day", "2024-05-16", "2024-05-16"),
        ("moment", '"2024-05-16T12:00:00+02:00"', "2024-05-16 10:00:00+00:00"),
        ("date", '"2024-05"', "2024-05"),
        ("texts", "[a, b]", ["a", "b"]),
        ("texts", "a", ["a"]),
        ("codes", "[red, blue]", ["red", "blue"]),
    ],
)
def test_a_constant_is_in_every_record(tmp_path: Path, column: str, constant: str, value: object) -> None:
    quoted = constant if column != "text" else "'" + constant.replace("'", "''") + "'"

    found = one(tmp_path, column, f"{{constant: {quoted}}}", "x", None)

    as_text = [str(each) if column in ("day", "moment") else each for each, _ in found]
    assert as_text == [value, value]


def test_a_constant_date_has_its_first_and_last_day(tmp_path: Path) -> None:
    mapping = (
        'record: specimen\nkey: [id]\nignored: {cell: "not needed"}\nfields: {date: {constant: "2024-02"}}'
    )

    (record,) = run(tmp_path, mapping, [{"id": "1"}]).records

    assert (str(record["date_earliest"]), str(record["date_latest"])) == ("2024-02-01", "2024-02-29")


@pytest.mark.parametrize(
    ("column", "constant", "code"),
    [
        ("code", "crimson", "mapping.unknown-standard-code"),
        ("codes", "[red, crimson]", "mapping.unknown-standard-code"),
        ("integer", "many", "mapping.rule-does-not-fit"),
        ("integer", "301", "mapping.rule-does-not-fit"),
        ("integer", "1.5", "mapping.rule-does-not-fit"),
        ("boolean", "maybe", "mapping.rule-does-not-fit"),
        ("day", "yesterday", "mapping.rule-does-not-fit"),
        ("moment", '"2024-05-16T12:00:00"', "mapping.rule-does-not-fit"),
        ("date", "soon", "mapping.rule-does-not-fit"),
        ("text", "[a, b]", "mapping.rule-does-not-fit"),
        ("structs", "a", "mapping.rule-does-not-fit"),
    ],
)
def test_a_constant_that_its_column_cannot_hold_is_refused(
    tmp_path: Path, column: str, constant: str, code: str
) -> None:
    with pytest.raises(MappingError) as caught:
        one(tmp_path, column, f"{{constant: {constant}}}", "x")

    assert (caught.value.code, caught.value.line) == (code, 5)
    assert caught.value.remedy


def test_texts_are_joined_without_the_missing_ones(tmp_path: Path) -> None:
    known = ("id", "cell", "other")
    mapping = 'record: specimen\nkey: [id]\nfields: {text: {join: [cell, other], with: ", "}}'
    rows = [{"cell": "a", "other": "b"}, {"cell": "a", "other": " "}, {"other": "b"}, {}]

    result = run(tmp_path, mapping, [{"id": str(nr)} | row for nr, row in enumerate(rows)], known)

    assert result.column("text") == ["a, b", "a", "b", None]


def test_the_first_that_has_a_value_counts(tmp_path: Path) -> None:
    rule = '{first_of: [{from: cell, date: "%Y-%m-%d"}, {from: cell, date: "%d.%m.%Y"}, {constant: "2000"}]}'

    found = one(tmp_path, "date", rule, "2024-05-16", "16.05.2024", None)

    # A text that one alternative does not understand is a flag, as the text itself may be at fault.
    assert found == [("2024-05-16", ["date:unparseable"]), ("2024-05-16", ["date:unparseable"]), ("2000", [])]


def test_an_empty_list_is_not_the_first_that_has_a_value(tmp_path: Path) -> None:
    rule = '{first_of: [{from: cell, split: ";", missing: {"-": unknown}}, {constant: [none]}]}'

    assert one(tmp_path, "texts", rule, "a;b", "-", None) == [
        (["a", "b"], []),
        (["none"], ["texts:unknown"]),
        (["none"], []),
    ]


def test_a_list_of_several_rules_leaves_out_what_is_missing(tmp_path: Path) -> None:
    rule = '{list: [cell, {from: cell, extract: "([0-9])", optional: true}, {constant: end}]}'

    assert one(tmp_path, "texts", rule, "a1", "a", None) == [
        (["a1", "1", "end"], []),
        (["a", "end"], []),
        (["end"], []),
    ]


def test_structs_stand_where_any_part_but_a_constant_has_a_value(tmp_path: Path) -> None:
    rule = (
        "{structs: [{name: cell, kind: {constant: nickname}}, {name: id, year: {from: cell, integer: true}}]}"
    )

    found = one(tmp_path, "structs", rule, "1990", None)

    assert found == [
        ([{"name": "1990", "kind": "nickname", "year": None}, {"name": "1", "kind": None, "year": 1990}], []),
        ([{"name": "2", "kind": None, "year": None}], []),
    ]
    assert one(tmp_path, "structs", rule, "x")[0][1] == ["structs:unparseable"]


CASE = """{case: [
  {when: {field: cell, is: [A, B]}, then: one},
  {when: {field: cell, matches: "^[0-9]+$"}, then: {from: cell, pad: {width: 3}}},
  {when: {field: cell, missing: true}, then: {constant: cell}}], else: {from: id}}"""


def test_the_first_case_that_holds_decides(tmp_path: Path) -> None:
    found = one(tmp_path, "text", CASE.replace("\n", " "), "A", "B", "7", None, "x")

    assert [value for value, _ in found] == ["one", "one", "007", "cell", "5"]


def test_without_else_no_case_is_no_value(tmp_path: Path) -> None:
    rule = "{case: [{when: {field: cell, is: A}, then: red}]}"

    assert one(tmp_path, "code", rule, "A", "B") == [("red", []), (None, [])]


def test_only_the_case_that_is_taken_flags(tmp_path: Path) -> None:
    year = '{from: cell, date: "%Y"}'
    rule = (
        f'{{case: [{{when: {{field: cell, matches: "^[0-9]"}}, then: {year}}}], else: {{constant: "1999"}}}}'
    )

    assert one(tmp_path, "date", rule, "2024", "20245", "x") == [
        ("2024", []),
        (None, ["date:unparseable"]),
        ("1999", []),
    ]


@pytest.mark.parametrize("place", ["then", "else"])
def test_a_bare_text_that_is_a_fields_name_is_refused(tmp_path: Path, place: str) -> None:
    then, other = ("cell", "x") if place == "then" else ("x", "cell")

    with pytest.raises(MappingError) as caught:
        one(tmp_path, "text", f"{{case: [{{when: {{field: id, is: A}}, then: {then}}}], else: {other}}}", "x")

    assert caught.value.code == "mapping.text-or-field"
    assert "{from: cell}" in (caught.value.remedy or "") and "{constant: cell}" in (caught.value.remedy or "")
    assert caught.value.line == 5


def test_a_hash_is_the_same_only_for_the_same_parts(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id]\nfields: {text: {hash: [cell, other]}}"
    rows = [("a", "b"), ("a", "b"), ("a|b", None), ("a", "|b"), ("a\\", "b"), (None, None)]

    result = run(
        tmp_path,
        mapping,
        [{"id": str(nr), "cell": cell, "other": other} for nr, (cell, other) in enumerate(rows)],
        ("id", "cell", "other"),
    )

    hashes = result.column("text")
    assert hashes[0] == hashes[1] == hashlib.sha256(b"a|b").hexdigest()
    assert len(set(hashes)) == 5
    assert hashes[5] is None


def test_a_key_has_parts_that_no_text_can_shift(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id, cell]\nfields: {text: id}"
    rows = [
        ("a", "b|c"),
        ("a|b", "c"),
        ("a\\", "b"),
        ("a", "\\b"),
        ("a|", "b"),
        ("a", "|b"),
        (None, "x"),
        (None, None),
    ]

    result = run(tmp_path, mapping, [{"id": one_part, "cell": other} for one_part, other in rows])

    assert len({record["record_id"] for record in result.records}) == 7
    assert result.reasons == ["source_key:mapping.key-missing"]


def test_the_record_id_is_made_of_owner_source_type_and_key(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id]\nfields: {record_ref: {record: {record: part, key: [cell, id]}}, text: cell}"

    (record,) = run(tmp_path, mapping, [{"id": "1", "cell": "x"}]).records

    def made(*parts: str) -> str:
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]

    assert record["record_id"] == made("NZ", SOURCE, "specimen", "1")
    assert record["record_ref"] == made("NZ", SOURCE, "part", "x", "1")


def test_a_reference_without_a_key_is_none(tmp_path: Path) -> None:
    assert one(tmp_path, "record_ref", "{record: {record: part, key: [cell]}}", None) == [(None, [])]


def test_the_envelope_comes_from_the_agreement_unless_the_row_says_otherwise(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    key: [id]
    fields:
      handling_codes: {from: cell, split: ";", codes: same}
      handling_conditions: {from: cell}
      source_grade: {case: [{when: {field: cell, missing: false}, then: A}]}
    """
    envelope = Envelope(
        "NZ", "RESTRICTED", handling_codes=("H1",), handling_conditions="ask first", source_grade="B",
        permitted_purposes=("warn",), purge_after="INTERVAL 10 YEAR",
    )  # fmt: skip

    result = run(tmp_path, mapping, [{"id": "1", "cell": "H2"}, {"id": "2"}], envelope=envelope)

    own, agreed = result.records
    assert (own["handling_codes"], own["handling_conditions"], own["source_grade"]) == (["H2"], "H2", "A")
    # A grade is the row's own or none; what restricts use falls back to the agreement.
    assert (agreed["handling_codes"], agreed["handling_conditions"]) == (["H1"], "ask first")
    assert agreed["source_grade"] is None
    fixed: dict[str, Any] = {
        "export_id": PROVENANCE.export_id, "mapping_version": PROVENANCE.mapping_version, "source_id": SOURCE,
        "owner_country": "NZ", "confidentiality": "RESTRICTED", "permitted_purposes": ["warn"], "legal_hold": False,
    }  # fmt: skip
    assert {name: own[name] for name in fixed} == fixed
    assert (str(own["review_due"]), str(own["purge_after"])) == ("2031-01-31", "2036-01-31")


@pytest.mark.parametrize(
    ("column", "rule", "words"),
    [
        ("text", "{from: cell, constant: x}", "exactly one of"),
        ("text", "{apply: [upper]}", "exactly one of"),
        ("text", "{constant: x, apply: [upper]}", "'apply' has no effect"),
        ("text", "{case: [{when: {field: cell, is: A}, then: x}], codes: sex}", "'codes' has no effect"),
        ("text", '{from: cell, with: " "}', "'with' has no effect"),
        ("text", "{from: cell, calendar: buddhist}", "'calendar' has no effect"),
        ("text", "{from: cell, else: x}", "'else' has no effect"),
        ("text", "{from: cell, unmapped: reject}", "'unmapped' has no effect"),
        ("text", "{latin: [cell], apply: [upper]}", "'apply' has no effect"),
        ("text", "{case: []}", "at least 1"),
        ("text", "{join: []}", "at least 1"),
        ("text", "{case: [{when: {field: cell}, then: x}]}", "exactly one of 'is', 'matches' and 'missing'"),
        ("boolean", "cell", "is a boolean"),
        ("day", "cell", "is a date"),
        ("date", "cell", "is a date"),
        ("moment", "cell", "is a timestamp"),
        ("code", "cell", "holds codes of the list 'colour'"),
        ("codes", '{from: cell, split: ";"}', "holds codes of the list 'colour'"),
        ("text", "{from: cell, integer: true}", "reads the text with 'integer'"),
        ("texts", '{from: cell, split: ";", date: "%Y"}', "reads the text with 'date'"),
        ("day", '{from: cell, timestamp: "%Y", zone: Europe/Oslo}', "reads the text with 'timestamp'"),
        ("integer", "{latin: [cell]}", "holds no name"),
        ("text", "{list: [cell]}", "holds one value"),
        ("text", "{structs: [{name: cell}]}", "has no parts"),
        ("structs", "{structs: [{nmae: cell}]}", "has no part 'nmae'"),
        ("integer", "{record: {record: part, key: [cell]}}", "holds no record_id"),
        ("record_ref", "{record: {record: prat, key: [cell]}}", "no record type 'prat'"),
        ("record_ids", "{record: {record: part, key: [cell]}}", "holds a list"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_with_its_line(
    tmp_path: Path, column: str, rule: str, words: str
) -> None:
    with pytest.raises(ComityError) as caught:
        one(tmp_path, column, rule, "x")

    assert words in str(caught.value)
    assert caught.value.line == 5
    assert caught.value.remedy
