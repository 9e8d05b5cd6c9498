"""Fixed-width records: every byte of the file is accounted for, and a field's place is its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.adapters import encoding, fixed_records
from comity.adapters.export import read_export
from comity.adapters.reader import find_reader
from comity.errors import ConfigError, ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading

A, B = {"name": "a", "start": 1, "length": 3}, {"name": "b", "start": 4, "length": 2}
FIELDS = [A, B]
BLOCKS = {"line_ending": "none", "record_length": 5}
MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def adapter_of(tmp_path: Path, fields: list[Any] = FIELDS, **format: Any) -> Adapter:
    return make_adapter(tmp_path, fields, {"type": "fixed_width"} | format)


def read(tmp_path: Path, data: bytes, fields: list[Any] = FIELDS, **format: Any) -> tuple[Reading, Adapter]:
    tmp_path.mkdir(exist_ok=True)
    adapter = adapter_of(tmp_path, fields, **format)
    return read_export(adapter, [make_file(tmp_path / "x.dat", data)], tmp_path / "parts"), adapter


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_lines_become_fields_by_their_places(tmp_path: Path, end: bytes, last: bool) -> None:
    data = end.join([b"abcde", b"f  g ", b"     "]) + (end if last else b"")

    reading, adapter = read(tmp_path, data)

    assert rows(reading, adapter) == [(1, "abc", "de"), (2, "f", "g"), (3, None, None)]
    assert_adds_up(reading, adapter)


@pytest.mark.parametrize(
    "end", [b"\x25", b"\x15", b"\x0d\x25", b"\x0d\x15"], ids=["LF", "NEL", "CRLF", "CRNEL"]
)
def test_ebcdic_has_line_ends_of_its_own(tmp_path: Path, end: bytes) -> None:
    data = end.join(text.encode("cp037") for text in ("SMI¢¬", "AB1{}")) + end

    reading, adapter = read(tmp_path, data, encoding="cp037")

    assert rows(reading, adapter) == [(1, "SMI", "¢¬"), (2, "AB1", "{}")]
    assert "SMITH".encode("cp037") == bytes.fromhex("e2d4c9e3c8")


def test_records_without_line_ends_follow_each_other(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, "SMI¢¬AB1{}".encode("cp037"), encoding="cp037", **BLOCKS)

    assert rows(reading, adapter) == [(1, "SMI", "¢¬"), (2, "AB1", "{}")]
    assert_adds_up(reading, adapter)


@pytest.mark.parametrize("encoding", ["cp1250", "cp866", "cp874", "koi8-r", "iso8859-6", "cp500", "cp1140"])
def test_a_character_of_a_code_page_is_one_place(tmp_path: Path, encoding: str) -> None:
    letters = [mark for mark in bytes(range(0x80, 0x100)).decode(encoding, "ignore") if mark.isalpha()]
    texts = ["".join(letters[i : i + 5]) for i in range(0, len(letters) // 5 * 5, 5)]

    reading, adapter = read(tmp_path, "".join(texts).encode(encoding), encoding=encoding, **BLOCKS)

    assert rows(reading, adapter) == [(i, text[:3], text[3:]) for i, text in enumerate(texts, 1)]


def test_places_in_utf8_are_characters(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, "\ufeff東京都Łé\nabcde\n𠮷𠮷𠮷𠮷𠮷\n".encode(), record_length=5)

    assert rows(reading, adapter) == [(1, "東京都", "Łé"), (2, "abc", "de"), (3, "𠮷𠮷𠮷", "𠮷𠮷")]


@pytest.mark.parametrize(
    ("format", "words"),
    [
        ({"encoding": "cp932"}, "may have several bytes"),
        ({"encoding": "utf-16"}, "may have several bytes"),
        ({"encoding": "big5"} | BLOCKS, "may have several bytes"),
        ({"encoding": "utf-8"} | BLOCKS, "need line endings"),
        ({"line_ending": "none"}, "'record_length' is needed"),
        ({"encoding": "cp037", "trimmed": True} | BLOCKS, "no record can be 'trimmed'"),
        ({"record_length": 4}, "ends at 5, behind the record's 4"),
    ],
)
def test_a_layout_without_places_is_refused_at_load(
    tmp_path: Path, format: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        adapter_of(tmp_path, **format)


def test_a_field_without_a_place_is_refused_at_load(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs 'start' and 'length'"):
        adapter_of(tmp_path, [A, "b"])


def test_records_of_another_length_are_refused_with_line_and_place(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, b"abcde\nabc\n\nabcdef\nfghij\n", record_length=5)

    assert rows(reading, adapter) == [(1, "abc", "de"), (5, "fgh", "ij")]
    assert refused(reading, "source_row", "line", "byte_offset", "code", "raw") == [
        (2, 2, 6, "read.record-length", "abc"),
        (3, 3, 10, "read.record-length", ""),
        (4, 4, 11, "read.record-length", "abcdef"),
    ]
    assert refused(reading, "message")[0] == ("the record has 3 characters; 5 are declared",)
    assert_adds_up(reading, adapter)


def test_without_a_declared_length_a_record_may_be_longer_than_its_fields(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, b"abcdefgh\nabcd\n")

    assert rows(reading, adapter) == [(1, "abc", "de")]
    assert refused(reading) == [(2, 2, "read.record-length")]


def test_trimmed_records_lack_the_blanks_at_their_end(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, b"abcde\nabcd\nab\n\nabcdef\n", record_length=5, trimmed=True)

    assert rows(reading, adapter) == [(1, "abc", "de"), (2, "abc", "d"), (3, "ab", None), (4, None, None)]
    assert refused(reading) == [(5, 5, "read.record-length")]


@pytest.mark.parametrize("format", [{}, BLOCKS | {"encoding": "cp1252"}], ids=["lines", "blocks"])
def test_a_truncated_last_record_is_refused_as_that(tmp_path: Path, format: dict[str, Any]) -> None:
    data = b"abcdefghij" if format else b"abcde\nfghij\n"

    reading, adapter = read(tmp_path, data + b"kl", **format)

    assert len(rows(reading, adapter)) == 2
    assert refused(reading, "source_row", "byte_offset", "code", "raw", "message") == [
        (3, len(data), "read.truncated-row", "kl", "the file ends after 2 of the record's 5 characters")
    ]
    assert_adds_up(reading, adapter)


def test_undecodable_bytes_send_their_record_to_the_refused(tmp_path: Path) -> None:
    reading, adapter = read(
        tmp_path, b"abcdea\x81\x83de" + "Łódźż".encode("cp1250"), encoding="cp1250", **BLOCKS
    )

    assert rows(reading, adapter) == [(1, "abc", "de"), (3, "Łód", "źż")]
    assert refused(reading, "source_row", "byte_offset", "code", "raw", "message") == [
        (2, 5, "read.undecodable-bytes", "a\\x81\\x83de", "byte 0x81 at offset 6 cannot be decoded as cp1250")
    ]
    assert_adds_up(reading, adapter)


def test_undecodable_bytes_in_a_line_are_told_with_their_line(tmp_path: Path) -> None:
    reading, adapter = read(tmp_path, b"abcde\nab\xffde\nfghij\n")

    assert rows(reading, adapter) == [(1, "abc", "de"), (3, "fgh", "ij")]
    assert refused(reading, "source_row", "line", "code", "raw") == [
        (2, 2, "read.undecodable-bytes", "ab\\xffde")
    ]


@pytest.mark.parametrize("format", [{}, BLOCKS | {"encoding": "ascii"}], ids=["lines", "blocks"])
def test_preamble_is_no_row_and_footers_are_not_selected(tmp_path: Path, format: dict[str, Any]) -> None:
    end = b"" if format else b"\n"
    records = [b"HEAD\xff", b"abcde", b"TRL 1", b"fghij", b"TRL 2"]

    reading, adapter = read(
        tmp_path, b"".join(record + end for record in records), preamble_rows=1, footer="^TRL", **format
    )

    assert rows(reading, adapter) == [(1, "abc", "de"), (3, "fgh", "ij")]
    assert (reading.rows_read, reading.rows_not_selected, reading.rows_refused) == (4, 2, 0)
    assert_adds_up(reading, adapter)


def test_a_file_of_preamble_alone_has_no_rows(tmp_path: Path) -> None:
    reading, _ = read(tmp_path, b"HEAD\n", preamble_rows=3)

    assert (reading.rows_read, reading.parts) == (0, ())


def test_line_ends_where_none_are_declared_stop_the_source(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, b"abcde\r\nfghij\r\nklmno\r\n", encoding="cp1252", **BLOCKS)

    assert caught.value.code == "read.record-length"
    assert "line_ending: none" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [(b"1234 5678 90\n" * 50, "cp037"), (bytes(range(256)) * 20, "latin-1")],
    ids=["ASCII as EBCDIC", "a binary file"],
)
def test_a_file_that_is_no_text_in_its_encoding_stops_the_source(
    tmp_path: Path, data: bytes, encoding: str
) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, data, encoding=encoding, **BLOCKS)

    assert caught.value.code == "read.wrong-encoding"


def test_the_first_format_that_fits_is_taken(tmp_path: Path) -> None:
    ebcdic = {"type": "fixed_width", "encoding": "cp037"} | BLOCKS
    adapter = make_adapter(tmp_path, FIELDS, [ebcdic, {"type": "fixed_width", "encoding": "cp1252"}])
    files = [
        make_file(tmp_path / "new.dat", b"12345\n67890\n"),
        make_file(tmp_path / "old.dat", "1234567890".encode("cp037")),
    ]

    reading = read_export(adapter, files, tmp_path / "parts")

    assert [file.format for file in reading.files] == [1, 0]
    assert rows(reading, adapter) == [(1, "123", "45"), (2, "678", "90"), (3, "123", "45"), (4, "678", "90")]


def test_a_probe_says_that_the_first_record_is_too_short(tmp_path: Path) -> None:
    adapter = adapter_of(tmp_path)

    with pytest.raises(ReadError, match="first record"):
        find_reader("fixed_width").probe(
            make_file(tmp_path / "x", b"abc\nabcde\n"), adapter.formats[0], adapter
        )


def test_a_line_beyond_the_bound_is_refused_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MAX_LINE", 1_000)
    monkeypatch.setattr(fixed_records, "CHUNK", 500)
    data = b"abcde\n" + b"x" * 9_000 + b"\nfghij\n"

    reading, adapter = read(tmp_path, data, encoding="cp1252")

    assert rows(reading, adapter) == [(1, "abc", "de"), (3, "fgh", "ij")]
    assert refused(reading) == [(2, 2, "read.record-too-long")]
    assert_adds_up(reading, adapter)


@MANY
@given(st.data())
def test_what_is_written_comes_back(tmp_path: Path, data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(["cp037", "cp1250", "cp874", "latin-1"]))
    letters = [mark for mark in bytes(range(256)).decode(encoding, "ignore") if mark.isprintable()]
    texts = data.draw(st.lists(st.text(letters, min_size=5, max_size=5), min_size=1, max_size=30))
    blocks = data.draw(st.booleans())
    written = ("" if blocks else "\n").join(texts).encode(encoding)

    reading, adapter = read(tmp_path, written, encoding=encoding, **(BLOCKS if blocks else {}))

    expected = [(text[:3].rstrip(" ") or None, text[3:].rstrip(" ") or None) for text in texts]
    assert [row[1:] for row in rows(reading, adapter)] == expected


@MANY
@given(
    data=st.binary(min_size=1, max_size=200),
    blocks=st.booleans(),
    encoding=st.sampled_from(["cp037", "cp1250"]),
)
def test_whatever_the_bytes_are_each_is_in_one_record_or_the_file_is_refused(
    tmp_path: Path, data: bytes, blocks: bool, encoding: str
) -> None:
    try:
        reading, adapter = read(
            tmp_path, data, encoding=encoding, **(BLOCKS if blocks else {"record_length": 5})
        )
    except ReadError as error:
        assert error.code.startswith("read.")
        return
    assert_adds_up(reading, adapter)
    if blocks:
        assert reading.rows_read == -(-len(data) // 5)


@pytest.mark.parametrize("size", [5, 64, 1_000])
def test_where_the_file_is_cut_for_reading_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    texts = [f"{i:05}" if i % 7 else "ab\x81de" for i in range(500)]
    for name, format in (("lines", {}), ("blocks", BLOCKS)):
        data = ("" if format else "\r\n").join(texts).encode("latin-1")
        whole, adapter = read(tmp_path / name, data, encoding="cp1250", **format)
        expected = (
            rows(whole, adapter),
            refused(whole, "source_row", "line", "byte_offset", "raw", "message"),
        )
        monkeypatch.setattr(fixed_records, "CHUNK", size)

        pieces, adapter = read(tmp_path / name, data, encoding="cp1250", **format)

        found = (
            rows(pieces, adapter),
            refused(pieces, "source_row", "line", "byte_offset", "raw", "message"),
        )
        assert found == expected
