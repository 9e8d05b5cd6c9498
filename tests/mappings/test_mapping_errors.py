"""A mistake in a mapping file: file, line, column, what was found, what is known, and the nearest name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.errors import ComityError
from tests.mappings.small import SOURCE, compile_all, records_field

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = (
    "id",
    "plate number",
    "colour",
    "Cve. Municipio",
    records_field("items", "name", records_field("marks", "place")),
)
ALL = "ignored: {colour: x, Cve. Municipio: x, items: x}"

# Name → mapping without its `source:` line, code, line and column, words of the error.
MISTAKES: dict[str, tuple[str, str, tuple[int | None, int | None], tuple[str, ...]]] = {
    "no YAML": (
        "record: specimen\nkey: [id\nfields: {text: id}",
        "config.bad-yaml",
        (4, 7),
        ("indentation",),
    ),
    "a tab": ("record: specimen\nfields:\n\ttext: id", "config.bad-yaml", (4, 1), ()),
    "the same key twice": (
        "record: specimen\nkey: [id]\nkey: [id]",
        "config.duplicate-key",
        (4, 1),
        ("'key'",),
    ),
    "the same column twice": (
        "record: specimen\nkey: [id]\nfields:\n  text: id\n  text: colour",
        "config.duplicate-key",
        (6, 3),
        ("'text'",),
    ),
    "an unknown key": (
        "record: specimen\nkey: [id]\nfeilds:\n  text: id",
        "config.unknown-key",
        (4, 1),
        ("did you mean 'fields'",),
    ),
    "an unknown key of a rule": (
        "record: specimen\nkey: [id]\nfields:\n  text: {form: id}",
        "config.unknown-key",
        (5, 10),
        ("did you mean 'from'",),
    ),
    "an unknown key of a case": (
        "record: specimen\nkey: [id]\nfields:\n  text:\n    case:\n      - {when: {field: id, iss: a}, then: b}",
        "config.unknown-key",
        (7, 28),
        ("did you mean 'is'",),
    ),
    "an unknown key of a number": (
        'record: specimen\nkey: [id]\nfields:\n  double: {from: id, number: {decimals: ","}}',
        "config.unknown-key",
        (5, 31),
        ("did you mean 'decimal'",),
    ),
    "an unknown key of a branch": (
        "record: specimen\nkey: [id]\nrows:\n  - {field: {text: id}}",
        "config.unknown-key",
        (5, 6),
        ("did you mean 'fields'",),
    ),
    "no record type": ("key: [id]\nfields: {text: id}", "config.missing-key", (1, 1), ("'record'",)),
    "no key": ("record: specimen\nfields: {text: id}", "config.missing-key", (1, 1), ("'key'",)),
    "an empty key": (
        "record: specimen\nkey: []\nfields: {text: id}",
        "config.invalid-value",
        (3, 1),
        ("at least 1",),
    ),
    "nothing filled": ("record: specimen\nkey: [id]", "config.invalid-value", (1, 1), ("fills columns",)),
    "an unknown policy": (
        "record: specimen\nkey: [id]\nduplicates: first\nfields: {text: id}",
        "config.invalid-value",
        (4, 1),
        ("keep_first",),
    ),
    "an unknown calendar": (
        "record: specimen\nkey: [id]\nfields:\n  date: {from: id, date: '%Y', calendar: budist}",
        "config.invalid-value",
        (5, 32),
        ("'buddhist'",),
    ),
    "an unknown record type": (
        f"record: speciman\nkey: [id]\nfields: {{text: id}}\n{ALL}",
        "mapping.unknown-record-type",
        (2, 1),
        ("did you mean 'specimen'",),
    ),
    "an unknown column": (
        "record: specimen\nkey: [id]\nfields:\n  txt: id",
        "mapping.unknown-column",
        (5, 3),
        ("did you mean 'text'",),
    ),
    "a column of the engine": (
        "record: specimen\nkey: [id]\nfields:\n  export_id: id",
        "mapping.unknown-column",
        (5, 3),
        ("that a mapping fills",),
    ),
    "a part of a partial date": (
        "record: specimen\nkey: [id]\nfields:\n  date_earliest: id",
        "mapping.unknown-column",
        (5, 3),
        ("fill 'date'",),
    ),
    "an unknown field": (
        "record: specimen\nkey: [id]\nfields:\n  text: plate nummber",
        "mapping.unknown-field",
        (5, 3),
        ("did you mean 'plate number'",),
    ),
    "an unknown field in the key": (
        "record: specimen\nkey: [idd]\nfields: {text: id}",
        "mapping.unknown-field",
        (3, 1),
        ("did you mean 'id'",),
    ),
    "an unknown field in a list of rules": (
        "record: specimen\nkey: [id]\nfields:\n  texts: {list: [id, {join: [id, color]}]}",
        "mapping.unknown-field",
        (5, 3),
        ("did you mean 'colour'",),
    ),
    "an unknown field in SQL": (
        "record: specimen\nkey: [id]\nfields:\n  text: {sql: 'upper(color)'}",
        "mapping.unknown-field",
        (5, 3),
        ("did you mean 'colour'",),
    ),
    "a field of an item without each": (
        "record: specimen\nkey: [id]\nfields:\n  text: items.name",
        "mapping.unknown-field",
        (5, 3),
        ("'items.name'",),
    ),
    "a list of records as text": (
        "record: specimen\nkey: [id]\nfields:\n  text: items",
        "mapping.rule-does-not-fit",
        (5, 3),
        ("'each:'",),
    ),
    "an unknown field that is ignored": (
        "record: specimen\nkey: [id]\nfields: {text: id}\nignored:\n  color: not needed",
        "mapping.unknown-field",
        (6, 3),
        ("did you mean 'colour'",),
    ),
    "ignored without a reason": (
        "record: specimen\nkey: [id]\nfields: {text: id}\nignored: {colour: ' '}",
        "config.invalid-value",
        (5, 1),
        ("without a reason",),
    ),
    "ignored and used": (
        "record: specimen\nkey: [id]\nfields: {text: colour}\nignored:\n  colour: not needed",
        "mapping.ignored-and-used",
        (6, 3),
        ("'colour'",),
    ),
    "forgotten fields": (
        "record: specimen\nkey: [id]\nfields: {text: colour}\nignored:\n  items.name: x",
        "mapping.field-forgotten",
        (5, 1),
        ("3 of its fields", "plate number, Cve. Municipio, items.marks.place"),
    ),
    "a required column that nothing fills": (
        "record: demanding\nkey: [id]\nfields:\n  text: id",
        "mapping.required-not-filled",
        (4, 1),
        ("'code'",),
    ),
    "a required column that one branch does not fill": (
        "record: demanding\nkey: [id]\nfields: {text: id}\nrows:\n"
        "  - fields: {code: {constant: red}}\n  - fields: {integer: {constant: 1}}",
        "mapping.required-not-filled",
        (7, 5),
        ("'code'",),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_to_do(tmp_path: Path, name: str) -> None:
    text, code, place, words = MISTAKES[name]

    with pytest.raises(ComityError) as caught:
        compile_all(tmp_path, text, KNOWN)

    error = caught.value
    assert error.code == code
    assert error.file == str(tmp_path / "mappings" / SOURCE / "specimen.yaml")
    assert (error.line, error.column) == place
    assert error.remedy
    for word in words:
        assert word in str(error)
