"""Stored results under the suites of today, without a run.

Invariant: results keep counts, so a new threshold, tolerance or severity can be applied to any night; what was expected
of the values themselves cannot, and such a rule keeps the outcome that it had. Nothing stored is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.validation.gate import blocks, judge_again, marks
from comity.validation.result import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from comity.standard import Standard

COLUMNS = (
    "run_id", "source_id", "export_id", "record_type", "rule_id", "expectation_type", "column_name", "severity",
    "outcome", "violated", "denominator",
)  # fmt: skip
"""What ``judged_again`` takes of the view ``quality``, in this order."""


@dataclass(frozen=True)
class Suite:
    """One suite of one night, as it was judged and as it would be today. ``gone``: rules that it no longer has."""

    run_id: str
    source_id: str
    record_type: str
    before: tuple[CheckResult, ...]
    after: tuple[CheckResult, ...]
    gone: tuple[str, ...]

    @property
    def verdicts(self) -> tuple[str, str]:
        return verdict(self.before), verdict(self.after)

    @property
    def changed(self) -> tuple[tuple[CheckResult, CheckResult], ...]:
        """Every check whose severity or outcome is another today."""
        old = {check.rule_id: check for check in self.before}
        return tuple(
            (old[check.rule_id], check)
            for check in self.after
            if (old[check.rule_id].severity, old[check.rule_id].outcome) != (check.severity, check.outcome)
        )


def verdict(checks: Iterable[CheckResult]) -> str:
    """What checks mean for their source: blocked, marked or clean."""
    checks = tuple(checks)
    return "blocked" if any(map(blocks, checks)) else "marked" if any(map(marks, checks)) else "clean"


def judged_again(rows: Sequence[Sequence[Any]], standard: Standard, validation: Path) -> list[Suite]:
    """``rows``: of the view ``quality``, in COLUMNS. A record type that the standard no longer has is left out."""
    from comity.validation.suite import suite_for

    found: dict[tuple[str, str, str, str], list[CheckResult]] = {}
    for run, source, export, record_type, rule, kind, column, severity, outcome, violated, of in rows:
        check = CheckResult(rule, kind, column, severity, outcome, violated, of)
        found.setdefault((run, source, export, record_type), []).append(check)
    suites: dict[tuple[str, str], Any] = {}
    judged = []
    for (run, source, _, record_type), checks in found.items():
        if record_type not in standard.record_types:
            continue
        if (source, record_type) not in suites:
            suites[source, record_type] = suite_for(standard, validation, record_type, source)
        after = judge_again(checks, suites[source, record_type])
        kept = {check.rule_id for check in after}
        gone = tuple(check.rule_id for check in checks if check.rule_id not in kept)
        judged.append(Suite(run, source, record_type, tuple(checks), after, gone))
    return judged
