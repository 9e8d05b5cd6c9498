"""What a purge asks of the tables: once the ledger names rewritten files, nothing of the old ones is left here."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from comity.store.iceberg import derived_files, keep_in_step, open_catalogue, rebuild
from comity.store.iceberg.glance import in_step
from tests.store import small
from tests.store.iceberg.engines import by_pyiceberg, by_views, checksum

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store

pytestmark = pytest.mark.slow


def _bytes(store: Store, *needles: bytes) -> list[Path]:
    """The files of the tables and of the records that hold one of the needles."""
    looked = [*derived_files(store.layout), *store.layout.records.rglob("*.parquet")]
    return [path for path in looked if any(needle in path.read_bytes() for needle in needles)]


def test_the_bytes_of_a_purged_record_are_gone_from_files_manifests_and_metadata(tmp_path: Path) -> None:
    store = small.open_store(tmp_path / "data")
    gone = []
    for night in (1, 2):
        run_id = store.begin_run()
        path = store.layout.staging_of(run_id) / "cars.parquet"
        plates = {"plate": f"CASE i WHEN 1 THEN 'PLANTED-{night}' ELSE 'KEPT' || i END"}
        small.write_records(path, 3, changed=plates)
        file = small.staged(path, 3)
        store.publish(run_id, [small.Publication("aa-cars", "AA", small.EXPORT, small.VERSION, (file,), ())])
        store.end_run(run_id, "ok")
        assert keep_in_step(store) == []
        gone.append(store.files("vehicle")[0])
    markers = [b"PLANTED", *(file.path.name.encode() for file in gone)]
    assert {path.suffix for path in _bytes(store, *markers)} == {".parquet", ".avro"}

    # As a purge does it: every file that holds the record is rewritten, and every release names the new one.
    with sqlite3.connect(store.layout.ledger_file) as ledger:
        for number, old in enumerate(gone):
            new = old.path.with_name(f"rewritten-{number}.parquet")
            small.write_records(new, 2, changed={"plate": "'KEPT' || i"})
            rewritten = small.staged(new, 2)
            ledger.execute(
                "UPDATE files SET path = ?, rows = ?, bytes = ?, sha256 = ? WHERE file_id = ?",
                (store.layout.relative(new), 2, rewritten.bytes, rewritten.sha256, old.file_id),
            )
            old.path.unlink()
    store.refresh_views()
    outcomes = rebuild(store)

    assert [outcome.action for outcome in outcomes] == ["rebuilt", "rebuilt"]
    assert _bytes(store, *markers) == []
    assert in_step(store)
    assert checksum(by_pyiceberg(store, "vehicle")) == checksum(by_views(store, "vehicle"))
    table = open_catalogue(store).load_table(("comity", "vehicle"))
    # Both releases can still be asked for, without the record.
    assert [table.scan(snapshot_id=s.snapshot_id).to_arrow().num_rows for s in table.snapshots()] == [2, 2]
    assert table.metadata.metadata_log == []
