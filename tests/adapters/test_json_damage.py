"""JSON that is damaged: a record costs itself, with its place, and the rest goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters import json as json_reader
from comity.adapters.export import read_export
from comity.adapters.record_sink import MAX_DEPTH
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.part import Reading

FIELDS = [{"name": "id", "optional": True}, {"name": "w", "optional": True, "records": ["charge"]}]
COMPACT = json.dumps([{"id": str(number), "w": [{"charge": "x"}]} for number in range(1, 7)])
INDENTED = json.dumps([{"id": str(number), "w": [{"charge": "x"}]} for number in range(1, 7)], indent=1)


def read(root: Path, text: str | bytes, *, kind: str = "json", **options: Any) -> tuple[list[str], Reading]:
    """The ids of the records that were kept, and the account."""
    adapter = make_adapter(root, FIELDS, {"type": kind, **options})
    data = text.encode() if isinstance(text, str) else text
    reading = read_export(adapter, [make_file(root / "export.json", data)], root / "into")
    assert_adds_up(reading, adapter)
    return [row[1] for row in rows(reading, adapter)], reading


def test_a_line_that_is_no_json_is_refused_with_its_place(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, '{"id":"1"}\n\n  {"id":\n{"id":"3"}\n', kind="ndjson")

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "file", "line", "byte_offset", "raw", "code", "message") == [
        (2, "export.json", 3, 12, '{"id":', "read.invalid-json", "The record is not valid JSON")
    ]


def test_a_record_that_is_no_json_is_refused_with_its_place(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, '[{"id":"1"},\n {"id":2 3},{"id":"3"}]')

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "line", "byte_offset", "raw", "code") == [
        (2, 2, 14, '{"id":2 3}', "read.invalid-json")
    ]


@pytest.mark.parametrize(
    "garbage", ["x", "{id: 1}", "{'id': 1}", '{"id": 01}', '{"id": "\t"}', '{"id": "\\ud83d"}']
)
@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_what_is_not_json_between_records_is_refused(tmp_path: Path, kind: str, garbage: str) -> None:
    records = ['{"id":"1"}', garbage, '{"id":"3"}']

    kept, reading = read(
        tmp_path, f"[{','.join(records)}]" if kind == "json" else "\n".join(records), kind=kind
    )

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "raw", "code") == [(2, garbage, "read.invalid-json")]


@pytest.mark.parametrize("value", ["1", '"text"', "null", "[]", '[{"id": 2}]'])
def test_a_record_that_is_no_object_is_refused(tmp_path: Path, value: str) -> None:
    kept, reading = read(tmp_path, f'[{{"id":"1"}},{value},{{"id":"3"}}]')

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "raw", "code") == [(2, value, "read.not-an-object")]


@pytest.mark.parametrize(
    "record",
    ['{"id":"2","id":"2"}', '{"w":[{"charge":1},{"charge":1,"charge":2}]}', '{"id":"2","w":[],"w":[]}'],
)
def test_a_record_with_a_key_twice_is_refused_since_nobody_knows_which_counts(
    tmp_path: Path, record: str
) -> None:
    kept, reading = read(tmp_path, f'[{{"id":"1"}},{record},{{"id":"3"}}]')

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "raw", "code") == [(2, record, "read.duplicate-key")]


def test_a_record_that_nests_too_deep_is_refused(tmp_path: Path) -> None:
    deep = '{"id":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}"
    deeper = '{"id":' + "[" * 100_000 + "]" * 100_000 + "}"
    allowed = '{"id":' + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "}"

    kept, reading = read(tmp_path, f'[{deep},{{"id":"2"}},{deeper},{allowed}]')

    assert (len(kept), kept[0]) == (2, "2")
    assert refused(reading, "source_row", "code") == [(1, "read.too-deep"), (3, "read.too-deep")]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_bytes_that_cannot_be_decoded_cost_their_record(tmp_path: Path, kind: str) -> None:
    records = [b'{"id":"1"}', b'{"id":"\xff"}', b'{"id":"3"}']

    kept, reading = read(
        tmp_path, b"[%s]" % b",".join(records) if kind == "json" else b"\n".join(records), kind=kind
    )

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "raw", "code") == [(2, '{"id":"\\xff"}', "read.undecodable-bytes")]


@pytest.mark.parametrize(
    ("codec", "bad"), [("cp1250", b"\x81"), ("cp932", b"\x81"), ("utf-16-le", b"\x00\xd8")]
)
def test_bytes_that_cannot_be_decoded_cost_their_record_in_every_encoding(
    tmp_path: Path, codec: str, bad: bytes
) -> None:
    data = b"".join(
        [
            *(part.encode(codec) for part in ('[{"id":"1"},', '{"id":"')),
            bad,
            *(part.encode(codec) for part in ('"},', '{"id":"3"}]')),
        ]
    )

    kept, reading = read(tmp_path, data, encoding=codec)

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "code") == [(2, "read.undecodable-bytes")]


@pytest.mark.parametrize("end", range(len('[{"id":"1"},\n{"id":"2"},\n{"id":"3"}]') - 1, 1, -1))
def test_a_document_cut_off_anywhere_keeps_every_whole_record(tmp_path: Path, end: int) -> None:
    text = '[{"id":"1"},\n{"id":"2"},\n{"id":"3"}]'[:end]

    kept, reading = read(tmp_path, text)

    assert kept == [str(number) for number in range(1, 1 + text.count("}"))]
    assert [code for _, _, code in refused(reading)] == ["read.truncated"]


def test_a_document_cut_off_behind_its_list_says_so(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, '{"items":[{"id":"1"}], "more": {"a"', records="items")

    assert kept == ["1"]
    assert refused(reading, "source_row", "code") == [(2, "read.truncated")]


def test_the_last_line_may_be_cut_off(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, '{"id":"1"}\n{"id":"2"}\n{"id"', kind="ndjson")

    assert kept == ["1", "2"]
    assert refused(reading) == [(3, 3, "read.invalid-json")]


def test_text_behind_the_document_is_refused(tmp_path: Path) -> None:
    for text, records in (('[{"id":"1"}]\n[{"id":"2"}]', ""), ('{"items":[{"id":"1"}]} {}', "items")):
        kept, reading = read(tmp_path, text, records=records)

        assert kept == ["1"]
        assert [code for _, _, code in refused(reading)] == ["read.text-behind-the-end"]


@pytest.mark.parametrize("damage", ['"3', '3"', "{", "[", "}", "]", '"}', "},", "\\"])
def test_a_bracket_or_quote_too_many_costs_no_record_but_its_own(tmp_path: Path, damage: str) -> None:
    text = INDENTED.replace('"3"', damage)

    kept, reading = read(tmp_path, text)

    assert kept == ["1", "2", "4", "5", "6"]
    assert reading.rows_refused >= 1
    assert refused(reading)[0][:2] == (3, 18)


@pytest.mark.parametrize("damage", ['"3', '3"', "{", "[", "}", "]", '"}', "},", "\\"])
@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":")])
def test_on_one_line_too_the_next_record_is_found_by_how_it_begins(
    tmp_path: Path, damage: str, separators: tuple[str, str]
) -> None:
    text = json.dumps(json.loads(COMPACT), separators=separators)

    kept, reading = read(tmp_path, text.replace('"3"', damage))

    assert kept == ["1", "2", "4", "5", "6"]
    assert refused(reading, "source_row", "byte_offset")[0] == (
        3,
        text.index('{"id"' + separators[1] + '"3"'),
    )


@pytest.mark.parametrize("window", [64, 300])
def test_damage_costs_the_same_however_large_the_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    text = INDENTED.replace('"3"', '"3')
    whole = [(kept, refused(reading)) for kept, reading in [read(tmp_path, text)]]

    monkeypatch.setattr(json_reader, "WINDOW", window)
    monkeypatch.setattr(json_reader, "SMALL_WINDOW", window)

    assert [(kept, refused(reading)) for kept, reading in [read(tmp_path, text)]] == whole


def test_an_indented_document_cut_off_in_a_text_keeps_the_records_before(tmp_path: Path) -> None:
    kept, reading = read(tmp_path, INDENTED[: INDENTED.index('"4"') + 2])

    assert kept == ["1", "2", "3"]
    assert [code for _, _, code in refused(reading)] == ["read.truncated"]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_a_record_beyond_the_bound_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(json_reader, "WINDOW", 64)
    monkeypatch.setattr(json_reader, "SMALL_WINDOW", 64)
    monkeypatch.setattr(json_reader, "LARGEST_RECORD", 256)
    records = ['{"id":"1"}', f'{{"id":"{"x" * 1000}"}}', '{"id":"3"}']
    text = "[\n" + ",\n".join(records) + "\n]" if kind == "json" else "\n".join(records)

    kept, reading = read(tmp_path, text, kind=kind)

    assert kept == ["1", "3"]
    assert refused(reading, "source_row", "code") == [(2, "read.record-too-long")]
