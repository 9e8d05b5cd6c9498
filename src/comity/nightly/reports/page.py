"""The page of a night: one file that opens anywhere, without a network.

Invariant: every text in it is escaped; it holds no value of a record. What an error found is not in it, and a code that
no crosswalk has only where so many rows have it that it says nothing of one person.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from comity.nightly.report import FEWEST
from comity.nightly.reports.chart import bars, number, sparkline
from comity.validation.page_style import document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comity.nightly.freshness import Freshness
    from comity.nightly.report import ErrorLine, ExportReport, NightReport
    from comity.nightly.reports.history import History, Values

_STATES = ("accepted", "rejected", "not_selected")
_OVER_TIME = (
    ("rows", "rows read", ""),
    ("rejects", "rejected", " %"),
    ("quality", "checks that hold", " %"),
    ("age", "days since published", ""),
)


def night_page(report: NightReport, history: History, freshness: Sequence[Freshness]) -> str:
    """The page as HTML."""
    parts = [_facts(report), _trouble(report), _stale(freshness), _accounts(report), _bars(report)]
    parts += [_over_time(history), _unmapped(report), _rest(report)]
    return document(f"The night {report.run_id}", "\n".join(part for part in parts if part))


def _facts(report: NightReport) -> str:
    outcomes = [export.outcome for export in report.exports]
    failed = outcomes.count("failed") + len(report.broken)
    facts: list[tuple[str, str, str]] = [
        (str(outcomes.count("published")), "exports published", "published"),
        (str(outcomes.count("blocked")), "blocked", "blocked" if "blocked" in outcomes else ""),
        (str(failed), "failed", "blocked" if failed else ""),
        (str(len(report.skipped)), "sources with nothing new", ""),
        (", ".join(map(str, report.releases)) or "none", "releases", ""),
        (f"{number(report.seconds)} s", "in all", ""),
    ]
    listed = "".join(
        f'<li><b class="{style}">{escape(value)}</b>{escape(told)}</li>' for value, told, style in facts
    )
    links = (
        '<p>Beside it: <a href="quality/quality.html">the results of the suites</a>.</p>'
        if report.exports
        else ""
    )
    return f'<ul class="facts">{listed}</ul>{links}'


def _trouble(report: NightReport) -> str:
    parts = [_export_trouble(export) for export in report.exports]
    parts += [
        _error(name, "not run, its adapter or mapping does not load", error) for name, error in report.broken
    ]
    parts += [f'<p class="marked">Not told: {escape(each)}</p>' for each in report.undelivered]
    found = "\n".join(part for part in parts if part)
    return f"<h2>What needs a person</h2>\n{found}" if found else "<p>Nothing needs a person.</p>"


def _export_trouble(export: ExportReport) -> str:
    if export.error is not None:
        return _error(export.source_id, f"{export.outcome}, nothing of it is published", export.error)
    told = [("critical", block) for block in export.blocks] + [("warning", mark) for mark in export.marks]
    if not told:
        return ""
    word, style = (
        ("blocked, the last release stays", "blocked")
        if export.blocks
        else ("published with a mark", "marked")
    )
    lines = "".join(f"<li>{severity}: {escape(text)}</li>" for severity, text in told)
    return f'<h3>{escape(export.source_id)}: <span class="{style}">{word}</span></h3><ul>{lines}</ul>'


def _error(source: str, word: str, error: ErrorLine) -> str:
    lines = "".join(
        f"<dt>{label}</dt><dd>{escape(text)}</dd>"
        for label, text in (("at", error.place), ("next", error.remedy))
        if text
    )
    return (
        f'<h3>{escape(source)}: <span class="blocked">{escape(word)}</span></h3>'
        f"<p>{escape(error.message)} <code>{escape(error.code)}</code></p><dl>{lines}</dl>"
    )


def _stale(freshness: Sequence[Freshness]) -> str:
    from comity.nightly.freshness import duration

    rows = [
        (
            each.owner_country,
            each.source_id,
            each.due,
            duration(each.age) if each.age else "",
            duration(each.overdue),
        )
        for each in sorted(freshness, key=lambda each: each.overdue, reverse=True)
        if each.stale
    ]
    if not rows:
        return ""
    return "<h2>Overdue</h2>" + table(("Country", "Source", "Due", "Last published", "Overdue by"), rows)


def _accounts(report: NightReport) -> str:
    rows = []
    for export in report.exports:
        became = f"release {export.release}" if export.release else export.outcome
        for account in export.accounts:
            counts = [
                account.rows_read,
                account.rows_accepted,
                account.rows_rejected,
                account.rows_not_selected,
            ]
            cells = [f"{count:,}" for count in (*counts, account.records)]
            rows.append((export.source_id, account.record_type, *cells, became))
        if not export.accounts:
            rows.append((export.source_id, "", "", "", "", "", "", became))
    if not rows:
        return ""
    head = ("Source", "Record type", "Read", "Accepted", "Rejected", "Not selected", "Records", "")
    return "<h2>Rows</h2>" + table(head, rows, numbers=range(2, 7))


def _bars(report: NightReport) -> str:
    drawn = [
        (
            f"{export.source_id} {account.record_type}",
            [(state, getattr(account, f"rows_{state}")) for state in _STATES],
        )
        for export in report.exports
        for account in export.accounts
    ]
    chart = bars("Rows of every source and record type, by what became of them", drawn)
    if not chart:
        return ""
    keys = " ".join(
        f'<svg class="key" width="12" height="12" aria-hidden="true"><rect class="{state}" width="12" height="12"/>'
        f"</svg>{state.replace('_', ' ')}"
        for state in _STATES
    )
    return f'<p>{keys}</p><div class="scroll">{chart}</div>'


def _over_time(history: History) -> str:
    if not history.countries:
        return ""
    rows = []
    for country in history.countries:
        cells = []
        for name, label, unit in _OVER_TIME:
            values = getattr(history, name).get(country, ())
            last = next((value for value in reversed(values) if value is not None), None)
            cells.append(
                f"<td>{sparkline(f'{country}, {label}', values, unit)}<small>{number(last)}{unit}</small></td>"
            )
        rows.append(f'<tr><th scope="row">{escape(country)}</th>{"".join(cells)}</tr>\n')
    heads = "".join(f'<th scope="col">{label.capitalize()}</th>' for _, label, _ in _OVER_TIME)
    first, last = history.nights[0], history.nights[-1]
    caption = (
        f"{len(history.nights)} runs, {first:%Y-%m-%d} to {last:%Y-%m-%d}. "
        "A line begins at zero, and its top is the highest value."
    )
    numbers = "".join(_numbers(history, name, label, unit) for name, label, unit in _OVER_TIME)
    return (
        f'<h2>Countries over time</h2><div class="scroll"><table><caption>{caption}</caption>'
        f'<thead><tr><th scope="col">Country</th>{heads}</tr></thead><tbody>\n{"".join(rows)}</tbody></table></div>'
        f"<details><summary>The same as numbers</summary>{numbers}</details>"
    )


def _numbers(history: History, name: str, label: str, unit: str) -> str:
    values: Values = getattr(history, name)
    shown = list(values)
    rows = [
        (f"{at:%Y-%m-%d %H:%M}", *(number(values[country][place]) for country in shown))
        for place, at in enumerate(history.nights)
    ]
    return f"<h3>{label.capitalize()}{escape(unit)}</h3>" + table(
        ("Run", *shown), rows, numbers=range(1, len(shown) + 1)
    )


def _unmapped(report: NightReport) -> str:
    rows = [
        (
            export.source_id,
            line.column,
            f"({line.codes:,} rare)" if line.rare or line.count < FEWEST else line.code,
            f"{line.count:,}",
            f"{line.example_row:,}",
            line.crosswalk,
        )
        for export in report.exports
        for line in export.unmapped
    ]
    if not rows:
        return ""
    head = ("Source", "Column", "Code", "Rows", "First in row", "Crosswalk")
    return (
        f"<h2>Codes that no crosswalk has</h2><p>A code in fewer than {FEWEST} rows is not shown here; it may be a "
        "value of one person that stands in the wrong column.</p>" + table(head, rows, numbers=(3, 4))
    )


def _rest(report: NightReport) -> str:
    parts = []
    if report.skipped:
        parts.append(f"<h2>Nothing new</h2><p>{escape(', '.join(report.skipped))}</p>")
    if report.left_alone:
        left = [(line.place, line.text()) for line in report.left_alone]
        parts.append("<h2>Left in the inbox</h2>" + table(("Folder", "What, and why"), left))
    if report.not_set_up:
        rows = [(name, why) for name, why in report.not_set_up]
        parts.append("<h2>Not set up here</h2>" + table(("Source", "Why"), rows))
    return "\n".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table of texts, each escaped; ``numbers``: the columns that are set to the right."""
    right = set(numbers)

    def cell(kind: str, place: int, text: str) -> str:
        scope = ' scope="col"' if kind == "th" else ""
        style = ' class="number"' if place in right else ""
        return f"<{kind}{scope}{style}>{escape(text)}</{kind}>"

    heads = "".join(cell("th", place, text) for place, text in enumerate(head))
    body = "".join(
        f"<tr>{''.join(cell('td', place, text) for place, text in enumerate(row))}</tr>\n" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table></div>'
