"""Text in any encoding: what is declared is read, and what cannot be decoded costs its row and no other."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters import encoding
from comity.adapters.encoding_guard import WrongEncodingGuard
from comity.adapters.export import read_export
from comity.errors import ConfigError, ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.part import Reading

FIELDS = ["id", "name", "note"]

# A codec and two names that it writes with bytes beyond ASCII.
WRITTEN = {
    "ascii": ("ADA", "GRACE"),
    "utf-8": ("Łukasz 王 🚗", "Зоя"),
    "utf-8-sig": ("Łukasz", "Žofia"),
    "latin-1": ("Åsa Ñuñez", "Ünal\x85"),
    "cp1252": ("Åsa €", "“Ünal”…"),
    "cp1250": ("Łukasz Święty", "Žofia Ďurišová"),
    "cp1251": ("Объект", "Їжак №5"),
    "cp1253": ("Ελένη", "Γιώργος"),
    "cp1254": ("Şükrü", "İğdır"),
    "cp1255": ("שלום", "דוד"),
    "cp1256": ("محمد", "پگاه"),
    "cp1258": ("Đàng", "ưu ₫"),
    "cp437": ("Åsa", "½ inch ░"),
    "cp850": ("Åsa", "Ñ ╬"),
    "cp874": ("สมชาย", "ใจดี …"),
    "cp932": ("警察 ソ表", "ﾊﾝｶｸ ①"),
    "shift_jis": ("警察 ソ", "ﾊﾝｶｸ"),
    "euc-jp": ("警察", "カナ"),
    "iso2022_jp": ("警察", "カナ"),
    "big5": ("許功蓋", "機車"),
    "cp950": ("許功蓋", "碁恒裏"),
    "gb18030": ("警察㐀𠀀", "京A·12345"),
    "gbk": ("警察", "京A"),
    "cp949": ("경찰", "똠방"),
    "johab": ("경찰", "서울"),
    "koi8-r": ("Зоя", "Объект"),
    "iso8859-2": ("Łukasz", "Žofia"),
    "iso8859-15": ("Œuvre €", "Ÿ"),
    "mac-roman": ("Åsa", "Ω"),
    "cp037": ("GARCIA ¢", "Ñ"),
    "cp500": ("GARCIA !", "Ñ"),
    "utf-16": ("Łukasz 王 🚗", "\u0a0d\u0d0a \u2c22"),
    "utf-16-le": ("Объект " * 20, "\u0a0d\u0d0a \u2c22"),
    "utf-16-be": ("Łukasz", "\u0a0d\u0d0a \u2c22"),
    "utf-32": ("Łukasz 🚗", "王"),
}


def read(root: Path, data: bytes, encoding: str, **dialect: Any) -> tuple[list[tuple[Any, ...]], Reading]:
    adapter = make_adapter(root, FIELDS, {"type": "csv", "encoding": encoding, **dialect})
    reading = read_export(adapter, [make_file(root / "export.csv", data)], root / "into")
    assert_adds_up(reading, adapter)
    return [row[1:] for row in rows(reading, adapter)], reading


@pytest.mark.parametrize("codec", WRITTEN)
@pytest.mark.parametrize("size", [7, encoding.CHUNK])
def test_every_codec_is_read_whatever_the_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codec: str, size: int
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", size)
    first, second = WRITTEN[codec]
    text = f'id,name,note\r\n1,{first},x\r\n2,"{second}\n{first}",""\r\n'

    found, reading = read(tmp_path, text.encode(codec), codec)

    assert found == [("1", first, "x"), ("2", f"{second}\n{first}", None)]
    assert reading.files[0].encoding == codecs.lookup(codec).name.removesuffix("-sig") or "utf" in codec


@pytest.mark.parametrize("codec", ["cp1250", "cp1251", "cp1256", "cp874", "cp932", "big5", "utf-16", "cp037"])
def test_tabs_and_semicolons_delimit_in_every_codec(tmp_path: Path, codec: str) -> None:
    first, second = WRITTEN[codec]
    for delimiter in ("\t", ";"):
        text = "\n".join(delimiter.join(row) for row in (FIELDS, ["1", first, second])) + "\n"

        assert read(tmp_path, text.encode(codec), codec, delimiter=delimiter)[0] == [("1", first, second)]


@pytest.mark.parametrize(
    ("mark", "family"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF8, "utf-8"),
        (b"", "utf-16-le"),
        (b"", "utf-32-le"),
    ],
)
def test_a_byte_order_mark_is_no_data_and_gives_the_order(tmp_path: Path, mark: bytes, family: str) -> None:
    declared = family.removesuffix("-le").removesuffix("-be")
    data = mark + "id,name,note\n1,Łukasz,x\n".encode(family)

    found, reading = read(tmp_path, data, declared)

    assert (found, reading.files[0].encoding) == ([("1", "Łukasz", "x")], family)


@pytest.mark.parametrize(
    ("mark", "declared"),
    [(codecs.BOM_UTF8, "cp1250"), (codecs.BOM_UTF16_LE, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-le")],
)
def test_a_byte_order_mark_of_another_encoding_stops_the_source(
    tmp_path: Path, mark: bytes, declared: str
) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, mark + b"id,name,note\n", declared)

    assert caught.value.code == "read.encoding-differs"
    assert "declare 'encoding: utf-" in str(caught.value)


# A codec, bytes that it cannot decode, and how the row shows them.
DAMAGED = [
    ("utf-8", b"\xc3", "\\xc3"),
    ("ascii", b"\xe9", "\\xe9"),
    ("cp1250", b"\x81", "\\x81"),
    ("cp1251", b"\x98", "\\x98"),
    ("cp874", b"\xdb", "\\xdb"),
    ("cp932", b"\x81", "\\x81"),
    ("big5", b"\xff", "\\xff"),
    ("gb18030", b"\x81\x30", None),
    ("euc-jp", b"\x8e", "\\x8e"),
    ("iso2022_jp", b"\x1b$B\xff\x1b(B", None),
]


@pytest.mark.parametrize(("codec", "bad", "shown"), DAMAGED)
@pytest.mark.parametrize("size", [5, encoding.CHUNK])
def test_bytes_that_cannot_be_decoded_cost_their_row_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codec: str, bad: bytes, shown: str | None, size: int
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", size)
    good = WRITTEN[codec][0].encode(codec)
    before = b"id,name,note\n1," + good + b",x\n2,y,"

    found, reading = read(tmp_path, before + bad + b"\n3," + good + b",x\n4,y,z\n", codec)

    assert [row[0] for row in found] == ["1", "3", "4"]
    assert found[0][1] == found[1][1] == WRITTEN[codec][0]
    [(row, line, offset, raw, code)] = refused(reading, "source_row", "line", "byte_offset", "raw", "code")
    assert (row, line, code) == (2, 3, "read.undecodable-bytes")
    assert len(before) <= offset < len(before + bad)
    assert shown is None or raw == f"2,y,{shown}"


def test_half_a_character_at_the_end_of_utf_16_costs_the_last_row(tmp_path: Path) -> None:
    data = "id,name,note\n1,x,y\n2,z,w".encode("utf-16")

    found, reading = read(tmp_path, data + b"\x41", "utf-16")

    assert found == [("1", "x", "y")]
    assert refused(reading, "line", "byte_offset", "code") == [(3, len(data), "read.undecodable-bytes")]


def test_half_a_pair_in_utf_16_costs_its_row(tmp_path: Path) -> None:
    data = "id,name,note\n1,\ud83d,y\n2,🚗,w\n".encode("utf-16-le", "surrogatepass")

    found, reading = read(tmp_path, data, "utf-16-le")

    assert found == [("2", "🚗", "w")]
    assert refused(reading) == [(1, 2, "read.undecodable-bytes")]


def test_a_file_in_plainly_another_encoding_stops_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WrongEncodingGuard, "_ENOUGH", 100)
    data = b"id,name,note\n" + "1,Żółć,x\n".encode("cp1250") * 200

    with pytest.raises(ReadError) as caught:
        read(tmp_path, data, "utf-8")

    assert caught.value.code == "read.wrong-encoding"


@pytest.mark.parametrize(
    "name", ["utf-9", "base64", "rot13", "undefined", "unicode_escape", "idna", "utf-7", "hz", "iso2022_kr"]
)
@pytest.mark.parametrize("kind", ["csv", "ndjson", "xml"])
def test_what_is_no_encoding_of_lines_of_text_cannot_be_declared(
    tmp_path: Path, name: str, kind: str
) -> None:
    more = {"records": "//x"} if kind == "xml" else {}

    with pytest.raises(ConfigError) as caught:
        make_adapter(tmp_path, FIELDS, {"type": kind, "encoding": name, **more})

    assert caught.value.code == "config.invalid-value"
    assert name in str(caught.value)


ALTERNATIVES = [{"type": "csv", "encoding": "utf-8"}, {"type": "csv", "encoding": "cp1250"}]


def read_either(root: Path, data: bytes) -> Reading:
    adapter = make_adapter(root, FIELDS, ALTERNATIVES)
    reading = read_export(adapter, [make_file(root / "export.csv", data)], root / "into")
    assert_adds_up(reading, adapter)
    return reading


def test_of_two_encodings_the_one_that_decodes_is_taken(tmp_path: Path) -> None:
    for index, codec in enumerate(["utf-8", "cp1250"]):
        data = ("id,name,note\n" + "1,plain,x\n" * 100 + "1,Żółć,x\n").encode(codec)

        assert read_either(tmp_path, data).files[0].format == index


def test_of_two_encodings_that_both_fail_the_one_with_fewer_bad_lines_is_taken(tmp_path: Path) -> None:
    data = "id,name,note\n1,Żółć,x\n2,plain,x\n".encode("cp1250") + b"3,\x81,x\n"

    reading = read_either(tmp_path, data + b"4,plain,x\n")

    assert reading.files[0].format == 1
    assert refused(reading) == [(3, 4, "read.undecodable-bytes")]


def test_a_file_in_neither_encoding_stops_the_source(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read_either(tmp_path, b"id,name,note\n" + b"1,\x81\xff,x\n" * 5)

    assert caught.value.code == "read.wrong-encoding"
    assert "none of the 1 other formats" in caught.value.message
