"""A mapping file compiled to a plan.

Invariant: every field of the source is used by a mapping or ignored with a reason, every required column is filled,
and whatever a mapping refers to exists; otherwise there is an error with file, line and column, and no plan.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from comity.config.yaml_file import place_of
from comity.errors import ComityError, ConfigError, MappingError, nearest
from comity.mappings.each_sql import items_sql
from comity.mappings.expression import parse_expression
from comity.mappings.mapping import Branch, MappingFile, Rule, load_mappings
from comity.mappings.plan import BranchPlan, Finding, Plan
from comity.mappings.rule_sql import compile_rule, key_text, record_id_sql
from comity.mappings.text_steps import sql_name, sql_text
from comity.mappings.value import Issue, Steps, Value

if TYPE_CHECKING:
    from comity.mappings.context import Context
    from comity.standard import Column, RecordType

ENGINE_VERSION = "1"  # raised when the same mapping over the same bytes would give other records
_BY_ENGINE = frozenset(
    """
    record_id source_id source_key owner_country export_id source_row mapping_version first_seen last_changed
    quality_flags
    """.split()
)
REASON_TYPE = 'STRUCT(code VARCHAR, "column" VARCHAR, found VARCHAR, message VARCHAR)'


def compile_source(context: Context) -> tuple[Plan, ...]:
    """Every mapping of the source, compiled; and no field forgotten."""
    files = load_mappings(context.folder)
    if not files:
        raise ConfigError(
            "mapping.no-mapping",
            f"The source '{context.source}' has no mapping",
            file=context.folder,
            remedy="write mappings/<source>/<record type>.yaml",
        )
    plans, used = [], set[str]()
    for file in files:
        plan, fields = compile_mapping(file, context)
        plans.append(plan)
        used |= fields
    _check_all_fields(files, used, context)
    by_type: dict[str, Plan] = {}
    for plan, file in zip(plans, files, strict=True):
        if plan.record_type in by_type:
            raise ConfigError(
                "mapping.two-mappings",
                f"Two mappings give '{plan.record_type}'",
                file=file.path,
                found=f"also {by_type[plan.record_type].name}",
                remedy="make them one, with a branch each under 'rows:'",
            )
        by_type[plan.record_type] = plan
    return tuple(plans)


def compile_mapping(file: MappingFile, context: Context) -> tuple[Plan, set[str]]:
    """One mapping as a plan, and the source fields that it uses or ignores."""
    mapping = file.mapping
    if mapping.source != context.source:
        raise _at(
            file,
            ("source",),
            MappingError(
                "mapping.wrong-source",
                f"This is a mapping of '{mapping.source}'",
                remedy=f"write '{context.source}'",
            ),
        )
    record_types = context.standard.record_types
    if mapping.record not in record_types:
        raise _at(
            file,
            ("record",),
            MappingError(
                "mapping.unknown-record-type",
                f"The standard has no record type '{mapping.record}'",
                remedy=nearest(mapping.record, record_types),
            ),
        )
    record_type = record_types[mapping.record]
    branches: list[BranchPlan] = []
    used: set[str] = set()
    rules: dict[str, dict[str, object]] = {}
    for index, branch in enumerate(mapping.branches()):
        suffix = f"_{index + 1}" if mapping.rows else ""
        branch_plan, fields, branch_rules = _compile_branch(file, branch, index, suffix, record_type, context)
        branches.append(branch_plan)
        used |= fields
        rules |= branch_rules
    known = {item.name for item in context.fields}
    for name in mapping.ignored:
        if name.split(".")[0] not in known:
            error = MappingError(
                "mapping.unknown-field", f"The source has no field '{name}'", remedy=nearest(name, known)
            )
            raise _at(file, ("ignored", name), error)
    from comity.standard import field_ids_clause

    prefix = f"{context.envelope.owner_country}|{context.source}|{mapping.record}|"
    simple = len(branches) == 1 and mapping.branches()[0].each is None and mapping.branches()[0].where is None
    body = json.dumps(
        [
            ENGINE_VERSION,
            mapping.duplicates,
            prefix,
            [[b.steps, b.columns, b.reasons, repr(b.lookups)] for b in branches],
        ]
    )
    version = hashlib.sha256(body.encode()).hexdigest()[:12]
    plan = Plan(
        file.path.stem, context.source, mapping.record, tuple(branches), mapping.duplicates,
        field_ids_clause(record_type), prefix, version, simple, rules,
    )  # fmt: skip
    return plan, used | set(mapping.ignored)


def _compile_branch(
    file: MappingFile, branch: Branch, index: int, suffix: str, record_type: RecordType, context: Context
) -> tuple[BranchPlan, set[str], dict[str, dict[str, object]]]:
    at = ("rows", index) if suffix else ()
    try:
        items, fields = items_sql(branch.each, context.fields, "source")
    except ComityError as error:
        raise _at(file, (*at, "each"), error) from None
    steps = Steps(fields, suffix=suffix)
    if branch.where is not None:
        try:
            where = parse_expression(branch.where.sql, fields)
        except ComityError as error:
            raise _at(file, (*at, "where", "sql"), error) from None
        steps.used |= dict.fromkeys(where.fields)
        items = f"SELECT * FROM ({items}) WHERE coalesce(({where.sql}), false)"
    try:
        key = steps.give("source_key text", key_text(branch.key or (), steps))
    except ComityError as error:
        raise _at(file, (*at, "key"), error) from None
    record_id = steps.parse("record_id value", record_id_sql(record_type.name, key, context))
    values: dict[str, Value] = {}
    rules: dict[str, dict[str, object]] = {}
    targets = _targets(record_type)
    for name, rule in branch.fields.items():
        place = (*at, "fields", name) if (*at, "fields", name) in file.places else ("fields", name)
        if name not in targets:
            known = nearest(name, targets)
            raise _at(
                file,
                place,
                MappingError(
                    "mapping.unknown-column", f"'{record_type.name}' has no column '{name}'", remedy=known
                ),
            )
        before = dict(steps.used)
        try:
            steps.used = {}
            values[name] = compile_rule(rule, targets[name], steps, context)
        except ComityError as error:
            raise _at(file, place, error) from None
        rules[name] = {"rule": _rule_text(rule), "from": list(steps.used)}
        steps.used = before | steps.used
    for column in record_type.own_columns:
        if column.required and (column.partial_date in (None, column.name)) and column.name not in values:
            raise _at(
                file,
                ("fields",),
                MappingError(
                    "mapping.required-not-filled", f"The required column '{column.name}' is not filled"
                ),
            )
    plan = _assemble(items, steps, values, key, record_id, targets, record_type, context, suffix)
    return plan, {name.split(".")[0].rstrip("#") for name in steps.used} | _used_by_each(branch), rules


def _used_by_each(branch: Branch) -> set[str]:
    if branch.each is None:
        return set()
    if isinstance(branch.each, str):
        return {branch.each.split(".")[0]}
    return {branch.each.split} if hasattr(branch.each, "split") else set(branch.each.unpivot)


def _targets(record_type: RecordType) -> dict[str, Column]:
    """The columns that a mapping may fill: its own, and those of the envelope that are not the engine's."""
    return {
        column.name: column
        for column in record_type.columns
        if column.name not in _BY_ENGINE and not column.retired and column.partial_date in (None, column.name)
    }


def _assemble(
    items: str,
    steps: Steps,
    values: dict[str, Value],
    key: str,
    record_id: str,
    targets: dict[str, Column],
    record_type: RecordType,
    context: Context,
    suffix: str,
) -> BranchPlan:
    issues: list[tuple[str, Issue]] = []
    read = [f"parsed{suffix}.*"]
    for name, value in values.items():
        read.append(f"{value.sql} AS {sql_name(name)}")
        if value.earliest is not None:
            read += [
                f"{value.earliest} AS {sql_name(name + '_earliest')}",
                f"{value.latest} AS {sql_name(name + '_latest')}",
            ]
        for issue in value.issues:
            number = len(issues) + 1
            issues.append((name, issue))
            read += [
                f"coalesce({issue.when}, false) AS {sql_name(f'issue {number}')}",
                f"{issue.reason} AS {sql_name(f'reason {number}')}",
                f"{issue.found} AS {sql_name(f'found {number}')}",
            ]
    rejects = [
        (f"{key} IS NULL", "mapping.key-missing", "source_key", "NULL", "every field of the key is empty")
    ]
    flags, stops = [], []
    for number, (name, issue) in enumerate(issues, 1):
        when = sql_name(f"issue {number}")
        if issue.policy == "flag":
            flags.append(
                f"CASE WHEN {when} THEN {sql_text(name + ':')} || {sql_name(f'reason {number}')} END"
            )
            continue
        message = _MESSAGES[issue.code]
        rejects.append((when, issue.code, name, sql_name(f"found {number}"), message))
        if issue.policy == "stop":
            stops.append(when)
    for name in values:
        column = targets[name]
        if column.required and not column.type.startswith("list"):
            own = [
                sql_name(f"issue {n}")
                for n, (of, i) in enumerate(issues, 1)
                if of == name and i.policy != "flag"
            ]
            unless = "".join(f" AND NOT {when}" for when in own)
            rejects.append(
                (
                    f"{sql_name(name)} IS NULL{unless}",
                    "mapping.required-missing",
                    name,
                    "NULL",
                    _MESSAGES["mapping.required-missing"],
                )
            )
    rejected = " OR ".join(f"({when})" for when, *_ in rejects)
    any_flag = " OR ".join(sql_name(f"issue {n}") for n, (_, i) in enumerate(issues, 1) if i.policy == "flag")
    flag_list = (
        f"list_filter([{', '.join(flags)}], lambda x: x IS NOT NULL)" if flags else "CAST([] AS VARCHAR[])"
    )
    if any_flag:
        flag_list = f"CASE WHEN {any_flag} THEN {flag_list} ELSE CAST([] AS VARCHAR[]) END"
    names = {step: f"{step}{suffix}" for step in ("item", "given", "parsed", "read", "judged")}
    given = ", ".join(f"{sql} AS {sql_name(name)}" for name, sql in steps.given.items())
    parsed = ", ".join(f"{sql} AS {sql_name(name)}" for name, sql in steps.parsed.items())
    ctes: list[tuple[str, str]] = [(names["item"], items)]
    ctes += [(sql, "") for sql in steps.crosswalks.values()]
    ctes += [
        (names["given"], f"SELECT source_row, element, {given} FROM {names['item']}"),
        (names["parsed"], f"SELECT *, {parsed} FROM {names['given']}"),
        (names["read"], f"SELECT {', '.join(read)} FROM {names['parsed']} {' '.join(steps.joins)}"),
        (
            names["judged"],
            f"SELECT *, ({rejected}) AS is_rejected, {flag_list} AS flags FROM {names['read']}",
        ),
    ]
    reasons = ", ".join(
        f'CASE WHEN {when} THEN struct_pack(code := {sql_text(code)}, "column" := {sql_text(name)}, '
        f"found := CAST({found} AS VARCHAR), message := {sql_text(message)}) END"
        for when, code, name, found, message in rejects
    )
    findings = tuple(
        Finding(name, issue.crosswalk, sql_name(f"issue {n}"), issue.found)
        for n, (name, issue) in enumerate(issues, 1)
        if issue.crosswalk is not None
    )
    return BranchPlan(
        names["judged"],
        tuple(ctes),
        _record_columns(record_type, values, key, record_id, context),
        f"list_filter([{reasons}], lambda x: x IS NOT NULL)",
        " OR ".join(stops) or "false",
        tuple(steps.lookups),
        findings,
        names["read"],
        names["given"],
    )


_MESSAGES = {
    "mapping.value-unparseable": "the value cannot be understood",
    "mapping.value-out-of-range": "the value is outside the bounds of the standard",
    "mapping.value-missing": "the value is missing",
    "mapping.code-unmapped": "the code is not in the crosswalk",
    "mapping.required-missing": "a column that every record has is empty",
}


def _record_columns(
    record_type: RecordType, values: dict[str, Value], key: str, record_id: str, context: Context
) -> tuple[tuple[str, str], ...]:
    """Every column of the standard: by its rule, by the envelope, or NULL. ``<name>`` is filled when it runs."""
    envelope = context.envelope
    fixed: dict[str, str] = {
        "record_id": record_id,
        "source_key": key,
        "source_id": sql_text(context.source),
        "owner_country": sql_text(envelope.owner_country),
        "export_id": "<export_id>",
        "source_row": "source_row",
        "mapping_version": "<mapping_version>",
        "first_seen": "<received>",
        "last_changed": "<received>",
        "quality_flags": "flags",
    }
    agreed: dict[str, str] = {
        "confidentiality": sql_text(envelope.confidentiality),
        "handling_codes": _texts(envelope.handling_codes),
        "handling_conditions": _text(envelope.handling_conditions),
        "permitted_purposes": _texts(envelope.permitted_purposes),
        "recipients_allow": _texts(envelope.recipients_allow),
        "recipients_deny": _texts(envelope.recipients_deny),
        "evaluation_scheme": sql_text(envelope.evaluation_scheme),
        "source_grade": _text(envelope.source_grade),
        "information_grade": _text(envelope.information_grade),
        "sensitive_categories": _texts(envelope.sensitive_categories),
        "review_due": f"CAST(<received_day> + {envelope.review_after} AS DATE)",
        "purge_after": f"CAST(<received_day> + {envelope.purge_after} AS DATE)"
        if envelope.purge_after
        else "NULL",
        "legal_hold": "false",
    }
    columns = []
    for column in record_type.columns:
        if column.retired:
            continue
        if column.name in fixed:
            sql = fixed[column.name]
            columns.append(
                (column.name, sql if sql.startswith("<") else f"CAST({sql} AS {column.duckdb_type})")
            )
            continue
        base = column.partial_date or column.name
        if base in values:
            filled = values[base].earliest is not None or column.name == base
            sql = sql_name(column.name) if filled else "NULL"
            if column.required and column.name in agreed:
                sql = f"coalesce({sql}, {agreed[column.name]})"
            elif column.required and column.type.startswith("list"):
                sql = f"coalesce({sql}, [])"
        else:
            sql = agreed.get(
                column.name, "[]" if column.required and column.type.startswith("list") else "NULL"
            )
        columns.append((column.name, f"CAST({sql} AS {column.duckdb_type})"))
    return tuple(columns)


def _text(value: str | None) -> str:
    return sql_text(value) if value is not None else "NULL"


def _texts(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(sql_text, values)) + "]"


def _rule_text(rule: str | Rule) -> str:
    if isinstance(rule, str):
        return f"copy of {rule}"
    content = rule.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    return json.dumps(content, ensure_ascii=False)


def _check_all_fields(files: tuple[MappingFile, ...], used: set[str], context: Context) -> None:
    forgotten = [field.name for field in context.fields if field.name not in used]
    if forgotten:
        raise _at(
            files[0],
            ("ignored",),
            MappingError(
                "mapping.field-forgotten",
                f"No mapping of '{context.source}' uses or ignores {len(forgotten)} of its fields",
                found=", ".join(forgotten),
                remedy="map each one, or name it under 'ignored' with the reason",
            ),
        )


def _at(file: MappingFile, location: tuple[str | int, ...], error: ComityError) -> ComityError:
    """``error`` with the place in the mapping file, unless it has one of its own."""
    if error.file is not None:
        return error
    line, column = place_of(file.places, location)
    return type(error)(
        error.code,
        error.message,
        file=Path(file.path),
        line=line,
        column=column,
        found=error.found,
        remedy=error.remedy,
    )
