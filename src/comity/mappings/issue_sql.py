"""What may be wrong with the values of a branch, as SQL over its step ``read``.

Invariant: an issue is a flag of its column or a reason against the whole row, never both and never neither; what is
worked out rule by rule is the same as what is worked out in one statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.mappings.plan import FLAG_END, RulePlan
from comity.mappings.text_steps import sql_name, sql_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comity.mappings.plan import BranchPlan
    from comity.mappings.value import Issue, Value
    from comity.standard import Column


@dataclass(frozen=True)
class Reject:
    """``when`` (a name or SQL over the step ``read``) an item is rejected, and the reason that it is given."""

    when: str
    code: str
    column: str
    found: str = "NULL"


Numbered = tuple[int, str, "Issue"]
"""An issue with its number in the branch and the column that it is about."""


def numbered(values: Mapping[str, Value]) -> list[Numbered]:
    """Every issue of a branch, in the order of the rules."""
    issues = [(name, issue) for name, value in values.items() for issue in value.issues]
    return [(number, name, issue) for number, (name, issue) in enumerate(issues, 1)]


def issue_name(number: int) -> str:
    """The column of ``read`` that says whether there is the issue of that number."""
    return sql_name(f"issue {number}")


def read_columns(values: Mapping[str, Value], issues: Sequence[Numbered]) -> list[str]:
    """Every value under its column's name, and three working columns for every issue."""
    read = []
    for name, value in values.items():
        read.append(f"{value.sql} AS {sql_name(name)}")
        if value.earliest is not None:
            read.append(f"{value.earliest} AS {sql_name(name + '_earliest')}")
            read.append(f"{value.latest} AS {sql_name(name + '_latest')}")
    for number, _, issue in issues:
        read.append(f"coalesce({issue.when}, false) AS {issue_name(number)}")
        read.append(f"{issue.reason} AS {sql_name(f'reason {number}')}")
        read.append(f"{issue.found} AS {sql_name(f'found {number}')}")
        if issue.crosswalk is not None:
            read.append(f"{issue.codes or f'[{issue.found}]'} AS {sql_name(f'codes {number}')}")
    return read


def rejects_of(
    key: str, issues: Sequence[Numbered], values: Mapping[str, Value], known: Mapping[str, Column]
) -> list[Reject]:
    """What keeps an item from becoming a record, the key first."""
    rejects = [Reject(f"{key} IS NULL", "mapping.key-missing", "source_key")]
    refused: dict[str, list[str]] = {}
    for number, name, issue in issues:
        if issue.policy != "flag":
            when = issue_name(number)
            rejects.append(Reject(when, issue.code, name, sql_name(f"found {number}")))
            refused.setdefault(name, []).append(when)
    for name in values:
        if known[name].required and not known[name].is_list:
            # One reason is enough: a value that was refused is missing because of that.
            unless = "".join(f" AND NOT {when}" for when in refused.get(name, ()))
            rejects.append(Reject(f"{sql_name(name)} IS NULL{unless}", "mapping.required-missing", name))
    return rejects


def flags_sql(issues: Sequence[Numbered]) -> str:
    """The list of an item's flags, in the order of the rules."""
    some, flags = _flags(issues)
    none = "CAST([] AS VARCHAR[])"
    # Most rows have none: the list is made for the others only.
    return f"CASE WHEN {some} THEN {flags} ELSE {none} END" if flags else none


def _flags(issues: Sequence[Numbered]) -> tuple[str, str]:
    """When there are flags, and their list; both empty where there are never any."""
    flags: dict[str, list[str]] = {}
    for number, name, issue in issues:
        if issue.policy == "flag":
            constant = issue.reason.startswith("'")
            reason = issue.reason if constant else sql_name(f"reason {number}")
            flags.setdefault(f"{sql_text(name + ':')} || {reason}", []).append(issue_name(number))
    if not flags:
        return "", ""
    listed = ", ".join(f"CASE WHEN {' OR '.join(whens)} THEN {flag} END" for flag, whens in flags.items())
    some = " OR ".join(when for whens in flags.values() for when in whens)
    return some, f"list_filter([{listed}], lambda x: x IS NOT NULL)"


def rule_plans(
    plan: BranchPlan,
    values: Mapping[str, Value],
    rejects: Sequence[Reject],
    joins: Sequence[str],
    fields: Mapping[str, frozenset[str]],
) -> tuple[RulePlan, ...]:
    """The record rule by rule. ``fields``: those of the source that a column, or the key, comes from."""
    varying = [name for name, _ in plan.columns if name not in plan.constants]
    of_rule: dict[str, list[Numbered]] = {}
    for issue in numbered(values):
        of_rule.setdefault(issue[1], []).append(issue)
    rules = []
    for name in ("source_key", *values):
        issues = of_rule.get(name, [])
        reads = read_columns({name: values[name]} if name in values else {}, issues)
        columns = (name, f"{name}_earliest", f"{name}_latest") if name in values else ("record_id", name)
        some, flags = _flags(issues)
        rules.append(
            RulePlan(
                tuple(column for column in columns if column in varying),
                fields[name],
                tuple(reads),
                tuple(join for join in joins if f"{_alias(join)}." in " ".join(reads)),
                " OR ".join(f"({reject.when})" for reject in rejects if reject.column == name) or "false",
                " OR ".join(issue_name(nr) for nr, _, issue in issues if issue.crosswalk is not None)
                or "false",
                f"CASE WHEN {some} THEN array_to_string({flags}, {sql_text(FLAG_END)}) END"
                if flags
                else None,
            )
        )
    return tuple(rules)


def _alias(join: str) -> str:
    """What a ``LEFT JOIN table [AS alias] ON`` is called."""
    return join.split(" ON ", 1)[0].rsplit(" ", 1)[1]
