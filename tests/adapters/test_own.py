"""An adapter's own reader: what it gives, and what becomes of its mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading


def read(tmp_path: Path, code: str, fields: Any = ("a", "b"), **format: Any) -> tuple[Reading, Adapter]:
    """Read a file of two lines with this reader.py."""
    adapter = make_adapter(tmp_path, list(fields), {"type": "own"} | format)
    (adapter.folder / "reader.py").write_text(code, "utf-8")
    file = make_file(tmp_path / "things.bin", b"one\ntwo\n")
    return read_export(adapter, [file], tmp_path / "parts"), adapter


def failure(tmp_path: Path, code: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, code)
    return caught.value


def test_batches_become_rows_and_their_values_text(tmp_path: Path) -> None:
    reading, adapter = read(
        tmp_path,
        "import pyarrow as pa\n"
        "def read(path):\n"
        "    for line in path.read_text().split():\n"
        "        yield pa.record_batch({'b': [5.0, None], 'a': [line, line + '!']})\n",
    )

    assert rows(reading, adapter) == [(1, "one", "5"), (2, "one!", None), (3, "two", "5"), (4, "two!", None)]
    assert_adds_up(reading, adapter)


def test_options_are_handed_on(tmp_path: Path) -> None:
    reading, adapter = read(
        tmp_path,
        "import pyarrow as pa\n"
        "def read(path, *, skip):\n"
        "    lines = path.read_text().split()[skip:]\n"
        "    yield pa.table({'a': lines, 'b': lines})\n",
        options={"skip": 1},
    )

    assert rows(reading, adapter) == [(1, "two", "two")]


def test_an_optional_field_may_be_in_some_batches_only(tmp_path: Path) -> None:
    reading, adapter = read(
        tmp_path,
        "import pyarrow as pa\n"
        "def read(path):\n"
        "    yield pa.record_batch({'a': ['x']})\n"
        "    yield pa.record_batch({'a': ['y'], 'b': ['z']})\n",
        fields=("a", {"name": "b", "optional": True}),
    )

    assert rows(reading, adapter) == [(1, "x", None), (2, "y", "z")]


def test_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    reading, adapter = read(
        tmp_path,
        "import pyarrow as pa\n"
        "def read(path):\n"
        "    a = pa.array([b'fine', b'\\xff'], pa.binary()).view(pa.string())\n"
        "    yield pa.record_batch({'a': a, 'b': ['1', '2']})\n",
    )

    assert rows(reading, adapter) == [(1, "fine", "1")]
    assert refused(reading) == [(2, None, "read.undecodable-bytes")]
    assert_adds_up(reading, adapter)


@pytest.mark.parametrize("body", ["    return []\n", "    yield from ()\n"])
def test_a_reader_that_gives_nothing_gives_no_rows(tmp_path: Path, body: str) -> None:
    reading, _ = read(tmp_path, "def read(path):\n" + body)

    assert (reading.rows_read, reading.parts, reading.rows_refused) == (0, (), 0)


@pytest.mark.parametrize(
    ("code", "found", "line"),
    [
        ("def read(path):\n    yield 1 / 0\n", "ZeroDivisionError: division by zero", 2),
        ("def read(path):\n    open(path / 'none')\n", "NotADirectoryError", 2),
        ("import sys\ndef read(path):\n    sys.exit('enough')\n", "SystemExit: enough", 3),
        ("def read(path):\n    yield {'a': 1}\n", "this is a dict", None),
        ("def read(path):\n    pass\n", "TypeError: 'NoneType' object is not iterable", None),
        ("def reed(path):\n    yield 1\n", "has no attribute 'read'", None),
        ("def read(path:\n    yield 1\n", "SyntaxError", 1),
        ("import nobody_wrote_this\n", "ModuleNotFoundError", 1),
        ("raise BaseException\n", "BaseException", 1),
    ],
    ids=["raises", "no file", "exits", "no batch", "nothing", "no function", "no Python", "import", "base"],
)
def test_a_mistake_is_the_failure_of_this_source_with_its_line(
    tmp_path: Path, code: str, found: str, line: int | None
) -> None:
    error = failure(tmp_path, code)

    assert error.code == "read.own-reader-failed"
    assert str(error.file).endswith("aa-things/reader.py")
    assert error.line == line
    assert found in str(error.found)
    assert "things.bin" in str(error.remedy)


def test_a_failure_after_some_batches_is_a_failure(tmp_path: Path) -> None:
    error = failure(
        tmp_path,
        "import pyarrow as pa\n"
        "def read(path):\n"
        "    yield pa.record_batch({'a': ['x'], 'b': ['y']})\n"
        "    raise ValueError('half way')\n",
    )

    assert (error.code, error.line) == ("read.own-reader-failed", 4)


def test_other_columns_are_drift(tmp_path: Path) -> None:
    with pytest.raises(DriftError) as caught:
        read(
            tmp_path,
            "import pyarrow as pa\ndef read(path):\n    yield pa.record_batch({'a': ['x'], 'bb': [1]})\n",
        )

    assert (caught.value.missing, caught.value.new) == (("b",), ("bb",))


def test_a_folder_without_reader_is_an_error(tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path, ["a"], {"type": "own"})

    with pytest.raises(ReadError) as caught:
        read_export(adapter, [make_file(tmp_path / "x.bin", b"x")], tmp_path / "parts")

    assert caught.value.code == "read.own-reader-missing"
    assert caught.value.remedy
