"""Great Expectations' SQL engine, made to speak and to think DuckDB.

Invariant: for every expectation the counts are those that Great Expectations defines; only how they are
computed differs. All row-wise counts of a suite, with or without a row condition, come from one scan; a
sample of offending values is never read; a set of values is a join and not a chain of comparisons. This leans
on names inside Great Expectations 1.24, and the contract test over every expectation holds it in place.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from great_expectations.exceptions.exceptions import MetricResolutionError
from great_expectations.execution_engine.execution_engine import MetricComputationConfiguration
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.legacy_row_conditions import parse_condition_to_sqlalchemy
from great_expectations.expectations.registry import get_metric_kwargs, get_metric_provider
from great_expectations.expectations.row_conditions import Condition, deserialize_row_condition
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator
from sqlalchemy import types

from comity.validation.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

# What Great Expectations looks up by name in a "dialect module": the types, and a class whose presence makes
# it write REGEXP_MATCHES. PostgreSQL's operator ~ would be taken, but means a match of the whole text in
# DuckDB.
DIALECT_MODULE = SimpleNamespace(
    DremioDialect=object,
    __name__="duckdb",
    name="duckdb",
    BIGINT=types.BIGINT,
    BLOB=types.BLOB,
    BOOLEAN=types.BOOLEAN,
    DATE=types.DATE,
    DECIMAL=types.DECIMAL,
    DOUBLE=types.DOUBLE,
    FLOAT=types.FLOAT,
    INTEGER=types.INTEGER,
    NUMERIC=types.NUMERIC,
    SMALLINT=types.SMALLINT,
    TIME=types.TIME,
    TIMESTAMP=types.TIMESTAMP,
    UUID=types.UUID,
    VARCHAR=types.VARCHAR,
)

_SAMPLES = (".unexpected_values", ".unexpected_rows", ".unexpected_value_counts", ".unexpected_index_list")


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Computes each metric in the way that costs DuckDB least.

    ``scope`` is what the expectations of our own may look at; ``queries`` counts the statements of one batch.
    """

    scope = Scope(relation="")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dialect_module = DIALECT_MODULE  # type: ignore[assignment]
        self.queries = 0
        self._done: dict[Any, Any] = {}

    def execute_query(self, query: Any) -> Any:
        self.queries += 1
        return super().execute_query(query)

    def get_batch_data_and_markers(self, batch_spec: Any) -> Any:
        self._done = {}
        self.queries = 0
        return super().get_batch_data_and_markers(batch_spec)

    def broken_sql(self, expectation: Any) -> str:
        """The condition, as SQL, that is true for the rows that break a row-wise expectation."""
        metric = f"{expectation.map_metric}.condition"
        kwargs = get_metric_kwargs(
            f"{expectation.map_metric}.unexpected_count", expectation.configuration, {}
        )
        condition, compute, accessor = MetricsCalculator(self).get_metric(
            MetricConfiguration(metric, kwargs["metric_domain_kwargs"], kwargs["metric_value_kwargs"])
        )
        filters = _domain_filters(self, _whole_domain(compute, accessor))
        compiled = sa.and_(condition, *filters).compile(
            dialect=self.dialect, compile_kwargs={"literal_binds": True}
        )
        return str(compiled)

    def _build_direct_and_bundled_metric_computation_configurations(
        self,
        metrics_to_resolve: Iterable[Any],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> tuple[list[MetricComputationConfiguration], list[MetricComputationConfiguration]]:
        direct: list[MetricComputationConfiguration] = []
        bundled: list[MetricComputationConfiguration] = []
        theirs = []
        for metric in metrics_to_resolve:
            way = _way_for(metric)
            if way is None:
                theirs.append(metric)
                continue
            parts = self._get_computed_metric_evaluation_dependencies_by_metric_name(metric, metrics or {})
            try:
                result = way(self, metric, parts)
            except Exception as error:  # an error here would end the suite; raised later it ends this metric
                result = functools.partial(_raise, error)
            if isinstance(result, _Aggregate):
                bundled.append(
                    MetricComputationConfiguration(
                        metric_configuration=metric,
                        metric_fn=result.expression,
                        metric_provider_kwargs={},
                        compute_domain_kwargs=result.domain,
                    )
                )
            else:
                direct.append(
                    MetricComputationConfiguration(
                        metric_configuration=metric, metric_fn=result, metric_provider_kwargs={}
                    )
                )
        more_direct, more_bundled = super()._build_direct_and_bundled_metric_computation_configurations(
            metrics_to_resolve=theirs, metrics=metrics, runtime_configuration=runtime_configuration
        )
        # Domains that say the same must be the same, or each spelling would be a scan of its own.
        bundled += [
            dataclasses.replace(each, compute_domain_kwargs=_plain(each.compute_domain_kwargs or {}))
            for each in more_bundled
        ]
        return direct + more_direct, bundled

    def _process_direct_and_bundled_metric_computation_configurations(
        self,
        metric_fn_direct_configurations: list[MetricComputationConfiguration],
        metric_fn_bundle_configurations: list[MetricComputationConfiguration],
    ) -> dict[Any, Any]:
        # Great Expectations gives up a whole wave for one metric that fails, and tries the wave again. What has
        # been computed is kept, so that a wrong rule costs the others nothing.
        failed, cause = [], None
        fresh = False
        for each in metric_fn_direct_configurations:
            identity = each.metric_configuration.id
            if identity in self._done:
                continue
            fresh = True
            try:
                compute: Any = each.metric_fn
                self._done[identity] = compute(**each.metric_provider_kwargs)
            except Exception as error:  # whatever it is, it is this metric's failure and no other's
                failed.append(each.metric_configuration)
                cause = error
        ready = list(metric_fn_direct_configurations)
        # What is not returned is asked for again with the next wave: the common scan waits until nothing else can
        # be computed, and so happens once instead of once a wave.
        if not fresh and not failed:
            ready += metric_fn_bundle_configurations
            waiting = [
                e for e in metric_fn_bundle_configurations if e.metric_configuration.id not in self._done
            ]
            try:
                self._done.update(
                    super()._process_direct_and_bundled_metric_computation_configurations([], waiting)
                )
            except MetricResolutionError as error:
                failed.extend(error.failed_metrics)
                cause = error
        if failed:
            raise MetricResolutionError(message=str(cause), failed_metrics=failed) from cause
        return {e.metric_configuration.id: self._done[e.metric_configuration.id] for e in ready}


class _Aggregate:
    """An expression of the common scan, and the domain that it is bundled under."""

    def __init__(self, expression: Any, domain: dict[str, Any]) -> None:
        self.expression = expression
        self.domain = domain


def _raise(error: Exception) -> None:
    raise error


def _plain(domain: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in domain.items() if value is not None}


Way = Callable[["DuckDBExecutionEngine", Any, dict[str, Any]], Any]


def _way_for(metric: Any) -> Way | None:
    """How this engine computes ``metric``, or None where Great Expectations' own way is as good."""
    name: str = metric.metric_name
    if name.endswith(_SAMPLES):
        wanted = (metric.metric_value_kwargs.get("result_format") or {}).get("partial_unexpected_count")
        return _no_sample if wanted == 0 else None
    special: dict[str, Way] = {
        "column_values.unique.condition": _unique_condition,
        "compound_columns.unique.condition": _unique_condition,
        "column_values.unique.unexpected_count": _duplicate_count,
        "compound_columns.unique.unexpected_count": _duplicate_count,
        "column_values.in_set.condition": functools.partial(_set_condition, inside=True),
        "column_values.not_in_set.condition": functools.partial(_set_condition, inside=False),
        "unexpected_rows_query.table": _no_sample,
        "column.outlier_statistics": _outlier_statistics,
    }
    if name in special:
        return special[name]
    if name.endswith(".unexpected_count.aggregate_fn"):
        return _count_as_aggregate
    if name.endswith(".unexpected_count") and "unexpected_condition" in metric.metric_dependencies:
        return _count
    if name.endswith(".filtered_row_count"):
        return _filtered_count
    if name == "table.row_count.aggregate_fn":
        return _row_count
    return None


def _no_sample(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    return lambda: []


def _count_where(
    engine: DuckDBExecutionEngine, condition: Any, domain: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """``count(*) FILTER (WHERE …)`` and the domain without what the filter now says."""
    filters = [each for each in (condition, *_domain_filters(engine, domain)) if each is not None]
    counted = sa.func.count()
    expression = counted.filter(sa.and_(*filters)) if filters else counted
    return expression, _plain({"batch_id": domain.get("batch_id"), "table": domain.get("table")})


def _domain_filters(engine: DuckDBExecutionEngine, domain: dict[str, Any]) -> list[Any]:
    filters = []
    if (condition := domain.get("row_condition")) is not None:
        filters.append(_row_condition(engine, condition, domain.get("condition_parser")))
    ignore = domain.get("ignore_row_if")
    names = (
        [domain[key] for key in ("column_A", "column_B") if key in domain] or domain.get("column_list") or []
    )
    missing = [sa.column(name).is_(None) for name in names]
    if ignore in ("both_values_are_missing", "all_values_are_missing"):
        filters.append(sa.not_(sa.and_(*missing)))
    elif ignore in ("either_value_is_missing", "any_value_is_missing"):
        filters.append(sa.not_(sa.or_(*missing)))
    return filters


def _row_condition(engine: DuckDBExecutionEngine, condition: Any, parser: str | None) -> Any:
    if isinstance(condition, dict):
        condition = deserialize_row_condition(condition)
    if isinstance(condition, Condition):
        return engine.condition_to_filter_clause(condition)
    return parse_condition_to_sqlalchemy(condition)


def _whole_domain(compute: dict[str, Any], accessor: dict[str, Any]) -> dict[str, Any]:
    return {**compute, **accessor}


def _count(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    condition, compute, accessor = parts["unexpected_condition"]
    return _Aggregate(*_count_where(engine, condition, _whole_domain(compute, accessor)))


def _count_as_aggregate(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    condition, compute, accessor = parts["unexpected_condition"]
    expression, domain = _count_where(engine, condition, _whole_domain(compute, accessor))
    if metric.metric_name.startswith("column_values.nonnull.") and compute.get("row_condition") is None:
        # Written so, a file's own statistics can answer; a filter would read the column.
        expression = sa.func.count() - sa.func.count(sa.column(accessor["column"]))
    return lambda: (expression, domain, {})


def _filtered_count(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    _, compute, accessor = parts["unexpected_condition"]
    return _Aggregate(*_count_where(engine, None, _whole_domain(compute, accessor)))


def _row_count(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    expression, domain = _count_where(engine, None, dict(metric.metric_domain_kwargs))
    return lambda: (expression, domain, {})


def _set_condition(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any], *, inside: bool) -> Any:
    """The rows outside (or inside) a set, as a join with the set: IN with a list costs one comparison a
    value.
    """
    domain = dict(metric.metric_domain_kwargs)
    column: Any = sa.column(domain.pop("column"))
    values = [value for value in metric.metric_value_kwargs.get("value_set") or [] if value is not None]
    if metric.metric_value_kwargs.get("value_set") is None:
        condition: Any = sa.false()
    else:
        among = column.in_(_values(values)) if values else sa.false()
        condition = sa.and_(column.is_not(None), sa.not_(among) if inside else among)
    return lambda: (condition, domain, {"column": column.name})


def _values(values: list[Any]) -> Any:
    return sa.select(sa.func.unnest(sa.func.list_value(*[sa.literal(value) for value in values])))


class _LikePostgreSQL:
    """The engine under PostgreSQL's name, for a metric whose SQL for PostgreSQL is DuckDB's as well."""

    dialect_name = "postgresql"

    def __init__(self, engine: DuckDBExecutionEngine) -> None:
        self._engine = engine

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._engine, attribute)


def _outlier_statistics(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    kind, provider = get_metric_provider(metric.metric_name, engine)
    return lambda: provider(
        cls=kind,
        execution_engine=_LikePostgreSQL(engine),
        metric_domain_kwargs=metric.metric_domain_kwargs,
        metric_value_kwargs=metric.metric_value_kwargs,
        metrics=parts,
        runtime_configuration={},
    )


def _keys(metric: Any) -> list[str]:
    domain = metric.metric_domain_kwargs
    return [domain["column"]] if domain.get("column") else list(domain["column_list"])


def _records(engine: DuckDBExecutionEngine, domain: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The whole relation, and the filters that make it this domain."""
    relation = engine.get_domain_records(
        _plain({"batch_id": domain.get("batch_id"), "table": domain.get("table")})
    )
    return relation, _domain_filters(engine, domain)


def _unique_condition(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    domain = dict(metric.metric_domain_kwargs)
    keys: list[Any] = [sa.column(name) for name in _keys(metric)]
    relation, filters = _records(engine, domain)
    filters += [key.is_not(None) for key in keys]
    repeated = (
        sa.select(*keys).select_from(relation).where(*filters).group_by(*keys).having(sa.func.count() > 1)
    )
    row = keys[0] if len(keys) == 1 else sa.tuple_(*keys)
    accessor = {key: domain.pop(key) for key in ("column", "column_list") if key in domain}
    condition = row.in_(repeated)
    return lambda: (condition, domain, accessor)


def _duplicate_count(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    """How many rows share their key with another row."""
    keys: list[Any] = [sa.column(name) for name in _keys(metric)]
    relation, filters = _records(engine, dict(metric.metric_domain_kwargs))
    filters += [key.is_not(None) for key in keys]

    def repeated(by: list[Any]) -> int:
        groups = sa.select(sa.func.count().label("n")).select_from(relation).where(*filters).group_by(*by)
        again = groups.having(sa.func.count() > 1).subquery()
        return int(engine.execute_query(sa.select(sa.func.sum(again.c.n))).scalar() or 0)

    def count() -> int:
        # Equal values have equal hashes: when no hash repeats no value does, and hashes are cheaper to group
        # by.
        return repeated(keys) if repeated([sa.func.hash(*keys)]) else 0

    return count
