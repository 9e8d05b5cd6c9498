"""The rules that follow from the standard alone.

Invariant: nothing that ``standard/`` says about a column is written a second time in a suite; every rule here
has an id of the form ``column.what`` or ``envelope.what``, by which a suite can change it or switch it off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.validation.suite import Rule, Suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.standard import Column, Standard

# A grade is in its scheme when the code list says that the scheme has it.
_GRADES = ("source_grade", "information_grade")


def base_suite(standard: Standard, record_type: str) -> Suite:
    """What the standard demands of every record of the type."""
    kind = standard.record_type(record_type)
    names = {column.name for column in kind.columns}
    rules: list[Rule] = []
    for column in kind.columns:
        rules.extend(_column(standard, column))
    for base in kind.partial_dates:
        rules.extend(_partial_date(base))
    if "record_id" in names:
        rules.append(
            _rule(
                "record_id.unique",
                "expect_column_values_to_be_unique",
                "critical",
                "Two records with one identity cannot be told apart.",
                column="record_id",
            )
        )
    rules.extend(rule for rule in _envelope(standard) if _reads(rule) <= names)
    return Suite(record_type, None, tuple(rules))


def _rule(rule_id: str, expectation: str, severity: str, why: str, **kwargs: Any) -> Rule:
    return Rule(rule_id, expectation, kwargs, severity, why)


def _column(standard: Standard, column: Column) -> Iterator[Rule]:
    name = column.name
    # A fault in the envelope is a fault of ours, and handling rests on it; a pattern or range of a source's
    # value is a finding about that value, which the mapping has already had a chance to flag.
    severity = "critical" if column.envelope else "warning"
    if column.required:
        yield _rule(
            f"{name}.required",
            "expect_column_values_to_not_be_null",
            "critical",
            f"The standard demands {name} of every record.",
            column=name,
        )
    if column.code_list is not None:
        code_list = standard.code_list(column.code_list)
        kind = (
            "expect_list_items_to_be_in_code_list"
            if column.is_list
            else "expect_column_values_to_be_in_code_list"
        )
        yield _rule(
            f"{name}.codes",
            kind,
            "critical" if code_list.hard or column.envelope else "warning",
            f"Only codes of the list {code_list.name} mean the same in every country.",
            column=name,
            code_list=code_list.name,
        )
    if column.pattern is not None:
        kind = "expect_list_items_to_match_regex" if column.is_list else "expect_column_values_to_match_regex"
        yield _rule(
            f"{name}.pattern",
            kind,
            severity,
            f"{name} is written in one way only.",
            column=name,
            regex=column.pattern,
        )
    bounds = {"min_value": column.minimum, "max_value": column.maximum}
    bounds = {key: value for key, value in bounds.items() if value is not None}
    if bounds:
        unit = f" ({column.unit})" if column.unit else ""
        yield _rule(
            f"{name}.range",
            "expect_column_values_to_be_between",
            severity,
            f"Values of {name}{unit} beyond these bounds are misread.",
            column=name,
            **bounds,
        )


def _partial_date(base: str) -> Iterator[Rule]:
    first, last = f"{base}_earliest", f"{base}_latest"
    yield _rule(
        f"{base}.both_days",
        "expect_rows_to_satisfy",
        "critical",
        f"{base} has a first and a last day that it can mean, or neither.",
        condition=f"({first} IS NULL) = ({last} IS NULL)",
    )
    yield _rule(
        f"{base}.ordered",
        "expect_rows_to_satisfy",
        "critical",
        f"The first day that {base} can mean is not after the last.",
        condition=f"{first} <= {last}",
    )
    yield _rule(
        f"{base}.text",
        "expect_rows_to_satisfy",
        "critical",
        f"The days of {base} are derived from its text.",
        condition=f"{base} IS NOT NULL",
        when=f"{first} IS NOT NULL",
    )


# id, expectation, severity, why, arguments
_ENVELOPE: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    (
        "envelope.purpose",
        "expect_list_lengths_to_be_between",
        "critical",
        "A record without a permitted purpose may be used for nothing.",
        {"column": "permitted_purposes", "min_value": 1},
    ),
    (
        "envelope.allow_and_deny",
        "expect_lists_to_be_disjoint",
        "critical",
        "The owner cannot both name and exclude a recipient.",
        {"column_A": "recipients_allow", "column_B": "recipients_deny"},
    ),
    (
        "envelope.owner_not_denied",
        "expect_rows_to_satisfy",
        "critical",
        "The owner of a record is never denied its own record.",
        {"condition": "NOT list_contains(recipients_deny, owner_country)"},
    ),
    (
        "envelope.conditions",
        "expect_rows_to_satisfy",
        "critical",
        "Handling code H3 means conditions of the owner, and they have to be stated.",
        {
            "condition": "length(trim(coalesce(handling_conditions, ''))) > 0",
            "when": "list_contains(handling_codes, 'H3')",
        },
    ),
    (
        "envelope.changed_after_seen",
        "expect_rows_to_satisfy",
        "critical",
        "A record cannot change before the federation first held it.",
        {"condition": "first_seen <= last_changed"},
    ),
    (
        "envelope.purge_after_review",
        "expect_rows_to_satisfy",
        "warning",
        "The need to keep a record is reviewed before it must be gone.",
        {"condition": "review_due <= purge_after"},
    ),
    (
        "envelope.purge_passed",
        "expect_rows_to_satisfy",
        "critical",
        "A record whose time is over may not be published again, unless it is on hold.",
        {"condition": "legal_hold OR purge_after >= current_date", "when": "purge_after IS NOT NULL"},
    ),
)


def _envelope(standard: Standard) -> Iterator[Rule]:
    for rule_id, expectation, severity, why, kwargs in _ENVELOPE:
        yield Rule(rule_id, expectation, dict(kwargs), severity, why)
    for grade in _GRADES:
        if grade in standard.code_lists:
            yield _grade_in_scheme(standard, grade)


def _grade_in_scheme(standard: Standard, grade: str) -> Rule:
    schemes: dict[str, list[str]] = {}
    for code in standard.code_list(grade).codes.values():
        for scheme in code.attributes.get("schemes", "").replace(";", " ").replace("|", " ").split():
            schemes.setdefault(scheme, []).append(code.code)
    branches = " ".join(
        f"WHEN '{scheme}' THEN {grade} IN ({', '.join(repr(code) for code in sorted(codes))})"
        for scheme, codes in sorted(schemes.items())
    )
    return _rule(
        f"envelope.{grade}_in_scheme",
        "expect_rows_to_satisfy",
        "critical",
        "A grade means something only in its own scheme.",
        condition=f"CASE evaluation_scheme {branches} ELSE false END",
        when=f"{grade} IS NOT NULL",
    )


def _reads(rule: Rule) -> set[str]:
    from comity.validation.vocabulary import columns_of

    return columns_of(rule)
