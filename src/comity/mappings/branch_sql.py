"""One branch of a mapping, one kind of record made from a row, as named steps of SQL.

Invariant: an item is rejected exactly when it has a reason, and flagged exactly when an Issue of policy ``flag`` holds;
whatever the branch refers to exists, otherwise there is an error with its place in the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.each_sql import ELEMENT, cells_sql, items_sql, used_by
from comity.mappings.expression import parse_expression
from comity.mappings.plan import BranchPlan, Finding
from comity.mappings.probe import type_of
from comity.mappings.record_sql import constant_columns, record_columns, targets
from comity.mappings.reference import key_text, record_id_sql
from comity.mappings.rule import SplitEach
from comity.mappings.rule_sql import compile_rule
from comity.mappings.text_steps import sql_name, sql_text
from comity.mappings.value import Issue, Steps, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.mappings.context import Context
    from comity.mappings.mapping import Branch, MappingFile
    from comity.mappings.rule import Rule
    from comity.standard import Column, RecordType

_MESSAGES = {
    "mapping.value-unparseable": "the value cannot be understood",
    "mapping.value-ambiguous": "the value can mean more than one thing",
    "mapping.value-out-of-range": "the value is outside the bounds of the standard",
    "mapping.value-missing": "the value is missing",
    "mapping.code-unmapped": "the code is not in the crosswalk",
    "mapping.required-missing": "a column that every record has is empty",
    "mapping.condition-failed": "the condition of 'where' cannot be worked out",
    "mapping.key-missing": "every field of the key is empty",
}


@dataclass(frozen=True)
class CompiledBranch:
    """``used``: the fields that it reads. ``rules``: column → the rule as text, and the fields that it reads."""

    plan: BranchPlan
    used: frozenset[str]
    rules: dict[str, dict[str, object]]


@dataclass(frozen=True)
class _Reject:
    """``when`` (a name or SQL over the step ``read``) an item is rejected, and the reason that it is given."""

    when: str
    code: str
    column: str
    found: str = "NULL"


def compile_branch(
    file: MappingFile, branch: Branch, index: int | None, record_type: RecordType, context: Context
) -> CompiledBranch:
    """The branch; ``index`` is its place under ``rows``, None where the mapping has one branch only."""
    at = ("rows", index) if index is not None else ()
    suffix = f"_{index + 1}" if index is not None else ""
    with file.placed((*at, "each"), ("each",)):
        items, fields = items_sql(branch.each, context.fields, "source")
    items = cells_sql(items, fields)
    steps = Steps(fields, suffix=suffix, used=used_by(branch.each))
    if branch.where is not None:
        with file.placed((*at, "where", "sql"), ("where", "sql")):
            holds = _condition(branch.where.sql, steps)
    else:
        holds = None
    with file.placed((*at, "key"), ("key",)):
        key = steps.give("source_key text", key_text(branch.key or (), steps))
    record_id = steps.parse("record_id value", record_id_sql(record_type.name, key, context))
    values: dict[str, Value] = {}
    rules: dict[str, dict[str, object]] = {}
    known = targets(record_type)
    for name, rule in branch.fields.items():
        steps.read = {}
        with file.placed((*at, "fields", name), ("fields", name)):
            if name not in known:
                raise MappingError(
                    "mapping.unknown-column",
                    f"'{record_type.name}' has no column '{name}' that a mapping fills",
                    remedy=_instead_of(name, record_type, known),
                )
            values[name] = compile_rule(rule, known[name], steps, context)
        rules[name] = {"rule": _rule_text(rule), "from": list(steps.read)}
    with file.placed((*at, "fields"), ("fields",)):
        _check_required(record_type, values)
    columns = record_columns(record_type, values, key, record_id, context)
    constants = constant_columns(record_type, values)
    plan = _assemble(items, holds, steps, values, key, columns, constants, known)
    plan = replace(plan, told=tuple(_told(branch)))
    return CompiledBranch(plan, frozenset(steps.used), rules)


def _told(branch: Branch) -> Iterator[str]:
    if isinstance(branch.each, str):
        yield f"each: every entry of {branch.each}"
    elif isinstance(branch.each, SplitEach):
        yield f"each: every part of {branch.each.split} between '{branch.each.on}', as {branch.each.as_}"
    elif branch.each is not None:
        yield f"each: the columns {', '.join(branch.each.unpivot)}, as {branch.each.name} and {branch.each.value}"
    if branch.where is not None:
        yield f"where: {branch.where.sql} (otherwise left out: {branch.where.reason})"
    yield f"key: {', '.join(branch.key or ())}"


def _instead_of(name: str, record_type: RecordType, known: dict[str, Column]) -> str:
    for column in record_type.columns:
        if column.name == name and column.partial_date is not None:
            return f"fill '{column.partial_date}': its first and last day follow from it"
        if column.name == name:
            return f"leave it out: the engine fills '{name}' itself"
    return nearest(name, known)


def _condition(sql: str, steps: Steps) -> str:
    """The condition of ``where`` as an attempt; a row on which it fails is neither selected nor left out."""
    where = parse_expression(sql, steps.fields)
    kind = type_of(where.sql, steps.fields.values())
    if kind != "BOOLEAN":
        raise MappingError(
            "mapping.where-not-boolean",
            f"The condition of 'where' gives a {kind} and neither true nor false",
            found=sql,
            remedy="compare it with something, for example: state <> 'closed'",
        )
    steps.use(*where.fields)
    return steps.attempt(where.sql)


def _check_required(record_type: RecordType, values: dict[str, Value]) -> None:
    for column in record_type.own_columns:
        if column.required and column.partial_date in (None, column.name) and column.name not in values:
            raise MappingError(
                "mapping.required-not-filled",
                f"The required column '{column.name}' is not filled",
                found=column.description or None,
                remedy=f"add '{column.name}' under 'fields'",
            )


def _assemble(
    items: str,
    holds: str | None,
    steps: Steps,
    values: dict[str, Value],
    key: str,
    columns: tuple[tuple[str, str], ...],
    constants: frozenset[str],
    known: dict[str, Column],
) -> BranchPlan:
    issues = [(name, issue) for name, value in values.items() for issue in value.issues]
    rejects = _rejects(key, issues, values, known)
    selected = ""
    if holds is not None:
        failed = steps.give("where failed", f"{holds} IS NULL")
        rejects.append(_Reject(failed, "mapping.condition-failed", "source_key"))
        selected = f" WHERE coalesce({holds}.value, {holds} IS NULL)"
    names = {step: f"{step}{steps.suffix}" for step in ("item", "tried", "given", "parsed", "read", "judged")}
    tried = "".join(f", {sql} AS {sql_name(name)}" for name, sql in steps.tried.items())
    given = ", ".join(f"{sql} AS {sql_name(name)}" for name, sql in steps.given.items())
    parsed = ", ".join(f"{sql} AS {sql_name(name)}" for name, sql in steps.parsed.items())
    read = ", ".join([f"{names['parsed']}.*", *_read_columns(values, issues)])
    rejected = " OR ".join(f"({reject.when})" for reject in rejects)
    ctes = [
        (names["item"], items),
        *((sql, "") for sql in steps.crosswalks.values()),
        (names["tried"], f"SELECT *{tried} FROM {names['item']}"),
        (names["given"], f"SELECT source_row, {ELEMENT} AS element, {given} FROM {names['tried']}{selected}"),
        (names["parsed"], f"SELECT *, {parsed} FROM {names['given']}"),
        (names["read"], f"SELECT {read} FROM {names['parsed']} {' '.join(steps.joins)}"),
        (
            names["judged"],
            f"SELECT *, ({rejected}) AS is_rejected, {_flags(issues)} AS flags FROM {names['read']}",
        ),
    ]
    reasons = ", ".join(
        f'CASE WHEN {reject.when} THEN struct_pack(code := {sql_text(reject.code)}, "column" := '
        f"{sql_text(reject.column)}, found := CAST({reject.found} AS VARCHAR), "
        f"message := {sql_text(_MESSAGES[reject.code])}) END"
        for reject in rejects
    )
    stops = [_when(number) for number, (_, issue) in enumerate(issues, 1) if issue.policy == "stop"]
    findings = tuple(
        Finding(name, issue.crosswalk, _when(number), sql_name(f"codes {number}"))
        for number, (name, issue) in enumerate(issues, 1)
        if issue.crosswalk is not None
    )
    return BranchPlan(
        names["judged"],
        tuple(ctes),
        columns,
        constants,
        f"list_filter([{reasons}], lambda x: x IS NOT NULL)",
        " OR ".join(stops) or "false",
        tuple(steps.lookups),
        findings,
        names["read"],
        names["given"],
    )


def _read_columns(values: dict[str, Value], issues: list[tuple[str, Issue]]) -> list[str]:
    """Every value under its column's name, and three working columns for every issue."""
    read = []
    for name, value in values.items():
        read.append(f"{value.sql} AS {sql_name(name)}")
        if value.earliest is not None:
            read.append(f"{value.earliest} AS {sql_name(name + '_earliest')}")
            read.append(f"{value.latest} AS {sql_name(name + '_latest')}")
    for number, (_, issue) in enumerate(issues, 1):
        read.append(f"coalesce({issue.when}, false) AS {_when(number)}")
        read.append(f"{issue.reason} AS {sql_name(f'reason {number}')}")
        read.append(f"{issue.found} AS {sql_name(f'found {number}')}")
        if issue.crosswalk is not None:
            read.append(f"{issue.codes or f'[{issue.found}]'} AS {sql_name(f'codes {number}')}")
    return read


def _rejects(
    key: str, issues: list[tuple[str, Issue]], values: dict[str, Value], known: dict[str, Column]
) -> list[_Reject]:
    rejects = [_Reject(f"{key} IS NULL", "mapping.key-missing", "source_key")]
    refused: dict[str, list[str]] = {}
    for number, (name, issue) in enumerate(issues, 1):
        if issue.policy != "flag":
            rejects.append(_Reject(_when(number), issue.code, name, sql_name(f"found {number}")))
            refused.setdefault(name, []).append(_when(number))
    for name in values:
        if known[name].required and not known[name].is_list:
            # One reason is enough: a value that was refused is missing because of that.
            unless = "".join(f" AND NOT {when}" for when in refused.get(name, ()))
            rejects.append(_Reject(f"{sql_name(name)} IS NULL{unless}", "mapping.required-missing", name))
    return rejects


def _flags(issues: list[tuple[str, Issue]]) -> str:
    flags: dict[str, list[str]] = {}
    for number, (name, issue) in enumerate(issues, 1):
        if issue.policy == "flag":
            constant = issue.reason.startswith("'")
            reason = issue.reason if constant else sql_name(f"reason {number}")
            flags.setdefault(f"{sql_text(name + ':')} || {reason}", []).append(_when(number))
    if not flags:
        return "CAST([] AS VARCHAR[])"
    listed = ", ".join(f"CASE WHEN {' OR '.join(whens)} THEN {flag} END" for flag, whens in flags.items())
    # Most rows have none: the list is made for the others only.
    return (
        f"CASE WHEN {' OR '.join(when for whens in flags.values() for when in whens)} "
        f"THEN list_filter([{listed}], lambda x: x IS NOT NULL) ELSE CAST([] AS VARCHAR[]) END"
    )


def _when(number: int) -> str:
    return sql_name(f"issue {number}")


def _rule_text(rule: str | Rule) -> str:
    if isinstance(rule, str):
        return f"copy of {rule}"
    content = rule.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    return json.dumps(content, ensure_ascii=False)
