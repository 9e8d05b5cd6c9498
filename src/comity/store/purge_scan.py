"""Looking for the marks of purged records in every place of the data folder.

Invariant: a place is looked through as it lies on the disk, listed or not; what cannot be looked into is said. Parquet
is read by its columns, since its bytes are compressed; everything else is searched byte by byte, and unpacked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.store.purge_bytes import has_mark, mentions
from comity.store.purge_find import NAMES_ANOTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from comity.store.purge_plan import PurgePlan
    from comity.store.store import Store

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
_PLAN = "purge"
"""The last place where the marks stand, and none that is looked through."""


def scan(store: Store, plan: PurgePlan) -> dict[str, dict[str, int]]:
    """By place: files and bytes looked through, and in how many files (Parquet: rows) a mark was found; ``unread``:
    files that could not be looked into.
    """
    layout, whose = store.layout, owners(store)
    files = [path for path in layout.root.iterdir() if path.is_file()]
    folders = {path.name for path in layout.root.iterdir() if path.is_dir()} - {_PLAN}
    found = {name: _place(files_below(layout.root / name), plan, whose) for name in PLACES}
    for name in sorted(folders - found.keys()):
        found[name] = _place(files_below(layout.root / name), plan, whose)
    of_ledger = [path for path in files if path.name.startswith(layout.ledger_file.name)]
    views = [path for path in files if path.suffix == ".duckdb"]
    found["ledger"] = _place(of_ledger, plan, whose)
    found["views"] = _place(views, plan, whose)
    if others := [path for path in files if path not in of_ledger and path not in views]:
        found["other files"] = _place(others, plan, whose)
    return found


def owners(store: Store) -> Callable[[Path], set[str] | None]:
    """Of which sources a file is; None where it is nobody's, or of nobody who is known."""
    from sqlalchemy import select

    from comity.store.tables import export_files

    archived: dict[str, set[str]] = {}
    with store.ledger.reading() as connection:
        for sha256, source in connection.execute(select(export_files.c.sha256, export_files.c.source_id)):
            archived.setdefault(sha256, set()).add(source)

    def whose(path: Path) -> set[str] | None:
        place, *below = path.relative_to(store.layout.root).parts
        if place == store.layout.archive.name:
            return archived.get(path.name)
        named = place in (store.layout.inbox.name, store.layout.rejects.name) and len(below) > 1
        return {below[0]} if named else None

    return whose


def files_below(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def gone(plan: PurgePlan, sources: set[str] | None = None) -> Callable[[pa.RecordBatch], pa.Array]:
    """Which rows of a batch are about a purged record: by its id, by the row that it came from or that was refused for
    its sake, by a mark in a text.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.array(plan.record_ids, pa.string())
    texts = plan.texts(sources)
    rows = pa.array([f"{export_id} {row}" for export_id, row in sorted(plan.rows)], pa.string())

    def marks(batch: pa.RecordBatch) -> pa.Array:
        names = batch.schema.names
        marked = pa.repeat(pa.scalar(False), batch.num_rows)
        if "record_id" in names:
            return pc.or_(marked, pc.is_in(batch["record_id"].cast(pa.string()), ids))
        for name in {"source_row", "kept_row"}.intersection(names) if "export_id" in names else ():
            place = pc.binary_join_element_wise(
                batch["export_id"].cast(pa.string()), batch[name].cast(pa.string()), " "
            )
            marked = pc.or_(marked, pc.fill_null(pc.is_in(place, rows), False))
        for column in batch.columns:
            if not pa.types.is_integer(column.type):
                marked = pc.or_(marked, mentions(column, texts))
        return marked

    return marks


def emptied(plan: PurgePlan) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """A batch whose records name no purged record any more."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.array(plan.record_ids, pa.string())

    def empty(batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = batch.columns
        for position, field in enumerate(batch.schema):
            column = columns[position]
            if not field.name.endswith(NAMES_ANOTHER):
                continue
            if not pa.types.is_list(field.type):
                columns[position] = pc.if_else(pc.is_in(column, ids), pa.scalar(None, field.type), column)
            elif pc.any(pc.is_in(column.flatten(), ids)).as_py():
                kept = [
                    v if v is None else [i for i in v if i not in plan.record_ids] for v in column.to_pylist()
                ]
                columns[position] = pa.array(kept, field.type)
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    return empty


def holds(path: Path, plan: PurgePlan, sources: set[str] | None = None) -> int | None:
    """In how many rows of a Parquet file, or whether at all in another file, there is a mark; None where it cannot be
    looked into.
    """
    if path.suffix != ".parquet":
        mark = has_mark(path, plan.marks(sources))
        return None if mark is None else int(mark)
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    marked, count = gone(plan, sources), 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            named = [n for n in names if n.endswith(NAMES_ANOTHER)]
            wanted = ["record_id", *named] if "record_id" in names else names
            for batch in file.iter_batches(columns=wanted):
                found = marked(batch)
                for name in named:
                    found = pc.or_(found, mentions(batch[name], plan.record_ids))
                count += pc.sum(found).as_py() or 0
    except pa.ArrowInvalid:
        return None if (mark := has_mark(path, plan.marks(sources))) is None else int(mark)
    return count


def _place(
    paths: Iterable[Path], plan: PurgePlan, whose: Callable[[Path], set[str] | None]
) -> dict[str, Any]:
    files = size = found = unread = 0
    for path in paths:
        files, size = files + 1, size + path.stat().st_size
        held = holds(path, plan, whose(path))
        found, unread = found + (held or 0), unread + (held is None)
    return {"files": files, "bytes": size, "found": found} | ({"unread": unread} if unread else {})
