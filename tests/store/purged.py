"""A store out of which a record is purged, and a look for what is left of it that owes nothing to the purge's own."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq

from comity.store import ArchivedFile, Store
from comity.store.purge_find import find
from tests.store.test_changes import night

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import purge as purging

KEYS = {"source_key": "'PLATE-' || i", "plate": "'PLATE-' || i"}
RECORD_ID = hashlib.md5(b"aa-cars2").hexdigest()


def fill(store: Store) -> None:
    """Two releases of six vehicles, their exports in archive and inbox, rejects, lists of broken records, reports; a
    packed export that was blocked, and one of another country.
    """
    inbox = store.layout.inbox / "aa-cars"
    inbox.mkdir()
    for day in (1, 2):
        export = inbox / f"day{day}.csv"
        export.write_text("".join(f"PLATE-{i},{day}\n" for i in range(6)))
        export_id = store.archive(export)
        run_id = store.begin_run()
        _record(store, run_id, export, export_id, "published")
        rejects = store.layout.staging_of(run_id) / "rejects.parquet"
        with duckdb.connect() as duck:
            # One of the record's own row, one of another row with the same key, one of somebody else.
            duck.execute(
                f"COPY (SELECT '{export_id}' AS export_id, unnest([3, 8, 9]) AS source_row,"
                " unnest([NULL, 3, NULL])::BIGINT AS kept_row, unnest(['raw', 'a driver', 'raw']) AS raw)"
                f" TO '{rejects}'"
            )
        store.record_rejects(run_id, "aa-cars", export_id, rejects, 3)
        broken = store.layout.runs / run_id / "quality" / "broken" / "cars.parquet"
        broken.parent.mkdir(parents=True)
        with duckdb.connect() as duck:
            duck.execute(f"COPY (SELECT md5('aa-cars' || i) AS record_id FROM range(6) t(i)) TO '{broken}'")
        (store.layout.runs / run_id / "report.json").write_text('{"example": "PLATE-2"}')
        store.end_run(run_id, "ok")
        night(
            store, 6, export=export_id, purge_after=f"CASE WHEN i < 2 THEN DATE '2020-01-0{day}' END", **KEYS
        )
    packed = inbox / "day3.csv.gz"
    packed.write_bytes(gzip.compress("".join(f"PLATE-{i},3\n" for i in range(6)).encode()))
    run_id = store.begin_run()
    _record(store, run_id, packed, store.archive(packed), "blocked")
    packed.unlink()
    store.end_run(run_id, "ok")
    other = store.layout.inbox / "bb-cars"
    other.mkdir()
    (other / "cars.csv").write_text("another country's\n")
    store.archive(other / "cars.csv")


def _record(store: Store, run_id: str, export: Path, export_id: str, outcome: str) -> None:
    archived = [ArchivedFile(export.name, export_id, export.stat().st_size)]
    store.record_export(
        run_id, "aa-cars", export_id, archived, kind="full", received_at=None, mapping_version="a" * 12,
        outcome=outcome,
    )  # fmt: skip


def key(store: Store, number: int) -> list[purging.Target]:
    return find(store, keys=[("aa-cars", f"PLATE-{number}")])


def left_of(data: Path, *marks: str) -> list[Path]:
    """The files of a data folder in which a mark stands: as bytes, unpacked, or in a value of Parquet."""
    return [
        path
        for path in sorted(data.rglob("*"))
        if path.is_file() and any(mark.encode() in _content(path) for mark in marks)
    ]


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        return gzip.decompress(content)
    if content[:4] == b"PAR1":
        return content + repr(pq.ParquetFile(path).read().to_pylist()).encode()
    return content
