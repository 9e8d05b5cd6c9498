"""A source's mapping files compiled to plans.

Invariant: every field of the source is used by a mapping or ignored with a reason, every required column is filled,
and whatever a mapping refers to exists; otherwise there is an error with file, line and column, and no plan.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from comity.errors import ConfigError, MappingError, nearest
from comity.mappings.branch_sql import CompiledBranch, compile_branch
from comity.mappings.check_digit import MACROS
from comity.mappings.each_sql import TAKEN
from comity.mappings.mapping import MappingFile, load_mappings
from comity.mappings.plan import BranchPlan, Plan
from comity.mappings.source_field import leaves

if TYPE_CHECKING:
    from comity.mappings.context import Context

ENGINE_VERSION = "1"  # raised when the same mapping over the same bytes would give other records


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
    _check_names(context)
    plans: dict[str, Plan] = {}
    used: set[str] = set()
    for file in files:
        plan, fields = compile_mapping(file, context)
        used |= fields
        if plan.record_type in plans:
            with file.placed(("record",)):
                raise MappingError(
                    "mapping.two-mappings",
                    f"Two mappings give '{plan.record_type}'",
                    found=f"also {plans[plan.record_type].name}.yaml",
                    remedy="make them one, with a branch each under 'rows:'",
                )
        plans[plan.record_type] = plan
    _check_all_fields(files, used, context)
    return tuple(plans.values())


def compile_mapping(file: MappingFile, context: Context) -> tuple[Plan, set[str]]:
    """One mapping as a plan, and the source fields that it uses or ignores."""
    mapping = file.mapping
    record_types = context.standard.record_types
    with file.placed(("source",)):
        if mapping.source != context.source:
            raise MappingError(
                "mapping.wrong-source",
                f"This is a mapping of '{mapping.source}'",
                remedy=f"write '{context.source}'",
            )
    with file.placed(("record",)):
        if mapping.record not in record_types:
            raise MappingError(
                "mapping.unknown-record-type",
                f"The standard has no record type '{mapping.record}'",
                remedy=nearest(mapping.record, record_types),
            )
    record_type = record_types[mapping.record]
    compiled = [
        compile_branch(file, branch, index if mapping.rows else None, record_type, context)
        for index, branch in enumerate(mapping.branches())
    ]
    from comity.standard import field_ids_clause

    prefix = f"{context.envelope.owner_country}|{context.source}|{mapping.record}|"
    branches = tuple(branch.plan for branch in compiled)
    only = mapping.branches()[0]
    plan = Plan(
        name=file.path.stem,
        source=context.source,
        record_type=mapping.record,
        branches=branches,
        duplicates=mapping.duplicates,
        field_ids=field_ids_clause(record_type),
        key_prefix=prefix,
        version=_version(branches, mapping.duplicates, prefix, field_ids_clause(record_type)),
        simple=len(branches) == 1 and only.each is None and only.where is None,
        shape=record_type,
        rules=_rules(compiled),
    )
    used = set[str]().union(*(branch.used for branch in compiled))
    _check_ignored(file, used, context)
    return plan, used | set(mapping.ignored)


def _check_names(context: Context) -> None:
    """DuckDB does not tell capitals in names, and some names are those of working columns."""
    seen: dict[str, str] = {}
    for field in context.fields:
        other = seen.setdefault(field.name.casefold(), field.name)
        if other != field.name or TAKEN.fullmatch(field.name):
            raise ConfigError(
                "mapping.name-taken",
                f"A mapping cannot use the field name '{field.name}' of '{context.source}'",
                found=f"also '{other}'" if other != field.name else "a name that mappings use themselves",
                remedy="give the field another name in the adapter",
            )


def _version(branches: tuple[BranchPlan, ...], *others: str) -> str:
    """A hash of all that determines the output; the place of a rule in its file, or a comment, does not."""
    content = [
        [branch.steps, branch.columns, branch.reasons, branch.stops, [repr(each) for each in branch.lookups]]
        for branch in branches
    ]
    body = json.dumps([ENGINE_VERSION, MACROS, _libraries(branches), content, others])
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def _libraries(branches: tuple[BranchPlan, ...]) -> list[str]:
    """Name and version of every library that a lookup of the mapping asks."""
    from importlib.metadata import version

    names = {name for branch in branches for lookup in branch.lookups for name in lookup.kind.libraries}
    return [f"{name} {version(name)}" for name in sorted(names)]


def _rules(compiled: list[CompiledBranch]) -> dict[str, dict[str, object]]:
    """Column → its rule; where there are several branches, also under ``branches`` by the number of the branch."""
    rules: dict[str, dict[str, object]] = {}
    for name in dict.fromkeys(name for branch in compiled for name in branch.rules):
        having = [
            (number, branch.rules[name]) for number, branch in enumerate(compiled, 1) if name in branch.rules
        ]
        texts = dict.fromkeys(str(rule["rule"]) for _, rule in having)
        several = [f"{number}: {rule['rule']}" for number, rule in having]
        fields = dict.fromkeys(field for _, rule in having for field in rule["from"])  # type: ignore[attr-defined]
        rules[name] = {
            "rule": next(iter(texts)) if len(texts) == 1 else "by branch, " + "; ".join(several),
            "from": list(fields),
        }
        if len(compiled) > 1:
            rules[name]["branches"] = {str(number): rule for number, rule in having}
    return rules


def _check_ignored(file: MappingFile, used: set[str], context: Context) -> None:
    known = {name for leaf in leaves(context.fields) for name in leaf}
    for name in file.mapping.ignored:
        with file.placed(("ignored", name)):
            if name not in known:
                raise MappingError(
                    "mapping.unknown-field", f"The source has no field '{name}'", remedy=nearest(name, known)
                )
            if name in used:
                raise MappingError(
                    "mapping.ignored-and-used",
                    f"'{name}' is ignored, and a rule of the same mapping reads it",
                    remedy="remove it from 'ignored', or the rule",
                )


def _check_all_fields(files: tuple[MappingFile, ...], used: set[str], context: Context) -> None:
    forgotten = [leaf[-1] for leaf in leaves(context.fields) if not used & set(leaf)]
    with files[0].placed(("ignored",)):
        if forgotten:
            raise MappingError(
                "mapping.field-forgotten",
                f"No mapping of '{context.source}' uses or ignores {len(forgotten)} of its fields",
                found=", ".join(forgotten),
                remedy="map each one, or name it under 'ignored' with the reason",
            )
