"""A mistake in a file of the standard becomes one error with its place, its cause and the nearest name."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from comity.errors import ComityError, StandardError
from comity.standard import load_standard

if TYPE_CHECKING:
    from pathlib import Path

BOAT = "record_types/boat.yaml"
COLOUR = "code_lists/colour.csv"


def test_a_sound_standard_loads_and_survives_pickling(small: Path) -> None:
    standard = load_standard(small)
    boat = standard.record_type("boat")
    assert [column.name for column in boat.columns] == [
        "record_id",
        "name",
        "colour",
        "length",
        "built",
        "built_earliest",
        "built_latest",
        "crew",
        "flags",
    ]
    assert boat.column("crew").duckdb_type == "STRUCT(name VARCHAR, rank VARCHAR)[]"
    assert boat.column("crew").field("rank").code_list == "rank"
    assert boat.column("colour").origin == "informed by the sea"
    assert boat.column("colour").sensitivity == "operational"
    assert pickle.loads(pickle.dumps(standard)) == standard


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "line", "hint"),
    [
        (BOAT, "type: integer", "type: intger", "standard.unknown-type", 9, "did you mean 'integer'"),
        (
            BOAT,
            "code_list: colour",
            "code_list: color",
            "standard.unknown-code-list",
            8,
            "did you mean 'colour'",
        ),
        (BOAT, "type: code, code_list: colour", "type: code", "standard.misplaced-key", 8, None),
        (BOAT, "type: text, desc", "type: text, code_list: rank, desc", "standard.misplaced-key", 7, None),
        (BOAT, "id: 103", "id: 102", "standard.duplicate-field-id", 9, "take an id"),
        (BOAT, "id: 107", "id: 106", "standard.duplicate-field-id", 11, "take an id"),
        (BOAT, "id: 10702", "id: 10701", "standard.duplicate-field-id", 13, "take an id"),
        (BOAT, "id: 101", "id: 7", "standard.bad-field-id", 7, None),
        (BOAT, "  length:", "  record_id:", "standard.duplicate-column", 9, None),
        (BOAT, "  length:", "  built_latest:", "standard.duplicate-column", 10, None),
        (BOAT, "  length:", "  Length:", "standard.bad-name", 9, None),
        (BOAT, "minimum: 1,", "minimum: 500,", "standard.bad-range", 9, None),
        (BOAT, "type: text, desc", "type: text, minimum: 1, desc", "standard.misplaced-key", 7, None),
        (BOAT, "type: text, desc", "type: text, pattern: '(', desc", "standard.bad-pattern", 7, None),
        (BOAT, "type: integer", "type: integer, pattern: x", "standard.misplaced-key", 9, None),
        (BOAT, "type: text, required", "type: list<text>, required", "standard.unknown-type", 12, None),
        (BOAT, "type: text, desc", "type: list<struct>, desc", "standard.misplaced-key", 7, None),
        (BOAT, "record: boat", "record: ship", "standard.wrong-file-name", 1, "ship.yaml"),
        (BOAT, "unit: m", "unti: m", "config.unknown-key", 9, "did you mean 'unit'"),
        (BOAT, "sensitivity: operational", "sensitivity: secret", "config.invalid-value", 5, None),
        (COLOUR, "blue,blue", "red,blue", "standard.duplicate-code", 3, None),
        (COLOUR, "list,own\nblue", "list,won\nblue", "standard.unknown-status", 2, "did you mean 'own'"),
        (COLOUR, "code,label", "label,code", "standard.bad-code-list", 1, None),
        (COLOUR, "blue,blue,own list", "blue,blue", "standard.bad-code-list", 3, None),
        (COLOUR, "blue,blue", "blue,", "standard.bad-code-list", 3, None),
        (COLOUR, "blue,blue", '"blue,blue', "standard.bad-code-list", 3, None),
        (
            "code_lists/rank.csv",
            "unverified,officer",
            "unverified,king",
            "standard.bad-code-list",
            None,
            None,
        ),
        ("code_lists/index.yaml", "rank:", "ranks:", "standard.unlisted-file", None, "index.yaml"),
        ("standard.yaml", "[boat]", "[boat, ship]", "config.missing-file", None, None),
        ("standard.yaml", "[boat]", "[]", "standard.unlisted-file", None, "standard.yaml"),
        ("standard.yaml", "1.2.3", "one", "config.invalid-value", 2, None),
    ],
)
def test_a_mistake_is_named_with_its_place(
    small: Path, file: str, old: str, new: str, code: str, line: int | None, hint: str | None
) -> None:
    path = small / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ComityError) as caught:
        load_standard(small)
    error = caught.value
    assert error.code == code
    assert error.line == line
    if hint is not None:
        assert hint in (error.remedy or "")


def test_a_code_list_that_is_gone_or_not_utf8(small: Path) -> None:
    (small / COLOUR).write_bytes("code,label,evidence,status\nrouge,très,x,own\n".encode("latin-1"))
    with pytest.raises(StandardError, match=r"standard\.bad-code-list"):
        load_standard(small)
    (small / COLOUR).unlink()
    with pytest.raises(StandardError, match=r"standard\.missing-code-list"):
        load_standard(small)


def test_what_does_not_exist_is_answered_with_the_nearest_name(small: Path) -> None:
    standard = load_standard(small)
    boat = standard.record_type("boat")
    for ask, code, hint in (
        (lambda: standard.record_type("boats"), "standard.unknown-record-type", "boat"),
        (lambda: standard.code_list("color"), "standard.unknown-code-list", "colour"),
        (lambda: standard.code_list("colour").code("bleu"), "standard.unknown-code", "blue"),
        (lambda: boat.column("nmae"), "standard.unknown-column", "name"),
        (lambda: boat.column("crew").field("rnak"), "standard.unknown-column", "rank"),
    ):
        with pytest.raises(StandardError) as caught:
            ask()
        assert caught.value.code == code
        assert f"did you mean '{hint}'" in (caught.value.remedy or "")


def test_a_retired_column_keeps_its_id_and_is_gone_from_the_columns(small: Path) -> None:
    path = small / BOAT
    text = path.read_text("utf-8")
    path.write_text(text.replace("id: 101,", "id: 101, retired: true,"), "utf-8")
    boat = load_standard(small).record_type("boat")
    assert [column.name for column in boat.retired] == ["name"]
    with pytest.raises(StandardError, match="it is retired"):
        boat.column("name")
    path.write_text(
        text.replace("id: 101,", "id: 101, retired: true,").replace("id: 102", "id: 101"), "utf-8"
    )
    with pytest.raises(StandardError, match=r"standard\.duplicate-field-id"):
        load_standard(small)
