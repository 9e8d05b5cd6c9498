"""The expectations that Great Expectations lacks, as expectations of Great Expectations.

Invariant: each says in SQL which rows it speaks about and which of them break it, or gives both as numbers; a
row whose condition is unknown (NULL) breaks nothing. Counts over single rows join the engine's common scan.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.validator.metric_configuration import MetricConfiguration

from comity.validation.condition import parse_condition, previous_columns, with_previous
from comity.validation.engine import DuckDBExecutionEngine
from comity.validation.scope import NotApplicable, Scope, literal, name, text

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        return sa.func.count().filter(where), metric_domain_kwargs, {}


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


class _Own(BatchExpectation, ABC):
    """What our expectations share: how much may break the rule, and the shape of the result.

    The rule fails when fewer than the share ``mostly`` hold and more than ``tolerated`` rows do not: of a dozen rows
    one is already eight percent, and proves nothing.
    """

    mostly: float = pydantic.Field(1.0, ge=0, le=1)
    tolerated: int = pydantic.Field(0, ge=0)
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "tolerated")

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


class _Rows(_Own, ABC):
    """Judged row by row, in the common scan."""

    @abstractmethod
    def judged(self, scope: Scope) -> Judged: ...

    def prepare(self, scope: Scope) -> object:
        return self.judged(scope)

    def broken(self, scope: Scope) -> str | None:
        return self.judged(scope).broken

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None
    ) -> Any:
        needed = super().get_validation_dependencies(execution_engine, runtime_configuration)
        judged = self.judged(execution_engine.scope)
        for key, where in (("about", judged.about), ("broken", judged.broken)):
            needed.set_metric_configuration(key, _metric("rows.count_where", execution_engine, where=where))
        return needed

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        return self._result(int(metrics["broken"]), int(metrics["about"]))


class _Relation(_Own, ABC):
    """Judged by a query of its own, whose row is: broken, about, observed."""

    @abstractmethod
    def query(self, scope: Scope) -> str: ...

    def prepare(self, scope: Scope) -> object:
        return self.query(scope)

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None
    ) -> Any:
        needed = super().get_validation_dependencies(execution_engine, runtime_configuration)
        query = self.query(execution_engine.scope)
        needed.set_metric_configuration("row", _metric("relation.query_row", execution_engine, query=query))
        return needed

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        violated, about, observed = metrics["row"]
        return self._result(int(violated or 0), int(about or 0), observed)


def _metric(metric: str, engine: Any, **value_kwargs: str) -> MetricConfiguration:
    # The same domain as that of every other metric of the batch, or these counts would be a scan of their own.
    domain = {"batch_id": engine.batch_manager.active_batch_id}
    return MetricConfiguration(metric, metric_domain_kwargs=domain, metric_value_kwargs=value_kwargs)


def _codes(scope: Scope, code_list: str) -> str:
    if scope.code_lists is None:
        raise NotApplicable("no code lists were given")
    return f"(SELECT code FROM {scope.code_lists} WHERE list = {text(code_list)})"


def _all(conditions: Sequence[str]) -> str:
    return " AND ".join(f"({each})" for each in conditions) or "true"


class ExpectColumnValuesToBeInCodeList(_Rows):
    """Every value is a code of the code list. A list of any length costs one join."""

    column: str
    code_list: str

    def judged(self, scope: Scope) -> Judged:
        column = name(self.column)
        about = f"{column} IS NOT NULL"
        return Judged(about, f"{about} AND {column} NOT IN {_codes(scope, self.code_list)}")


class _ListItems(_Rows, ABC):
    """Every item of a list column holds. The distinct items are judged, then lists that hold a wrong one
    found.
    """

    column: str

    @abstractmethod
    def wrong(self, scope: Scope) -> str:
        """An SQL condition over ``item``."""

    def judged(self, scope: Scope) -> Judged:
        column = name(self.column)
        about = f"len({column}) > 0"
        wrong = (
            f"(SELECT list(item) FROM (SELECT DISTINCT unnest({column}) AS item FROM {scope.relation})"
            f" WHERE {self.wrong(scope)})"
        )
        return Judged(about, f"{about} AND coalesce(list_has_any({column}, {wrong}), false)")


class ExpectListItemsToBeInCodeList(_ListItems):
    """Every item is a code of the code list."""

    code_list: str

    def wrong(self, scope: Scope) -> str:
        return f"item NOT IN {_codes(scope, self.code_list)}"


class ExpectListItemsToBeInSet(_ListItems):
    """Every item is one of a few values."""

    value_set: list[Any] = pydantic.Field(min_items=1)

    def wrong(self, scope: Scope) -> str:
        return f"item NOT IN ({', '.join(literal(each) for each in self.value_set)})"


class ExpectListItemsToMatchRegex(_ListItems):
    """Every item matches, at least in part: anchor the expression with ^ and $ for the whole."""

    regex: str

    def wrong(self, scope: Scope) -> str:
        return f"NOT regexp_matches(item, {text(self.regex)})"


class ExpectListReferencesToResolve(_ListItems):
    """Every record that the list names exists, in this night or in the federation."""

    record_type: str

    def wrong(self, scope: Scope) -> str:
        if self.record_type not in scope.related:
            raise NotApplicable(f"no records of the type {self.record_type} were given")
        return f"item NOT IN (SELECT record_id FROM {scope.related[self.record_type]})"


class ExpectListLengthsToBeBetween(_Rows):
    """Every list has so many items."""

    column: str
    min_value: int | None = None
    max_value: int | None = None

    def judged(self, scope: Scope) -> Judged:
        column = name(self.column)
        broken = [f"len({column}) < {self.min_value}"] if self.min_value is not None else []
        broken += [f"len({column}) > {self.max_value}"] if self.max_value is not None else []
        return Judged(f"{column} IS NOT NULL", " OR ".join(broken) or "false")


class ExpectListsToBeDisjoint(_Rows):
    """No item stands in both lists of a record."""

    column_A: str
    column_B: str

    def judged(self, scope: Scope) -> Judged:
        a, b = name(self.column_A), name(self.column_B)
        return Judged(f"len({a}) > 0 AND len({b}) > 0", f"list_has_any({a}, {b})")


class ExpectRowsToSatisfy(_Rows):
    """A condition between the columns of a record. ``when`` says which records it is about."""

    condition: str
    when: str | None = None

    @pydantic.validator("condition", "when")
    def _is_a_condition(cls, value: str | None) -> str | None:
        return parse_condition(value).sql if value is not None else None

    def judged(self, scope: Scope) -> Judged:
        when = [self.when] if self.when else []
        return Judged(
            _all([*when, f"({self.condition}) IS NOT NULL"]), _all([*when, f"NOT ({self.condition})"])
        )


class ExpectReferencesToResolve(_Relation):
    """The record that ``column`` names exists, in this night or in the federation.

    Its type is ``record_type``, or stands in ``record_type_column``. ``related_where`` narrows what counts as
    existing; ``related_column`` is what the reference names, the record's id unless said otherwise.
    """

    column: str
    record_type: str | None = None
    record_type_column: str | None = None
    related_column: str = "record_id"
    related_where: str | None = None
    when: str | None = None

    @pydantic.validator("related_where", "when")
    def _is_a_condition(cls, value: str | None) -> str | None:
        return parse_condition(value).sql if value is not None else None

    @pydantic.root_validator(skip_on_failure=True)
    def _one_of_two(cls, values: dict[str, Any]) -> dict[str, Any]:
        if (values.get("record_type") is None) == (values.get("record_type_column") is None):
            raise ValueError("give either record_type or record_type_column")
        return values

    def _about(self, scope: Scope) -> str:
        return _all([f"{name(self.column)} IS NOT NULL", *([self.when] if self.when else [])])

    def _there(self, relation: str) -> str:
        where = _all(
            [
                f"{name(self.related_column)} IS NOT NULL",
                *([self.related_where] if self.related_where else []),
            ]
        )
        return f"SELECT {name(self.related_column)} AS reference FROM {relation} WHERE {where}"

    def _resolvable(self, scope: Scope) -> str:
        """Every reference that would resolve: its key, and its record type where that differs from row to
        row.
        """
        if self.record_type is not None:
            if self.record_type not in scope.related:
                raise NotApplicable(f"no records of the type {self.record_type} were given")
            return self._there(scope.related[self.record_type])
        if not scope.related:
            raise NotApplicable("no related records were given")
        return " UNION ALL ".join(
            f"SELECT reference, {text(kind)} AS kind FROM ({self._there(relation)})"
            for kind, relation in scope.related.items()
        )

    def broken(self, scope: Scope) -> str | None:
        keys = name(self.column)
        if self.record_type_column is not None:
            keys = f"({name(self.column)}, {name(self.record_type_column)})"
        return f"{self._about(scope)} AND {keys} NOT IN ({self._resolvable(scope)})"

    def query(self, scope: Scope) -> str:
        match = f"r.reference = s.{name(self.column)}"
        if self.record_type_column is not None:
            match += f" AND r.kind = s.{name(self.record_type_column)}"
        about = f"(SELECT * FROM {scope.relation} WHERE {self._about(scope)})"
        return (
            f"SELECT (SELECT count(*) FROM {about} s ANTI JOIN ({self._resolvable(scope)}) r ON {match}),"
            f" (SELECT count(*) FROM {about}), NULL"
        )


class ExpectConsecutiveRowsToSatisfy(_Relation):
    """A condition between each record and the one before it in its group; ``previous.x`` is the earlier one's
    x.
    """

    group_by: list[str] = pydantic.Field(min_items=1)
    order_by: list[str] = pydantic.Field(min_items=1)
    condition: str
    when: str | None = None

    @pydantic.validator("condition")
    def _is_a_condition(cls, value: str) -> str:
        if not parse_condition(value, previous=True).previous:
            raise ValueError("the condition asks nothing of the row before: write previous.column")
        return value

    @pydantic.validator("when")
    def _is_a_plain_condition(cls, value: str | None) -> str | None:
        return parse_condition(value).sql if value is not None else None

    def _pairs(self, scope: Scope) -> str:
        """Every record that has one before it, with whether it breaks the rule."""
        condition = parse_condition(self.condition, previous=True)
        group, order = (", ".join(map(name, each)) for each in (self.group_by, self.order_by))
        window = f"(PARTITION BY {group} ORDER BY {order})"
        columns = sorted({"record_id", *condition.columns})
        items = [
            *map(name, columns),
            *previous_columns(condition, window),
            f"row_number() OVER {window} AS place",
        ]
        source = f"SELECT {', '.join(items)} FROM {scope.relation} WHERE {self.when or 'true'}"
        broken = f"coalesce(NOT ({with_previous(condition)}), false)"
        return f"SELECT record_id, {broken} AS broken FROM ({source}) WHERE place > 1"

    def broken(self, scope: Scope) -> str | None:
        return f"record_id IN (SELECT record_id FROM ({self._pairs(scope)}) WHERE broken)"

    def query(self, scope: Scope) -> str:
        return f"SELECT count(*) FILTER (WHERE broken), count(*), NULL FROM ({self._pairs(scope)})"


class _Drift(_Relation, ABC):
    """Compares with the last release. What is counted is not rows but the one thing that moved."""

    def _previous(self, scope: Scope) -> str:
        if scope.previous is None:
            raise NotApplicable("there is no earlier release of this source")
        return scope.previous

    def _compare(self, scope: Scope, measure: str, verdict: str, observed: str) -> str:
        """One row: ``now`` and ``before`` are the two measures; nothing to compare with gives no row to
        judge.
        """
        now = f"(SELECT {measure} AS now FROM {scope.relation})"
        before = f"(SELECT {measure} AS before, count(*) > 0 AS compared FROM {self._previous(scope)})"
        verdict = f"CASE WHEN {verdict} THEN 1 ELSE 0 END"
        return f"SELECT {verdict}, compared::INTEGER, {observed} FROM {now}, {before}"


class ExpectRowCountToChangeByAtMost(_Drift):
    """The number of records against the last release, in percent of it."""

    decrease_percent: float | None = pydantic.Field(None, ge=0, le=100)
    increase_percent: float | None = pydantic.Field(None, ge=0)

    def query(self, scope: Scope) -> str:
        change = "(now - before) * 100.0 / nullif(before, 0)"
        bounds = [f"{change} < -{self.decrease_percent}"] if self.decrease_percent is not None else []
        bounds += [f"{change} > {self.increase_percent}"] if self.increase_percent is not None else []
        observed = f"format('{{:d}} records, {{:d}} before ({{:+.1f}} %)', now, before, ({change})::DOUBLE)"
        return self._compare(scope, "count(*)", " OR ".join(bounds) or "false", observed)


class ExpectNullShareToChangeByAtMost(_Drift):
    """The share of records without a value against the last release, in percentage points."""

    column: str
    points: float = pydantic.Field(ge=0, le=100)

    def query(self, scope: Scope) -> str:
        share = f"count(*) FILTER (WHERE {name(self.column)} IS NULL) * 100.0 / nullif(count(*), 0)"
        observed = "format('{:.1f} % without a value, {:.1f} % before', now::DOUBLE, before::DOUBLE)"
        return self._compare(scope, share, f"abs(now - before) > {self.points}", observed)


class ExpectCodeSharesToChangeByAtMost(_Drift):
    """How the values of a code column are spread, against the last release: half the sum of all differences
    between their shares, in percentage points (0: the same, 100: nothing in common).
    """

    column: str
    points: float = pydantic.Field(ge=0, le=100)

    def query(self, scope: Scope) -> str:
        column = name(self.column)

        def shares(relation: str) -> str:
            return (
                f"SELECT {column}::VARCHAR AS code, count(*) * 100.0 / sum(count(*)) OVER () AS share"
                f" FROM {relation} WHERE {column} IS NOT NULL GROUP BY ALL"
            )

        joined = (
            f"({shares(scope.relation)}) n FULL JOIN ({shares(self._previous(scope))}) b ON n.code = b.code"
        )
        return (
            f"SELECT (moved > {self.points})::INTEGER, compared::INTEGER,"
            " format('{:.1f} points apart; most: {}', moved::DOUBLE, most) FROM (SELECT"
            " sum(abs(coalesce(n.share, 0) - coalesce(b.share, 0))) / 2 AS moved, count(n.share) > 0 AND"
            " count(b.share) > 0 AS compared, arg_max(coalesce(n.code, b.code), abs(coalesce(n.share, 0) -"
            f" coalesce(b.share, 0))) AS most FROM {joined})"
        )


OWN = {
    kind.expectation_type: kind
    for kind in (
        ExpectColumnValuesToBeInCodeList,
        ExpectListItemsToBeInCodeList,
        ExpectListItemsToBeInSet,
        ExpectListItemsToMatchRegex,
        ExpectListLengthsToBeBetween,
        ExpectListsToBeDisjoint,
        ExpectRowsToSatisfy,
        ExpectReferencesToResolve,
        ExpectListReferencesToResolve,
        ExpectConsecutiveRowsToSatisfy,
        ExpectRowCountToChangeByAtMost,
        ExpectNullShareToChangeByAtMost,
        ExpectCodeSharesToChangeByAtMost,
    )
}
