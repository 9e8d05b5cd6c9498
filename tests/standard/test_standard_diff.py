"""What breaks between two versions of the standard, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.standard import compare, load_standard, needed_version

if TYPE_CHECKING:
    from pathlib import Path

BOAT = "record_types/boat.yaml"
NAME = "  name: {id: 101, type: text, description: Name.}\n"
COLOUR = "code_lists/colour.csv"
INDEX = "code_lists/index.yaml"
RAISE = (INDEX, "title: Colour, version: 1.0.0", "title: Colour, version: 1.1.0")


@pytest.mark.parametrize(
    ("edits", "kinds", "breaks"),
    [
        ([], [], False),
        ([(BOAT, "description: Name.}\n  colour", "description: The name.}\n  colour")], [], False),
        ([(BOAT, NAME, "")], ["column-removed"], True),
        ([(BOAT, "id: 101,", "id: 101, retired: true,")], ["column-retired"], True),
        ([(BOAT, "type: integer", "type: bigint")], ["type-widened"], False),
        ([(BOAT, "type: integer", "type: double")], ["type-changed"], True),
        ([(BOAT, "type: text, desc", "type: integer, desc")], ["type-changed"], True),
        ([(BOAT, "type: text, desc", "type: text, required: true, desc")], ["now-required"], True),
        ([(BOAT, "type: text, required: true", "type: text")], ["no-longer-required"], False),
        ([(BOAT, "id: 101", "id: 120")], ["field-id-changed"], True),
        ([(BOAT, "  name: {id: 101", "  title: {id: 101")], ["column-renamed"], True),
        ([(BOAT, "code_list: colour", "code_list: rank")], ["code-list-swapped"], True),
        (
            [(BOAT, NAME, NAME + "  port: {id: 120, type: text, description: Port.}\n")],
            ["column-added"],
            False,
        ),
        (
            [(BOAT, NAME, NAME + "  port: {id: 120, type: text, required: true, description: Port.}\n")],
            ["required-column-added"],
            True,
        ),
        ([(BOAT, "maximum: 400", "maximum: 500")], ["range-widened"], False),
        ([(BOAT, "maximum: 400", "maximum: 300")], ["range-narrowed"], True),
        ([(BOAT, "minimum: 1, ", "")], ["range-widened"], False),
        ([(BOAT, "unit: m", "unit: ft")], ["unit-changed"], True),
        ([(BOAT, "type: text, desc", "type: text, pattern: x, desc")], ["pattern-changed"], True),
        ([(BOAT, "type: text, desc", "type: text, sensitivity: none, desc")], ["sensitivity-lowered"], True),
        (
            [(BOAT, "type: text, desc", "type: text, sensitivity: personal, desc")],
            ["sensitivity-raised"],
            False,
        ),
        (
            [(BOAT, "    name: {id: 10701", "    called: {id: 10701")],
            ["column-removed", "field-id-reused"],
            True,
        ),
        ([(COLOUR, "blue,blue", "navy,blue"), RAISE], ["code-removed", "code-added"], True),
        ([(COLOUR, "blue,blue", "green,green,own list,own\nblue,blue"), RAISE], ["code-added"], False),
        (
            [(COLOUR, "blue,blue", "green,green,own list,own\nblue,blue")],
            ["code-list-version-not-raised", "code-added"],
            True,
        ),
        ([(COLOUR, "blue,blue", "blue,navy blue"), RAISE], ["code-relabelled"], False),
        (
            [(COLOUR, "blue,blue,own list,own", "blue,blue,recalled,unverified"), RAISE],
            ["code-list-relaxed"],
            False,
        ),
        ([("envelope.yaml", "type: list<text>", "type: text")], ["type-changed"], True),
    ],
)
def test_each_change_is_named_once(
    small: Path, small_copy: Path, edits: list[tuple[str, str, str]], kinds: list[str], breaks: bool
) -> None:
    for file, old, new in edits:
        path = small_copy / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
    changes = compare(load_standard(small), load_standard(small_copy))
    assert [change.kind for change in changes] == kinds
    assert any(change.breaks for change in changes) is breaks


def test_a_record_type_that_goes_breaks_and_one_that_comes_does_not(small: Path, small_copy: Path) -> None:
    text = (small_copy / BOAT).read_text("utf-8")
    (small_copy / "record_types/ship.yaml").write_text(text.replace("record: boat", "record: ship"), "utf-8")
    head = small_copy / "standard.yaml"
    head.write_text(head.read_text("utf-8").replace("[boat]", "[boat, ship]"), "utf-8")
    old, new = load_standard(small), load_standard(small_copy)
    assert [(c.kind, c.breaks, c.where) for c in compare(old, new)] == [("record-type-added", False, "ship")]
    assert [(c.kind, c.breaks, c.where) for c in compare(new, old)] == [("record-type-removed", True, "ship")]


def test_the_version_follows_from_the_changes(small: Path, small_copy: Path) -> None:
    old = load_standard(small)
    assert needed_version([], "1.2.3") == "1.2.3"
    path = small_copy / BOAT
    path.write_text(path.read_text("utf-8").replace("maximum: 400", "maximum: 500"), "utf-8")
    fine = compare(old, load_standard(small_copy))
    assert (needed_version(fine, "1.2.3"), needed_version(fine, "0.2.3")) == ("1.3.0", "0.2.4")
    path.write_text(path.read_text("utf-8").replace("maximum: 500", "maximum: 300"), "utf-8")
    broken = compare(old, load_standard(small_copy))
    assert (needed_version(broken, "1.2.3"), needed_version(broken, "0.2.3")) == ("2.0.0", "0.3.0")
