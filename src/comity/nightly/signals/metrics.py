"""The last run as a Prometheus textfile, for the node exporter's textfile collector.

Invariant: whoever reads the file sees a whole one, of one run, never half of it; its labels are sources, countries and
record types, and nothing else. A source that this run did not touch keeps what the ledger knows of it.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.nightly.freshness import Freshness
    from comity.nightly.report import NightReport

NAME = "metrics.prom"
_ROWS = ("read", "accepted", "rejected", "not_selected")


@dataclass
class Metric:
    """One metric with its samples: labels → value."""

    name: str
    help: str
    kind: Literal["gauge", "counter"] = "gauge"
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)

    def add(self, value: float, **labels: str) -> None:
        self.samples.append((labels, value))

    def text(self) -> str:
        lines = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.kind}"]
        for labels, value in self.samples:
            told = ",".join(f'{name}="{_label(text)}"' for name, text in labels.items())
            lines.append(
                f"{self.name}{{{told}}} {_number(value)}" if told else f"{self.name} {_number(value)}"
            )
        return "\n".join(lines) + "\n"


def metrics_text(
    report: NightReport | None,
    freshness: Sequence[Freshness],
    *,
    ended: float,
    seconds: float,
    exit_status: int,
    undelivered: int = 0,
) -> str:
    """``report`` is None when the night ended early. ``ended``: seconds since 1970. ``undelivered``: signals."""
    countries = {each.source_id: each.owner_country for each in freshness}
    metrics = [
        _one("comity_run_exit_status", "Exit status of the last run; 0 is good.", exit_status),
        _one("comity_run_end_timestamp_seconds", "When the last run ended.", ended),
        _one("comity_run_duration_seconds", "How long the last run took.", seconds),
        _one("comity_run_signals_undelivered", "Signals of the last run that did not arrive.", undelivered),
        *_of_freshness(freshness),
    ]
    if report is not None:
        metrics += _of_report(report, countries)
    return "".join(metric.text() for metric in metrics if metric.samples)


def write_metrics(path: Path, text: str, mode: int = 0o644) -> None:
    """Beside, then in place; ``mode`` lets the node exporter, another user, read what names no person."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(mode)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _one(name: str, told: str, value: float) -> Metric:
    metric = Metric(name, told)
    metric.add(value)
    return metric


def _of_freshness(freshness: Sequence[Freshness]) -> list[Metric]:
    last = Metric("comity_source_last_success_timestamp_seconds", "When the source was last published.")
    overdue = Metric(
        "comity_source_overdue_seconds", "How long its next export is overdue; 0 when it is not."
    )
    for each in freshness:
        labels = {"source": each.source_id, "country": each.owner_country}
        if each.last_published is not None:
            last.add(each.last_published.timestamp(), **labels)
        overdue.add(each.overdue.total_seconds(), **labels)
    return [last, overdue]


def _of_report(report: NightReport, countries: dict[str, str]) -> list[Metric]:
    rows = Metric("comity_source_rows", "Rows of the exports of the last run, by what became of them.")
    records = Metric("comity_source_records", "Records made from the exports of the last run.")
    exports = Metric("comity_source_exports", "Exports of the last run, by outcome.")
    seconds = Metric("comity_source_duration_seconds", "How long the exports of the last run took.")
    counted: dict[tuple[str, str, str], float] = {}
    made: dict[tuple[str, str], float] = {}
    outcomes: dict[tuple[str, str], float] = {}
    took: dict[str, float] = {}
    for export in report.exports:
        source = export.source_id
        took[source] = took.get(source, 0) + export.seconds
        for outcome in ("published", "blocked", "failed"):
            key = source, outcome
            outcomes[key] = outcomes.get(key, 0) + (export.outcome == outcome)
        for account in export.accounts:
            for state in _ROWS:
                place = source, account.record_type, state
                counted[place] = counted.get(place, 0) + getattr(account, f"rows_{state}")
            made[source, account.record_type] = made.get((source, account.record_type), 0) + account.records
    for name, _ in report.broken:
        outcomes[name, "broken"] = 1
    for (source, record_type, state), value in counted.items():
        rows.add(value, **_labels(source, countries), record_type=record_type, state=state)
    for (source, record_type), value in made.items():
        records.add(value, **_labels(source, countries), record_type=record_type)
    for (source, outcome), value in outcomes.items():
        exports.add(value, **_labels(source, countries), outcome=outcome)
    for source, value in took.items():
        seconds.add(value, **_labels(source, countries))
    return [rows, records, exports, seconds]


def _labels(source: str, countries: dict[str, str]) -> dict[str, str]:
    return {"source": source, "country": countries.get(source, "")}


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
