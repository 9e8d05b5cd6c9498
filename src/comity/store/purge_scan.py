"""Looking for the marks of purged records in every place of the data folder.

Invariant: a place is looked through as it lies on the disk, listed or not; what cannot be looked into is said. Parquet
is read by its columns, since its bytes are compressed; everything else is searched byte by byte.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from comity.store.layout import Layout
    from comity.store.purge_plan import PurgePlan

PLACES = (
    "records",
    "changes",
    "rejects",
    "quality",
    "runs",
    "archive",
    "inbox",
    "iceberg",
    "index",
    "staging",
)


def scan(layout: Layout, plan: PurgePlan) -> dict[str, dict[str, int]]:
    """By place: files and bytes looked through, and in how many files (Parquet: rows) a mark was found."""
    found: dict[str, dict[str, int]] = {}
    for name in PLACES:
        found[name] = _place(files_below(layout.root / name), plan)
    found["ledger"] = _place(layout.root.glob("ledger.sqlite*"), plan)
    found["views"] = _place(layout.root.glob("*.duckdb"), plan)
    return found


def files_below(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def gone(plan: PurgePlan) -> Callable[[pa.RecordBatch], pa.Array]:
    """Which rows of a batch are about a purged record: by its id, by the row that it came from, by a mark in raw."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.array(plan.record_ids, pa.string())
    rows = pa.array([f"{export_id} {row}" for export_id, row in sorted(plan.rows)], pa.string())

    def marks(batch: pa.RecordBatch) -> pa.Array:
        names = batch.schema.names
        marked = pa.array([False] * batch.num_rows)
        if "record_id" in names:
            return pc.or_(marked, pc.is_in(batch["record_id"].cast(pa.string()), ids))
        if "export_id" in names and "source_row" in names:
            place = pc.binary_join_element_wise(
                batch["export_id"].cast(pa.string()), batch["source_row"].cast(pa.string()), " "
            )
            marked = pc.or_(marked, pc.fill_null(pc.is_in(place, rows), False))
        for text in plan.texts if "raw" in names else ():
            marked = pc.or_(
                marked, pc.fill_null(pc.match_substring(batch["raw"].cast(pa.string()), text), False)
            )
        return marked

    return marks


def holds(path: Path, plan: PurgePlan) -> int:
    """In how many rows of a Parquet file, or whether at all in another file, there is a mark."""
    if path.suffix != ".parquet":
        return int(has_mark(path, plan.marks))
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    marked, count = gone(plan), 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            wanted = [n for n in ("record_id", "export_id", "source_row", "raw") if n in names]
            for batch in file.iter_batches(columns=wanted):
                count += pc.sum(marked(batch)).as_py() or 0
    except pa.ArrowInvalid:
        return int(has_mark(path, plan.marks))
    return count


def has_mark(path: Path, marks: Sequence[bytes]) -> bool:
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(mark) >= 0 for mark in marks)


def blacken(path: Path, marks: Sequence[bytes]) -> None:
    """Write X over every mark in a file of text."""
    content = path.read_bytes()
    for mark in marks:
        content = content.replace(mark, b"X" * len(mark))
    path.write_bytes(content)


def _place(paths: Iterator[Path], plan: PurgePlan) -> dict[str, Any]:
    files = size = found = 0
    for path in paths:
        files, size = files + 1, size + path.stat().st_size
        found += holds(path, plan)
    return {"files": files, "bytes": size, "found": found}
