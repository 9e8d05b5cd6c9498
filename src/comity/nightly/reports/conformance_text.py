"""A report of conformance as Markdown and as a page, for the authority that sent the export.

Invariant: both say the same; every text is escaped for its form; none holds a value of a record.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from comity.nightly.reports.page import table
from comity.validation.page_style import document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.nightly.reports.conformance import Conformance, RuleLine

_HEAD = ("Source", "Record type", "Rule", "Column", "Explanation", "Weight", "Rows", "Of", "First row")
_INTRO = (
    "Every row of an export becomes a record, is rejected with its reasons, or is not selected by the agreed mapping. "
    "A rejected row is in nobody's federation until it is corrected at its source. A row number counts the rows of the "
    "export from 1, without its header."
)
_WEIGHTS = {
    "critical": "keeps the export from being published",
    "rejected": "the row is left out",
    "warning": "published with a mark",
    "info": "for information",
}


def title(found: Conformance) -> str:
    return f"Conformance of {found.country}, run {found.run_id}"


def as_markdown(found: Conformance, rows_file: str) -> str:
    """GitHub's Markdown."""
    lines = [f"# {title(found)}", "", _INTRO, "", "## Exports", ""]
    lines += _markdown(
        ("Source", "Files", "Outcome", "Read", "Accepted", "Rejected", "Not selected"), _exports(found)
    )
    lines += ["", "## What failed", ""]
    if found.lines:
        lines += _markdown(_HEAD, [_row(line) for line in found.lines])
        lines += ["", f"Each row by its file and number: `{rows_file}`."]
    else:
        lines.append("Nothing failed.")
    errors = _errors(found)
    if errors:
        lines += ["", "## Why an export was not taken", "", *_markdown(("Source", "Why", "Code"), errors)]
    return "\n".join(lines) + "\n"


def as_html(found: Conformance, rows_file: str) -> str:
    """One file, without a network."""
    parts = [f"<p>{escape(_INTRO)}</p>", "<h2>Exports</h2>"]
    head = ("Source", "Files", "Outcome", "Read", "Accepted", "Rejected", "Not selected")
    parts += [table(head, _exports(found), numbers=range(3, 7)), "<h2>What failed</h2>"]
    if found.lines:
        parts.append(table(_HEAD, [_row(line) for line in found.lines], numbers=(6, 7, 8)))
        parts.append(f"<p>Each row by its file and number: <code>{escape(rows_file)}</code>.</p>")
    else:
        parts.append("<p>Nothing failed.</p>")
    if errors := _errors(found):
        parts += ["<h2>Why an export was not taken</h2>", table(("Source", "Why", "Code"), errors)]
    return document(title(found), "\n".join(parts))


def _exports(found: Conformance) -> list[tuple[str, ...]]:
    """An export is told by its widest record type: the others read the same rows."""
    rows = []
    for export in found.exports:
        widest = max(export.accounts, key=lambda account: account.rows_accepted, default=None)
        counts = (
            (widest.rows_read, widest.rows_accepted, widest.rows_rejected, widest.rows_not_selected)
            if widest
            else ()
        )
        cells = [f"{count:,}" for count in counts] or [""] * 4
        rows.append((export.source_id, ", ".join(export.files), export.outcome, *cells))
    return rows


def _errors(found: Conformance) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (e.source_id, e.error.message, e.error.code) for e in found.exports if e.error is not None
    ]
    return rows + [(e.source_id, block, "") for e in found.exports for block in e.blocks]


def _row(line: RuleLine) -> tuple[str, ...]:
    return (
        line.source,
        line.record_type,
        line.rule,
        line.column,
        line.explanation,
        _WEIGHTS.get(line.severity, line.severity),
        f"{line.rows:,}",
        f"{line.of:,}",
        f"{line.first_row:,}" if line.first_row is not None else "",
    )


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def cells(row: Sequence[str]) -> str:
        safe = (
            escape(text, quote=False)
            .replace("\\", "\\\\")
            .replace("|", "\\|")
            .replace("\n", " ")
            .replace("`", "'")
            for text in row
        )
        return f"| {' | '.join(safe)} |"

    return [cells(head), f"|{' --- |' * len(head)}", *(cells(row) for row in rows)]
