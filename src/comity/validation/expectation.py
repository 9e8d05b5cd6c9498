"""What the expectations of our own have in common, and how they are counted.

Invariant: each says in SQL which rows it speaks about and which of them break it, or gives both as numbers; a
row whose condition is unknown (NULL) breaks nothing. Counts over single rows join the engine's common scan.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa

from comity.validation.engine import DuckDBExecutionEngine
from comity.validation.library import (
    BatchExpectation,
    MetricConfiguration,
    MetricDomainTypes,
    MetricPartialFunctionTypes,
    TableMetricProvider,
    ValidationDependencies,
    metric_partial,
    metric_value,
    pydantic,
)
from comity.validation.metrics import count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.validation.scope import Scope

_VALUES = '"values of the column"'


class CountWhere(TableMetricProvider):
    """How many rows satisfy an SQL condition; computed in the common scan."""

    metric_name = "rows.count_where"
    value_keys = ("where",)

    @metric_partial(
        engine=DuckDBExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _duckdb(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: Any,
    ) -> Any:
        where: Any = sa.literal_column(metric_value_kwargs["where"])
        return count_of(where), metric_domain_kwargs, {}


class QueryRow(TableMetricProvider):
    """The one row that a query of ours gives."""

    metric_name = "relation.query_row"
    value_keys = ("query",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: Any,
    ) -> Any:
        query = sa.text(metric_value_kwargs["query"].replace(":", r"\:"))
        return tuple(execution_engine.execute_query(query).fetchall()[0])


@dataclass(frozen=True)
class Judged:
    """SQL conditions over one row: which rows the rule speaks about, and which of them break it."""

    about: str
    broken: str


class OwnExpectation(BatchExpectation, ABC):
    """What our expectations share: how much may break the rule, and the shape of the result.

    The rule fails when fewer than the share ``mostly`` hold and more than ``tolerated`` rows do not: of a dozen rows
    one is already eight percent, and proves nothing.
    """

    mostly: float = pydantic.Field(1.0, ge=0, le=1)
    tolerated: int = pydantic.Field(0, ge=0)
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "tolerated")

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None
    ) -> ValidationDependencies:
        """What is counted: ``metrics``, and nothing that Great Expectations would add."""
        counted = {
            key: MetricConfiguration(
                metric,
                # The same domain as that of every other metric of the batch, or these counts would be a scan of
                # their own.
                metric_domain_kwargs={"batch_id": execution_engine.batch_manager.active_batch_id},
                metric_value_kwargs=arguments,
            )
            for key, (metric, arguments) in self.metrics(execution_engine.scope).items()
        }
        return ValidationDependencies(counted, (runtime_configuration or {}).get("result_format", "BASIC"))

    @abstractmethod
    def metrics(self, scope: Scope) -> dict[str, tuple[str, dict[str, str]]]:
        """By name what is to be counted: the metric and its arguments."""

    @abstractmethod
    def prepare(self, scope: Scope) -> object:
        """Write the SQL; raises NotApplicable where the scope lacks what the rule looks at."""

    def broken(self, scope: Scope) -> str | None:
        """An SQL condition true for the records that break the rule, or None where no single record does."""
        return None

    def _result(self, violated: int, about: int, observed: str | None = None) -> dict[str, Any]:
        fine = violated <= self.tolerated or (about - violated) / about >= self.mostly
        return {
            "success": bool(fine),
            "result": {"unexpected_count": violated, "element_count": about, "observed_value": observed},
        }


class RowExpectation(OwnExpectation, ABC):
    """Judged row by row: in the common scan, or, where a condition looks into another relation, in a query of its own.

    DuckDB plans one join in a millisecond, but thirty joins in one statement in a fifth of a second.
    """

    looks_elsewhere: ClassVar[bool] = False

    @abstractmethod
    def judged(self, scope: Scope) -> Judged: ...

    def prepare(self, scope: Scope) -> object:
        return self.judged(scope)

    def broken(self, scope: Scope) -> str | None:
        return self.judged(scope).broken

    def metrics(self, scope: Scope) -> dict[str, tuple[str, dict[str, str]]]:
        if self.looks_elsewhere:
            return {"row": ("relation.query_row", {"query": self._query(scope)})}
        judged = self.judged(scope)
        return {
            "broken": ("rows.count_where", {"where": judged.broken}),
            "about": ("rows.count_where", {"where": judged.about}),
        }

    def _query(self, scope: Scope) -> str:
        values = scope.values(getattr(self, "column", ""))
        if values is None:
            judged = self.judged(scope)
            broken, about = (f"coalesce(count_if({each}), 0)" for each in (judged.broken, judged.about))
            return f"SELECT {broken}, {about}, NULL FROM {scope.relation}"
        # A value that stands in many rows is judged once, and counts for them all.
        judged = self.judged(replace(scope, relation=_VALUES))
        broken, about = (
            f"coalesce(sum(n) FILTER (WHERE {each}), 0)" for each in (judged.broken, judged.about)
        )
        return f"WITH {_VALUES} AS ({values}) SELECT {broken}, {about}, NULL FROM {_VALUES}"

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        broken, about = metrics["row"][:2] if "row" in metrics else (metrics["broken"], metrics["about"])
        return self._result(int(broken), int(about))


class RelationExpectation(OwnExpectation, ABC):
    """Judged by a query of its own, whose row is: broken, about, observed."""

    @abstractmethod
    def query(self, scope: Scope) -> str: ...

    def prepare(self, scope: Scope) -> object:
        return self.query(scope)

    def metrics(self, scope: Scope) -> dict[str, tuple[str, dict[str, str]]]:
        return {"row": ("relation.query_row", {"query": self.query(scope)})}

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        violated, about, observed = metrics["row"]
        return self._result(int(violated or 0), int(about or 0), observed)


def all_of(conditions: Sequence[str]) -> str:
    return " AND ".join(f"({each})" for each in conditions) or "true"
