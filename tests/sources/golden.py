"""Golden outputs: what each source's sample becomes.

Run `python -m tests.sources.golden SOURCE …` to write them anew, then read every changed line.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from comity.nightly.sample import SampleRun, run_sample

ROOT = Path(__file__).parents[2]


def golden_lines(runs: tuple[SampleRun, ...]) -> dict[str, list[str]]:
    """File name → lines: the records of each record type, the rejects, and the account of every export."""
    files: dict[str, list[str]] = {"accounts.ndjson": [], "rejects.ndjson": []}
    for run in runs:
        for account in run.finished.accounts:
            told: dict[str, Any] = {"files": list(run.files), "record_type": account.record_type}
            for name in ("rows_read", "rows_accepted", "rows_rejected", "rows_not_selected", "records"):
                told[name] = getattr(account, name)
            files["accounts.ndjson"].append(_line(told))
        for record_type, records in run.records.items():
            files.setdefault(f"{record_type}.ndjson", []).extend(map(_line, records))
        for record_type, rejects in run.rejects.items():
            for reject in rejects:
                keep = ("file", "source_row", "line", "row_rejected", "kept_row", "raw", "reasons")
                files["rejects.ndjson"].append(
                    _line({"record_type": record_type} | {key: reject[key] for key in keep if key in reject})
                )
    return files


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def main(sources: list[str]) -> None:
    for source in sources or sorted(path.parent.name for path in (ROOT / "adapters").glob("*/adapter.yaml")):
        with tempfile.TemporaryDirectory() as folder:
            files = golden_lines(run_sample(ROOT, source, Path(folder)))
        golden = ROOT / "adapters" / source / "golden"
        golden.mkdir(exist_ok=True)
        for old in golden.glob("*.ndjson"):
            old.unlink()
        for name, lines in files.items():
            (golden / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        print(source, {name: len(lines) for name, lines in files.items()})


if __name__ == "__main__":
    main(sys.argv[1:])
