"""Whether the store holds what its ledger says.

Invariant: looking changes nothing. Every listed file is there, with its bytes, hash and rows; every release has the
records of its files; every archived export still has the hash that names it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.store.failure import storing
from comity.store.lock import is_held
from comity.store.purge_plan import plans
from comity.store.sweep import unlisted_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from comity.store.layout import Layout
    from comity.store.ledger import Ledger


@dataclass(frozen=True)
class Fault:
    """What is wrong: ``kind`` is missing, changed, unreadable, rows, release, unlisted (which a sweep removes), or
    purge: one that was interrupted, which goes on with the next run.
    """

    kind: str
    path: str
    found: str


def check(layout: Layout, ledger: Ledger, *, quick: bool = False) -> tuple[int, list[Fault]]:
    """How many files were looked at, and every fault. ``quick``: sizes and rows only, no hash is worked out."""
    from sqlalchemy import select

    from comity.store.tables import changes, export_files, files, quality_files, rejects_files

    faults: list[Fault] = []
    looked = 0
    with ledger.reading() as connection, storing("checking the store", layout.root):
        for table in (files, changes, rejects_files, quality_files):
            for row in connection.execute(select(table).where(table.c.path.is_not(None))).mappings():
                looked += 1
                told = {"bytes": row.get("bytes"), "sha256": row.get("sha256"), "rows": row["rows"]}
                faults += _parquet(layout.root / row["path"], row["path"], told, quick)
        for sha256, size in connection.execute(select(export_files.c.sha256, export_files.c.size).distinct()):
            path = layout.archived(sha256)
            # An export that holds a purged record is dropped from the archive; its line says that it was once there.
            if path.exists():
                looked += 1
                faults += _bytes(path, layout.relative(path), size, None if quick else sha256)
        faults += _releases(connection)
        faults += [
            Fault("unlisted", layout.relative(path), "no release lists it")
            for path in unlisted_files(layout, connection)
        ]
        if not is_held(layout.purge_lock):
            faults += [
                Fault(
                    "purge",
                    layout.relative(path),
                    "was interrupted: `comity purge --resume`, or the next run",
                )
                for path in plans(layout)
            ]
    return looked, faults


def _parquet(path: Path, name: str, told: dict[str, object], quick: bool) -> Iterator[Fault]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        yield Fault("missing", name, "the ledger lists it")
        return
    if told["bytes"] is not None:
        sha256 = str(told["sha256"]) if told["sha256"] and not quick else None
        yield from _bytes(path, name, int(str(told["bytes"])), sha256)
    try:
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError) as error:
        yield Fault("unreadable", name, str(error).splitlines()[0])
        return
    if rows != told["rows"]:
        yield Fault("rows", name, f"{rows:,} rows, the ledger says {told['rows']:,}")


def _bytes(path: Path, name: str, size: int, sha256: str | None) -> Iterator[Fault]:
    found = path.stat().st_size
    if found != size:
        yield Fault("changed", name, f"{found:,} bytes, the ledger says {size:,}")
    elif sha256 is not None:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                yield Fault("changed", name, "its hash is not the one that the ledger has")


def _releases(connection: Connection) -> Iterator[Fault]:
    from sqlalchemy import func, or_, select

    from comity.store.tables import files, releases

    statement = (
        select(releases.c.release, releases.c.records, func.coalesce(func.sum(files.c.rows), 0))
        .outerjoin(
            files,
            (files.c.begin_release <= releases.c.release)
            & or_(files.c.end_release.is_(None), files.c.end_release > releases.c.release),
        )
        .where(releases.c.expired_at.is_(None))
        .group_by(releases.c.release, releases.c.records)
    )
    for release, records, held in connection.execute(statement):
        if records != held:
            yield Fault(
                "release", f"release {release}", f"{held:,} records in its files, the ledger says {records:,}"
            )
