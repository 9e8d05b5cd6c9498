"""XML as it should be: which elements are records, and what becomes of what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters import xml_stream
from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, raw, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading

FIELDS = [{"name": "id", "path": "@id", "optional": True}, {"name": "name", "optional": True}]


def read(
    root: Path, text: str | bytes, *, fields: list[Any] = FIELDS, records: str = "//case", **options: Any
) -> tuple[Adapter, Reading]:
    adapter = make_adapter(root, fields, {"type": "xml", "records": records, **options})
    data = text.encode() if isinstance(text, str) else text
    reading = read_export(adapter, [make_file(root / "export.xml", data)], root / "into")
    assert_adds_up(reading, adapter)
    return adapter, reading


def cells(root: Path, text: str | bytes, **options: Any) -> list[tuple[Any, ...]]:
    adapter, reading = read(root, text, **options)
    assert not reading.rows_refused
    return rows(reading, adapter)


def test_attributes_and_elements_are_fields(tmp_path: Path) -> None:
    text = '<export><case id="1"><name>A</name></case>\n<case id="2"/><case><name/></case></export>'

    assert cells(tmp_path, text) == [(1, "1", "A"), (2, "2", None), (3, None, None)]


def test_the_root_may_be_the_record(tmp_path: Path) -> None:
    assert cells(tmp_path, '<?xml version="1.0"?>\n<case id="1"><name>A</name></case>\n') == [(1, "1", "A")]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("//case", ["1", "2", "3", "4"]),
        ("open/case", ["1", "2"]),
        ("/export/open/case", ["1"]),
        ("/export/case", ["4"]),
        ("closed/case", ["3"]),
    ],
)
def test_a_path_says_which_elements_are_records(tmp_path: Path, path: str, found: list[str]) -> None:
    text = (
        '<export><head><no/></head><open><case id="1"/></open><more><open><case id="2"/></open></more>'
        '<closed><case id="3"/></closed><case id="4"/></export>'
    )

    assert [row[1] for row in cells(tmp_path, text, records=path)] == found


def test_namespaces_count_only_where_the_path_names_them(tmp_path: Path) -> None:
    text = (
        '<x:export xmlns:x="urn:one" xmlns:y="urn:two"><x:case id="1"/><y:case id="2"/><case id="3"/>'
        '<z:case xmlns:z="urn:one" id="4"><z:name>A</z:name></z:case></x:export>'
    )
    namespaces = {"p": "urn:one"}

    assert [row[1] for row in cells(tmp_path, text)] == ["1", "2", "3", "4"]
    assert cells(tmp_path, text, records="//p:case", namespaces=namespaces) == [(1, "1", None), (2, "4", "A")]


def test_nested_elements_are_found_by_their_path(tmp_path: Path) -> None:
    fields = [
        {"name": "court", "path": "court.#text"},
        {"name": "code", "path": "court.@code"},
        {"name": "town", "path": "place.address.town"},
    ]
    text = (
        '<e><case><court code="C7"> First  court </court><place><address><town>Oslo</town></address></place>'
        "</case></e>"
    )

    assert cells(tmp_path, text, fields=fields) == [(1, " First  court ", "C7", "Oslo")]


def test_repeated_elements_are_lists_whether_they_stand_once_or_often(tmp_path: Path) -> None:
    fields = [
        {"name": "alias", "many": True, "optional": True},
        {"name": "suspects", "path": "suspects.suspect", "optional": True, "records": ["@role", "name"]},
    ]
    text = (
        "<e><case><alias>A</alias><alias>B</alias></case><case><alias>C</alias><suspects>"
        '<suspect role="x"><name>D</name></suspect></suspects></case><case><suspects/></case></e>'
    )

    assert [row[1:] for row in cells(tmp_path, text, fields=fields)] == [
        (["A", "B"], None),
        (["C"], ['{"@role":"x","name":"D"}']),
        (None, None),
    ]


def test_text_is_what_markup_says_it_is(tmp_path: Path) -> None:
    text = (
        '<e><case id=" &lt;&#65;&#x41;&quot; "><name>a &amp; <![CDATA[<b> & ]]>c<!-- no --> d<?no no?>\n'
        "&#10;e 🚗</name></case></e>"
    )

    assert cells(tmp_path, text) == [(1, ' <AA" ', "a & <b> & c d\n\ne 🚗")]


def test_the_mark_of_a_nil_element_is_no_data(tmp_path: Path) -> None:
    text = '<e xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><case id="1"><name xsi:nil="true"/></case></e>'

    assert cells(tmp_path, text) == [(1, "1", None)]


def test_text_beside_elements_is_the_elements_own_text(tmp_path: Path) -> None:
    fields = [{"name": "own", "path": "#text"}, "name"]

    assert cells(tmp_path, "<e><case> a<name>A</name> b </case></e>", fields=fields) == [(1, "a b", "A")]


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ('<e><case new="1"/></e>', ("@new",)),
        ("<e><case><new/></case></e>", ("new",)),
        ("<e><case><new><deep>1</deep></new><new/></case></e>", ("new",)),
        ('<e><case><name lang="x">A</name></case></e>', ("name.@lang",)),
        ("<e><case>text</case></e>", ("#text",)),
        ("<e><case><name>a<b>c</b></name></case></e>", ("name.#text", "name.b")),
    ],
)
def test_what_nobody_declared_is_drift(tmp_path: Path, text: str, new: tuple[str, ...]) -> None:
    fields = [*FIELDS, {"name": "b", "path": "name.c", "optional": True}] if "<b>" in text else FIELDS

    with pytest.raises(DriftError) as caught:
        read(tmp_path, text, fields=fields)

    assert caught.value.new == new


def test_a_declared_element_that_no_record_has_is_drift(tmp_path: Path) -> None:
    with pytest.raises(DriftError) as caught:
        read(tmp_path, "<e><case><name>A</name></case></e>", fields=["name", "status"])

    assert caught.value.missing == ("status",)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-8", ' encoding="UTF-8"'),
        ("cp1251", ' encoding="windows-1251"'),
        ("koi8-r", " encoding='KOI8-R'"),
        ("iso8859-5", ' encoding="ISO-8859-5" standalone="yes"'),
        ("utf-16", ' encoding="UTF-16"'),
        ("utf-16-le", ' encoding="UTF-16"'),
        ("utf-16-be", ""),
        ("cp932", ' encoding="Shift_JIS"'),
    ],
)
def test_a_document_is_read_in_the_encoding_that_it_declares(
    tmp_path: Path, encoding: str, declared: str
) -> None:
    text = f'<?xml version="1.0"{declared}?>\n<e><case id="Ж"><name>Зоя</name></case></e>'

    assert cells(tmp_path, text.encode(encoding)) == [(1, "Ж", "Зоя")]


@pytest.mark.parametrize("encoding", ["cp1251", "cp037", "utf-16"])
def test_an_encoding_in_the_adapter_comes_before_what_the_document_declares(
    tmp_path: Path, encoding: str
) -> None:
    name = "Garcia" if encoding == "cp037" else "Зоя"
    text = f'<?xml version="1.0" encoding="UTF-8"?><e><case id="1"><name>{name}</name></case></e>'

    assert cells(tmp_path, text.encode(encoding), encoding=encoding) == [(1, "1", name)]


@pytest.mark.parametrize("text", ["<cases/>", "<cases>\n</cases>", "<e><cases/></e>"])
def test_a_document_without_records_is_an_export_of_no_rows(tmp_path: Path, text: str) -> None:
    _, reading = read(tmp_path, text, records="cases/case")

    assert (reading.rows_read, reading.parts) == (0, ())


def test_a_document_with_other_elements_only_stops_the_source(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, "<e><kase id='1'/></e>")

    assert caught.value.code == "read.no-such-path"
    assert "did you mean 'kase'?" in str(caught.value)


@pytest.mark.parametrize("text", ["id,name\n1,A\n", "{}", "   ", "<", "<e"])
def test_what_is_no_xml_stops_the_source(tmp_path: Path, text: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, text)

    assert caught.value.code == "read.not-xml"


@pytest.mark.parametrize("chunk", [1, 10, 64])
def test_however_the_document_is_cut_into_pieces_its_records_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    text = "<e><!-- <case id='no'> -->" + "".join(
        f'<case id="{number}"><!-- <case> --><name><![CDATA[<case>{number}]]></name></case>\n'
        for number in range(30)
    )
    monkeypatch.setattr(xml_stream, "CHUNK", chunk)

    found = cells(tmp_path, text + "</e>")

    assert found == [(number + 1, str(number), f"<case>{number}") for number in range(30)]


def test_a_record_may_hold_elements_of_its_own_name_when_they_are_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = ["@id", {"name": "related", "path": "related.case", "optional": True, "records": ["@id"]}]
    text = '<e><case id="1"><related><case id="2"/><case id="3"/></related></case><case id="4"/></e>'
    monkeypatch.setattr(xml_stream, "CHUNK", 16)

    assert [row[1:] for row in cells(tmp_path, text, fields=fields)] == [
        ("1", ['{"@id":"2"}', '{"@id":"3"}']),
        ("4", None),
    ]


def test_a_record_is_kept_as_its_keys_and_values(tmp_path: Path) -> None:
    adapter, reading = read(tmp_path, '<e><case id="1"><name>A</name></case></e>')

    assert raw(reading, adapter) == [(1, '{"@id": "1", "name": "A"}')]


def test_rows_are_numbered_on_over_the_files_of_an_export(tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path, FIELDS, {"type": "xml", "records": "//case"})
    data = b'<e>\n<case id="1"/>\n<case id="2">&no;</case>\n<case id="3"/></e>'
    files = [make_file(tmp_path / f"{name}.xml", data) for name in ("one", "two")]

    reading = read_export(adapter, files, tmp_path / "into")

    assert_adds_up(reading, adapter)
    assert [row[:2] for row in rows(reading, adapter)] == [(1, "1"), (3, "3"), (4, "1"), (6, "3")]
    assert refused(reading, "source_row", "file", "line") == [(2, "one.xml", 3), (5, "two.xml", 3)]
