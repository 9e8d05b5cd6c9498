"""The fields of a source: each is used or ignored, whatever its name and however deep it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.errors import ComityError
from tests.mappings.small import SOURCE, compile_all, records_field, run, write

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


def test_what_is_known_is_listed(tmp_path: Path) -> None:
    with pytest.raises(ComityError) as caught:
        compile_all(tmp_path, "record: specimen\nkey: [id]\nfields: {text: xyz}", KNOWN)

    assert caught.value.remedy == "Known: Cve. Municipio, colour, id, items, plate number"


def test_a_name_with_dots_is_a_field_like_any_other(tmp_path: Path) -> None:
    mapping = (
        "record: specimen\nkey: [Cve. Municipio]\nfields: {text: colour}\n"
        "ignored: {id: x, plate number: x, items: x}"
    )

    (plan,) = compile_all(tmp_path, mapping, KNOWN)

    assert plan.rules["text"]["from"] == ["colour"]


def test_using_a_list_of_records_as_a_whole_accounts_for_all_in_it(tmp_path: Path) -> None:
    mapping = (
        "record: specimen\nkey: [id]\nfields: {integer: {sql: 'length(items)'}}\n"
        "ignored: {plate number: x, colour: x, Cve. Municipio: x}"
    )

    assert compile_all(tmp_path, mapping, KNOWN)


def test_a_field_that_one_mapping_uses_is_not_forgotten_by_another(tmp_path: Path) -> None:
    mappings = {
        "specimen": "record: specimen\nkey: [id]\nfields: {text: colour}\nignored: {items: x, Cve. Municipio: x}",
        "part": "record: part\nkey: [id]\nfields: {text: plate number}",
    }

    assert [plan.record_type for plan in compile_all(tmp_path, mappings, KNOWN)] == ["part", "specimen"]


def test_two_mappings_of_one_record_type_are_refused(tmp_path: Path) -> None:
    text = f"record: specimen\nkey: [id]\nfields: {{text: plate number}}\n{ALL}"

    with pytest.raises(ComityError) as caught:
        compile_all(tmp_path, {"one": text, "two": text}, KNOWN)

    assert caught.value.code == "mapping.two-mappings"
    assert (caught.value.file or "").endswith("two.yaml") and caught.value.line == 2
    assert caught.value.found == "also one.yaml"


def test_a_source_without_a_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ComityError) as caught:
        compile_all(tmp_path, {}, KNOWN)

    assert caught.value.code == "mapping.no-mapping"
    assert caught.value.file == str(tmp_path / "mappings" / SOURCE)


def test_a_mapping_of_another_source_is_refused(tmp_path: Path) -> None:
    folder = write(
        tmp_path, {"specimen": f"record: specimen\nkey: [id]\nfields: {{text: plate number}}\n{ALL}"}
    )
    path = folder / "specimen.yaml"
    path.write_text(path.read_text("utf-8").replace(SOURCE, "other-source"), "utf-8")

    with pytest.raises(ComityError) as caught:
        compile_all(tmp_path, {}, KNOWN)

    assert (caught.value.code, caught.value.line) == ("mapping.wrong-source", 1)


@pytest.mark.parametrize("name", ["source_row", "element nr", "part 1", "Sql 2", "ID"])
def test_a_field_name_that_mappings_use_themselves_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ComityError) as caught:
        compile_all(tmp_path, "record: specimen\nkey: [id]\nfields: {text: id}", ("id", name))

    assert caught.value.code == "mapping.name-taken"
    assert "adapter" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    "name",
    ["element", "item", "s", "u", "source", "text", "Text", "issue 1", "record_id", 'a"b', "x'y", "{}"],
)
def test_any_other_name_can_be_a_field(tmp_path: Path, name: str) -> None:
    quoted = "'" + name.replace("'", "''") + "'"
    mapping = (
        f"record: specimen\nkey: [{quoted}]\nfields: {{text: {quoted}, "
        f"code: {{case: [{{when: {{field: {quoted}, is: x}}, then: red}}]}}}}"
    )

    assert run(tmp_path, mapping, [{name: "x"}], [name]).column("text") == ["x"]
