"""What it costs to keep the Iceberg tables in step: 200 small releases, a sync after each.

``python -m bench.iceberg`` writes ``bench/RESULTS-iceberg.md``. Each release replaces the file of one of twenty sources
in one table, as a full export does; CPU seconds of one ``sync`` of that table in a process that goes on.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.store import small

from bench.demo import ROOT
from comity.standard import load_standard
from comity.store import Store
from comity.store.iceberg import derived_files, keep_in_step, rebuild, sync
from comity.store.iceberg.glance import in_step

RELEASES, SOURCES = 200, 20


def main() -> None:
    whole = load_standard(ROOT / "standard")
    one = replace(whole, record_types={"vehicle": whole.record_types["vehicle"]}, code_lists={})
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder), standard=one)
        seconds, files, size = [], [], 0
        for number in range(RELEASES):
            country = f"{chr(97 + number % SOURCES)}{chr(97 + number % SOURCES)}"
            small.publish(store, {f"{country}-cars": 10})
            began = time.process_time()
            assert keep_in_step(store) == []
            seconds.append(time.process_time() - began)
            derived = derived_files(store.layout)
            files.append(len(derived))
            size = sum(path.stat().st_size for path in derived)
        timed = {
            "nothing to do, told at a glance": lambda: in_step(store),
            "`comity store sync`, all 30 snapshots compared": lambda: sync(store, thorough=True),
            "built again, 30 snapshots": lambda: rebuild(store),
        }
        after = {}
        for what, call in timed.items():
            began = time.process_time()
            call()
            after[what] = time.process_time() - began
    blocks = [(0, 10), (40, 50), (90, 100), (190, 200)]
    lines = [
        "# Keeping the Iceberg tables in step: what it costs",
        "",
        f"Made by `python -m bench.iceberg`: {RELEASES} releases, each replacing the one file of one of {SOURCES}",
        "sources in one table, and a sync after each. CPU time of the process, SQLite.",
        "",
        "| releases | median, CPU ms | files below `iceberg/` |",
        "|---|---|---|",
        *(
            f"| {a + 1} to {b} | {statistics.median(seconds[a:b]) * 1000:.0f} | {files[b - 1]} |"
            for a, b in blocks
        ),
        "",
        f"The first took {seconds[0] * 1000:.0f} ms, the last "
        f"{seconds[-1] * 1000:.0f} ms; {size / 1e6:.1f} MB of metadata after the last.",
        "",
        "| then, for the one table | CPU ms |",
        "|---|---|",
        *(f"| {what} | {value * 1000:.0f} |" for what, value in after.items()),
        "",
    ]
    (ROOT / "bench" / "RESULTS-iceberg.md").write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
