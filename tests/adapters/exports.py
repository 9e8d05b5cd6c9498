"""What the tests of this room share: an adapter from a few words, a reading opened again."""

from __future__ import annotations

import atexit
import functools
import hashlib
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

from comity.adapters.adapter import Adapter, load_adapter
from comity.adapters.csv_plain import read_plain
from comity.adapters.part import ExportFile, Reading
from comity.adapters.scan import raw_sql, scan_sql
from comity.adapters.stretch import lay_down

if TYPE_CHECKING:
    from pathlib import Path


def make_adapter(root: Path, fields: list[Any], format: Any, **more: Any) -> Adapter:
    """An adapter with these fields and format; everything else is as plain as can be."""
    folder = root / "aa-things"
    folder.mkdir(exist_ok=True)
    content = {
        "source": "aa-things",
        "title": "Things",
        "owner": {"country": "AA"},
        "delivery": {"files": ["*"]},
        "format": format,
        "fields": fields,
        "handling": {"confidentiality": "RESTRICTED"},
    } | more
    (folder / "adapter.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return load_adapter(folder)


def make_file(path: Path, data: bytes) -> ExportFile:
    """A file that stays as it is, as one of the archive does."""
    path.write_bytes(data)
    return ExportFile(path.name, path, hashlib.sha256(data).hexdigest(), len(data), stays=True)


def rows(reading: Reading, adapter: Adapter) -> list[tuple[Any, ...]]:
    """Every row of every part: its number and its fields. Whoever can read the part quicker reads the same."""
    found = []
    for part in reading.parts:
        plain = read_plain(part, adapter)
        lay_down(part)
        scanned = _fetch(scan_sql(part, adapter))
        assert plain is None or [tuple(row.values()) for row in plain.to_pylist()] == scanned
        found += scanned
    return found


def raw(reading: Reading, adapter: Adapter) -> list[tuple[int, str]]:
    for part in reading.parts:
        lay_down(part)
    return [row for part in reading.parts for row in _fetch(raw_sql(part, adapter))]


def refused(reading: Reading, *columns: str) -> list[tuple[Any, ...]]:
    if reading.refused is None:
        return []
    chosen = ", ".join(columns or ("source_row", "line", "code"))
    return _fetch(f"SELECT {chosen} FROM read_parquet('{reading.refused}')")


def _fetch(sql: str) -> list[tuple[Any, ...]]:
    return _connection().execute(sql).fetchall()


@functools.cache
def _connection() -> duckdb.DuckDBPyConnection:
    # Opening one takes longer than most of these questions.
    connection = duckdb.connect()
    atexit.register(_connection.cache_clear)
    return connection


def assert_adds_up(reading: Reading, adapter: Adapter) -> None:
    """Every row is read, refused or not selected, and no number is given twice or left out."""
    numbers = [row[0] for row in rows(reading, adapter)] + [row[0] for row in refused(reading)]
    assert reading.rows_refused == len(refused(reading))
    assert len(numbers) + reading.rows_not_selected == reading.rows_read
    assert len(set(numbers)) == len(numbers)
    assert sum(file.rows for file in reading.files) == reading.rows_read
    if not reading.rows_not_selected and numbers:
        first = min(file.first_row for file in reading.files)
        assert sorted(numbers) == list(range(first, first + reading.rows_read))
