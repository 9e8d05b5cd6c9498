"""``adapter.yaml``: what is wrong is told with its line, what is known, and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.adapters.adapter import check_adapter, load_adapter
from comity.adapters.formats import CsvFormat, JsonFormat
from comity.errors import ConfigError
from comity.standard import load_standard

ROOT = Path(__file__).parents[2]
GOOD = """\
source: aa-things
title: Things
owner: {country: NZ}
delivery:
  files: ["*.csv"]
format:
  type: csv
  delimiter: ";"
fields:
  - plate
  - {name: make, optional: true}
handling: {confidentiality: RESTRICTED, permitted_purposes: [border_control]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "aa-things"
    path.mkdir()
    return path


def error(folder: Path, old: str = "", new: str = "") -> ConfigError:
    assert old in GOOD
    (folder / "adapter.yaml").write_text(GOOD.replace(old, new, 1) if old else new, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_adapter(folder)
    assert caught.value.file == str(folder / "adapter.yaml")
    return caught.value


def test_a_plain_text_is_a_field_and_one_format_needs_no_list(folder: Path) -> None:
    (folder / "adapter.yaml").write_text(GOOD, "utf-8")

    adapter = load_adapter(folder)

    assert [(field.name, field.optional) for field in adapter.fields] == [("plate", False), ("make", True)]
    assert adapter.formats == (CsvFormat(type="csv", delimiter=";"),)
    assert adapter.folder == folder
    assert adapter.delivery.kind == "full"


def test_several_formats_are_tried_in_their_order(folder: Path) -> None:
    formats = 'format:\n  - {type: csv, delimiter: "|"}\n  - {type: json, records: a.b}'
    (folder / "adapter.yaml").write_text(
        GOOD.replace('format:\n  type: csv\n  delimiter: ";"', formats), "utf-8"
    )

    assert load_adapter(folder).formats == (
        CsvFormat(type="csv", delimiter="|"),
        JsonFormat(type="json", records="a.b"),
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "nearest"),
    [
        ("title:", "titel:", 2, 1, "title"),
        ("country:", "contry:", 3, 9, "country"),
        ("  files:", "  fiels:", 5, 3, "files"),
        ("  type:", "  typ:", 7, 3, "type"),
        ("  delimiter:", "  delimitr:", 8, 3, "delimiter"),
        ("  type: csv", "  type: csv\n  preamble: 3", 8, 3, "preamble_rows"),
        ("optional:", "optinal:", 11, 18, "optional"),
        ("handling:", "handeling:", 12, 1, "handling"),
        ("confidentiality:", "confidential:", 12, 12, "confidentiality"),
    ],
)
def test_an_unknown_key_is_told_with_its_place_and_the_nearest_name(
    folder: Path, old: str, new: str, line: int, column: int, nearest: str
) -> None:
    found = error(folder, old, new)

    assert (found.code, found.line, found.column) == ("config.unknown-key", line, column)
    assert found.remedy is not None
    assert found.remedy.startswith(f"did you mean '{nearest}'? Known: ")


def test_an_option_of_another_format_is_none_of_this_one(folder: Path) -> None:
    found = error(folder, "type: csv", "type: json")

    assert (found.code, found.line) == ("config.unknown-key", 8)
    assert found.message == "The format 'json' has no option 'delimiter'"
    assert found.remedy == "Known: encoding, missing, records, type"


def test_in_a_list_of_formats_the_place_is_that_of_the_option(folder: Path) -> None:
    formats = "format:\n  - {type: csv}\n  - {type: xml, recods: //case}"

    found = error(folder, 'format:\n  type: csv\n  delimiter: ";"', formats)

    assert (found.line, found.column) == (8, 17)
    assert "did you mean 'records'?" in str(found)


def test_an_unknown_format_lists_those_that_are_known(folder: Path) -> None:
    found = error(folder, "type: csv", "type: csvv")

    assert (found.code, found.line, found.column) == ("config.unknown-format", 7, 3)
    assert found.remedy == (
        "did you mean 'csv'? Known: csv, database, fixed_width, json, ndjson, own, parquet, spreadsheet, xml"
    )


def test_a_format_without_type_lists_them_too(folder: Path) -> None:
    found = error(folder, "  type: csv\n", "")

    assert (found.code, found.line) == ("config.missing-key", 6)
    assert "Known: csv, database," in str(found)


@pytest.mark.parametrize("key", ["source", "title", "owner", "delivery", "format", "fields", "handling"])
def test_a_missing_key_is_named(folder: Path, key: str) -> None:
    start = GOOD.index(f"{key}:")
    block = GOOD[start:].split("\n")
    size = 1 + next((index for index, line in enumerate(block[1:]) if not line.startswith(" ")), len(block))

    found = error(folder, "\n".join(block[:size]) + "\n", "")

    assert found.code == "config.missing-key"
    assert f"'{key}'" in found.message


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('";"', '";;"', 8, "must be one ASCII character"),
        ('";"', '"\\n"', 8, "must be one ASCII character"),
        ('";"', "'\"'", 6, "'delimiter' and 'quote' must differ"),
        ("type: csv", "type: csv\n  encoding: cp12500", 8, "nobody knows the encoding 'cp12500'"),
        ("type: csv", 'type: csv\n  footer: "(?=x)"', 8, "look-around"),
        ("type: csv", 'type: csv\n  footer: "(x"', 8, "not a regular expression"),
        ("type: csv", "type: csv\n  header_rows: 0\n  find_header: true", 6, "looks for a header"),
        ("  - plate", "  - MAKE", 9, "the field name 'make' is taken"),
        ("  - plate", "  - source_row", 9, "the field name 'source_row' is taken"),
        ("  - plate", "  - {name: x, aliases: [make]}", 9, "'make' names both 'x' and 'make'"),
        ("  - plate", "  - {name: x, many: true, records: [a]}", 10, "not both"),
        ("  - plate", "  - {name: x, start: 3}", 10, "'start' and 'length' belong together"),
        ("  - plate", '  - ""', 10, "at least 1 character"),
        ('["*.csv"]', "[]", 4, "either from 'files' or from a 'database'"),
        ('["*.csv"]', '["*"]\n  kind: ful', 6, "'full', 'delta' or 'window'"),
        ('["*.csv"]', '["*"]\n  order: "a("', 6, "not a regular expression"),
        ('["*.csv"]', '["*"]\n  order: a', 6, "exactly one group"),
        ("title: Things", "title: Things\nretention: {review_after: 5 yeers}", 3, "for example '5 years'"),
        ("title: Things", "title: Things\nvolume: {minimum_rows: -1}", 3, "greater than or equal to 0"),
        ("aa-things", "AA", 1, "should match pattern"),
    ],
)
def test_a_wrong_value_is_told_with_its_line(folder: Path, old: str, new: str, line: int, told: str) -> None:
    found = error(folder, old, new)

    assert (found.code, found.line) == ("config.invalid-value", line)
    assert told in found.message


def test_the_source_is_the_name_of_its_folder(folder: Path) -> None:
    found = error(folder, "aa-things", "bb-things")

    assert (found.code, found.line) == ("config.wrong-folder", 1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("NZ", "QQ", "the code list 'country' has no code 'QQ'"),
        ("RESTRICTED", "RESTRICTD", "did you mean 'RESTRICTED'?"),
        ("[border_control]", "[border_controls]", "did you mean 'border_control'?"),
        ("[border_control]", "[border_control], recipients_deny: [XY]", "handling.recipients_deny"),
    ],
)
def test_the_owners_conditions_are_in_the_standards_words(
    folder: Path, old: str, new: str, told: str
) -> None:
    (folder / "adapter.yaml").write_text(GOOD.replace(old, new), "utf-8")
    adapter = load_adapter(folder)

    with pytest.raises(ConfigError) as caught:
        check_adapter(adapter, load_standard(ROOT / "standard"))

    assert caught.value.code == "config.unknown-code"
    assert told in str(caught.value)


def test_data_without_a_permitted_purpose_may_not_be_shared(folder: Path) -> None:
    (folder / "adapter.yaml").write_text(GOOD.replace("[border_control]", "[]"), "utf-8")

    with pytest.raises(ConfigError) as caught:
        check_adapter(load_adapter(folder), load_standard(ROOT / "standard"))

    assert caught.value.code == "config.no-purpose"


def test_a_field_is_asked_for_by_its_name(folder: Path) -> None:
    (folder / "adapter.yaml").write_text(GOOD, "utf-8")
    adapter = load_adapter(folder)

    assert adapter.field("make").optional
    with pytest.raises(ConfigError) as caught:
        adapter.field("mak")
    assert (caught.value.code, caught.value.remedy) == (
        "config.unknown-field",
        "did you mean 'make'? Known: make, plate",
    )
