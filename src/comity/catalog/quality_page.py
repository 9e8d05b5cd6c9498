"""The page of the quality of all countries and sources over the last runs.

Invariant: it holds counts and rules, and no value of a record; a night without an export is a gap, not a zero.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from comity.catalog.frame import Html, page, paragraph, table
from comity.catalog.place import link
from comity.nightly.reports.chart import number, sparkline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.catalog.catalog import Catalog
    from comity.catalog.frame import Cell
    from comity.catalog.quality import Check

_CHARTS = (
    ("rows", "Rows read", ""),
    ("rejects", "Rejected", " %"),
    ("quality", "Checks that hold", " %"),
    ("age", "Days since published", ""),
)
_BAD = ("fail", "error")


def quality_page(catalog: Catalog, footer: str) -> str:
    """The page as HTML."""
    return page("Quality", [_countries(catalog), _sources(catalog)], footer, root="")


def _countries(catalog: Catalog) -> str:
    history = catalog.history
    if not history.nights:
        return paragraph("There has been no run yet.")
    rows: list[tuple[Cell, ...]] = []
    for country in history.countries:
        name = catalog.country(country)
        cells: list[Cell] = [f"{country} {name}" if name != country else country]
        for key, label, unit in _CHARTS:
            values = getattr(history, key).get(country, ())
            last = next((value for value in reversed(values) if value is not None), None)
            line = sparkline(f"{country}, {label}", values, unit)
            cells.append(Html(f"{line}<small>{number(last)}{unit}</small>"))
        rows.append(tuple(cells))
    told = f"Runs from {history.nights[0]:%Y-%m-%d} to {history.nights[-1]:%Y-%m-%d}: {len(history.nights)}"
    heads = ("Country", *(label for _, label, _ in _CHARTS))
    return "<h2>Countries</h2>" + table(heads, rows, caption=told)


def _sources(catalog: Catalog) -> str:
    quality = catalog.quality
    if not quality.runs:
        return "<h2>Sources</h2>" + paragraph("No run has results of a suite yet.")
    rows: list[tuple[Cell, ...]] = []
    for source in catalog.sources:
        checks = quality.checks.get(source.source_id, ())
        bad = [check for check in checks if check.outcome in _BAD]
        worst = sum(check.severity == "critical" for check in bad)
        rows.append(
            (
                Html(link("source", source.source_id, root="")),
                source.owner_country,
                Html(sparkline(source.source_id, quality.held.get(source.source_id, ()), " %")),
                number(quality.last(source.source_id)),
                f"{len(checks):,}",
                f"{len(bad):,}",
                Html(f'<span class="blocked">{worst:,}</span>' if worst else "0", "number"),
            )
        )
    heads = ("Source", "Owner", "Checks that hold", "Last %", "Checks", "Failed", "Critical")
    told = f"Runs with results: {len(quality.runs)}"
    return "<h2>Sources</h2>" + table(heads, rows, caption=told, numbers=4)


def checks_table(checks: Sequence[Check]) -> str:
    """Every rule of a source: those that fail now or failed lately, and folded away the others."""
    seen = [check for check in checks if check.failed_runs]
    rest = [check for check in checks if not check.failed_runs]
    parts = [_checks(seen) if seen else paragraph("Every rule has held in all of these runs.")]
    if rest:
        parts.append(
            f"<details><summary>{len(rest)} rules held or had nothing to look at</summary>{_checks(rest)}</details>"
        )
    return "".join(parts)


def _checks(checks: Sequence[Check]) -> str:
    rows: list[tuple[Cell, ...]] = [
        (
            Html(f"<code>{escape(check.rule_id)}</code>"),
            check.record_type,
            check.severity,
            Html(
                escape(check.outcome.replace("_", " ")),
                f"{escape(check.outcome, quote=True)} {escape(check.severity, quote=True)}",
            ),
            *("" if each is None else f"{each:,}" for each in (check.violated, check.denominator)),
            number(check.percent),
            f"{check.failed_runs} of {check.runs}",
        )
        for check in checks
    ]
    heads = ("Rule", "Record type", "Severity", "Last outcome", "Violated", "Of", "%", "Failed in runs")
    return table(heads, rows, numbers=4)
