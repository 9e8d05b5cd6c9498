"""The row of an export from which a record was made, read again from the archived bytes.

Invariant: the bytes are those whose hash the record carries; it is the adapter of today that reads them, and a row
that it no longer finds is an error.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.errors import ComityError, QueryError
from comity.query.failure import asking
from comity.query.trace_item import Item, find_item
from comity.store.progress_bar import no_progress_bar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading
    from comity.store import Store


@dataclass(frozen=True)
class RawRow:
    """``row`` counts the export's data rows, ``row_in_file`` those of its file. ``item``: where a row becomes
    several records, the cells that this one alone was made from.
    """

    file: str
    row: int
    row_in_file: int
    raw: str | None
    cells: dict[str, Any]
    item: dict[str, Any]


def read_row(
    root: Path,
    store: Store,
    record_type: str,
    record: dict[str, Any],
    files: list[dict[str, Any]],
    notes: list[str],
) -> tuple[RawRow, Item | None]:
    """The row of the record, and the item in it; ``notes`` is told why there is no item when there should be."""
    import duckdb

    from comity.adapters.export import read_export
    from comity.adapters.part import ExportFile

    adapter, mappings = _adapter(root, record["source_id"])
    archived = [
        ExportFile(file["name"], store.archived(file["sha256"]), file["sha256"], file["size"])
        for file in files
    ]
    gone = [file.name for file in archived if not file.path.exists()]
    if gone or not archived:
        raise QueryError(
            "query.no-raw-row", "The archive does not hold the export's files", found=", ".join(gone)
        )
    number = int(record["source_row"])
    with tempfile.TemporaryDirectory(prefix="comity-") as folder, duckdb.connect() as connection, asking():
        no_progress_bar(connection)
        reading = read_export(adapter, archived, Path(folder))
        row, raw, cells = _row_of(connection, adapter, reading, number)
        item: Item | None = None
        try:
            item = find_item(
                connection, mappings, adapter.source_fields, record_type, str(record["source_key"]), row
            )
        except ComityError as error:
            notes.append(f"the mapping cannot be read today: {error.message} [{error.code}]")
    file = next(file for file in reversed(reading.files) if file.first_row <= number)
    in_file = number - file.first_row + 1
    return RawRow(file.name, number, in_file, raw, cells, item.cells if item else {}), item


def _row_of(
    connection: DuckDBPyConnection, adapter: Adapter, reading: Reading, number: int
) -> tuple[str, str | None, dict[str, Any]]:
    """The row with that number: a SELECT of its fields, its raw text, and its cells."""
    from comity.adapters.scan import raw_sql, scan_sql

    for part in reading.parts:
        row = f"SELECT * FROM ({scan_sql(part, adapter)}) WHERE source_row = {number}"
        found = connection.execute(f"SELECT to_json(cells)::VARCHAR FROM ({row}) AS cells").fetchall()
        if found:
            cells = json.loads(found[0][0])
            cells.pop("source_row")
            text = f"SELECT raw FROM ({raw_sql(part, adapter)}) WHERE source_row = {number}"
            return row, connection.execute(text).fetchall()[0][0], cells
    raise QueryError("query.no-raw-row", f"The export has no row {number} as its adapter reads it today")


def _adapter(root: Path, source_id: str) -> tuple[Adapter, Path]:
    """The source's adapter, and the folder of its mappings."""
    from comity.adapters.adapter import load_adapter
    from comity.adapters.announced import announced_adapters

    folder, mappings = root / "adapters" / source_id, root / "mappings" / source_id
    announced = None if folder.exists() else announced_adapters().get(source_id)
    if isinstance(announced, Exception):
        raise announced
    if announced is not None:
        # A package that announces an adapter keeps its mappings beside it.
        folder = announced
        mappings = mappings if mappings.is_dir() else folder / "mappings"
    return load_adapter(folder), mappings
