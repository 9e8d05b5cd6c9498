"""`make bench`: Comity beside the floor and beside others, on the same bytes, in one run; the result is RESULTS.md.

    python -m bench [ROWS ...]      by default 1000000 and 10000000

Every figure of RESULTS.md is a ratio of two runs on this machine within minutes of each other; seconds stand beside
only so that the ratios can be checked.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Cost, TooMuchMemoryError, cost_of
from bench.persons import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DATA = ROOT / "bench" / "data"
RESULTS = ROOT / "bench" / "RESULTS.md"
ROW_BY_ROW = 1_000_000  # beyond this, what holds a register in memory or takes it row by row is left out
GB = 1e9
MEMORY_OF_OTHERS = 12 * 10**9  # what another contender may hold before it is stopped


@dataclass(frozen=True)
class Line:
    """One comparison: a ratio, or a figure of its own, against its limit (None: for information)."""

    what: str
    value: float
    limit: float | None
    seen: str
    unit: str = "times"

    def text(self) -> str:
        held = "" if self.limit is None else "yes" if self.value <= self.limit else "**no**"
        limit = "" if self.limit is None else f"≤ {self.limit:g}"
        unit = "" if self.unit == "times" else f" {self.unit}"
        return f"| {self.what} | {self.value:.2f}{unit} | {limit} | {held} | {self.seen} |"


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or [1_000_000, 10_000_000]
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    federation = DATA / "federation"
    shutil.copytree(ROOT / "bench" / "federation", federation)
    shutil.copytree(ROOT / "standard", federation / "standard")
    (federation / "validation").mkdir()
    sections, peaks = [], {}
    for rows in sizes:
        export = DATA / f"persons-{rows}.csv"
        tell(f"{rows:,} rows: writing {export.name}")
        generate(export, rows)
        lines = list(compare(export, rows, federation, peaks))
        sections.append((f"{rows:,} rows, {export.stat().st_size / GB:.2f} GB", lines))
        export.unlink()
    if len(sizes) > 1:
        grown = peaks[sizes[-1]] / peaks[sizes[0]]
        seen = ", ".join(f"{peaks[rows] / GB:.2f} GB at {rows:,} rows" for rows in sizes)
        sections.append(
            ("Memory", [Line("peak of the night, largest to smallest export", grown, 1.25, seen)])
        )
    sections.append(("Start", [start_up()]))
    write(sections)
    shutil.rmtree(DATA)


def compare(export: Path, rows: int, federation: Path, peaks: dict[int, int]) -> Iterator[Line]:
    """Every contender on one export, the floor before and after Comity."""
    floor = run("floor", export, DATA / "floor.parquet")
    shutil.rmtree(DATA / "normalised", ignore_errors=True)
    comity = run("comity_normalise", export, DATA / "normalised", federation)
    floor = cheaper(floor, run("floor", export, DATA / "floor.parquet"))
    yield Line("normalise, CPU, to the floor", comity.cpu / floor.cpu, 2.2, seconds(comity, floor))
    hand = run("duckdb_by_hand", export, DATA / "by_hand.parquet")
    assert hand.said["accepted"] == comity.said["accepted"], "the contenders do not do the same"
    yield Line(
        "the mapping as SQL by hand, CPU, to the floor", hand.cpu / floor.cpu, None, seconds(hand, floor)
    )
    yield Line("normalise, CPU, to SQL by hand", comity.cpu / hand.cpu, None, seconds(comity, hand))
    yield from beside_polars(export, rows, comity)
    if rows <= ROW_BY_ROW:
        least = run("read_and_write", export, DATA / "written.parquet", *comity.said["files"])
        yield Line(
            "parsing it and writing the records, nothing between, CPU, to the floor",
            least.said["cpu"] / floor.cpu,
            None,
            f"{least.said['parsed']:.1f} s and {least.said['written']:.1f} s to {floor.cpu:.1f} s",
        )
        for name, title in (("pandas_frames", "pandas"), ("python_rows", "Python row by row")):
            other = run(name, export, DATA / f"{name}.parquet")
            assert other.said["accepted"] == comity.said["accepted"], "the contenders do not do the same"
            yield Line(f"{title}, CPU, to Comity", other.cpu / comity.cpu, None, seconds(other, comity))
    yield from checks(comity.said["files"], rows)
    shutil.rmtree(DATA / "normalised")
    floor = run("floor", export, DATA / "floor.parquet")  # again: the one above is half an hour old at times
    night = run("comity_run", export, DATA / "night", federation)
    floor = cheaper(floor, run("floor", export, DATA / "floor.parquet"))
    peaks[rows] = night.memory
    yield Line("normalise, validate and publish, CPU, to the floor", night.cpu / floor.cpu, 3.0,
               f"{seconds(night, floor)}; {night.wall:.1f} s wall")  # fmt: skip
    yield Line("its peak memory", night.memory / GB, 1.5, "all processes together", "GB")
    views = run("views", DATA / "night").said
    yield Line("three questions through the views file, to read_parquet", views["view"] / views["files"], 1.1,
               f"{views['view']:.2f} s to {views['files']:.2f} s")  # fmt: skip
    shutil.rmtree(DATA / "night")


def beside_polars(export: Path, rows: int, comity: Cost) -> Iterator[Line]:
    """The same by Polars, which may use up a machine: then its memory is known to be more than it was allowed."""
    quarter = 0.25 if rows >= 10_000_000 else None
    try:
        polars = run("polars_streaming", export, DATA / "polars.parquet", limit=MEMORY_OF_OTHERS)
    except TooMuchMemoryError:
        tell("  polars_streaming: stopped")
        yield Line("normalise, memory, to Polars streaming, at most", comity.memory / MEMORY_OF_OTHERS, quarter,
                   f"{comity.memory / GB:.2f} GB; Polars used more than {MEMORY_OF_OTHERS / GB:.0f} GB and was "
                   "stopped, so its time is not known")  # fmt: skip
        return
    assert polars.said["accepted"] == comity.said["accepted"], "the contenders do not do the same"
    yield Line("normalise, wall, to Polars streaming", comity.wall / polars.wall, 1.0,
               f"{comity.wall:.1f} s to {polars.wall:.1f} s")  # fmt: skip
    yield Line("normalise, memory, to Polars streaming", comity.memory / polars.memory, quarter,
               f"{comity.memory / GB:.2f} GB to {polars.memory / GB:.2f} GB")  # fmt: skip
    yield Line("normalise, CPU, to Polars streaming", comity.cpu / polars.cpu, None, seconds(comity, polars))


def checks(files: list[str], rows: int) -> Iterator[Line]:
    """Forty expectations over the records, by three engines; the CPU of the checks without what is imported."""
    ours, hand = run("comity_checks", *files), run("hand_checks", *files)
    again = run("comity_checks", *files)
    assert ours.said["violated"] == hand.said["violated"], "the checks do not count the same"
    cpu = min(ours.said["cpu"], again.said["cpu"])
    yield Line("forty expectations, CPU, to SQL by hand", cpu / hand.said["cpu"], 1.2,
               f"{cpu:.1f} s to {hand.said['cpu']:.1f} s; {ours.memory / GB:.2f} GB")  # fmt: skip
    if rows <= ROW_BY_ROW:
        pandas = run("pandas_checks", *files)
        assert sum(pandas.said["violated"]) == sum(hand.said["violated"]), "the checks do not count the same"
        yield Line("the same on pandas, CPU, to Comity", pandas.said["cpu"] / cpu, None,
                   f"{pandas.said['cpu']:.1f} s; {pandas.memory / GB:.2f} GB")  # fmt: skip


def start_up() -> Line:
    """The best of ten: what the machine does besides is not Comity's."""
    times = []
    for _ in range(10):
        began = time.monotonic()
        subprocess.run([Path(sys.executable).with_name("comity"), "--help"], check=True, capture_output=True)
        times.append(time.monotonic() - began)
    return Line("comity --help", min(times), 0.3, f"median {sorted(times)[5]:.2f} s", "s")


def run(name: str, *arguments: object, limit: int | None = None) -> Cost:
    cost = cost_of(f"bench.contenders.{name}", *arguments, limit=limit)
    tell(f"  {name}: {cost.cpu:.1f} s CPU, {cost.wall:.1f} s, {cost.memory / GB:.2f} GB")
    return cost


def cheaper(one: Cost, other: Cost) -> Cost:
    return min(one, other, key=lambda cost: cost.cpu)


def seconds(one: Cost, other: Cost) -> str:
    return f"{one.cpu:.1f} s to {other.cpu:.1f} s"


def write(sections: list[tuple[str, list[Line]]]) -> None:
    """RESULTS.md anew."""
    import os
    import platform

    import duckdb
    import polars
    import pyarrow

    told = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, DuckDB {duckdb.__version__}, Arrow {pyarrow.__version__}, Polars "
        f"{polars.__version__}. Ratios of runs side by side on the same machine; smaller is better for Comity where "
        "Comity is named first. CPU is user and system time of all processes. What each contender does is in "
        "[contenders](contenders); that they do the same work is checked in every run."
    )
    text = ["# Results of `make bench`", "", *textwrap.wrap(told, 120), ""]
    for title, lines in sections:
        text += [f"## {title}", "", "| what | ratio | limit | held | seen |", "|---|---|---|---|---|"]
        text += [line.text() for line in lines] + [""]
    notes = ROOT / "bench" / "NOTES.md"
    if notes.exists():
        text.append(notes.read_text("utf-8").strip())
    RESULTS.write_text("\n".join(text).rstrip() + "\n", "utf-8")
    print("\n".join(text))


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
