"""What a suite found.

Invariant: a check passed, failed, could not be computed, or had nothing to look at, and these four are never
mixed: an error is a fault of ours and not of the data, and what is not applicable has not passed. No value of
a record is in a result; counts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

Outcome = Literal["pass", "fail", "error", "not_applicable"]
OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "error", "not_applicable")


@dataclass(frozen=True)
class CheckResult:
    """``violated`` of ``denominator`` rows break the rule; both are None where a rule is not about rows.

    ``threshold`` is the share of rows that has to hold, ``tolerated`` the number that may always break the rule.
    ``observed`` says in words what was measured.
    """

    rule_id: str
    type: str
    column: str | None
    severity: str
    outcome: Outcome
    violated: int | None = None
    denominator: int | None = None
    observed: str | None = None
    description: str = ""
    threshold: float | None = None
    tolerated: int | None = None

    @property
    def percent(self) -> float | None:
        if self.violated is None or not self.denominator:
            return None
        return round(self.violated * 100 / self.denominator, 4)


@dataclass(frozen=True)
class SuiteResult:
    record_type: str
    checks: tuple[CheckResult, ...]

    @property
    def blocks(self) -> bool:
        """Whether this keeps the source from being published."""
        from comity.validation.gate import blocks

        return any(map(blocks, self.checks))

    @property
    def marks(self) -> bool:
        """Whether the source is published with a mark."""
        from comity.validation.gate import marks

        return any(map(marks, self.checks))

    def count(self, outcome: Outcome) -> int:
        return sum(check.outcome == outcome for check in self.checks)


# source_id, export_id, record_type, result
NightResult = tuple[str, str, str, SuiteResult]


def quality_table(run_id: str, results: Sequence[NightResult]) -> pa.Table:
    """Every check of a night as one row of the view ``quality``."""
    import pyarrow as pa

    schema = pa.schema(
        [
            ("run_id", pa.string()),
            ("source_id", pa.string()),
            ("export_id", pa.string()),
            ("record_type", pa.string()),
            ("rule_id", pa.string()),
            ("expectation_type", pa.string()),
            ("column_name", pa.string()),
            ("severity", pa.string()),
            ("outcome", pa.string()),
            ("violated", pa.int64()),
            ("denominator", pa.int64()),
            ("percent", pa.float64()),
            ("observed", pa.string()),
        ]
    )
    rows = [
        (
            *(
                run_id,
                source_id,
                export_id,
                record_type,
                check.rule_id,
                check.type,
                check.column,
                check.severity,
            ),
            *(check.outcome, check.violated, check.denominator, check.percent, check.observed),
        )
        for source_id, export_id, record_type, result in results
        for check in result.checks
    ]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
