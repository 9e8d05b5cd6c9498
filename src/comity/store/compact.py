"""Many small files of one source and record type into one.

Invariant: the new file takes the place of files that begin and end with the same releases, so every release has the
same records as before; readers who have the old views open find the old files until the next sweep.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from comity.store.failure import storing
from comity.store.layout import FINAL, sync
from comity.store.lock import holding
from comity.store.progress_bar import no_progress_bar
from comity.store.rewrite import sha256_of
from comity.store.view_sql import identifier, literal, parquet_scan

if TYPE_CHECKING:
    from pathlib import Path

    from comity.standard import RecordType
    from comity.store.publication import StoredFile
    from comity.store.store import Store

Group = tuple[str, str, str, int, int | None]


def compact(store: Store, *, smaller_than: int, memory_limit: str = "512MB") -> tuple[int, int]:
    """Write together what has at least two files smaller than ``smaller_than`` bytes; files before and after."""
    before = after = 0
    with holding(store.layout.publish_lock, store.wait_seconds):
        for files in _groups(store, smaller_than):
            _together(store, files, memory_limit)
            before, after = before + len(files), after + 1
    if before:
        from comity.store.iceberg import follow

        store.refresh_views()
        follow(store)
    return before, after


def _groups(store: Store, smaller_than: int) -> list[list[StoredFile]]:
    from sqlalchemy import select

    from comity.store.publication import StoredFile
    from comity.store.tables import files

    groups: dict[Group, list[StoredFile]] = {}
    with store.ledger.reading() as connection:
        rows = connection.execute(
            select(files).where(files.c.bytes < smaller_than).order_by(files.c.path)
        ).mappings()
        for row in rows:
            file = StoredFile(**{**row, "path": store.layout.root / row["path"]})
            key = (file.record_type, file.source_id, file.owner_country, file.begin_release, file.end_release)
            groups.setdefault(key, []).append(file)
    known = store.standard.record_types if store.standard else {}
    return [group for key, group in groups.items() if len(group) > 1 and key[0] in known]


def _together(store: Store, group: list[StoredFile], memory_limit: str) -> None:
    from comity.store.publication import StagedFile
    from comity.store.release import check_staged
    from comity.store.tables import files

    assert store.standard is not None
    first = group[0]
    target = store.layout.new_record_file(first.record_type, first.owner_country)
    with storing("writing small files together", target):
        rows = _write(
            store.standard.record_types[first.record_type], [f.path for f in group], target, memory_limit
        )
        target.chmod(FINAL)
        sync(target)
        sync(target.parent)
    size, sha256 = target.stat().st_size, sha256_of(target)
    columns_id = check_staged(
        StagedFile(
            first.record_type,
            first.source_id,
            first.owner_country,
            target,
            sum(f.rows for f in group),
            size,
            sha256,
        )
    )
    with store.ledger.writing("listing a compacted file") as connection:
        connection.execute(files.delete().where(files.c.file_id.in_([file.file_id for file in group])))
        connection.execute(
            files.insert().values(
                file_id=str(uuid.uuid4()), path=store.layout.relative(target), record_type=first.record_type,
                source_id=first.source_id, owner_country=first.owner_country, export_id=first.export_id,
                mapping_version=first.mapping_version, rows=rows, bytes=size, sha256=sha256, columns_id=columns_id,
                begin_release=first.begin_release, end_release=first.end_release,
            )
        )  # fmt: skip


def _write(record_type: RecordType, paths: list[Path], target: Path, memory_limit: str) -> int:
    import duckdb

    from comity.standard import field_ids_clause

    with duckdb.connect(config={"threads": 1, "memory_limit": memory_limit}) as duck:
        no_progress_bar(duck)
        duck.execute("SET TimeZone = 'UTC'")
        scan = parquet_scan(paths)
        present = {row[0] for row in duck.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
        columns = ", ".join(
            f"CAST({identifier(c.name) if c.name in present else 'NULL'} AS {c.duckdb_type}) AS {identifier(c.name)}"
            for c in record_type.columns
        )
        written = duck.execute(
            f"COPY (SELECT {columns} FROM {scan}) TO {literal(target)}"
            f" (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {field_ids_clause(record_type)})"
        ).fetchall()
    return int(written[0][0])
