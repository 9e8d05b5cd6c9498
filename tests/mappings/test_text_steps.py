"""The steps on a text, in their order; and that none of them loses a text without a flag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import ComityError
from comity.mappings.text_steps import DESCRIPTIONS, EMPTYING, STEPS
from tests.mappings.small import BLANKS, SourceField, one, run

if TYPE_CHECKING:
    from pathlib import Path

LOST = (None, ["text:unparseable"])


def test_every_field_is_trimmed_and_blank_is_missing(tmp_path: Path) -> None:
    found = one(tmp_path, "text", "cell", " a b ", "   ", "", None, "\u3000x")

    assert found == [("a b", []), (None, []), (None, []), (None, []), ("x", [])]


@pytest.mark.parametrize(
    ("step", "text", "after"),
    [
        ("trim", "a", "a"),
        ("upper", "straße é", "STRAẞE É"),
        ("lower", "ÀB", "àb"),
        ("squeeze", "a \u00a0\t\n b\u3000c", "a b c"),
        ("nfc", "e\u0301", "é"),
        ("half_width", "１２Ａ，＇\u3000ｂ", "12A,' b"),
        ("strip_invisible", "a\u00adb\u200bc\ufeff", "abc"),
        ("letters_digits", "AB-12 / 3é", "AB123é"),
        ("digits", "AB-12 / 3", "123"),
        ("fold_arabic", "یحيىٰ كتـاب", "يحييٰ كتاب"),
        ("fold_digits", "٠۹๑５१", "09151"),
        ("html_text", "a<br>b&nbsp;&lt;c&gt; &amp;lt;", "a b <c> &lt;"),
        ("fold_cyrillic_plate", "ав1234ск", "AB1234CK"),
    ],
)
def test_a_step_of_apply(tmp_path: Path, step: str, text: str, after: str) -> None:
    assert one(tmp_path, "text", f"{{from: cell, apply: {step}}}", text) == [(after, [])]


def test_every_step_is_described() -> None:
    assert set(DESCRIPTIONS) == set(STEPS)
    assert set(STEPS) >= EMPTYING


def test_steps_are_taken_in_the_order_that_is_written(tmp_path: Path) -> None:
    assert one(tmp_path, "text", "{from: cell, apply: [digits, lower]}", "A1") == [("1", [])]
    assert one(tmp_path, "text", "{from: cell, apply: [half_width, digits]}", "Ａ１") == [("1", [])]
    assert one(tmp_path, "text", "{from: cell, apply: [digits, half_width]}", "Ａ１") == [LOST]


@pytest.mark.parametrize("step", sorted(EMPTYING))
def test_a_step_that_leaves_nothing_is_told(tmp_path: Path, step: str) -> None:
    text = {"squeeze": "\t", "strip_invisible": "\u200b", "fold_arabic": "ـ", "html_text": "<br>"}.get(
        step, "-"
    )

    assert one(tmp_path, "text", f"{{from: cell, apply: [{step}]}}", text, "a1")[0] == LOST


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.text(max_size=12), min_size=10, max_size=30),
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=4),
)
def test_whatever_the_steps_a_text_stays_or_is_flagged(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], steps: list[str]
) -> None:
    rule = f"{{from: cell, apply: [{', '.join(steps)}]}}"

    for text, (value, flags) in zip(
        texts, one(tmp_path_factory.mktemp("steps"), "text", rule, *texts), strict=True
    ):
        assert (value is None) == bool(flags) or (value is None and not text.strip())
        assert value is None or (value != "" and value == value.strip(BLANKS))


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ('extract: "^([A-Z]+)-"', "AB-12", ("AB", [])),
        ('extract: "^([A-Z]+)-(\\\\d+)$", group: 2', "AB-12", ("12", [])),
        ('extract: "[0-9]+", group: 0', "AB-12", ("12", [])),
        ('extract: "^([A-Z]+)-"', "12-AB", LOST),
        ('extract: "^([A-Z]+)-", optional: true', "12-AB", (None, [])),
        ('extract: "^([A-Z]{3})(?:/([A-Z]{3}))?$", group: 2', "RED/BLU", ("BLU", [])),
        (
            'extract: "^([A-Z]{3})(?:/([A-Z]{3}))?$", group: 2',
            "RED",
            (None, []),
        ),  # understood, and has no second part
        ('extract: "^([A-Z]{3})(?:/([A-Z]{3}))?$", group: 2', "red", LOST),
        ('extract: "^(.*)$"', None, (None, [])),
        ('replace: {"x": "", "y": "z"}', "x", (None, [])),
        ('replace: {"x": "", "y": "z"}', "y", ("z", [])),
        ('replace: {"x": "", "y": "z"}', "xy", ("xy", [])),
        ("pad: {width: 5}", "42", ("00042", [])),
        ('pad: {width: 3, with: "x"}', "4", ("xx4", [])),
        ("pad: {width: 2}", "123", ("123", [])),
        ("pad: {width: 2}", None, (None, [])),
        ('missing: {"-": unknown, n/a: not_applicable}', "-", (None, ["text:unknown"])),
        ('missing: {"-": unknown, n/a: not_applicable}', "n/a", (None, ["text:not_applicable"])),
        ('missing: {"-": unknown, n/a: not_applicable}', "--", ("--", [])),
        ('missing: {"-": withheld}, replace: {"-": z}', "-", (None, ["text:withheld"])),
        ('extract: "^(.)", apply: lower, pad: {width: 2}', "ABC", ("0a", [])),
    ],
)
def test_parts_words_and_padding(tmp_path: Path, rule: str, text: str | None, expected: object) -> None:
    assert one(tmp_path, "text", f"{{from: cell, {rule}}}", text) == [expected]


def test_a_part_that_is_not_found_follows_the_policy(tmp_path: Path) -> None:
    mapping = (
        'record: specimen\nkey: [id]\nfields:\n  text: {from: cell, extract: "([0-9]+)", invalid: reject}'
    )

    result = run(tmp_path, mapping, [{"id": "1", "cell": "none"}, {"id": "2", "cell": "a7"}])

    assert result.column("text") == ["7"]
    assert result.reasons == ["text:mapping.value-unparseable"]
    assert result.rejects[0]["reasons"][0]["found"] == "none"


def test_a_word_for_missing_rejects_a_row_only_where_the_value_is_needed(tmp_path: Path) -> None:
    rule = '{from: cell, missing: {"-": withheld}, invalid: reject}'
    rows = [{"id": "1", "cell": "-"}, {"id": "2", "cell": "x"}]

    needed = run(
        tmp_path, f"record: demanding\nkey: [id]\nfields: {{text: {rule}, code: {{constant: red}}}}", rows
    )
    other = run(tmp_path, f"record: specimen\nkey: [id]\nfields: {{text: {rule}}}", rows)

    assert needed.reasons == ["text:mapping.value-missing"]
    assert needed.rejects[0]["reasons"][0]["found"] == "-"
    assert other.flags() == [["text:withheld"], []]


@pytest.mark.parametrize(
    ("rule", "cell", "values", "flags"),
    [
        ('split: ";"', "a; b;;c ", ["a", "b", "c"], []),
        ('split: {regex: " *[,;] *"}', "a , b;c", ["a", "b", "c"], []),
        ('split: ";"', None, None, []),
        ('split: ";", missing: {"-": unknown}', "a;-", ["a"], ["texts:unknown"]),
        ('split: ";", missing: {"-": unknown, x: withheld}', "x;-", [], ["texts:unknown", "texts:withheld"]),
        ('split: ";", extract: "^([a-z])"', "ab;9", ["a"], ["texts:unparseable"]),
        ('split: ";", extract: "^([a-z])", optional: true', "ab;9", ["a"], []),
        ('split: ";", apply: [digits]', "a1;b", ["1"], ["texts:unparseable"]),
        ('split: ";", apply: [upper], pad: {width: 3}', "a;b", ["00A", "00B"], []),
        ("apply: upper", "a;b", ["A;B"], []),
    ],
)
def test_a_cell_with_several_values(
    tmp_path: Path, rule: str, cell: str | None, values: object, flags: list[str]
) -> None:
    assert one(tmp_path, "texts", f"{{from: cell, {rule}}}", cell) == [(values, flags)]


def test_a_field_that_is_a_list_needs_no_splitting(tmp_path: Path) -> None:
    mapping = (
        "record: specimen\nkey: [id]\nfields:\n  texts: {from: names, apply: upper}\n  text: {join: [names]}"
    )

    result = run(
        tmp_path,
        mapping,
        [{"id": "1", "names": ["a", " ", "b"]}, {"id": "2", "names": []}, {"id": "3"}],
        ["id", SourceField("names", "list")],
    )

    assert result.column("texts") == [["A", "B"], [], None]
    assert result.column("text") == ["a; ;b", None, None]  # as one text, its items with a semicolon


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("{from: cell, apply: [uper]}", "mapping.unknown-step"),
        ('{from: cell, extract: "("}', "mapping.bad-pattern"),
        ('{from: cell, extract: "(?<=a)b"}', "mapping.bad-pattern"),
        ('{from: cell, extract: "[0-9]+"}', "mapping.bad-pattern"),
        ('{from: cell, extract: "(a)", group: 2}', "mapping.bad-pattern"),
        ('{from: cell, split: ";"}', "mapping.not-a-list"),
        ('{from: cell, split: ""}', "config.invalid-value"),
        ("{from: cell, pad: {width: 0}}", "config.invalid-value"),
        ("{from: cell, missing: {x: lost}}", "config.invalid-value"),
    ],
)
def test_a_step_that_cannot_be_taken_is_refused_with_its_line(tmp_path: Path, rule: str, code: str) -> None:
    with pytest.raises(ComityError) as caught:
        one(tmp_path, "text", rule, "x")

    assert (caught.value.code, caught.value.line) == (code, 5)
