"""Marks are found wherever an export may hold them, and what cannot be looked into is never said to be free of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.store.purge_bytes import blacken, has_mark
from comity.store.purge_plan import PurgePlan, Target
from comity.store.purge_search import Search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "Ю<12>&3456"
PLAIN = f"{KEY};a row\n"


def marks(key: str = KEY, others: int = 0) -> tuple[bytes, ...]:
    keys = [key, *(f"OTHER-{number * 7919}" for number in range(others))]
    targets = tuple(Target("f" * 32, "person", "aa", each, (), False) for each in keys)
    return PurgePlan("p", "why", "who", "now", targets).marks({"aa"})


def zipped(content: bytes, name: str = "rows.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("other.txt", "nothing " * 100)
        archive.writestr(name, content)
    return file.getvalue()


def taped(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tape:
        entry = tarfile.TarInfo("rows.csv")
        entry.size = len(content)
        tape.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def columns(text: str) -> bytes:
    file = io.BytesIO()
    nested = pa.array([[{"found": "x"}], [{"found": text}]])
    pq.write_table(pa.table({"reasons": nested, "number": [1, 2]}), file, compression="zstd")
    return file.getvalue()


FORMS: dict[str, Callable[[str], bytes]] = {
    "text": lambda text: text.encode(),
    "another encoding": lambda text: text.encode("cp1251"),
    "EBCDIC": lambda text: text.replace("Ю", "Z").encode("cp037"),
    "JSON": lambda text: json.dumps({"key": text}).encode(),
    "JSON in capitals": lambda text: json.dumps({"key": text}).replace("u042e", "u042E").encode(),
    "XML": lambda text: escape(text).encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "bzip2": lambda text: bz2.compress(text.encode()),
    "zip": lambda text: zipped(text.encode()),
    "a workbook": lambda text: zipped(escape(text).encode()),
    "zip in zip": lambda text: zipped(zipped(text.encode()), "inner.zip"),
    "tar in gzip": lambda text: taped(text.encode()),
    "Parquet": columns,
    "Parquet in zip": lambda text: zipped(columns(text), "rows.parquet"),
    "over the border of two chunks": lambda text: gzip.compress(b" " * ((1 << 20) - 4) + text.encode()),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_mark_is_found_in(tmp_path: Path, form: str) -> None:
    path, other = tmp_path / "held", tmp_path / "other"
    path.write_bytes(FORMS[form](PLAIN))
    other.write_bytes(FORMS[form](PLAIN.replace("34", "43")))
    key = KEY.replace("Ю", "Z") if form == "EBCDIC" else KEY
    for others in (0, 50):  # many are looked for all at once
        assert has_mark(path, marks(key, others)) is True
        assert has_mark(other, marks(key, others)) is False


def test_a_number_in_parquet_is_a_key_too(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1234567]}), tmp_path / "p")
    assert has_mark(tmp_path / "p", marks("1234567")) is True


def locked() -> bytes:
    content = bytearray(zipped(b"secret"))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the bit that says: encrypted
        at = -1
        while (at := content.find(signature, at + 1)) >= 0:
            content[at + offset] |= 1
    return bytes(content)


def deep(levels: int) -> bytes:
    content = b"row"
    for _ in range(levels):
        content = gzip.compress(content)
    return content


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(PLAIN.encode() * 50)[:20],
        zipped(b"x" * 500)[:-30],
        locked(),
        deep(9),
        b"PAR1" + b"x" * 40,
    ],
    ids=["cut", "no directory", "encrypted", "too deep", "no Parquet"],
)
def test_what_cannot_be_looked_into_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert has_mark(tmp_path / "file", marks()) is None


def test_a_bomb_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(gzip.compress(b"\0" * (80 << 20)))
    assert has_mark(tmp_path / "bomb", marks()) is None


def test_a_text_is_blackened_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(f"<td>{KEY}</td><td>Ю&lt;12&gt;&amp;3456</td>")
    path.chmod(0o600)
    blacken(path, marks(), tmp_path / ".report.html.part")
    assert has_mark(path, marks()) is False
    assert path.read_text().startswith("<td>XXXX")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_many_marks_are_found_as_each_by_itself_would_be(data: st.DataObject) -> None:
    few = st.binary(min_size=1, max_size=6).map(lambda content: bytes(each % 4 for each in content))
    many = data.draw(st.sets(st.one_of(few, st.binary(min_size=1, max_size=40)), min_size=70, max_size=120))
    content = data.draw(st.binary(max_size=300).map(lambda content: bytes(each % 5 for each in content)))
    content += data.draw(st.sampled_from(sorted(many))) + data.draw(st.binary(max_size=20))
    assert Search(tuple(many)).found(content) == {mark for mark in many if mark in content}


def test_many_marks_are_found_over_the_border_of_two_chunks() -> None:
    many = tuple(f"mark-{number:05d}".encode() for number in range(100))
    for at in range((1 << 20) - 12, (1 << 20) + 3):
        assert Search(many).found(b"." * at + b"mark-00042" + b"." * 30) == {b"mark-00042"}
