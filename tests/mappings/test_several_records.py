"""Several records from one row: lists in it, parts of a cell, wide columns, branches; and which rows are selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comity.errors import ComityError
from tests.mappings.small import compile_all, records_field, run, run_plan

if TYPE_CHECKING:
    from pathlib import Path

NESTED = (
    "id",
    records_field(
        "items", "name", "price", records_field("marks", "place"), records_field("owners", "name", "share")
    ),
)


def fates(result: Any) -> tuple[int, int, int, int]:
    outcome = result.outcome
    assert outcome.rows == outcome.accepted + outcome.rejected + outcome.not_selected
    return outcome.accepted, outcome.rejected, outcome.not_selected, outcome.records


def test_every_entry_of_a_list_becomes_a_record_with_the_rows_fields(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    each: items
    key: [id, "items#"]
    fields: {text: items.name, integer: {from: items.price, integer: true}, texts: {list: [id]}}
    ignored: {items.marks: not needed, items.owners: not needed}
    """
    rows = [
        {"id": "a", "items": [{"name": "x", "price": 7}, {"name": " ", "price": None}]},
        {"id": "b", "items": []},
        {"id": "c"},
        {"id": "d", "items": [{"name": "y", "price": "12"}]},
    ]

    result = run(tmp_path, mapping, rows, NESTED)

    assert result.column("source_key") == ["a|1", "a|2", "d|1"]
    assert result.column("text") == ["x", None, "y"]
    assert result.column("integer") == [7, None, 12]
    assert result.column("texts") == [["a"], ["a"], ["d"]]
    assert fates(result) == (2, 0, 2, 3)


def test_a_list_inside_a_list(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    each: items.owners
    key: [id, "items#", "items.owners#"]
    fields: {text: {join: [items.name, items.owners.name]}, double: {from: items.owners.share, number: true}}
    ignored: {items.price: not needed, items.marks.place: not needed}
    """
    owners = [[{"name": "p", "share": 0.5}, {"name": "q"}], None, {"name": "r", "share": "1"}]
    rows = [{"id": "a", "items": [{"name": n, "owners": o} for n, o in zip("xyz", owners, strict=True)]}]

    result = run(tmp_path, mapping, rows, NESTED)

    assert result.column("source_key") == ["a|1|1", "a|1|2", "a|3|1"]
    assert result.column("text") == ["x p", "x q", "z r"]
    assert result.column("double") == [0.5, None, 1.0]


def test_an_entry_without_a_key_of_its_own_is_rejected_and_the_row_is_not(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    each: items
    key: [items.name, "items#"]
    fields: {text: items.name}
    ignored: {id: x, items.price: x, items.marks: x, items.owners: x}
    """

    result = run(tmp_path, mapping, [{"items": [{"name": "x"}, {}, None]}, {"items": [{}]}], NESTED)

    assert fates(result) == (1, 1, 0, 1)
    assert [(row["source_row"], row["row_rejected"]) for row in result.rejects] == [(1, False), (2, True)]
    assert set(result.reasons) == {"source_key:mapping.key-missing"}


def test_the_parts_of_a_cell(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    each: {split: cell, on: ";", as: part}
    key: [id, "part#"]
    fields: {text: part, texts: {list: ["part#", cell]}}
    """

    result = run(tmp_path, mapping, [{"id": "1", "cell": "a; ;b "}, {"id": "2", "cell": " ; "}, {"id": "3"}])

    assert result.column("source_key") == ["1|1", "1|3"]
    assert result.column("text") == ["a", "b"]
    assert result.column("texts")[0] == ["1", "a; ;b"]
    assert fates(result) == (1, 0, 2, 2)


WIDE = ("id", "Enero", "Febrero", "Marzo")
UNPIVOT = """
record: specimen
each: {unpivot: {Enero: "01", Febrero: "02", Marzo: "03"}, name: month, value: count%s}
key: [id, month]
fields: {text: month, integer: {from: count, integer: true}}
"""


def test_wide_columns_become_records(tmp_path: Path) -> None:
    rows = [{"id": "a", "Enero": "5", "Febrero": "-", "Marzo": " "}, {"id": "b"}]

    result = run(tmp_path, UNPIVOT % "", rows, WIDE)

    assert result.column("source_key") == ["a|01", "a|02"]
    assert result.column("integer") == [5, None]
    assert result.flags() == [[], ["integer:unparseable"]]
    assert fates(result) == (1, 0, 1, 2)


def test_missing_cells_of_wide_columns_can_be_kept(tmp_path: Path) -> None:
    result = run(tmp_path, UNPIVOT % ", skip_missing: false", [{"id": "a", "Marzo": "1"}], WIDE)

    assert result.column("integer") == [None, None, 1]


BRANCHES = """
record: specimen
key: [id]
fields: {code: {constant: red}}
rows:
  - key: [id]
    fields: {text: cell}
  - each: {split: cell, on: ";", as: part}
    key: [id, "part#"]
    fields: {text: part, code: {constant: blue}}
  - where: {sql: "cell = 'x'", reason: only x has a third}
    key: [id, cell]
    fields: {text: {constant: third}}
"""


def test_branches_share_what_they_do_not_say_themselves(tmp_path: Path) -> None:
    rows = [{"id": "1", "cell": "a;b"}, {"id": "2", "cell": "x"}, {"id": "3"}]

    result = run(tmp_path, BRANCHES, rows)

    assert [(record["source_key"], record["text"], record["code"]) for record in result.records] == [
        ("1", "a;b", "red"),
        ("1|1", "a", "blue"),
        ("1|2", "b", "blue"),
        ("2", "x", "red"),
        ("2|1", "x", "blue"),
        ("2|x", "third", "red"),
        ("3", None, "red"),
    ]
    assert fates(result) == (3, 0, 0, 7)


def test_a_row_of_which_one_branch_fails_is_accepted_and_the_loss_is_told(tmp_path: Path) -> None:
    mapping = """
    record: specimen
    key: [id]
    rows:
      - fields: {text: id}
      - key: [cell, id]
        fields: {integer: {from: cell, integer: true, invalid: reject}}
    """

    result = run(tmp_path, mapping, [{"id": "1", "cell": "x"}, {"id": "2", "cell": "5"}, {"cell": "y"}])

    assert fates(result) == (2, 1, 0, 3)
    assert [(row["source_row"], row["row_rejected"]) for row in result.rejects] == [(1, False), (3, True)]


def test_rules_of_branches_are_kept_apart(tmp_path: Path) -> None:
    (plan,) = compile_all(tmp_path, BRANCHES, ("id", "cell"))

    assert plan.rules["code"]["rule"] == (
        'by branch, 1: {"constant": "red"}; 2: {"constant": "blue"}; 3: {"constant": "red"}'
    )
    assert plan.rules["text"]["from"] == ["cell", "part"]


@pytest.mark.parametrize(
    ("sql", "selected"),
    [
        ("cell <> 'closed'", ["1", "4"]),
        ("coalesce(cell, '') <> 'closed'", ["1", "3", "4"]),
        ("cell IS NULL OR NOT regexp_matches(cell, '^c')", ["1", "3", "4"]),
        ("CAST(id AS INTEGER) > 2", ["3", "4"]),
    ],
)
def test_rows_are_selected_and_the_others_are_counted(tmp_path: Path, sql: str, selected: list[str]) -> None:
    mapping = f'record: specimen\nkey: [id]\nwhere: {{sql: "{sql}", reason: lifted}}\nfields: {{text: cell}}'
    rows = [{"id": "1", "cell": "open"}, {"id": "2", "cell": "closed"}, {"id": "3"}, {"id": "4", "cell": "x"}]

    result = run(tmp_path, mapping, rows)

    assert result.column("source_key") == selected
    assert fates(result) == (len(selected), 0, 4 - len(selected), len(selected))


def test_a_row_on_which_the_condition_fails_is_rejected_and_not_left_out(tmp_path: Path) -> None:
    where = '{sql: "CAST(cell AS INTEGER) > 2", reason: small}'
    mapping = f"record: specimen\nkey: [id]\nwhere: {where}\nfields: {{text: cell}}"
    rows = [{"id": "1", "cell": "3"}, {"id": "2", "cell": "two"}, {"id": "3", "cell": "1"}]

    result = run(tmp_path, mapping, rows)

    assert fates(result) == (1, 1, 1, 1)
    assert result.reasons == ["source_key:mapping.condition-failed"]


def test_references_to_the_records_that_a_list_becomes(tmp_path: Path) -> None:
    mappings = {
        "part": """
        record: part
        each: items
        key: [id, "items#", items.name]
        fields: {text: items.name}
        ignored: {items.price: x, items.marks: x, items.owners: x}
        """,
        "specimen": """
        record: specimen
        key: [id]
        fields:
          record_ids: {record: {record: part, each: items, key: [id, "items#", items.name]}}
        """,
    }
    rows = [
        {"id": "a", "items": [{"name": "x|y"}, {}, {"name": "z"}]},
        {"id": "b", "items": []},
        {"id": "c"},
    ]
    part, specimen = compile_all(tmp_path, mappings, NESTED)

    made = run_plan(tmp_path, part, rows, NESTED)
    referring = run_plan(tmp_path, specimen, rows, NESTED)

    ids = {record["source_key"]: record["record_id"] for record in made.records}
    assert len(ids) == 3
    assert referring.column("record_ids") == [[ids["a|1|x\\|y"], ids["a|2|"], ids["a|3|z"]], [], None]
    assert specimen.rules["record_ids"]["from"] == ["id", "items.name", "items"]


def test_references_to_nested_lists_and_to_the_parts_of_a_cell(tmp_path: Path) -> None:
    known = (*NESTED, "cell")
    mappings = {
        "link": """
        record: part
        each: items.owners
        key: [id, "items#", "items.owners#"]
        fields: {text: {join: [items.owners.name, items.owners.share, items.name]}}
        ignored: {items.price: x, items.marks: x}
        """,
        "parts": """
        record: demanding
        each: {split: cell, on: ";", as: part}
        key: [part, id]
        fields: {text: part, code: {constant: red}}
        """,
        "specimen": """
        record: specimen
        key: [id]
        fields:
          record_ids: {record: {record: part, each: items.owners, key: [id, "items#", "items.owners#"]}}
          texts: {record: {record: demanding, each: {split: cell, on: ";", as: part}, key: [part, id]}}
        """,
    }
    owners = [[{"name": "p"}, {"name": "q"}], [], [{"name": "r"}]]
    row = {"id": "a", "cell": "m; ;n", "items": [{"name": "x", "owners": each} for each in owners]}
    link, parts, specimen = compile_all(tmp_path, mappings, known)

    ids = [run_plan(tmp_path, plan, [row], known).records for plan in (link, parts)]
    (record,) = run_plan(tmp_path, specimen, [row], known).records

    assert record["record_ids"] == [each["record_id"] for each in ids[0]] and len(ids[0]) == 3
    assert record["texts"] == [each["record_id"] for each in ids[1]] and len(ids[1]) == 2


@pytest.mark.parametrize(
    ("each", "code", "words"),
    [
        ("each: item", "mapping.unknown-field", "did you mean 'items'"),
        ("each: items.owner", "mapping.unknown-field", "did you mean 'owners'"),
        ("each: id", "mapping.not-records", "no list of records"),
        ("each: items.name", "mapping.not-records", "'name' is no list"),
        ('each: {split: idd, on: ";", as: part}', "mapping.unknown-field", "did you mean 'id'"),
        ('each: {split: items, on: ";", as: part}', "mapping.rule-does-not-fit", "a list and no text"),
        ('each: {split: id, on: ";", as: ID}', "mapping.name-taken", "already"),
        ('each: {split: id, on: "", as: part}', "config.invalid-value", "at least 1 character"),
        ("each: {unpivot: {}, name: a, value: b}", "config.invalid-value", "at least 1"),
        ("each: {unpivot: {id: x}, name: a, value: A}", "mapping.name-taken", "already"),
        ("each: {unpivot: {nr: x}, name: a, value: b}", "mapping.unknown-field", "no field 'nr'"),
        ('where: {sql: "id", reason: x}', "mapping.where-not-boolean", "VARCHAR"),
        ('where: {sql: "id > length(id)", reason: x}', "mapping.bad-sql", "TRY_CAST"),
        ("where: {sql: \"idd = '5'\", reason: x}", "mapping.unknown-field", "did you mean 'id'"),
        ('where: {sql: "id = \'5\'", reason: ""}', "config.invalid-value", "reason"),
    ],
)
def test_what_is_no_item_or_condition_is_refused_with_its_line(
    tmp_path: Path, each: str, code: str, words: str
) -> None:
    with pytest.raises(ComityError) as caught:
        compile_all(tmp_path, f"record: specimen\nkey: [id]\n{each}\nfields: {{text: id}}", NESTED)

    assert (caught.value.code, caught.value.line) == (code, 4)
    assert words in str(caught.value)
