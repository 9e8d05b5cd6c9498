"""What the results of a night mean for its publication.

Invariant: severity alone decides. A critical rule that failed, or that could not be computed, blocks its
source; a warning publishes with a mark; info is recorded. Results keep counts, so that a new threshold needs
no new run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.validation.result import CheckResult, Outcome
    from comity.validation.suite import Suite


def blocks(check: CheckResult) -> bool:
    """An error of a critical rule blocks as well: nobody knows whether the data hold."""
    return check.severity == "critical" and check.outcome in ("fail", "error")


def marks(check: CheckResult) -> bool:
    """A failed warning, and any check that could not be computed."""
    return (check.severity == "warning" and check.outcome == "fail") or check.outcome == "error"


def verdict(violated: int, denominator: int, threshold: float, tolerated: int = 0) -> Outcome:
    """Whether so many rows of so many may break a rule of which ``threshold`` must hold, beyond ``tolerated``."""
    if denominator == 0:
        return "not_applicable"
    if violated <= tolerated:
        return "pass"
    return "pass" if (denominator - violated) / denominator >= threshold else "fail"


def judge_again(checks: Sequence[CheckResult], suite: Suite) -> tuple[CheckResult, ...]:
    """Stored results under the thresholds and severities of ``suite``; a rule that it no longer has is left
    out.

    A rule whose other arguments changed needs a run: its result keeps the outcome that it had.
    """
    rules = {rule.id: rule for rule in suite.rules}
    judged = []
    for check in checks:
        rule = rules.get(check.rule_id)
        if rule is None:
            continue
        check = replace(check, severity=rule.severity or check.severity)
        if check.violated is not None and check.denominator is not None and check.outcome in ("pass", "fail"):
            threshold = float(rule.kwargs.get("mostly", 1.0))
            tolerated = int(rule.kwargs.get("tolerated", 0))
            outcome = verdict(check.violated, check.denominator, threshold, tolerated)
            check = replace(check, outcome=outcome, threshold=threshold, tolerated=tolerated)
        judged.append(check)
    return tuple(judged)
