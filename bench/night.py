"""`make bench-night`: a whole night of many sources, all of them changed, and the next one, in which none has.

    python -m bench.night [SOURCES ROWS]      by default 200 sources of 50000 rows

Every source is a register of vehicles with its own export, under the full suite of the standard. The figures are those
of the machine that ran it: the ratio is what counts.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from bench.exports.nz_police_vehicles import generate
from bench.measure import Cost, cost_of

ROOT = Path(__file__).parents[1]
SOURCE = "nz-police-vehicles"
RESULTS = ROOT / "bench" / "RESULTS-night.md"
PART = "<!-- night -->"


def main() -> None:
    if sys.argv[1:2] == ["run"]:
        run(Path(sys.argv[2]))
        return
    sources, rows = (int(each) for each in sys.argv[1:3]) if len(sys.argv) > 2 else (200, 50_000)
    folder = ROOT / "bench" / "data" / "night"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        prepare(folder, sources, rows)
        changed, unchanged = cost_of("bench.night", "run", folder), cost_of("bench.night", "run", folder)
        write(sources, rows, changed, unchanged)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def prepare(folder: Path, sources: int, rows: int) -> None:
    """A federation of so many sources, and an export of so many rows in the inbox of each."""
    federation = folder / "federation"
    for room in ("standard", "validation"):
        shutil.copytree(ROOT / room, federation / room)
    shutil.copytree(ROOT / "mappings" / "crosswalks", federation / "mappings" / "crosswalks")
    (made,) = generate(folder, rows)
    body, last = made.read_bytes(), made.read_bytes().splitlines(keepends=True)[-1]
    made.unlink()
    for number in range(sources):
        name = f"register-{number:03d}"
        for room in ("adapters", "mappings"):
            ignored = shutil.ignore_patterns("sample", "golden")
            shutil.copytree(ROOT / room / SOURCE, federation / room / name, ignore=ignored)
            for path in (federation / room / name).glob("*.yaml"):
                path.write_text(
                    path.read_text("utf-8").replace(f"source: {SOURCE}\n", f"source: {name}\n"), "utf-8"
                )
        inbox = folder / "data" / "inbox" / name
        inbox.mkdir(parents=True)
        export = inbox / made.name
        export.write_bytes(body + f"ZZ{number:04d}".encode() + last[last.index(b",") :])
        os.utime(export, (time.time() - 3600,) * 2)


def run(folder: Path) -> None:
    """One night; prints what of it is measured."""
    from comity.config.settings import load_settings
    from comity.nightly.night import run_night

    report = run_night(load_settings(str(folder / "data"), str(folder / "federation")))
    rows = sum(account.rows_read for export in report.exports for account in export.accounts)
    print(
        json.dumps(
            {
                "published": sum(export.outcome == "published" for export in report.exports),
                "skipped": len(report.skipped),
                "rows": rows,
                "cpu": sum(export.cpu_seconds for export in report.exports),
                "memory": max((export.peak_memory for export in report.exports), default=0),
                "seconds": report.seconds,
            }
        )
    )


def write(sources: int, rows: int, changed: Cost, unchanged: Cost) -> None:
    """The part of RESULTS-night.md that is this module's."""
    cores = len(os.sched_getaffinity(0))
    own, wall = changed.said["cpu"], changed.wall
    lines = [
        PART,
        f"## {sources} sources of {rows:,} rows\n",
        f"{cores} cores, load average {os.getloadavg()[0]:.1f} at the end, {time.strftime('%Y-%m-%d')}.\n",
        "| | measured | limit |",
        "|---|---|---|",
        f"| all changed: published | {changed.said['published']} of {sources}, {changed.said['rows']:,} rows | all |",
        f"| all changed: wall | {wall:.0f} s | |",
        f"| all changed: processor of the exports' own steps | {own:.0f} s of {changed.cpu:.0f} s in all | |",
        f"| all changed: wall over own processor time by cores | {wall / (own / cores):.2f} | 1.3 |",
        f"| all changed: highest memory of one step | {changed.said['memory'] / 1e6:,.0f} MB | 2,000 MB |",
        f"| all changed: highest memory of all processes | {changed.memory / 1e6:,.0f} MB | |",
        f"| none changed: skipped | {unchanged.said['skipped']} of {sources} | all |",
        f"| none changed: wall | {unchanged.wall:.1f} s ({unchanged.cpu:.1f} s of processor) | 5 s |",
        PART,
    ]
    text = RESULTS.read_text("utf-8") if RESULTS.exists() else "# A night, measured\n\n`make bench-night`\n\n"
    before, _, after = text.partition(PART)
    _, _, rest = after.rpartition(PART)
    RESULTS.write_text(f"{before}{chr(10).join(lines)}{rest or chr(10)}", "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
