"""JSON of every kind: any list of records comes back, and no damage breaks the reader."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.adapters import json as json_reader
from comity.adapters import json_path, json_records
from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, raw, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading

no_deadline = settings(deadline=None, max_examples=25)

TEXTS = st.text(st.sampled_from('ab"\\,{}[]:\n\t é王🚗\x00\x7f\u2028'), max_size=6)
VALUES = st.none() | TEXTS | st.booleans() | st.integers() | st.integers(0, 10**40)
ITEMS = st.fixed_dictionaries({}, optional={"charge": VALUES, "country": VALUES})
RECORDS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={"id": VALUES, "names": st.lists(TEXTS, max_size=3), "items": st.lists(ITEMS, max_size=3)},
    ),
    max_size=6,
)
STYLES = st.sampled_from(
    [
        {"ensure_ascii": True},
        {"ensure_ascii": False, "separators": (",", ":")},
        {"ensure_ascii": False, "indent": 1},
        {"ensure_ascii": True, "indent": "\t"},
    ]
)


def optional(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "optional": True, **more}


FIELDS = [
    optional("id"),
    optional("names", many=True),
    optional("items", records=[optional("charge"), optional("country")]),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def read(folder: Path, kind: str, data: bytes, **options: Any) -> tuple[Adapter, Reading]:
    adapter = make_adapter(folder, FIELDS, {"type": kind, "missing": [], **options})
    into = folder / "into"
    into.mkdir(exist_ok=True)
    for old in into.iterdir():
        old.unlink()
    reading = read_export(adapter, [make_file(folder / "export.json", data)], into)
    assert_adds_up(reading, adapter)
    return adapter, reading


def as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def check(adapter: Adapter, reading: Reading, records: list[dict[str, Any]]) -> None:
    assert not reading.rows_refused
    assert [json.loads(text) for _, text in raw(reading, adapter)] == records
    for (_, number, names, items), record in zip(rows(reading, adapter), records, strict=True):
        assert number == as_text(record.get("id"))
        assert names == record.get("names")
        assert (items and [json.loads(item) for item in items]) == record.get("items")


@no_deadline
@given(records=RECORDS.filter(bool), style=STYLES, codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_list_of_records_comes_back(
    folder: Path, records: list[dict[str, Any]], style: dict[str, Any], codec: str
) -> None:
    around = {"items": "]}[{", "other": [{"page": 1}], "page": {"no": None, "items": records, "end": [[1]]}}

    for content, path in ((records, ""), (around, "page.items")):
        data = json.dumps(content, **style).encode(codec)

        check(*read(folder, "json", data, encoding=codec, records=path), records)


@no_deadline
@given(records=RECORDS.filter(bool), ascii=st.booleans(), end=st.sampled_from(["", "\n", "\r\n\n"]))
def test_any_lines_of_records_come_back(
    folder: Path, records: list[dict[str, Any]], ascii: bool, end: str
) -> None:
    lines = [json.dumps(record, ensure_ascii=ascii) for record in records]

    check(*read(folder, "ndjson", ("\n".join(lines) + end).encode()), records)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """``text`` with some bytes taken away, put in or changed."""
    data = text.encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 4, len(data))) | st.just(len(data)))
        put = draw(
            st.sampled_from([b"", b'"', b"{", b"}", b"[", b"]", b",", b"\\", b"\xff", b"x\n", b'{"id":1},\n'])
        )
        data = data[:start] + put + data[end:]
    return data


@pytest.mark.parametrize("window", [16, 100, 16 << 20])
@pytest.mark.parametrize(("kind", "path"), [("json", ""), ("json", "page.items"), ("ndjson", "")])
@no_deadline
@given(records=RECORDS, style=STYLES, data=st.data())
def test_no_damage_breaks_the_reader(
    folder: Path, kind: str, path: str, window: int, records: Any, style: dict[str, Any], data: st.DataObject
) -> None:
    content = {"other": 1, "page": {"items": records, "end": []}} if path else records
    text = json.dumps(content, **style)
    if kind == "ndjson":
        text = "\n".join(map(json.dumps, records))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("WINDOW", "SMALL_WINDOW"):
            patch.setattr(json_reader, name, window)
        for module in (json_records, json_reader, json_path):
            patch.setattr(module, "PIECE", min(window, 1 << 19))
        try:
            adapter, reading = read(
                folder, kind, data.draw(damaged(text)), **({"records": path} if path else {})
            )
        except ReadError as error:
            assert error.code.startswith("read.")
        else:
            # A comma behind the last member is read, as DuckDB reads it.
            texts = [re.sub(r",(\s*[}\]])", r"\1", text) for _, text in raw(reading, adapter)]
            assert all(isinstance(json.loads(text), dict) for text in texts)


@no_deadline
@given(records=RECORDS.filter(bool), data=st.data())
def test_a_damaged_line_costs_no_other(
    folder: Path, records: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = [json.dumps(record).encode() for record in records]
    index = data.draw(st.integers(0, len(lines) - 1))
    lines[index] = data.draw(damaged(lines[index].decode()).filter(lambda line: b"\n" not in line))
    lines.insert(0, b"{}")

    try:
        adapter, reading = read(folder, "ndjson", b"\n".join(lines))
    except DriftError:
        return  # the damage made another key of one

    blank = not lines[index + 1].strip(b" \t\r\n,")
    others = [json.loads(text) for row, text in raw(reading, adapter) if blank or row != index + 2]
    assert others == [{}, *records[:index], *records[index + 1 :]]


@pytest.mark.parametrize("codec", ["utf-8", "cp932", "utf-16"])
@no_deadline
@given(data=st.binary(max_size=200), start=st.sampled_from(["", '[{"id":"', '{"id":1}\n']))
def test_no_bytes_break_the_reader(folder: Path, codec: str, data: bytes, start: str) -> None:
    for kind in ("json", "ndjson"):
        try:
            read(folder, kind, start.encode(codec) + data, encoding=codec)
        except ReadError as error:
            assert error.code.startswith("read.")
