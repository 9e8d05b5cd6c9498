"""The report of a run, as it was written, read again.

Invariant: a report that was written by an older version reads with today's defaults; one that cannot be read is an
error that says which.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comity.errors import QueryError
from comity.nightly.report import NightReport

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store.layout import Layout

FILE = "report.json"


def run_folder(layout: Layout, run_id: str | None) -> Path:
    """The folder of a run, by default of the last one that has a report."""
    reported = sorted(path.parent for path in layout.runs.glob(f"*/{FILE}"))
    if run_id is None and reported:
        return reported[-1]
    for folder in reported:
        if folder.name == run_id:
            return folder
    from comity.errors import nearest

    raise QueryError(
        "query.no-report",
        f"There is no report of a run '{run_id}'" if run_id else "No run has a report yet",
        file=layout.runs,
        remedy=nearest(run_id, [folder.name for folder in reported[-20:]]) if run_id else "call 'comity run'",
    )


def read_report(folder: Path) -> NightReport:
    """The report in the folder of a run."""
    from pydantic import TypeAdapter, ValidationError

    path = folder / FILE
    try:
        return TypeAdapter(NightReport).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise QueryError(
            "query.no-report",
            "The report of the run cannot be read",
            file=path,
            found=str(error).splitlines()[0],
            remedy="the views 'accounting', 'rejects' and 'quality' say the same of the run",
        ) from None


Checks = dict[tuple[str, str], dict[str, list[dict[str, Any]]]]
"""By source and export: record type → the checks of ``quality.json``."""


def read_checks(folder: Path) -> Checks:
    """The results of the suites; none where nothing was judged."""
    path = folder / "quality" / "quality.json"
    found: Checks = {}
    for each in json.loads(path.read_text("utf-8"))["results"] if path.exists() else ():
        found.setdefault((each["source_id"], each["export_id"]), {})[each["record_type"]] = each["checks"]
    return found
