"""`python -m bench.adapter_new`: how good and how fast the proposals are, written to RESULTS-adapter-new.md.

The limit: `comity adapter new` on a CSV of 1 GB proposes within 30 s and 1 GB of memory. Sizes are in GB.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.proposals import Measured, measure

ROOT = Path(__file__).parents[1]
EXPORTS = ROOT.parent / "shared" / "exports"
REAL = (
    "nz-police-vehicles",
    "tw-taipei-thefts",
    "ee-police-offences",
    "de-berlin-bicycles",
    "se-police-events",
)
TABLES = (
    "int-red-notices",
    "ua-wanted",
    "pl-wanted",
    "th-wanted",
    "sa-wanted",
    "co-statistics",
    "jp-incidents",
    "es-cases",
)
LIMIT_SECONDS, LIMIT_BYTES = 30, 1 << 30
_HEADER = "접수번호;차량번호;차종;색상;도난일자;발생장소;경찰서;신고일시;비고"
_COLOURS = ("흰색", "검정", "은색", "회색", "빨강", "파랑")
_PLACES = ("서울특별시 강남구 역삼동", "부산광역시 해운대구 우동", "대구광역시 수성구", "인천광역시 남동구")


def write_csv(path: Path, size: int) -> int:
    """A register of stolen vehicles in cp949, about ``size`` bytes; how many rows."""
    chance = random.Random(7)
    block = []
    for number in range(20_000):
        day = f"{chance.randint(2019, 2025)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        block.append(
            f"{{{number}}};{chance.randint(10, 99)}가{chance.randint(1000, 9999)};소나타;"
            f"{chance.choice(_COLOURS)};{day};{chance.choice(_PLACES)};강남경찰서;{day} 0{chance.randint(0, 9)}:30;"
        )
    rows = 0
    with path.open("wb") as file:
        file.write(f"{_HEADER}\n".encode("cp949"))
        while file.tell() < size:
            lines = [line.replace(f"{{{number}}}", str(rows + number)) for number, line in enumerate(block)]
            file.write(("\n".join(lines) + "\n").encode("cp949"))
            rows += len(block)
    return rows


def run(path: Path, into: Path) -> dict[str, float]:
    """One call of the command in a process of its own."""
    call = [
        "-c",
        "from comity.cli.main import main; main()",
        "adapter",
        "new",
        "kr-vehicles",
        str(path),
        "--country",
        "KR",
    ]
    code = (
        "import json, resource, subprocess, sys, time\n"
        "start = time.perf_counter()\n"
        "said = subprocess.run([sys.executable, *sys.argv[1:]], capture_output=True, text=True, check=True).stdout\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps({'seconds': time.perf_counter() - start, 'cpu': used.ru_utime + used.ru_stime,"
        " 'bytes': used.ru_maxrss * 1024, 'said': said.splitlines()[0]}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *call, "--into", str(into)], capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def main(size: str = "1") -> None:
    lines = [
        "# How good and how fast the proposals are",
        "",
        "`make bench-adapter` writes this page. Nothing that was measured could be looked up: the federation",
        "had none of the sources.",
        "",
        "## Speed",
        "",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vehicles.csv"
        rows = write_csv(path, int(float(size) * 1e9))
        found = run(path, Path(folder) / "federation")
        lines += [
            "| CSV, cp949 | rows | wall s | CPU s | memory | limit |",
            "|---|---|---|---|---|---|",
            f"| {path.stat().st_size / 1e9:.2f} GB | {rows:,} | {found['seconds']:.1f} | {found['cpu']:.1f} | "
            f"{found['bytes'] / 1e9:.2f} GB | {LIMIT_SECONDS} s, {LIMIT_BYTES / 1e9:.2f} GB |",
            "",
            f"It says: {found['said']}.",
        ]
    lines += [
        "",
        "## Real exports, against the mappings by hand",
        "",
        *_table([_measured(name, REAL) for name in REAL]),
    ]
    synthetic = [
        measure(name, sorted((ROOT / "adapters" / name / "sample").iterdir()), [name]) for name in TABLES
    ]
    lines += [
        "",
        "## Synthetic registers (their samples of about twenty rows, full of quirks)",
        "",
        *_table(synthetic),
    ]
    lines += [
        "",
        "*Right*: the mapping by hand fills the same column from the same field, has it in its key, or leaves it out",
        "too. *Sure*: proposed without a TODO. *Silently wrong*: sure and not right. Where the record type itself is a",
        "TODO, every field counts as marked. Nested lists of records and fixed width are not proposed for.",
    ]
    (ROOT / "bench" / "RESULTS-adapter-new.md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines))


def _measured(name: str, left_out: tuple[str, ...]) -> Measured:
    return measure(name, sorted((EXPORTS / name).iterdir()), left_out)


def _table(found: list[Measured]) -> list[str]:
    lines = ["| source | fields | proposed | right | sure | silently wrong |", "|---|---|---|---|---|---|"]
    total = [0] * 5
    for each in found:
        row = [len(each.fields), each.proposed, each.right, each.sure, len(each.silently_wrong)]
        total = [a + b for a, b in zip(total, row, strict=True)]
        lines.append(f"| {each.source} | {' | '.join(map(str, row))} |")
    share = f"{total[2] / total[1]:.0%} of the proposed, {total[2] / total[0]:.0%} of all"
    return [*lines, f"| **together** | {' | '.join(map(str, total))} |", "", f"Right: {share}."]


if __name__ == "__main__":
    main(*sys.argv[1:])
