"""Writing a published file anew, and putting the new one in its place in every release.

Invariant: the ledger lists the old file or the new one, never both and never none; the new file is durable before it is
listed. What a crash leaves behind is listed by nothing and goes with the next sweep.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from comity.store.failure import storing
from comity.store.layout import FINAL, sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa
    from sqlalchemy import Connection, Table

    from comity.store.layout import Layout

_ROWS_AT_ONCE = 122_880


def without(
    path: Path,
    gone: Callable[[pa.RecordBatch], pa.Array],
    emptied: Callable[[pa.RecordBatch], pa.RecordBatch],
    target: Path | None = None,
) -> tuple[Path | None, int]:
    """A new file beside ``path`` with the same columns and field ids, without the rows that ``gone`` marks, the others
    as ``emptied`` makes them; and its rows. None when no row is left.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    target, rows = target or path.with_name(f"{uuid.uuid4()}.parquet"), 0
    with storing("writing a file anew", path), pq.ParquetFile(path) as source:
        with pq.ParquetWriter(target, source.schema_arrow, compression="zstd") as writer:
            for batch in source.iter_batches(_ROWS_AT_ONCE):
                kept = batch.filter(pc.invert(pc.fill_null(gone(batch), False)))
                rows += kept.num_rows
                if kept.num_rows:
                    writer.write_batch(emptied(kept))
        if not rows:
            target.unlink()
            return None, 0
        target.chmod(FINAL)
        sync(target)
        sync(target.parent)
    return target, rows


def swap(
    connection: Connection, layout: Layout, table: Table, old: Path, new: Path | None, rows: int
) -> None:
    """List ``new`` where ``old`` was; without a new file the line goes, or, in ``changes``, its path."""
    from comity.store.tables import changes

    here = table.c.path == layout.relative(old)
    if new is None and table is not changes:
        connection.execute(table.delete().where(here))
        return
    values: dict[str, object] = {"path": layout.relative(new) if new else None, "rows": rows}
    if "sha256" in table.c:
        values |= {"bytes": new.stat().st_size if new else 0, "sha256": sha256_of(new) if new else None}
    connection.execute(table.update().where(here).values(**values))


def count_again(connection: Connection) -> None:
    """Give every release the number of records that its files hold."""
    from sqlalchemy import func, or_, select

    from comity.store.tables import files, releases

    held = (
        select(func.coalesce(func.sum(files.c.rows), 0))
        .where(
            files.c.begin_release <= releases.c.release,
            or_(files.c.end_release.is_(None), files.c.end_release > releases.c.release),
        )
        .scalar_subquery()
    )
    connection.execute(releases.update().values(records=held))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
