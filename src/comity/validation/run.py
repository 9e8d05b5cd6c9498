"""Judging one relation by one suite.

Invariant: every rule of the suite has exactly one result, whatever happens; Great Expectations' own verdict
on a whole suite is never used, since it ignores severities and takes errors for failures.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from comity.errors import ValidationError
from comity.validation.result import CheckResult, SuiteResult
from comity.validation.scope import NotApplicable, Scope, name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from comity.standard import Standard
    from comity.validation.suite import Rule, Suite

VIEW = "comity_validated"
CODE_LISTS = "comity_code_lists"
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
# Rules that say something about a relation without records.
_ABOUT_EMPTY = frozenset(
    {
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
        "expect_table_row_count_to_equal_other_table",
        "expect_column_type_to_be",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_in_type_list",
        "expect_row_count_to_change_by_at_most",
    }
)
# Rules about whether values are there say something about a column that has none.
_ABOUT_NULLS = frozenset(
    {
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_null_share_to_change_by_at_most",
        *(_ABOUT_EMPTY),
    }
)
# What these observe is a measure; what others observe (a largest value, a most common one) may be a person's.
_MEASURES = re.compile(
    r"^expect_(table_|row_count|null_share|code_shares|column_(mean|stdev|sum|proportion|unique_value_count|kl_divergence"
    r"|type_|values_to_be_(of_type|in_type_list))|query_)"
)


def validate(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    suite: Suite,
    *,
    related: Mapping[str, str] | None = None,
    previous: str | None = None,
    code_lists: str | None = None,
    repeating: frozenset[str] = frozenset(),
    constant: Mapping[str, str] | None = None,
) -> SuiteResult:
    """Judge the records in ``relation``, a table or view of ``connection``, by ``suite``; for the rest see Scope."""
    from comity.validation.vocabulary import ABOUT_COLUMNS, build, columns_of

    constant = constant or {}
    values = ", ".join(f"{value} AS {name(column)}" for column, value in constant.items())
    columns = f"* REPLACE ({values})" if values else "*"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {VIEW} AS SELECT {columns} FROM {relation}")
    present = {row[0] for row in connection.execute(f"DESCRIBE {VIEW}").fetchall()}
    rows = connection.execute(f"SELECT count(*) FROM {VIEW}").fetchall()[0][0]
    scope = Scope(VIEW, related or {}, previous, code_lists, repeating, constant, rows)
    results: dict[str, CheckResult] = {}
    expectations: dict[str, Any] = {}
    for rule in suite.rules:
        absent = columns_of(rule) - present if rule.type not in ABOUT_COLUMNS else set()
        if absent:
            results[rule.id] = _not_applicable(rule, f"no column {', '.join(sorted(absent))}")
        elif not rows and rule.type not in ABOUT_COLUMNS | _ABOUT_EMPTY:
            results[rule.id] = _not_applicable(rule, "no records")
        else:
            expectation = build(rule)
            try:
                if hasattr(expectation, "prepare"):
                    expectation.prepare(scope)
                expectations[rule.id] = expectation
            except NotApplicable as reason:
                results[rule.id] = _not_applicable(rule, str(reason))
    rules = {rule.id: rule for rule in suite.rules}
    without_values = _columns_without_values(connection, [rules[each] for each in expectations])
    for rule_id in [each for each in expectations if rules[each].kwargs.get("column") in without_values]:
        if _is_aggregate(expectations[rule_id]) and rules[rule_id].type not in _ABOUT_NULLS:
            results[rule_id] = _not_applicable(rules[rule_id], "no values")
            del expectations[rule_id]
    for outcome in _run(connection, scope, list(expectations.values())):
        rule = rules[outcome.expectation_config.meta["rule"]]
        results[rule.id] = _check(rule, outcome)
    missing = rules.keys() - results.keys()
    if missing:
        raise ValidationError(
            "validation.rules-lost",
            f"{len(missing)} of {len(rules)} rules came back from Great Expectations without a result",
            found=", ".join(sorted(missing)[:5]),
            remedy="report this; nothing was published",
        )
    return SuiteResult(suite.record_type, tuple(results[rule.id] for rule in suite.rules))


def load_code_lists(connection: duckdb.DuckDBPyConnection, standard: Standard) -> str:
    """The standard's code lists as a temporary table of ``connection``; its name is what ``validate`` takes."""
    return fill_code_lists(connection, codes_of(standard))


def codes_of(standard: Standard) -> tuple[tuple[str, str], ...]:
    """Every code of the standard, with its list."""
    return tuple((each.name, code) for each in standard.code_lists.values() for code in each.codes)


def fill_code_lists(connection: duckdb.DuckDBPyConnection, codes: Sequence[tuple[str, str]]) -> str:
    """``codes`` as a temporary table; its name."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {CODE_LISTS} AS SELECT unnest($1) AS list, unnest($2) AS code",
        [[name for name, _ in codes], [code for _, code in codes]],
    )
    return CODE_LISTS


def _run(connection: duckdb.DuckDBPyConnection, scope: Scope, expectations: Sequence[Any]) -> list[Any]:
    if not expectations:
        return []
    from comity.validation.datasource import open_batch
    from comity.validation.library import ExpectationSuite, configurations_kept

    batch, _ = open_batch(connection, VIEW, scope)

    def judge(some: Sequence[Any]) -> list[Any]:
        suite = ExpectationSuite(name=VIEW, expectations=list(some))
        with warnings.catch_warnings(), configurations_kept():
            warnings.simplefilter("ignore")  # that a string as row_condition is going out of use, once a rule
            return list(batch.validate(suite, result_format=dict(RESULT_FORMAT)).results)

    try:
        return judge(expectations)
    except (
        Exception
    ):  # of one expectation, which Great Expectations does not catch: the others are judged all the same
        return [result for each in expectations for result in _alone(judge, each)]


def _alone(judge: Callable[[Sequence[Any]], list[Any]], expectation: Any) -> list[Any]:
    from comity.validation.library import ExpectationValidationResult

    try:
        return judge([expectation])
    except Exception as error:
        raised = {"raised_exception": True, "exception_message": str(error)}
        return [ExpectationValidationResult(False, expectation.configuration, exception_info=raised)]


def _is_aggregate(kind: Any) -> bool:
    """Whether it looks at a column as a whole; its result then does not say how many values there were."""
    return "column" in kind.__fields__ and not (getattr(kind, "map_metric", None) or hasattr(kind, "prepare"))


def _columns_without_values(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> set[str]:
    from comity.validation.vocabulary import ABOUT_COLUMNS, implementations

    known = implementations()
    columns = sorted(
        {
            rule.kwargs["column"]
            for rule in rules
            if _is_aggregate(known[str(rule.type)]) and rule.type not in ABOUT_COLUMNS
        }
    )
    if not columns:
        return set()
    counts = connection.execute(
        f"SELECT {', '.join(f'count({name(c)})' for c in columns)} FROM {VIEW}"
    ).fetchall()
    return {column for column, count in zip(columns, counts[0], strict=True) if count == 0}


def _check(rule: Rule, outcome: Any) -> CheckResult:
    if error := _exception(outcome.exception_info):
        return _result(rule, "error", observed=error)
    found = outcome.result
    violated, denominator = found.get("unexpected_count"), found.get("element_count")
    if denominator is not None:
        denominator = int(denominator) - int(found.get("missing_count") or 0)
        violated = int(violated or 0)
        if denominator == 0:
            return _not_applicable(rule, _observed(rule, found) or "no values")
        if str(rule.type).endswith("_to_change_by_at_most"):  # it counted what moved, not records
            violated = denominator = None
    else:
        violated = None
    return _result(
        rule, "pass" if bool(outcome.success) else "fail", violated, denominator, _observed(rule, found)
    )


def _observed(rule: Rule, found: Mapping[str, Any]) -> str | None:
    value = found.get("observed_value")
    if rule.type == "unexpected_rows_expectation":
        return f"{value} rows"
    if value is None and "missing_count" in found and "element_count" not in found:
        return f"{found['missing_count']} expected values are missing"
    if value is None and "unexpected_count" in found and "element_count" not in found:
        return f"{found['unexpected_count']} values are unexpected"
    if value is None or not _MEASURES.match(str(rule.type)):
        return None
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _exception(info: Any) -> str | None:
    """The message of what was raised, without SQL and without values that a conversion stumbled over."""
    if not info:
        return None
    each = [info] if "raised_exception" in info else list(info.values())
    raised = [one for one in each if isinstance(one, dict) and one.get("raised_exception")]
    if not raised:
        return None
    message = str(raised[0].get("exception_message") or "unknown error").split("\n[SQL", 1)[0]
    message = " ".join(message.split("LINE 1:", 1)[0].split())
    # What a value did is told by the kind of the error; its text would hold the value.
    about_a_value = re.search(r"(Conversion|Invalid Input|Out of Range|Constraint) Error", message)
    return (
        f"{about_a_value[0]}: DuckDB cannot compute the rule for some record"
        if about_a_value
        else message[:300]
    )


def _result(
    rule: Rule,
    outcome: Any,
    violated: int | None = None,
    denominator: int | None = None,
    observed: str | None = None,
) -> CheckResult:
    columns = [rule.kwargs[key] for key in ("column", "column_A", "column_B") if key in rule.kwargs]
    columns += rule.kwargs.get("column_list") or []
    return CheckResult(
        rule_id=rule.id,
        type=str(rule.type),
        column=", ".join(columns) or None,
        severity=str(rule.severity),
        outcome=outcome,
        violated=violated,
        denominator=denominator,
        observed=observed,
        description=rule.why,
        threshold=float(rule.kwargs.get("mostly", 1.0)) if denominator is not None else None,
        tolerated=int(rule.kwargs.get("tolerated", 0)) if denominator is not None else None,
    )


def _not_applicable(rule: Rule, reason: str) -> CheckResult:
    return _result(rule, "not_applicable", observed=reason)
