"""Delimited text of every kind: any table comes back, and no bytes whatever break the reader."""

from __future__ import annotations

import csv as python_csv
import io
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.adapters import csv_part, encoding
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.csv_rule import rows_by_rule
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading

FIELDS = ["a", "b", "c"]
no_deadline = settings(deadline=None, max_examples=30)
CODECS = {
    "utf-8": "aé€王🚗\u2028\x85",
    "latin-1": "aéÿ\x85\x1c",
    "cp1250": "aŁż\xa0",
    "cp1256": "aمپ\u200c",
    "cp874": "aสั",
    "cp932": "aソ表ﾊ\\",
    "big5": "a許功\\",
    "gb18030": "a警𠀀é",
    "utf-16": "a王🚗\u0a0d\u2c22",
    "cp037": "a¢Ñ",
}

# Python quotes a line end of another kind than the file's only when it quotes everything.
WRITERS = [("\r\n", python_csv.QUOTE_MINIMAL), *((end, python_csv.QUOTE_ALL) for end in ("\n", "\r\n", "\r"))]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def adapter_of(folder: Path, **dialect: Any) -> Adapter:
    return make_adapter(folder, FIELDS, {"type": "csv", "missing": [], **dialect})


def read(folder: Path, adapter: Adapter, data: bytes) -> Reading:
    into = folder / "into"
    into.mkdir(exist_ok=True)
    for old in into.iterdir():
        old.unlink()
    reading = read_export(adapter, [make_file(folder / "export.csv", data)], into)
    assert_adds_up(reading, adapter)
    return reading


@st.composite
def tables(draw: st.DrawFn, alphabet: str) -> list[tuple[str, ...]]:
    cell = st.text(st.sampled_from(alphabet), max_size=6)
    return draw(st.lists(st.tuples(cell, cell, cell), max_size=8))


@pytest.mark.parametrize("codec", CODECS)
@no_deadline
@given(data=st.data())
def test_any_table_that_python_writes_comes_back(folder: Path, codec: str, data: st.DataObject) -> None:
    delimiter = data.draw(st.sampled_from(",;\t|"))
    ends, quoting = data.draw(st.sampled_from(WRITERS))
    table = data.draw(tables(CODECS[codec] + f'{delimiter}" \n\r'))
    written = io.StringIO(newline="")
    writer = python_csv.writer(written, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    writer.writerows([FIELDS, *table])
    adapter = adapter_of(folder, encoding=codec, delimiter=delimiter)

    reading = read(folder, adapter, written.getvalue().encode(codec))

    assert not reading.rows_refused
    assert [row[1:] for row in rows(reading, adapter)] == table


TEXTS = st.text(st.sampled_from('abé,;" \n\r'), max_size=60) | st.lists(
    st.sampled_from(['a,"b', '",c', '"x",y,z\n', "p,q,r\n", '"', '""', ",", "\n", "\r\n", " ", "t"]),
    max_size=20,
).map("".join)


@no_deadline
@given(text=TEXTS, chunk=st.sampled_from([1, 4, 9, 1 << 20]), part=st.sampled_from([1, 1 << 20]))
def test_any_text_is_read_by_the_rule(folder: Path, text: str, chunk: int, part: int) -> None:
    adapter = adapter_of(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "CHUNK", chunk)
        patch.setattr(csv_part, "PART_BYTES", part)
        reading = read(folder, adapter, f"a,b,c\n{text}".encode())

    kept = [(number, tuple(cells)) for number, *cells in rows(reading, adapter)]
    lost = [(number, line, code) for number, line, code in refused(reading)]
    expected = list(enumerate(rows_by_rule(text, columns=3), 1))
    assert kept == [(number, row.cells) for number, row in expected if row.code is None]
    assert sorted(lost) == [(number, row.line + 1, row.code) for number, row in expected if row.code]


@no_deadline
@given(text=TEXTS)
def test_a_row_that_both_keep_is_what_python_reads(folder: Path, text: str) -> None:
    adapter = adapter_of(folder)
    reading = read(folder, adapter, f"a,b,c\n{text}".encode())
    if reading.rows_refused:
        return

    by_python = [tuple(row) for row in python_csv.reader(io.StringIO(text, newline="")) if row]

    assert [row[1:] for row in rows(reading, adapter)] == by_python


@pytest.mark.parametrize("codec", ["utf-8", "cp1250", "cp932", "utf-16", "gb18030", "cp037", "iso2022_jp"])
@pytest.mark.parametrize("header_rows", [0, 1])
@no_deadline
@given(data=st.binary(max_size=300), chunk=st.sampled_from([5, 1 << 20]))
def test_no_bytes_break_the_reader(
    folder: Path, codec: str, header_rows: int, data: bytes, chunk: int
) -> None:
    adapter = adapter_of(folder, encoding=codec, header_rows=header_rows)
    head = "a,b,c\n".encode(codec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "CHUNK", chunk)
        try:
            read(folder, adapter, head + data)
        except ReadError as error:
            assert error.code.startswith("read.")


@pytest.mark.parametrize("codec", ["utf-8", "cp932", "utf-16-le"])
@no_deadline
@given(data=st.data())
def test_damage_in_a_line_costs_no_other_row(folder: Path, codec: str, data: st.DataObject) -> None:
    table = data.draw(tables("ab,x 表").filter(bool))
    encoded = [('"' + '","'.join(row) + '"\n').encode(codec) for row in table]
    row = data.draw(st.integers(0, len(table) - 1))
    place = data.draw(st.integers(0, len(encoded[row]) // 2 - 2)) * 2
    damage = data.draw(st.binary(min_size=2, max_size=2).filter(lambda two: not set(two) & set(b"\r\n\0\1")))
    encoded[row] = encoded[row][:place] + damage + encoded[row][place + 2 :]
    adapter = adapter_of(folder, encoding=codec)

    reading = read(folder, adapter, "a,b,c\n".encode(codec) + b"".join(encoded))

    found = Counter(each[1:] for each in rows(reading, adapter))
    assert not Counter(table[:row] + table[row + 1 :]) - found
