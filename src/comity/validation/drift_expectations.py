"""Expectations about what changed since the last release of the same source.

Invariant: what is counted is the one thing that moved, not records; where there is nothing to compare with, or too
little to tell a change from chance, the rule does not apply.
"""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Any

from comity.validation.expectation import RelationExpectation
from comity.validation.library import pydantic
from comity.validation.scope import NotApplicable, name, text

if TYPE_CHECKING:
    from comity.validation.scope import Scope


class Drift(RelationExpectation, ABC):
    """Compares with the last release. What is counted is not rows but the one thing that moved.

    With fewer than ``minimum_records`` to compare, chance moves more than any source does, and the rule does not apply.
    """

    minimum_records: int = pydantic.Field(100, ge=1)

    def _previous(self, scope: Scope) -> str:
        if scope.previous is None:
            raise NotApplicable("there is no earlier release of this source")
        return scope.previous

    def _row(self, moved: str, enough: str, observed: str, comparison: str) -> str:
        """The one row that is read: whether it moved too far, whether that can be said, and what was measured."""
        fewer = text(f"fewer than {self.minimum_records} records to compare")
        return (
            f"SELECT CASE WHEN {enough} AND {moved} THEN 1 ELSE 0 END, CASE WHEN {enough} THEN 1 ELSE 0 END,"
            f" CASE WHEN {enough} THEN {observed} ELSE {fewer} END FROM {comparison}"
        )

    def _measured(self, scope: Scope, measure: str) -> str:
        """``now`` and ``before``: the measure of both, and of how many records."""
        return (
            f"(SELECT {measure} AS now, count(*) AS records_now FROM {scope.relation}),"
            f" (SELECT {measure} AS before, count(*) AS records_before FROM {self._previous(scope)})"
        )


class ExpectRowCountToChangeByAtMost(Drift):
    """The number of records against the last release, in percent of it."""

    decrease_percent: float | None = pydantic.Field(None, ge=0, le=100)
    increase_percent: float | None = pydantic.Field(None, ge=0)
    minimum_records: int = pydantic.Field(20, ge=1)

    @pydantic.root_validator(skip_on_failure=True)
    def _has_a_bound(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("decrease_percent") is None and values.get("increase_percent") is None:
            raise ValueError("give decrease_percent, increase_percent or both")
        return values

    def query(self, scope: Scope) -> str:
        change = "((now - before) * 100.0 / before)"
        bounds = [f"{change} < -{self.decrease_percent}"] if self.decrease_percent is not None else []
        bounds += [f"{change} > {self.increase_percent}"] if self.increase_percent is not None else []
        observed = f"format('{{:d}} records, {{:d}} before ({{:+.1f}} %)', now, before, {change}::DOUBLE)"
        return self._row(
            f"({' OR '.join(bounds)})",
            f"records_before >= {self.minimum_records}",
            observed,
            self._measured(scope, "count(*)"),
        )


class ExpectNullShareToChangeByAtMost(Drift):
    """The share of records without a value against the last release, in percentage points."""

    column: str
    points: float = pydantic.Field(ge=0, le=100)

    def query(self, scope: Scope) -> str:
        share = f"count(*) FILTER (WHERE {name(self.column)} IS NULL) * 100.0 / nullif(count(*), 0)"
        return self._row(
            f"abs(now - before) > {self.points}",
            f"least(records_now, records_before) >= {self.minimum_records}",
            "format('{:.1f} % without a value, {:.1f} % before', now::DOUBLE, before::DOUBLE)",
            self._measured(scope, share),
        )


class ExpectCodeSharesToChangeByAtMost(Drift):
    """How the codes of a column are spread, against the last release: half the sum of all differences between their
    shares, in percentage points (0: the same, 100: nothing in common). Records without a code are not counted.

    The more codes a list has, the more chance moves: a list of fifty needs a thousand records.
    """

    column: str
    points: float = pydantic.Field(ge=0, le=100)

    def query(self, scope: Scope) -> str:
        column = name(self.column)

        def shares(relation: str) -> str:
            return (
                f"(SELECT {column}::VARCHAR AS code, count(*) * 100.0 / sum(count(*)) OVER () AS share,"
                f" sum(count(*)) OVER () AS records FROM {relation} WHERE {column} IS NOT NULL GROUP BY ALL)"
            )

        difference = "abs(coalesce(n.share, 0) - coalesce(b.share, 0))"
        comparison = (
            f"(SELECT sum({difference}) / 2 AS moved, arg_max(coalesce(n.code, b.code), {difference}) AS most,"
            " coalesce(max(n.records), 0) AS records_now, coalesce(max(b.records), 0) AS records_before"
            f" FROM {shares(scope.relation)} n FULL JOIN {shares(self._previous(scope))} b ON n.code = b.code)"
        )
        return self._row(
            f"moved > {self.points}",
            f"least(records_now, records_before) >= {self.minimum_records}",
            "format('{:.1f} points apart; most: {}', moved::DOUBLE, most)",
            comparison,
        )
