"""XML of every kind: any records come back, damage costs its own record, and nothing breaks the reader."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.adapters import xml_stream
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, raw, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading

no_deadline = settings(deadline=None, max_examples=40)


def optional(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "optional": True, **more}


FIELDS = [
    optional("@id"),
    optional("a"),
    optional("t", many=True),
    optional("r", records=[optional("@k"), optional("x")]),
    optional("deep", path="o.b"),
]
TEXTS = st.text(st.sampled_from("ab\"'<>& é🚗]c/;\n"), min_size=1, max_size=6).filter(str.strip)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "@id": TEXTS.filter(lambda text: "\n" not in text),
            "a": TEXTS,
            "t": st.lists(TEXTS, min_size=1, max_size=3),
            "r": st.lists(st.fixed_dictionaries({"@k": st.just("1"), "x": TEXTS}), min_size=1, max_size=2),
            "o": st.fixed_dictionaries({"b": TEXTS}),
        },
    ),
    min_size=1,
    max_size=8,
)


def as_xml(tag: str, value: Any, hide: bool = False) -> str:
    if isinstance(value, list):
        return "".join(as_xml(tag, item, hide) for item in value)
    if isinstance(value, str):
        shown = f"<!-- <case> & --><![CDATA[{value}]]>" if hide and "]" not in value else escape(value)
        return f"<{tag}>{shown}</{tag}>"
    attributes = "".join(f" {name[1:]}={quoteattr(text)}" for name, text in value.items() if name[0] == "@")
    children = "".join(as_xml(name, each, hide) for name, each in value.items() if name[0] != "@")
    return f"<{tag}{attributes}>{children}</{tag}>" if children else f"<{tag}{attributes}/>"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def read(folder: Path, data: bytes, chunk: int, path: str = "//case") -> tuple[Adapter, Reading]:
    adapter = make_adapter(folder, FIELDS, {"type": "xml", "records": path})
    into = folder / "into"
    into.mkdir(exist_ok=True)
    for old in into.iterdir():
        old.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_stream, "CHUNK", chunk)
        reading = read_export(adapter, [make_file(folder / "export.xml", data)], into)
    assert_adds_up(reading, adapter)
    return adapter, reading


CHUNKS = st.sampled_from([1, 30, 200, 1 << 20])


@no_deadline
@given(
    records=RECORDS,
    chunk=CHUNKS,
    hide=st.booleans(),
    between=st.sampled_from(["", "\n", "<!-- <case> -->"]),
    codec=st.sampled_from(["utf-8", "utf-16"]),
    path=st.sampled_from(["//case", "cases/case", "/export/cases/case"]),
)
def test_any_records_come_back(
    folder: Path, records: list[dict[str, Any]], chunk: int, hide: bool, between: str, codec: str, path: str
) -> None:
    text = between.join(as_xml("case", record, hide) for record in records)
    data = f"<export><head>x</head><cases>{text}</cases></export>".encode(codec)

    adapter, reading = read(folder, data, chunk, path)

    assert not reading.rows_refused
    assert [json.loads(record) for _, record in raw(reading, adapter)] == records


JUNK = [
    "<",
    "&",
    "&foo;",
    "</x>",
    "<x>",
    "</cases>",
    "</export>",
    "\x01",
    '"',
    "'",
    "<?",
    "</case>",
    "<!",
    "</",
]


@no_deadline
@given(records=RECORDS, chunk=CHUNKS, junk=st.sampled_from(JUNK), data=st.data())
def test_damage_in_a_record_costs_no_other(
    folder: Path, records: list[dict[str, Any]], chunk: int, junk: str, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(records) - 1))
    written = [as_xml("case", record) for record in records]
    place = data.draw(st.integers(len("<case"), len(written[index])))
    written[index] = written[index][:place] + junk + written[index][place:]
    text = f"<export><cases>{''.join(written)}</cases></export>"

    adapter, reading = read(folder, text.encode(), chunk)

    kept = iter([json.loads(record) for _, record in raw(reading, adapter)])
    others = records[:index] + records[index + 1 :]
    assert all(any(record == each for each in kept) for record in others)


@no_deadline
@given(records=RECORDS, chunk=CHUNKS, data=st.data())
def test_no_damage_breaks_the_reader(
    folder: Path, records: list[dict[str, Any]], chunk: int, data: st.DataObject
) -> None:
    text = "".join(as_xml("case", record, hide=True) for record in records)
    document = f"<export><cases>{text}</cases></export>".encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(document)))
        end = data.draw(st.integers(start, min(start + 4, len(document))) | st.just(len(document)))
        put = data.draw(st.sampled_from(["", *JUNK, "<!--", "<![CDATA[", "]]>", "<case", "\x00"]))
        document = document[:start] + put.encode() + document[end:]

    try:
        adapter, reading = read(folder, document, chunk)
    except ReadError as error:
        assert error.code.startswith("read.")
    else:
        assert all(isinstance(json.loads(record), dict) for _, record in raw(reading, adapter))
        assert all(code.startswith("read.") for _, _, code in refused(reading))


@no_deadline
@given(
    data=st.binary(max_size=200),
    start=st.sampled_from(["", "<export><case>", "<export><case id='1'/>\n<case>"]),
)
def test_no_bytes_break_the_reader(folder: Path, data: bytes, start: str) -> None:
    try:
        read(folder, start.encode() + data, chunk=16)
    except ReadError as error:
        assert error.code.startswith("read.")
