"""What the store costs at its scale: a release over 5,000 files, opening an old one, comparing a million records.

Run by ``make bench-night`` or alone: ``python -m bench.store_release``; it writes bench/RESULTS-store.md. Seconds of
wall and CPU time are both told, since other work on the machine makes the first of them much longer than the second.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from tests.store import small

import comity
from comity.store.merge import merge
from comity.store.tables import files, releases

if TYPE_CHECKING:
    from collections.abc import Callable

    from comity.store import Publication, Store

RESULTS = Path(__file__).with_name("RESULTS-store.md")
FILES = 5_000
RECORDS = 1_000_000


def main() -> None:
    """Measure all of it, and write the page."""
    folder = Path(tempfile.mkdtemp(prefix="comity-bench-"))
    lines = ["| what | wall, s | processor, s | limit, s |", "|---|---|---|---|"]

    def tell(what: str, limit: str, seconds: tuple[float, float]) -> None:
        lines.append(f"| {what} | {seconds[0]:.3f} | {seconds[1]:.3f} | {limit} |")
        print(lines[-1], flush=True)

    try:
        store = _store_of_many_files(folder / "data")
        _release(store)
        tell(
            f"a release of one source on a store of {FILES:,} files",
            "0.1",
            _best(lambda: _release(store), 15),
        )
        tell("the same store's views, built whole", "", _best(lambda: _measured(store.refresh_views)))
        opened = _best(lambda: _open_and_ask(folder / "data"))
        tell(f"opening an earlier release of {FILES:,} files, and a first question", "1", opened)
        tell(f"comparing {RECORDS:,} with {RECORDS:,} records", "10", _best(lambda: _compare(folder), 1))
    finally:
        shutil.rmtree(folder)
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    RESULTS.write_text(
        "# The store, measured\n\n"
        "`python -m bench.store_release`, also part of `make bench-night`. The fastest of several, in one process: each"
        f" waits for the disk, and for whatever else runs.\n\n{cores} cores, load average {load:.1f} at the end,"
        f" DuckDB {duckdb.__version__}, {time.strftime('%Y-%m-%d')}.\n\n" + "\n".join(lines) + "\n",
        "utf-8",
    )


def _best(call: Callable[[], tuple[float, float]], times: int = 5) -> tuple[float, float]:
    """The fastest of several: the others had to wait for something."""
    return min(call() for _ in range(times))


def _measured(call: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def _store_of_many_files(data: Path) -> Store:
    """Files of all record types, from 26 countries, in one release."""
    store = small.open_store(data, whole=True)
    types = list(small.standard().record_types.values())
    run_id = store.begin_run()
    templates = [small.write_records(data / f"{t.name}.parquet", 10, record_type=t) for t in types]
    listed = []
    for number in range(FILES):
        kind = types[number % len(types)]
        country = f"{chr(65 + number % 26)}A"
        target = store.layout.new_record_file(kind.name, country)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(templates[number % len(types)], target)
        listed.append(
            {
                "file_id": str(uuid.uuid4()), "path": store.layout.relative(target), "record_type": kind.name,
                "source_id": f"source-{number // 20}", "owner_country": country, "export_id": small.EXPORT,
                "mapping_version": small.VERSION, "rows": 10, "bytes": target.stat().st_size, "sha256": "0" * 64,
                "columns_id": kind.name, "begin_release": 1, "end_release": None,
            }
        )  # fmt: skip
    with store.ledger.writing() as connection:
        connection.execute(
            releases.insert().values(
                release=1, published_at=datetime.now(UTC), run_id=run_id, records=10 * FILES
            )
        )
        connection.execute(files.insert(), listed)
    store.end_run(run_id, "ok")
    return store


def _release(store: Store) -> tuple[float, float]:
    run_id = store.begin_run()
    item: Publication = small.publication(store, run_id, 10, source="new-cars")
    measured = _measured(lambda: store.publish(run_id, [item]))
    store.end_run(run_id, "ok")
    return measured


def _open_and_ask(data: Path) -> tuple[float, float]:
    """Views built, opened, and the first question answered."""

    def ask() -> None:
        with comity.open(data, 2) as federation:
            assert federation.sql("SELECT count(*) FROM vehicle WHERE owner_country = 'BA'").fetchall()

    return _measured(ask)


def _compare(folder: Path) -> tuple[float, float]:
    """A full export over the last one: a hundredth of the records changed, a hundredth new, a hundredth gone."""
    vehicle = small.standard().record_types["vehicle"]
    old = small.write_records(folder / "old.parquet", RECORDS)
    changed = {"colour": "CASE WHEN i % 100 = 0 THEN 'RED' END", "export_id": f"'{'f' * 64}'"}
    new = small.write_records(folder / "new.parquet", RECORDS, first=RECORDS // 100, changed=changed)
    staged = small.staged(new, RECORDS)

    def run() -> None:
        merged = merge([staged], [old], kind="full", record_type=vehicle, into=folder, threads=2)
        assert merged.changes is not None and merged.changes.withdrawn == RECORDS // 100

    return _measured(run)


if __name__ == "__main__":
    main()
