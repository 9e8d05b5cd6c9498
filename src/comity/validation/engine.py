"""Great Expectations' SQL engine, made to speak and to think DuckDB.

Invariant: for every expectation the counts are those that Great Expectations defines; only how they are
computed differs. One metric that fails costs the others nothing. This leans on names inside Great Expectations 1.24,
and the contract test over every expectation holds it in place.
"""

from __future__ import annotations

import dataclasses
import functools
import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import types

from comity.validation.library import (
    MetricComputationConfiguration,
    MetricConfiguration,
    MetricResolutionError,
    MetricsCalculator,
    SqlAlchemyExecutionEngine,
    registry,
)
from comity.validation.metrics import Aggregate, domain_filters, plain, way_for, whole_domain
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

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> Any:
        # What a row condition leaves is a SELECT; SQLAlchemy no longer takes one for something to select from.
        records: Any = super().get_domain_records(domain_kwargs)
        return records.subquery() if isinstance(records, sa.Select | sa.TextualSelect) else records

    def broken_sql(self, expectation: Any) -> str:
        """The condition, as SQL, that is true for the rows that break a row-wise expectation."""
        metric = f"{expectation.map_metric}.condition"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a string as row_condition is going out of use
            kwargs = registry.get_metric_kwargs(
                f"{expectation.map_metric}.unexpected_count", expectation.configuration, {}
            )
        condition, compute, accessor = MetricsCalculator(self).get_metric(
            MetricConfiguration(metric, kwargs["metric_domain_kwargs"], kwargs["metric_value_kwargs"])
        )
        filters = domain_filters(self, whole_domain(compute, accessor))
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
            way = way_for(metric)
            if way is None:
                theirs.append(metric)
                continue
            parts = self._get_computed_metric_evaluation_dependencies_by_metric_name(metric, metrics or {})
            try:
                result = way(self, metric, parts)
            except Exception as error:  # an error here would end the suite; raised later it ends this metric
                result = functools.partial(_raise, error)
            if result is None:
                theirs.append(metric)
            elif isinstance(result, Aggregate):
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
            dataclasses.replace(each, compute_domain_kwargs=plain(each.compute_domain_kwargs or {}))
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
        failed: dict[Any, Exception] = {}
        fresh = False
        for each in metric_fn_direct_configurations:
            if each.metric_configuration.id in self._done:
                continue
            fresh = True
            try:
                compute: Any = each.metric_fn
                self._done[each.metric_configuration.id] = compute(**each.metric_provider_kwargs)
            except Exception as error:  # whatever it is, it is this metric's failure and no other's
                failed[each.metric_configuration] = error
        ready = list(metric_fn_direct_configurations)
        # What is not returned is asked for again with the next wave: the common scan waits until nothing else can
        # be computed, and so happens once instead of once a wave. Only row counts, which a file's own metadata
        # answer, come first, since whatever is about a column waits for them.
        counts = [e for e in metric_fn_bundle_configurations if _is_row_count(e)]
        ready += counts
        failed |= self._scan(counts)
        if not fresh and not failed and not counts:
            ready += metric_fn_bundle_configurations
            failed = self._scan(metric_fn_bundle_configurations)
        if failed:
            cause = next(iter(failed.values()))
            raise MetricResolutionError(message=str(cause), failed_metrics=list(failed)) from cause
        return {e.metric_configuration.id: self._done[e.metric_configuration.id] for e in ready}

    def _scan(self, bundled: list[MetricComputationConfiguration]) -> dict[Any, Exception]:
        """Compute all that is still waiting in one statement; if that fails, one by one to find the culprits."""
        waiting = [each for each in bundled if each.metric_configuration.id not in self._done]
        if not waiting:
            return {}
        together = super()._process_direct_and_bundled_metric_computation_configurations
        failed: dict[Any, Exception] = {}
        try:
            self._done.update(together([], waiting))
        except MetricResolutionError:
            for each in waiting:
                try:
                    self._done.update(together([], [each]))
                except MetricResolutionError as error:
                    failed[each.metric_configuration] = error
        return failed


def _is_row_count(computation: MetricComputationConfiguration) -> bool:
    return computation.metric_configuration.metric_name == "table.row_count"


def _raise(error: Exception) -> None:
    raise error
