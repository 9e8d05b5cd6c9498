"""JSON as it should be: documents with a list of records, and one record a line."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters import json as json_reader
from comity.adapters import json_records
from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading

NAMES = ["id", {"name": "name", "optional": True}]


def read(
    root: Path, text: str | bytes, *, fields: list[Any] = NAMES, kind: str = "json", **options: Any
) -> tuple[Adapter, Reading]:
    adapter = make_adapter(root, fields, {"type": kind, **options})
    data = text.encode() if isinstance(text, str) else text
    reading = read_export(adapter, [make_file(root / "export.json", data)], root / "into")
    assert_adds_up(reading, adapter)
    return adapter, reading


def cells(root: Path, text: str | bytes, **options: Any) -> list[tuple[Any, ...]]:
    adapter, reading = read(root, text, **options)
    assert not reading.rows_refused
    return rows(reading, adapter)


def test_a_document_may_be_the_list_of_records(tmp_path: Path) -> None:
    found = cells(tmp_path, '[{"id": "1", "name": "A"}, {"id": "2"}]')

    assert found == [(1, "1", "A"), (2, "2", None)]


def test_every_line_may_be_a_record(tmp_path: Path) -> None:
    found = cells(tmp_path, '{"id": "1"}\r\n\n  {"id": "2", "name": "B"}  \n{"id": "3"}', kind="ndjson")

    assert found == [(1, "1", None), (2, "2", "B"), (3, "3", None)]


def test_a_path_leads_to_the_records(tmp_path: Path) -> None:
    text = """{"total": 2, "items": [{"id": "no"}], "answer": {"items": [{"id": "no"}], "page": {
        "items": [{"id": "1"}, {"id": "2"}], "next": null}, "items": []}, "records": [1, 2]}"""

    assert cells(tmp_path, text, records="answer.page.items") == [(1, "1", None), (2, "2", None)]


def test_a_key_of_the_path_is_found_however_it_is_escaped(tmp_path: Path) -> None:
    assert cells(tmp_path, '{"\\u0069tems" : [{"id": "1"}]}', records="items") == [(1, "1", None)]


def test_a_field_lies_at_a_path_in_its_record(tmp_path: Path) -> None:
    fields = ["id", {"name": "town", "path": "home.address.town"}]

    found = cells(tmp_path, '[{"id": "1", "home": {"address": {"town": "Oslo"}}}]', fields=fields)

    assert found == [(1, "1", "Oslo")]


def test_a_list_of_texts_is_a_list(tmp_path: Path) -> None:
    fields = ["id", {"name": "names", "many": True, "optional": True}]
    text = (
        '[{"id":1,"names":["A","B"]},{"id":2,"names":"C"},{"id":3,"names":null},{"id":4},{"id":5,"names":[]}]'
    )

    assert [row[2] for row in cells(tmp_path, text, fields=fields)] == [["A", "B"], ["C"], None, None, []]


def test_a_list_inside_a_record_has_records_of_its_own(tmp_path: Path) -> None:
    fields = ["id", {"name": "warrants", "path": "w", "optional": True, "records": ["charge", "country"]}]
    text = '[{"id":1,"w":[{"charge":"a","country":"FR"},{"charge":"b","country":null}]},{"id":2},{"id":3,"w":[]}]'

    found = [row[2] for row in cells(tmp_path, text, fields=fields)]

    assert found == [['{"charge":"a","country":"FR"}', '{"charge":"b","country":null}'], None, []]


def test_values_of_every_kind_are_texts_and_null_is_null(tmp_path: Path) -> None:
    values = ["true", "false", "null", '""', '" "', "0", "-1", '{"a": 1}', "[1,  2]"]
    text = "[" + ",".join(f'{{"id": {value}}}' for value in values) + "]"
    fields = ["id", {"name": "a", "path": "id.a", "optional": True}]

    adapter, reading = read(tmp_path, text, fields=fields)

    assert [row[1] for row in rows(reading, adapter)] == [
        "true", "false", None, None, " ", "0", "-1", '{"a":1}', "[1,2]"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "-1",
        "12345678901234567890",
        "1234567890123456789012345678901234567890",
        "0.1",
        "1e400",
        "-273.15",
    ],
)
def test_numbers_keep_their_digits(tmp_path: Path, number: str) -> None:
    assert cells(tmp_path, f'[{{"id": {number}}}]') == [(1, number, None)]


@pytest.mark.parametrize(
    ("written", "value"),
    [("1.10", "1.1"), ("1E3", "1000.0"), ("0.12345678901234567890", "0.12345678901234568")],
)
def test_a_number_with_decimals_or_exponent_is_as_exact_as_a_double(
    tmp_path: Path, written: str, value: str
) -> None:
    assert cells(tmp_path, f'[{{"id": {written}, "name": "{written}"}}]') == [(1, value, written)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"\"\\\/\b\f\n\r\t", '"\\/\b\f\n\r\t'),
        (r"\u0141 \u738b", "Ł 王"),
        (r"\ud83d\ude97", "🚗"),
        (r"a\u0000b", "a\0b"),
        ("[{,}]:", "[{,}]:"),
        ("\\\\", "\\"),
        ("\x7f\u2028\u0085", "\x7f\u2028\u0085"),
    ],
)
@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_texts_are_what_their_escapes_say(tmp_path: Path, kind: str, written: str, value: str) -> None:
    record = f'{{"id": "{written}", "name": "{written}x"}}'

    found = cells(tmp_path, f"[{record},{record}]" if kind == "json" else f"{record}\n{record}", kind=kind)

    assert found == [(1, value, value + "x"), (2, value, value + "x")]


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        (codecs.BOM_UTF8 + '[{"id":"Ł"}]'.encode(), "utf-8"),
        ('[{"id":"Ł"}]'.encode("utf-16"), "utf-16"),
        ('[{"id":"Ł"}]'.encode("utf-16-be"), "utf-16-be"),
        ('[{"id":"Ł"}]'.encode("utf-16-le"), "utf-16"),
        ('[{"id":"Ł"}]'.encode("utf-32"), "utf-32"),
        (codecs.BOM_UTF16_BE + '[{"id":"Ł"}]'.encode("utf-16-be"), "utf-16"),
        ('[{"id":"Ł"}]'.encode("cp1250"), "cp1250"),
    ],
)
def test_json_may_be_in_any_encoding(tmp_path: Path, written: bytes, declared: str) -> None:
    assert cells(tmp_path, written, encoding=declared) == [(1, "Ł", None)]


def test_a_byte_order_mark_of_another_encoding_stops_the_source(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, '[{"id":"Ł"}]'.encode("utf-16"))

    assert caught.value.code == "read.encoding-differs"


@pytest.mark.parametrize("text", ["[]", " [ \n ] ", '{"items": []}', '{"items": null}'])
def test_a_list_without_records_is_an_export_of_no_rows(tmp_path: Path, text: str) -> None:
    _, reading = read(tmp_path, text, records="items" if "items" in text else "")

    assert (reading.rows_read, reading.parts) == (0, ())


@pytest.mark.parametrize(
    ("text", "records", "code", "told"),
    [
        ("   \n ", "", "read.empty-file", "ask for the export again"),
        ("<?xml?>", "", "read.not-json", "<?xml?>"),
        ("id,name\n1,2", "", "read.not-json", "id,name"),
        ('"text"', "", "read.not-json", "text"),
        ('{"items": []}', "", "read.no-list-of-records", "an object with the keys items"),
        ('{"items": {"a": 1, "b": 2}}', "items", "read.no-list-of-records", "an object with the keys a, b"),
        ('{"items": 7}', "items", "read.no-list-of-records", "a value"),
        ("[1]", "items", "read.no-list-of-records", "a list instead of an object"),
        ('{"itmes": []}', "items", "read.no-such-path", "did you mean 'itmes'?"),
        ('{"a": {"b": []}}', "a.items", "read.no-such-path", "no key 'items' in 'a'"),
        ("{}", "items", "read.no-such-path", "no keys"),
    ],
)
def test_a_document_without_the_list_stops_the_source(
    tmp_path: Path, text: str, records: str, code: str, told: str
) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, text, records=records)

    assert caught.value.code == code
    assert told in str(caught.value)


def test_a_list_is_no_record_of_a_line(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, '[{"id": 1}]', kind="ndjson")

    assert caught.value.code == "read.not-json"


def test_keys_that_nobody_declared_and_missing_ones_are_drift_at_every_level(tmp_path: Path) -> None:
    fields = ["id", {"name": "town", "path": "home.town"}, {"name": "w", "records": ["charge"]}]
    text = '[{"id": 1, "home": {"city": "x"}, "w": [{"chrage": 2}], "new": {"deep": 1}}]'

    with pytest.raises(DriftError) as caught:
        read(tmp_path, text, fields=fields)

    assert caught.value.missing == ("home.town", "w.charge")
    assert caught.value.new == ("home.city", "new", "w.chrage")
    assert "missing 'w.charge' (the file has 'w.chrage')" in str(caught.value)


def test_a_key_that_one_record_has_is_not_missing_and_order_does_not_count(tmp_path: Path) -> None:
    found = cells(tmp_path, '[{}, {"name": "B", "id": 2}]', fields=["id", "name"])

    assert found == [(1, None, None), (2, "2", "B")]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
@pytest.mark.parametrize("window", [32, 100, 1000])
def test_however_large_the_windows_the_records_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int, kind: str
) -> None:
    monkeypatch.setattr(json_reader, "WINDOW", window)
    monkeypatch.setattr(json_records, "PIECE", 8)
    content = [{"id": f'{number} "\\', "name": "x, ]}" * (number % 7)} for number in range(50)]
    lines = [json.dumps(record) for record in content]

    found = cells(tmp_path, "[" + ", ".join(lines) + "]" if kind == "json" else "\n".join(lines), kind=kind)

    assert found == [
        (number, record["id"], record["name"] or None) for number, record in enumerate(content, 1)
    ]


def test_of_several_formats_the_one_whose_list_is_there_is_taken_and_nothing_is_left_in_the_inbox(
    tmp_path: Path,
) -> None:
    formats = [
        {"type": "json", "records": "items", "encoding": "utf-16"},
        {"type": "ndjson", "encoding": "cp1250"},
        {"type": "json", "encoding": "cp1250"},
    ]
    adapter = make_adapter(tmp_path, NAMES, formats)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    file = make_file(inbox / "export.json", '[{"id": "Ł"}]'.encode("cp1250"))

    reading = read_export(adapter, [file], tmp_path / "into")

    assert (reading.files[0].format, rows(reading, adapter)) == (2, [(1, "Ł", None)])
    assert [path.name for path in inbox.iterdir()] == ["export.json"]


def test_rows_are_numbered_on_over_the_files_of_an_export(tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path, NAMES, {"type": "ndjson"})
    files = [make_file(tmp_path / f"{name}.json", b'{"id": 1}\nbad\n{"id": 2}\n') for name in ("one", "two")]

    reading = read_export(adapter, files, tmp_path / "into")

    assert_adds_up(reading, adapter)
    assert [row[0] for row in rows(reading, adapter)] == [1, 3, 4, 6]
    assert refused(reading, "source_row", "file", "line") == [(2, "one.json", 2), (5, "two.json", 2)]
