"""Crosswalks: what a source's codes become, what happens to those that nobody has mapped, and a CSV with mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.errors import ComityError, ConfigError, MappingError
from comity.mappings.crosswalk import COLUMNS, RELATIONS, load_crosswalk
from tests.mappings.small import CROSSWALK, SourceField, one, run, standard

if TYPE_CHECKING:
    from pathlib import Path

COLOURS = {
    "colour": """
    R,rot,red,exact,reviewed,a person,2026-01-01
    HB,hellblau,blue,broader,proposed,,2026-01-01
    GB,graublau,grey,partial,proposed,,2026-01-01
    XX,kariert,,none,reviewed,a person,2026-01-01
    "B,L","blau, lang",blue,narrower,proposed,,2026-01-01
    O'K,quoted,green,exact,proposed,,2026-01-01
    """.replace("    ", "")
}
CODE = "{from: cell, codes: colour}"


def test_a_code_becomes_the_standards(tmp_path: Path) -> None:
    found = one(tmp_path, "code", CODE, "R", "HB", "GB", "B,L", "O'K", None, crosswalks=COLOURS)

    assert found == [("red", []), ("blue", []), ("grey", []), ("blue", []), ("green", []), (None, [])]


def test_codes_are_compared_as_they_are_written(tmp_path: Path) -> None:
    assert one(tmp_path, "code", CODE, "r", crosswalks=COLOURS) == [(None, ["code:unmapped"])]
    rule = "{from: cell, apply: [upper], codes: colour}"
    assert one(tmp_path, "code", rule, " r ", crosswalks=COLOURS) == [("red", [])]


def test_a_code_that_has_no_equivalent_says_so(tmp_path: Path) -> None:
    assert one(tmp_path, "code", CODE, "XX", crosswalks=COLOURS) == [(None, ["code:no_equivalent"])]
    assert one(
        tmp_path, "codes", '{from: cell, split: ";", codes: colour}', "R;XX", "XX", crosswalks=COLOURS
    ) == [
        (["red"], ["codes:no_equivalent"]),
        ([], ["codes:no_equivalent"]),
    ]


def test_of_several_codes_each_counts_once_in_the_cells_order(tmp_path: Path) -> None:
    rule = '{from: cell, split: ";", codes: colour}'

    found = one(tmp_path, "codes", rule, "HB;R;B,L", "R;zz;HB;yy", "", None, crosswalks=COLOURS)

    assert found == [(["blue", "red"], []), (["red", "blue"], ["codes:unmapped"]), (None, []), (None, [])]


def test_the_relation_is_taken_from_the_same_line(tmp_path: Path) -> None:
    rule = "{from: cell, codes: colour, take: relation}"

    found = one(tmp_path, "relation", rule, "R", "HB", "GB", "XX", "B,L", "zz", crosswalks=COLOURS)

    assert [value for value, _ in found] == ["exact", "broader", "partial", "none", "narrower", None]
    assert found[-1][1] == ["relation:unmapped"]


def test_the_relations_are_those_of_the_standard() -> None:
    assert set(RELATIONS) == set(standard().code_lists["map_relation"].codes)


def test_codes_that_are_the_standards_already_are_the_same(tmp_path: Path) -> None:
    rule = "{from: cell, codes: same}"

    assert one(tmp_path, "code", rule, "red", "RED", None) == [
        ("red", []),
        (None, ["code:unmapped"]),
        (None, []),
    ]
    assert one(tmp_path, "country", rule, "NZ", "YUCS", "ZZ") == [
        ("NZ", []),
        ("YUCS", []),
        (None, ["country:unmapped"]),
    ]


def test_a_crosswalk_may_fill_a_column_of_text(tmp_path: Path) -> None:
    assert one(tmp_path, "text", CODE, "R", crosswalks={"colour": "R,rot,anything,exact,,,\n"}) == [
        ("anything", [])
    ]


def test_a_crosswalk_of_all_sources_lies_beside_them(tmp_path: Path) -> None:
    shared = tmp_path / "mappings" / "crosswalks"
    shared.mkdir(parents=True)
    (shared / "colour.csv").write_text(CROSSWALK + "R,rot,red,exact,,,\n", "utf-8")

    assert one(tmp_path, "code", CODE, "R") == [("red", [])]
    # The source's own goes before.
    assert one(tmp_path, "code", CODE, "R", crosswalks={"colour": "R,rot,blue,exact,,,\n"}) == [("blue", [])]


@pytest.mark.parametrize("column", ["code", "codes"])
def test_an_unmapped_code_is_flagged_by_default_and_counted(tmp_path: Path, column: str) -> None:
    split = ', split: ";"' if column == "codes" else ""
    mapping = f"record: specimen\nkey: [id]\nfields:\n  {column}: {{from: cell{split}, codes: colour}}"
    cells = ["zz", "R", "yy", "zz", None] if column == "code" else ["zz;R", "R", "yy", "R;zz", None]

    result = run(
        tmp_path,
        mapping,
        [{"id": str(nr), "cell": cell} for nr, cell in enumerate(cells)],
        crosswalks=COLOURS,
    )

    assert len(result.records) == 5
    assert [flags for flags in result.flags() if flags] == [[f"{column}:unmapped"]] * 3
    found = [
        (each.column, each.crosswalk, each.code, each.count, each.example_row)
        for each in result.outcome.unmapped
    ]
    assert found == [(column, "colour", "yy", 1, 3), (column, "colour", "zz", 2, 1)]


def test_the_policy_reject_keeps_the_row_with_its_reason_and_counts_the_code_too(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id]\nfields:\n  code: {from: cell, codes: colour, unmapped: reject}"

    result = run(tmp_path, mapping, [{"id": "1", "cell": "zz"}, {"id": "2", "cell": "R"}], crosswalks=COLOURS)

    assert result.column("code") == ["red"]
    (reason,) = result.rejects[0]["reasons"]
    assert (reason["code"], reason["column"], reason["found"]) == ("mapping.code-unmapped", "code", "zz")
    assert result.rejects[0]["raw"] == "row 1"
    assert [(each.code, each.count) for each in result.outcome.unmapped] == [("zz", 1)]


def test_the_policy_stop_stops_the_source_and_says_where(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id]\nfields:\n  code: {from: cell, codes: colour, unmapped: stop}"

    assert run(tmp_path, mapping, [{"id": "1", "cell": "R"}], crosswalks=COLOURS).column("code") == ["red"]
    with pytest.raises(MappingError) as caught:
        run(tmp_path, mapping, [{"id": "1", "cell": "R"}, {"id": "2", "cell": "zz"}], crosswalks=COLOURS)
    assert caught.value.code == "mapping.policy-stop"
    assert "row 2: code" in (caught.value.found or "")
    assert "crosswalk" in (caught.value.remedy or "")


def test_a_required_column_without_a_code_rejects_the_row_once(tmp_path: Path) -> None:
    mapping = "record: demanding\nkey: [id]\nfields:\n  text: id\n  code: {from: cell, codes: colour}"

    result = run(
        tmp_path,
        mapping,
        [{"id": "1", "cell": "zz"}, {"id": "2"}, {"id": "3", "cell": "R"}],
        crosswalks=COLOURS,
    )

    assert result.reasons == ["code:mapping.required-missing"] * 2
    assert result.column("code") == ["red"]


LINE = "R,rot,red,exact,,,\n"


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        (CROSSWALK + LINE + LINE, "mapping.bad-crosswalk", 3, "'R' stands twice"),
        (CROSSWALK + "R,rot,crimson,exact,,,\n", "mapping.unknown-standard-code", 2, "has no code 'crimson'"),
        (CROSSWALK + "R,rot,rad,exact,,,\n", "mapping.unknown-standard-code", 2, "did you mean 'red'"),
        (CROSSWALK + "R,rot,red,exactly,,,\n", "mapping.bad-crosswalk", 2, "did you mean 'exact'"),
        (CROSSWALK + "R,rot,red,none,,,\n", "mapping.bad-crosswalk", 2, "'none' has no standard code"),
        (CROSSWALK + "R,rot,,exact,,,\n", "mapping.bad-crosswalk", 2, "every other relation has one"),
        (CROSSWALK + ",rot,red,exact,,,\n", "mapping.bad-crosswalk", 2, "no source code"),
        (CROSSWALK + "R,rot,red\n", "mapping.bad-crosswalk", 2, "another number of cells"),
        (CROSSWALK + "R,rot,red,exact,,,,,\n", "mapping.bad-crosswalk", 2, "another number of cells"),
        (CROSSWALK.replace("label", "lable") + LINE, "mapping.bad-crosswalk", 1, "did you mean 'label'"),
        (
            CROSSWALK.replace(",date", "") + "R,rot,red,exact,,\n",
            "mapping.bad-crosswalk",
            1,
            "no column 'date'",
        ),
        ("", "mapping.bad-crosswalk", 1, "no column 'source_code'"),
    ],
)
def test_a_mistake_in_a_crosswalk_is_told_with_its_line(
    tmp_path: Path, text: str, code: str, line: int, words: str
) -> None:
    folder = tmp_path / "mappings" / "test-source"
    folder.mkdir(parents=True)
    (folder / "colour.csv").write_text(text, "utf-8")

    with pytest.raises(ConfigError) as caught:
        one(tmp_path, "code", CODE, "R")

    assert (caught.value.code, caught.value.line) == (code, line)
    assert caught.value.file == str(folder / "colour.csv")
    assert words in str(caught.value)


def test_a_crosswalk_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "colour.csv").write_bytes((CROSSWALK + "R,grün,red,exact,,,\n").encode("latin-1"))

    with pytest.raises(ConfigError) as caught:
        load_crosswalk("colour", tmp_path)

    assert caught.value.code == "config.not-utf8"


@pytest.mark.parametrize(
    ("column", "rule", "code", "words"),
    [
        ("code", "{from: cell, codes: coluor}", "mapping.unknown-crosswalk", "did you mean 'colour'"),
        ("text", "{from: cell, codes: same}", "mapping.rule-does-not-fit", "no code list"),
        (
            "relation",
            "{from: cell, codes: same, take: relation}",
            "mapping.rule-does-not-fit",
            "no code list",
        ),
        ("code", "{from: cell, codes: colour, take: relation}", "mapping.unknown-standard-code", "'exact'"),
        ("integer", "{from: cell, codes: colour}", "mapping.rule-does-not-fit", "'codes'"),
        ("code", "{from: cell, codes: colour, unmapped: ignore}", "config.invalid-value", "flag"),
    ],
)
def test_a_rule_that_names_no_fitting_crosswalk_is_refused(
    tmp_path: Path, column: str, rule: str, code: str, words: str
) -> None:
    with pytest.raises(ComityError) as caught:
        one(tmp_path, column, rule, "R", crosswalks=COLOURS)

    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_list_field_takes_codes_too(tmp_path: Path) -> None:
    mapping = "record: specimen\nkey: [id]\nfields:\n  codes: {from: colours, codes: colour}"

    result = run(
        tmp_path,
        mapping,
        [{"id": "1", "colours": ["HB", "zz", " R"]}],
        ["id", SourceField("colours", "list")],
        COLOURS,
    )

    assert result.column("codes") == [["blue", "red"]]
    assert [each.code for each in result.outcome.unmapped] == ["zz"]


def test_the_header_is_the_one_that_is_documented() -> None:
    assert CROSSWALK.strip().split(",") == list(COLUMNS)
