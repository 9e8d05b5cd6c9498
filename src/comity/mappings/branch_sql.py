"""One branch of a mapping, one kind of record made from a row, as named steps of SQL.

Invariant: an item is rejected exactly when it has a reason, and flagged exactly when an Issue of policy ``flag`` holds;
whatever the branch refers to exists, otherwise there is an error with its place in the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest
from comity.mappings.each_sql import ELEMENT, cells_of, cells_sql, items_sql, used_by
from comity.mappings.expression import parse_expression
from comity.mappings.issue_sql import (
    Reject,
    flags_sql,
    issue_name,
    numbered,
    read_columns,
    rejects_of,
    rule_plans,
)
from comity.mappings.plan import BranchPlan, Finding, Working
from comity.mappings.probe import type_of
from comity.mappings.record_sql import constant_columns, record_columns, targets
from comity.mappings.reference import key_text, record_id_sql
from comity.mappings.rule import SplitEach
from comity.mappings.rule_sql import compile_rule
from comity.mappings.text_steps import sql_name, sql_text
from comity.mappings.value import Steps, Value

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
    reads: dict[str, frozenset[str]] = {}
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
        reads[name] = frozenset(steps.read)
    with file.placed((*at, "fields"), ("fields",)):
        _check_required(record_type, values)
    columns = record_columns(record_type, values, key, record_id, context)
    constants = constant_columns(record_type, values)
    rejects = rejects_of(key, numbered(values), values, known)
    plan = _assemble(items, holds, steps, values, rejects, columns, constants)
    single = rule_plans(
        plan, values, rejects, steps.joins, {"source_key": frozenset(branch.key or ()), **reads}
    )
    plan = replace(plan, told=tuple(_told(branch)), rules=single)
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
    rejects: list[Reject],
    columns: tuple[tuple[str, str], ...],
    constants: frozenset[str],
) -> BranchPlan:
    issues = numbered(values)
    selected = ""
    if holds is not None:
        failed = steps.give("where failed", f"{holds} IS NULL")
        rejects = [*rejects, Reject(failed, "mapping.condition-failed", "source_key")]
        selected = f" WHERE coalesce({holds}.value, {holds} IS NULL)"
    names = {step: f"{step}{steps.suffix}" for step in ("item", "tried", "given", "parsed", "read", "judged")}
    tried = "".join(f", {sql} AS {sql_name(name)}" for name, sql in steps.tried.items())
    given = ", ".join(f"{sql} AS {sql_name(name)}" for name, sql in steps.given.items())
    parsed = ", ".join(f"{sql} AS {sql_name(name)}" for name, sql in steps.parsed.items())
    read = ", ".join([f"{names['parsed']}.*", *read_columns(values, issues)])
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
            f"SELECT *, ({rejected}) AS is_rejected, {flags_sql(issues)} AS flags FROM {names['read']}",
        ),
    ]
    reasons = ", ".join(
        f'CASE WHEN {reject.when} THEN struct_pack(code := {sql_text(reject.code)}, "column" := '
        f"{sql_text(reject.column)}, found := CAST({reject.found} AS VARCHAR), "
        f"message := {sql_text(_MESSAGES[reject.code])}) END"
        for reject in rejects
    )
    stops = [issue_name(number) for number, _, issue in issues if issue.policy == "stop"]
    findings = tuple(
        Finding(name, issue.crosswalk, issue_name(number), sql_name(f"codes {number}"))
        for number, name, issue in issues
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
        Working(
            cells_of(steps.fields), steps.tried, steps.given, steps.parsed, tuple(steps.crosswalks.values())
        ),
    )


def _rule_text(rule: str | Rule) -> str:
    if isinstance(rule, str):
        return f"copy of {rule}"
    content = rule.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    return json.dumps(content, ensure_ascii=False)
