"""XML that is damaged or dangerous: a record costs itself, nothing is expanded, nothing is fetched."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters import xml_stream
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.adapters.part import Reading

FIELDS = [{"name": "id", "path": "@id"}, {"name": "name", "optional": True}]


def case(number: int, name: str = "x") -> str:
    return f'<case id="{number}"><name>{name}</name></case>\n'


def read(root: Path, text: str | bytes, **options: Any) -> tuple[list[str], Reading]:
    """The ids of the records that were kept, and the account."""
    adapter = make_adapter(root, FIELDS, {"type": "xml", "records": "//case", **options})
    data = text.encode() if isinstance(text, str) else text
    reading = read_export(adapter, [make_file(root / "export.xml", data)], root / "into")
    assert_adds_up(reading, adapter)
    return [row[1] for row in rows(reading, adapter)], reading


BROKEN = [
    ("<case id='2'><name>x</nam></case>\n", "read.broken-xml"),
    ("<case id='2'><name>x</case>\n", "read.broken-xml"),
    ("<case id='2'><name>x</name>\n", "read.broken-xml"),
    ("<case id='2'><name>a < b</name></case>\n", "read.broken-xml"),
    ("<case id='2'><name>a & b</name></case>\n", "read.broken-xml"),
    ("<case id='2' id='2'/>\n", "read.broken-xml"),
    ("<case id=2/>\n", "read.broken-xml"),
    ("<case id=''2'><name>it's</name></case>\n", "read.broken-xml"),
    ("<case id='2><name>x</name></case>\n", "read.broken-xml"),
    ("<case id='2'><name>\x01</name></case>\n", "read.broken-xml"),
    ("<case id='2'><name>&lt</name></case>\n", "read.broken-xml"),
    ("<case id='2'><name>&nbsp;</name></case>\n", "read.xml-entity"),
    ("<case id='2'><name x='&nbsp;'/></case>\n", "read.xml-entity"),
    ("<case id='2'><name>A</name><name>B</name></case>\n", "read.repeated-element"),
    (f"<case id='2'>{'<name>' * 300}{'</name>' * 300}</case>\n", "read.broken-xml"),
]


@pytest.mark.parametrize(("broken", "code"), BROKEN)
@pytest.mark.parametrize("chunk", [1, 60, 1 << 20])
def test_a_broken_record_is_refused_with_its_place_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, broken: str, code: str
) -> None:
    monkeypatch.setattr(xml_stream, "CHUNK", chunk)
    before = f"<e><cases>\n{case(1)}"

    kept, reading = read(tmp_path, f"{before}{broken}{case(3)}{case(4)}</cases></e>")

    assert kept == ["1", "3", "4"]
    [(*place, raw)] = refused(reading, "source_row", "file", "line", "byte_offset", "code", "raw")
    assert place == [2, "export.xml", 3, len(before), code]
    assert raw.replace('"', "'") == broken.strip() or code == "read.repeated-element"


def test_bytes_that_cannot_be_decoded_cost_their_record(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, f"<e>{case(1)}{case(2, '~')}{case(3)}</e>".encode().replace(b"~", b"\xff"))

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "line", "raw", "code") == [
        (2, 2, '<case id="2"><name>\\xff</name></case>', "read.undecodable-bytes")
    ]


def test_bytes_that_cannot_be_decoded_cost_their_record_in_utf_16(tmp_path: Path) -> None:
    data = f"<e>{case(1)}{case(2, '~')}{case(3)}</e>".encode("utf-16").replace(b"~\0", b"\x00\xd8")

    kept, reading = read(tmp_path, data)

    assert kept == ["1", "3"]
    assert refused(reading) == [(2, 2, "read.undecodable-bytes")]


@pytest.mark.parametrize("junk", ["text & more", "</e>", "</other>", "<!-- -- -->"])
def test_what_is_broken_between_records_is_refused_and_costs_none(tmp_path: Path, junk: str) -> None:
    kept, reading = read(tmp_path, f"<e>\n{case(1)}{junk}\n{case(2)}</e>")

    assert kept == ["1", "2"]
    assert refused(reading, "source_row", "line", "raw") == [(2, 3, junk)]


def test_an_element_that_is_never_closed_costs_no_record_behind_it(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, f"<e>\n{case(1)}<x>\n{case(2)}</e>")

    assert kept == ["1", "2"]
    assert refused(reading, "source_row", "line", "raw", "message") == [
        (3, 5, "</e>", "Opening and ending tag mismatch: x and e")
    ]


def test_elements_of_the_name_that_are_no_records_do_not_confuse_the_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_stream, "CHUNK", 100)
    other = f"<closed>\n{case(8)}{case(9)}</closed>\n<!-- {case(7)} -->\n"
    text = f"<e>\n{other}<open>\n{case(1)}{case(2, '&')}{case(3)}</open>\n{other}</e>"

    kept, reading = read(tmp_path, text, records="open/case")

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "byte_offset") == [(2, text.index(case(2, "&")))]


def test_every_second_record_may_be_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_stream, "CHUNK", 500)
    text = "".join(case(number, "x" if number % 2 else "&") for number in range(1, 101))

    kept, reading = read(tmp_path, f"<e>\n{text}</e>")

    assert kept == [str(number) for number in range(1, 101, 2)]
    assert refused(reading) == [(number, number + 1, "read.broken-xml") for number in range(2, 101, 2)]


TEXT = f"<e>\n<cases>\n{case(1)}{case(2)}{case(3)}</cases>\n</e>"


@pytest.mark.parametrize("end", range(len("<e>\n<cases>\n"), len(TEXT) - 1, 3))
def test_a_document_cut_off_anywhere_keeps_every_whole_record(tmp_path: Path, end: int) -> None:
    kept, reading = read(tmp_path, TEXT[:end])

    assert kept == [str(number) for number in range(1, 1 + TEXT[:end].count("</case>"))]
    assert [row for row, _, _ in refused(reading)] == [len(kept) + 1]


def test_text_behind_the_document_is_refused(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, f"<e>{case(1)}</e>\n<e>{case(2)}</e>")

    assert kept[0] == "1"
    assert reading.rows_refused == 1


def test_a_record_beyond_the_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_stream, "CHUNK", 100)
    monkeypatch.setattr(xml_stream, "PATIENCE", 200)
    monkeypatch.setattr(xml_stream, "LARGEST_RECORD", 1000)

    kept, reading = read(tmp_path, f"<e>{case(1)}{case(2, 'x' * 900)}{case(3, 'x' * 5000)}{case(4)}</e>")

    assert kept == ["1", "2", "4"]
    assert refused(reading, "source_row", "code") == [(3, "read.record-too-long")]


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))


@pytest.mark.parametrize(
    "document",
    [
        f'<!DOCTYPE e [<!ENTITY l0 "ha">{LAUGHS}]><e><case id="1"><name>&l9;</name></case></e>',
        f'<!DOCTYPE e [<!ENTITY l0 "ha">{LAUGHS}]><e x="&l9;"><case id="1"/></e>',
        '<!DOCTYPE e [<!ENTITY a SYSTEM "file:///etc/hostname">]><e><case id="1"><name>&a;</name></case></e>',
        '<!DOCTYPE e [<!ENTITY % a SYSTEM "http://localhost/x"> %a;]><e><case id="1"/></e>',
        '<!DOCTYPE e [<!ENTITY a "harmless">]><e><case id="1"/></e>',
    ],
)
def test_a_document_with_entities_of_its_own_is_refused_as_a_whole(tmp_path: Path, document: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, document)

    assert caught.value.code in ("read.xml-entities", "read.not-xml")


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()
        thread.join()


def test_nothing_is_fetched_from_the_network(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    address, asked = server
    text = (
        f'<!DOCTYPE e SYSTEM "{address}/e.dtd"><?xml-stylesheet href="{address}/e.xsl"?>'
        f'<e xmlns:xi="http://www.w3.org/2001/XInclude">{case(1)}<xi:include href="{address}/x.xml"/></e>'
    )

    assert read(tmp_path, text)[0] == ["1"]
    assert asked == []


def test_a_doctype_that_declares_nothing_is_harmless(tmp_path: Path) -> None:
    for doctype in ("<!DOCTYPE e>", '<!DOCTYPE e SYSTEM "e.dtd">', "<!DOCTYPE e [<!ELEMENT e ANY>]>"):
        kept, reading = read(tmp_path, f"{doctype}<e>{case(1)}</e>")

        assert (kept, reading.rows_refused) == (["1"], 0)


@pytest.mark.parametrize("use", ["<case id='&foo;'/>", "<case id='2'><name>x&foo;</name></case>"])
def test_with_a_dtd_elsewhere_an_entity_is_refused_and_never_silently_empty(tmp_path: Path, use: str) -> None:
    kept, reading = read(tmp_path, f'<!DOCTYPE e SYSTEM "e.dtd"><e>{case(1, "&amp;")}{use}\n{case(3)}</e>')

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "raw", "code", "message") == [
        (2, use, "read.xml-entity", "The record uses an entity: &foo;")
    ]


def test_where_records_hold_their_own_kind_the_rest_of_a_broken_document_is_one_row(tmp_path: Path) -> None:
    fields = ["@id", {"name": "case", "optional": True, "records": ["@id"]}]
    adapter = make_adapter(tmp_path, fields, {"type": "xml", "records": "//case"})
    text = '<e>\n<case id="1"><case id="2"/></case>\n<case id="3">&</case>\n<case id="4"/></e>'

    reading = read_export(adapter, [make_file(tmp_path / "x.xml", text.encode())], tmp_path / "into")

    assert_adds_up(reading, adapter)
    assert rows(reading, adapter) == [(1, "1", ['{"@id":"2"}'])]
    assert refused(reading) == [(2, 3, "read.broken-xml")]
