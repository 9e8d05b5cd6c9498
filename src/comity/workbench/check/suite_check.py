"""Expectations that can never fail, for the sources that they are about.

Invariant: a rule is found idle only where what the mapping guarantees for every record already implies it; rules that
the standard itself makes are not hand-written and so no finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.config.yaml_file import read_yaml
from comity.errors import ComityError
from comity.mappings.crosswalk import load_crosswalk
from comity.workbench.check.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comity.nightly.source import Source
    from comity.standard import Standard
    from comity.validation.suite import Rule


@dataclass(frozen=True)
class Facts:
    """What a mapping guarantees of a record type's columns: those never empty, those never filled, their values."""

    source: str
    never_empty: frozenset[str]
    never_filled: frozenset[str]
    values: dict[str, frozenset[str]]


def facts_of(source: Source, mappings: Path, standard: Standard) -> dict[str, Facts]:
    """Record type → facts."""
    found = {}
    for plan in source.plans:
        content, _ = read_yaml(mappings / f"{plan.name}.yaml")
        blocks = [content.get("fields") or {}]
        if content.get("rows"):
            blocks = [{**blocks[0], **(branch.get("fields") or {})} for branch in content["rows"]]
        kind = standard.record_type(plan.record_type)
        filled = set().union(*blocks)
        own = {column.name for column in kind.own_columns if column.partial_date in (None, column.name)}
        required = {column.name for column in kind.columns if column.required and not column.is_list}
        constant = {
            name for name in filled if all(_constant(block.get(name)) is not None for block in blocks)
        }
        values = {name: _values([block.get(name) for block in blocks], mappings) for name in filled}
        found[plan.record_type] = Facts(
            source.source_id,
            frozenset(required | constant),
            frozenset(own - filled),
            {name: each for name, each in values.items() if each is not None},
        )
    return found


def check_suites(
    standard: Standard, validation: Path, record_type: str, facts: Sequence[Facts], source: str | None
) -> Iterator[Finding]:
    """Rules of the record type's suite (``source`` None: idle for every source), or of one source's own."""
    from comity.validation import suite_for

    own = validation / "sources" if source is not None else validation
    for rule in suite_for(standard, validation, record_type, source).rules:
        if rule.file is None or Path(rule.file).parent != own:
            continue
        reasons = [_idle(rule, each) for each in facts]
        if reasons and all(reasons):
            told = reasons[0] if len(set(reasons)) == 1 else "no source can break it"
            yield Finding(
                "warning", "check.expectation-cannot-fail", rule.id,
                f"The expectation {rule.id} can never fail: {told}",
                "remove it, or expect something of what the source says", Path(rule.file), rule.line, rule.column,
            )  # fmt: skip


def _idle(rule: Rule, facts: Facts) -> str | None:
    """Why no record of the source can break the rule; None when one can."""
    kwargs, kind = rule.kwargs, rule.type or ""
    column = kwargs.get("column")
    if kwargs.get("mostly") == 0:
        return "'mostly: 0' is met by any records"
    if kind == "expect_table_row_count_to_be_between":
        if not kwargs.get("min_value") and kwargs.get("max_value") is None:
            return "any number of rows is between nothing and nothing"
        return None
    if not isinstance(column, str) or not kind.startswith("expect_column_values_"):
        return None
    if kind.endswith("not_be_null"):
        return f"the mapping never leaves '{column}' empty" if column in facts.never_empty else None
    if column in facts.never_filled:
        return f"no mapping of '{facts.source}' fills '{column}'"
    values = facts.values.get(column)
    listed = {str(each) for each in kwargs.get("value_set") or ()}
    if values is None or not listed:
        return None
    if kind.endswith("to_be_in_set") and "not_be" not in kind and values <= listed:
        return f"the mapping gives '{column}' only values of that set"
    if kind.endswith("not_be_in_set") and not values & listed:
        return f"the mapping gives '{column}' no value of that set"
    return None


def _constant(rule: Any) -> str | None:
    if isinstance(rule, dict) and "constant" in rule and not isinstance(rule["constant"], list):
        return str(rule["constant"])
    return None


def _values(rules: Sequence[Any], mappings: Path) -> frozenset[str] | None:
    """Every value that the rules can give; None where they can give any."""
    found: set[str] = set()
    for rule in rules:
        constant = _constant(rule)
        if constant is not None:
            found.add(constant)
        elif (
            isinstance(rule, dict)
            and isinstance(rule.get("codes"), str)
            and rule["codes"] != "same"
            and "take" not in rule
        ):
            try:
                crosswalk = load_crosswalk(rule["codes"], mappings)
            except ComityError:
                return None
            found |= {code for code in crosswalk.codes.values() if code is not None}
        elif rule is not None:
            return None
    return frozenset(found)
