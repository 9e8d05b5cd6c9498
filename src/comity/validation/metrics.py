"""How each metric is computed where DuckDB knows a cheaper way than Great Expectations' own.

Invariant: all row-wise counts of a suite, with or without a row condition, come from one scan; a sample of offending
values is never read; a set of values is a join and not a chain of comparisons; uniqueness is one grouping.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from comity.validation.library import (
    Condition,
    deserialize_row_condition,
    parse_condition_to_sqlalchemy,
    registry,
)

if TYPE_CHECKING:
    from comity.validation.engine import DuckDBExecutionEngine

_SAMPLES = (".unexpected_values", ".unexpected_rows", ".unexpected_value_counts", ".unexpected_index_list")


class Aggregate:
    """An expression of the common scan, and the domain that it is bundled under."""

    def __init__(self, expression: Any, domain: dict[str, Any]) -> None:
        self.expression = expression
        self.domain = domain


def plain(domain: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in domain.items() if value is not None}


Way = Callable[["DuckDBExecutionEngine", Any, dict[str, Any]], Any]


def way_for(metric: Any) -> Way | None:
    """How this engine computes ``metric``, or None where Great Expectations' own way is as good; a way may give None
    to the same end.
    """
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
        "column_values.match_regex.unexpected_count": functools.partial(_pattern_count, matching=False),
        "column_values.not_match_regex.unexpected_count": functools.partial(_pattern_count, matching=True),
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


def count_of(condition: Any) -> Any:
    """How many rows satisfy it. It costs half of a count with a FILTER, for which DuckDB gathers those rows first."""
    return sa.func.coalesce(sa.func.count_if(condition), 0)  # NULL where the condition is NULL in every row


def _no_sample(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    return lambda: []


def _count_where(
    engine: DuckDBExecutionEngine, condition: Any, domain: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """How many rows satisfy ``condition``, and the domain without what is counted now."""
    filters = [each for each in (condition, *domain_filters(engine, domain)) if each is not None]
    expression = count_of(sa.and_(*filters)) if filters else sa.func.count()
    return expression, plain({"batch_id": domain.get("batch_id"), "table": domain.get("table")})


def domain_filters(engine: DuckDBExecutionEngine, domain: dict[str, Any]) -> list[Any]:
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


def whole_domain(compute: dict[str, Any], accessor: dict[str, Any]) -> dict[str, Any]:
    return {**compute, **accessor}


def _count(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    condition, compute, accessor = parts["unexpected_condition"]
    return Aggregate(*_count_where(engine, condition, whole_domain(compute, accessor)))


def _count_as_aggregate(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    condition, compute, accessor = parts["unexpected_condition"]
    expression, domain = _count_where(engine, condition, whole_domain(compute, accessor))
    if metric.metric_name.startswith("column_values.nonnull.") and compute.get("row_condition") is None:
        # Written so, a file's own statistics can answer; a filter would read the column.
        expression = sa.func.count() - sa.func.count(sa.column(accessor["column"]))
    return lambda: (expression, domain, {})


def _pattern_count(
    engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any], *, matching: bool
) -> Any:
    """How many rows match, or do not: a pattern costs more than all else, and a text that repeats is matched once."""
    domain = dict(metric.metric_domain_kwargs)
    if (values := engine.scope.values(domain["column"])) is None:
        return None
    column: Any = sa.column(domain["column"])
    relation, filters = _records(engine, domain)
    if filters:
        texts = (
            sa.select(column, sa.func.count().label("n"))
            .select_from(relation)
            .where(*filters)
            .group_by(column)
            .subquery()
        )
    else:
        texts = sa.text(values).columns(column, sa.column("n")).subquery()
    matches = sa.func.regexp_matches(texts.c[domain["column"]], metric.metric_value_kwargs["regex"])
    counted = sa.select(sa.func.sum(texts.c.n)).where(matches if matching else sa.not_(matches))
    return lambda: int(engine.execute_query(counted).scalar() or 0)


def _filtered_count(engine: DuckDBExecutionEngine, metric: Any, parts: dict[str, Any]) -> Any:
    _, compute, accessor = parts["unexpected_condition"]
    return Aggregate(*_count_where(engine, None, whole_domain(compute, accessor)))


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
    kind, provider = registry.get_metric_provider(metric.metric_name, engine)
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
        plain({"batch_id": domain.get("batch_id"), "table": domain.get("table")})
    )
    return relation, domain_filters(engine, domain)


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
