"""What the tests of databases share: a snapshot of a query, and its rows."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from comity.adapters import database_query
from comity.adapters.database import snapshot
from tests.adapters.exports import make_adapter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile


def database_adapter(root: Path, url: str, query: str, fields: Sequence[Any], **more: Any) -> Adapter:
    database = {"url": url, "query": query} | more
    return make_adapter(root, list(fields), {"type": "database"}, delivery={"database": database})


def take(root: Path, url: str, query: str, fields: Sequence[Any], **more: Any) -> ExportFile:
    return snapshot(database_adapter(root, url, query, fields, **more), root / "taken")


def taken(root: Path, url: str, query: str, fields: Sequence[Any], **more: Any) -> list[dict[str, Any]]:
    """The rows of a snapshot, by column."""
    file = take(root, url, query, fields, **more)
    rows: list[dict[str, Any]] = pq.read_table(file.path).to_pylist()
    return rows


def without_adbc(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that has no ADBC driver."""
    monkeypatch.setattr(database_query, "_ADBC", {})


def sqlite(path: Path, *statements: str) -> str:
    """A SQLite database made by these statements; its URL."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"
