"""A run killed before any of its steps: what is shown is whole, the next start clears up, the next run goes on."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from tests.store import small
from tests.store.killed import killing

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store


def run_whole(data: Path) -> None:
    """One run with everything a night does to the store."""
    store = small.open_store(data)
    store.sweep()
    run_id = store.begin_run()
    export = data / "inbox" / "cars.csv"
    export.write_text(f"plate\n{run_id}\n")
    os.utime(export, (0, 0))
    store.archive(export)
    for source in ("aa-cars", "bb-cars"):
        store.record_source(source, source[:2].upper(), title="Cars")
        small.record_export(store, run_id, source)
    staging = store.layout.staging_of(run_id)
    rejects, quality = staging / "rejects.parquet", staging / "quality.parquet"
    for report in (rejects, quality):
        pq.write_table(pa.table({"run_id": [run_id]}), report)
    store.record_rejects(run_id, "aa-cars", small.EXPORT, rejects, 1)
    number = len(store.releases()) + 1
    publications = [
        small.publication(store, run_id, number, "aa-cars"),
        small.publication(store, run_id, 100 * number, "bb-cars", "BB"),
    ]
    store.publish(run_id, publications)
    store.record_quality(run_id, quality)
    store.end_run(run_id, "succeeded")


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 2], ids=["odd", "even"])
def test_a_run_killed_before_any_of_its_steps(tmp_path: Path, first: int) -> None:
    store = small.open_store(tmp_path)
    small.publish(store, {"aa-cars": 1, "bb-cars": 100})
    step = first
    with killing(run_whole, tmp_path) as run:
        while (ended := run(step)) == signal.SIGKILL:
            _check_after_kill(tmp_path)
            step += 2
    assert (ended, step > 40) == (0, True)  # a run has no such step any more: this one came to its end
    _check_nothing_is_left(small.open_store(tmp_path))


def _check_after_kill(data: Path) -> None:
    seen = _seen(data)
    store = small.open_store(data)
    store.sweep()
    number = store.releases()[-1].number
    assert len(store.releases()) == number
    assert seen in (number - 1, number)
    assert _seen(data) == number
    _check_nothing_is_left(store)


def _seen(data: Path) -> int:
    """The release that a reader sees, whole: release n has n vehicles of one source, and 100 n of the other."""
    with duckdb.connect(data / "current.duckdb", read_only=True) as duck:
        [(records, number)] = duck.execute(
            "SELECT (SELECT count(*) FROM vehicle), max(release) FROM releases"
        ).fetchall()
    assert records == 101 * number
    return int(number)


def _check_nothing_is_left(store: Store) -> None:
    layout = store.layout
    assert list(layout.staging.iterdir()) == []
    assert [path.name for path in layout.root.iterdir() if path.name.startswith(".")] == []
    assert list(layout.archive.glob("*.part")) == []
    with store.ledger.reading() as connection:
        listed = {
            layout.root / path
            for table in ("files", "rejects_files", "quality_files")
            for path in connection.execute(text(f"SELECT path FROM {table}")).scalars()
        }
        assert connection.execute(text("SELECT count(*) FROM runs WHERE status = 'running'")).scalar() == 0
    stored = (
        path for folder in (layout.records, layout.rejects, layout.quality) for path in folder.rglob("*")
    )
    assert {path for path in stored if path.is_file()} == listed
