"""The expectation types that a suite may name, and what each accepts.

Invariant: every type that Great Expectations registers, and every one of our own, is either usable or refused
here by name with a reason and a way out; an argument that an expectation does not take is an error with its
place.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from comity.config.yaml_file import place_of
from comity.errors import ConfigError, ValidationError, nearest
from comity.validation.condition import BadCondition, check_query

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from comity.config.yaml_file import Location
    from comity.standard import RecordType, Standard
    from comity.validation.suite import Rule

# Why each of these cannot be used, and what to use instead.
REFUSED = {
    "expect_column_values_to_be_dateutil_parseable": (
        "it guesses at dates, and only in Python",
        "expect_rows_to_satisfy with try_strptime(column, format) IS NOT NULL",
    ),
    "expect_column_values_to_be_decreasing": (
        "a table has no order of rows",
        "expect_consecutive_rows_to_satisfy with an order_by",
    ),
    "expect_column_values_to_be_increasing": (
        "a table has no order of rows",
        "expect_consecutive_rows_to_satisfy with an order_by",
    ),
    "expect_column_values_to_be_json_parseable": (
        "Great Expectations computes it in Python only",
        "expect_rows_to_satisfy with json_valid(column)",
    ),
    "expect_column_values_to_match_json_schema": (
        "Great Expectations computes it in Python only",
        "expect_rows_to_satisfy with json_valid(column) and json_extract",
    ),
    "expect_column_values_to_match_strftime_format": (
        "Great Expectations computes it in Python only",
        "expect_rows_to_satisfy with try_strptime(column, format) IS NOT NULL",
    ),
    "expect_query_results_to_match_comparison": (
        "it compares with a second data source, and a night has only one",
        "expect_references_to_resolve or unexpected_rows_expectation",
    ),
}
# It takes a row condition, and Great Expectations then forgets to look at it.
_WITHOUT_ROW_CONDITION = frozenset({"expect_column_pair_values_to_be_in_set"})
# A suite says these in words of its own.
_NOT_KWARGS = frozenset(
    {"meta", "severity", "id", "notes", "description", "rendered_content", "batch_id", "windows"}
    | {"catch_exceptions", "condition_parser", "result_format", "library_metadata"}
)
_COLUMN_KEYS = ("column", "column_A", "column_B", "column_list", "column_set", "group_by", "order_by")
_CONDITION_KEYS = ("condition", "when")
# These ask whether a column exists, so that it need not.
ABOUT_COLUMNS = frozenset(
    {
        "expect_column_to_exist",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
    }
)


@cache  # asked for every rule, and finding them all takes a hundredth of a second
def implementations() -> dict[str, Any]:
    """Every registered expectation class by its type."""
    import comity.validation.expectations  # noqa: F401  # importing registers ours
    from comity.validation.library import registry

    registry.register_core_expectations()
    return dict(registry._registered_expectations)


def check_rule(rule: Rule, path: Path, places: dict[Location, tuple[int, int]], here: Location) -> None:
    """Refuse a type that nobody knows or that cannot work, and arguments that it does not take."""
    line, column = place_of(places, (*here, "type"))
    known = implementations()
    if rule.type in REFUSED:
        reason, instead = REFUSED[rule.type]
        raise ValidationError(
            "validation.refused-expectation",
            f"The expectation '{rule.type}' cannot be used: {reason}",
            file=path,
            line=line,
            column=column,
            remedy=f"use {instead}",
        )
    if rule.type not in known:
        raise ConfigError(
            "config.unknown-expectation",
            f"Nobody knows the expectation '{rule.type}'",
            file=path,
            line=line,
            column=column,
            remedy=f"{_close(str(rule.type), set(known) - set(REFUSED))}docs/validation.md says what there is",
        )
    check_kwargs(rule, places, here)


def arguments_of(expectation: Any) -> set[str]:
    """The names of the arguments that an expectation accepts."""
    return set(expectation.__fields__) - _NOT_KWARGS


def _close(word: str, known: set[str]) -> str:
    """Only the nearest name: there are too many to list."""
    hint, question, _ = nearest(word, known).partition("? ")
    return f"{hint}? " if question else ""


def check_kwargs(
    rule: Rule, places: dict[Location, tuple[int, int]] | None = None, here: Location = ()
) -> None:
    """Build the expectation once: what its class does not accept is an error at the argument's place."""
    from comity.validation.library import GreatExpectationsError

    kind = implementations()[str(rule.type)]
    accepted = arguments_of(kind)

    def fail(message: str, argument: str | None, remedy: str) -> ConfigError:
        where = (*here, "kwargs", argument) if argument else (*here, "kwargs")
        line, column = place_of(places, where) if places else (rule.line, rule.column)
        return ConfigError(
            "config.invalid-kwargs",
            f"{rule.type}: {message}",
            file=rule.file,
            line=line,
            column=column,
            found=repr(rule.kwargs.get(argument))[:120] if argument in rule.kwargs else None,
            remedy=remedy,
        )

    for argument, value in rule.kwargs.items():
        if argument not in accepted:
            raise fail(f"it has no argument '{argument}'", argument, nearest(argument, accepted))
        if isinstance(value, dict) and "$PARAMETER" in value:
            raise fail(
                f"{argument}: nothing fills a suite parameter here", argument, "write the value itself"
            )
    if rule.type in _WITHOUT_ROW_CONDITION and "row_condition" in rule.kwargs:
        instead = "use expect_rows_to_satisfy with 'when'"
        raise fail("Great Expectations does not apply a row_condition here", "row_condition", instead)
    try:
        if isinstance(query := rule.kwargs.get("unexpected_rows_query"), str):
            check_query(query)
        expectation = build(rule)
    except BadCondition as error:
        about = (each for each in ("unexpected_rows_query", *_CONDITION_KEYS) if each in rule.kwargs)
        raise fail(str(error), next(about, None), "correct it") from None
    except GreatExpectationsError as error:
        about = (each for each in ("row_condition",) if each in rule.kwargs)
        raise fail(
            str(error), next(about, None), 'correct it, for example: col("status") == "wanted"'
        ) from None
    except ValueError as error:  # both generations of pydantic raise a ValueError
        details = error.errors() if hasattr(error, "errors") else [{"loc": (), "msg": str(error)}]
        name = next((str(part) for part in details[0]["loc"] if part in accepted), None)
        raise fail(
            f"{name}: {details[0]['msg']}" if name else str(details[0]["msg"]), name, "correct it"
        ) from None
    except TypeError as error:
        raise fail(str(error), None, "correct it") from None
    if expectation.expectation_type != rule.type:
        raise fail("Great Expectations took it for another expectation", None, "report this")


def build(rule: Rule) -> Any:
    """The rule as an expectation of Great Expectations, marked with the rule's id."""
    kwargs = dict(rule.kwargs)
    if isinstance(kwargs.get("row_condition"), str):
        kwargs.setdefault("condition_parser", "great_expectations")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a string as row_condition is going out of use, once a rule
        return implementations()[str(rule.type)](**kwargs, severity=rule.severity, meta={"rule": rule.id})


def columns_of(rule: Rule) -> set[str]:
    """Every column that the rule reads from the records that it judges."""
    from comity.validation.condition import parse_condition

    names: set[str] = set()
    for key in _COLUMN_KEYS:
        value = rule.kwargs.get(key)
        names |= (
            {value} if isinstance(value, str) else {each for each in value or [] if isinstance(each, str)}
        )
    if isinstance(rule.kwargs.get("record_type_column"), str):
        names.add(rule.kwargs["record_type_column"])
    if isinstance(rule.kwargs.get("row_condition"), str):
        names |= set(re.findall(r"""\bcol\(\s*["']([^"']+)["']\s*\)""", rule.kwargs["row_condition"]))
    for key in _CONDITION_KEYS:
        if isinstance(rule.kwargs.get(key), str):
            condition = parse_condition(rule.kwargs[key], previous=key == "condition")
            names |= condition.columns | condition.previous
    return names


def check_columns(rule: Rule, record_type: RecordType, standard: Standard) -> None:
    """Refuse a rule about a column, code list or record type that is not there, and SQL that DuckDB cannot plan."""
    if rule.type is None or rule.severity == "off":
        return
    _check_name(rule, "code_list", standard.code_lists, "config.unknown-code-list")
    _check_name(rule, "record_type", standard.record_types, "config.unknown-record-type")
    if rule.type in ABOUT_COLUMNS:
        return
    known = {column.name for column in record_type.columns}
    for name in sorted(columns_of(rule)):
        if name not in known:
            raise ConfigError(
                "config.unknown-column",
                f"The record type '{record_type.name}' has no column '{name}'",
                file=rule.file,
                line=rule.line,
                column=rule.column,
                found=rule.id,
                remedy=nearest(name, known),
            )
    if rule.type == "expect_code_shares_to_change_by_at_most":
        (column,) = (each for each in record_type.columns if each.name == rule.kwargs["column"])
        if column.code_list is None:
            raise ConfigError(
                "config.invalid-kwargs",
                f"{rule.type}: the column '{column.name}' has no codes, and its values may be a person's",
                file=rule.file,
                line=rule.line,
                column=rule.column,
                found=rule.id,
                remedy="use it for a column with a code list; expect_null_share_to_change_by_at_most takes any column",
            )
    from comity.validation.trial import try_rule

    try:
        try_rule(standard, record_type, rule.kwargs, build(rule))
    except BadCondition as error:
        raise ConfigError(
            "config.invalid-kwargs",
            f"{rule.type}: {error}",
            file=rule.file,
            line=rule.line,
            column=rule.column,
            found=rule.id,
            remedy=f"correct it; 'comity standard show {record_type.name}' lists the columns and their types",
        ) from None


def _check_name(rule: Rule, argument: str, known: Mapping[str, object], code: str) -> None:
    """``argument`` names something of the standard."""
    given = rule.kwargs.get(argument)
    if given is not None and given not in known:
        raise ConfigError(
            code,
            f"The standard has no {argument.replace('_', ' ')} '{given}'",
            file=rule.file,
            line=rule.line,
            column=rule.column,
            found=rule.id,
            remedy=nearest(str(given), known),
        )
