"""The results of a night as a page and as JSON.

Invariant: the page is one file that needs no network, no script and no font of its own; every text in it is escaped;
it holds counts and never a value of a record.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from comity.validation.gate import blocks, marks
from comity.validation.page_style import document, write_private
from comity.validation.result import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from comity.validation.result import CheckResult, NightResult, SuiteResult

_WORDS = {
    "pass": "passed",
    "fail": "failed",
    "error": "could not be computed",
    "not_applicable": "not applicable",
}


def write_results(run_id: str, results: Sequence[NightResult], folder: Path) -> tuple[Path, Path]:
    """Write ``quality.json`` and ``quality.html`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    page, data = folder / "quality.html", folder / "quality.json"
    write_private(data, json.dumps(_document(run_id, results), ensure_ascii=False) + "\n")
    write_private(page, _page(run_id, results))
    return data, page


def verdict(result: SuiteResult) -> str:
    """What the suite means for the source: blocked, marked or clean."""
    return "blocked" if result.blocks else "marked" if result.marks else "clean"


def _document(run_id: str, results: Sequence[NightResult]) -> dict[str, object]:
    return {
        "run_id": run_id,
        "results": [
            {
                "source_id": source_id,
                "export_id": export_id,
                "record_type": record_type,
                "verdict": verdict(result),
                **{outcome: result.count(outcome) for outcome in OUTCOMES},
                "checks": [{**vars(check), "percent": check.percent} for check in result.checks],
            }
            for source_id, export_id, record_type, result in results
        ],
    }


def _page(run_id: str, results: Sequence[NightResult]) -> str:
    ordered = sorted(results, key=lambda each: (not each[3].blocks, not each[3].marks, each[0], each[2]))
    summary = "".join(_summary_row(*each) for each in ordered)
    details = "".join(_section(*each) for each in ordered)
    blocked = sum(result.blocks for _, _, _, result in results)
    marked = sum(result.marks and not result.blocks for _, _, _, result in results)
    return document(
        f"Quality of run {run_id}",
        f"""<p>{len(results)} suites: {blocked} blocked, {marked} published with a mark,
{len(results) - blocked - marked} clean. Which records break a rule:
<code>comity quality --run {escape(run_id)} --rule RULE</code></p>
<table><thead><tr><th>Source</th><th>Record type</th><th>Verdict</th>
{"".join(f'<th class="number">{_WORDS[outcome]}</th>' for outcome in OUTCOMES)}</tr></thead>
<tbody>
{summary}</tbody></table>
{details}""",
    )


def _anchor(source_id: str, record_type: str) -> str:
    return escape(f"{source_id}.{record_type}", quote=True)


def _summary_row(source_id: str, export_id: str, record_type: str, result: SuiteResult) -> str:
    word = verdict(result)
    style = {"blocked": "blocked", "marked": "marked", "clean": "published"}[word]
    counts = "".join(f'<td class="number">{result.count(outcome)}</td>' for outcome in OUTCOMES)
    return (
        f'<tr><td><a href="#{_anchor(source_id, record_type)}">{escape(source_id)}</a></td>'
        f'<td>{escape(record_type)}</td><td class="{style}">{word}</td>{counts}</tr>\n'
    )


def _section(source_id: str, export_id: str, record_type: str, result: SuiteResult) -> str:
    found = [check for check in result.checks if check.outcome in ("fail", "error")]
    rest = [check for check in result.checks if check.outcome not in ("fail", "error")]
    found.sort(key=lambda check: (not blocks(check), not marks(check), check.rule_id))
    nothing = "<p>Nothing failed.</p>" if not found else _table(found)
    return (
        f'<h2 id="{_anchor(source_id, record_type)}">{escape(source_id)}: {escape(record_type)}</h2>\n'
        f"<p><small>Export <code>{escape(export_id)}</code></small></p>\n{nothing}\n"
        f"<details><summary>{len(rest)} checks passed or had nothing to look at</summary>\n{_table(rest)}\n"
        "</details>\n"
    )


def _table(checks: Sequence[CheckResult]) -> str:
    rows = "".join(_row(check) for check in checks)
    return (
        '<table><thead><tr><th>Rule</th><th>Severity</th><th>Outcome</th><th class="number">Violated</th>'
        '<th class="number">Of</th><th class="number">%</th><th>Observed</th></tr></thead>'
        f"<tbody>\n{rows}</tbody></table>"
    )


def _row(check: CheckResult) -> str:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:,}"

    return (
        f"<tr><td><code>{escape(check.rule_id)}</code><br><small>{escape(check.description)}</small></td>"
        f'<td>{escape(check.severity)}</td><td class="{check.outcome} {escape(check.severity, quote=True)}">'
        f'{_WORDS[check.outcome]}</td><td class="number">{number(check.violated)}</td>'
        f'<td class="number">{number(check.denominator)}</td><td class="number">{number(check.percent)}</td>'
        f"<td>{escape(check.observed or '')}</td></tr>\n"
    )
