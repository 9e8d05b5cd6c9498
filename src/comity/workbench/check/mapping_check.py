"""What of a mapping its sample never exercises.

Invariant: a part of a rule is found idle exactly when the sample gives the same records, flags and reasons without it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from comity.config.yaml_file import read_yaml, validate_model
from comity.errors import ComityError
from comity.mappings.compile import compile_mapping
from comity.mappings.mapping import Mapping, MappingFile
from comity.workbench.check.finding import Finding, placed
from comity.workbench.check.mutants import Mutant, mutants, rounds, without

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.mappings.context import Context
    from comity.mappings.plan import Plan
    from comity.workbench.check.evaluation import Sample, Sums

_CODES = {
    "date-format": "check.date-format-unexercised",
    "word": "check.word-unexercised",
    "branch": "check.branch-unexercised",
    "step": "check.step-unexercised",
}
_SAID = {
    "date-format": "no value of the sample needs the format '{}'",
    "word": "no value of the sample meets '{}'",
    "branch": "no row of the sample needs '{}'",
    "step": "the step '{}' makes no difference to the sample",
}


def check_mapping(path: Path, context: Context, sample: Sample, sums: tuple[Sums, ...]) -> Iterator[Finding]:
    """Kinds of record that no row becomes, columns that are never filled, parts of rules that never do anything."""
    content, _ = read_yaml(path)
    file = MappingFile(path)
    plan, _ = compile_mapping(file, context)
    yield from _branches(file, plan, sums)
    yield from _columns(file, plan, sums)
    found = mutants(content)
    idle: list[Mutant] = []
    for together in rounds(found):
        idle += _idle(file, content, together, context, sample, sums)
    for mutant in sorted(idle, key=lambda each: file.places.get(each.location, (0, 0))):
        yield Finding(
            "info" if mutant.kind == "step" else "warning",
            _CODES[mutant.kind],
            f"{plan.record_type}.{mutant.column} {mutant.text}",
            f"{plan.record_type}.{mutant.column}: {_SAID[mutant.kind].format(mutant.text)}",
            "add a row to the sample that needs it, or remove it",
            path,
            *placed(file.places, mutant.location),
        )


def _branches(file: MappingFile, plan: Plan, sums: tuple[Sums, ...]) -> Iterator[Finding]:
    for index, branch in enumerate(sums):
        several = len(sums) > 1
        at: tuple[str | int, ...] = ("rows", index) if several else ("record",)
        name = f"{plan.record_type} kind {index + 1}" if several else plan.record_type
        if branch.records == 0:
            yield Finding(
                "warning", "check.branch-unexercised", name, f"No row of the sample becomes a {name}",
                "add such a row to the sample", file.path, *placed(file.places, at),
            )  # fmt: skip
        where = (*at, "where") if several and (*at, "where") in file.places else ("where",)
        if where in file.places and branch.judged == branch.items:
            yield Finding(
                "warning", "check.where-unexercised", name, f"{name}: 'where' leaves out no row of the sample",
                "add a row that it leaves out, or remove it", file.path, *placed(file.places, where),
            )  # fmt: skip


def _columns(file: MappingFile, plan: Plan, sums: tuple[Sums, ...]) -> Iterator[Finding]:
    names = dict.fromkeys(name for branch in sums for name in branch.filled)
    for name in names:
        if any(branch.filled.get(name) for branch in sums) or not any(branch.records for branch in sums):
            continue
        at = next(
            (each for each in (("fields", name), *_in_rows(name, len(sums))) if each in file.places),
            ("fields",),
        )
        yield Finding(
            "warning", "check.column-never-filled", f"{plan.record_type}.{name}",
            f"{plan.record_type}.{name} has a rule, and no record of the sample has a value in it",
            "add a row to the sample that fills it", file.path, *placed(file.places, at),
        )  # fmt: skip


def _in_rows(name: str, count: int) -> list[tuple[str | int, ...]]:
    return [("rows", index, "fields", name) for index in range(count)]


def _idle(
    file: MappingFile,
    content: dict[str, Any],
    together: list[Mutant],
    context: Context,
    sample: Sample,
    before: tuple[Sums, ...],
) -> list[Mutant]:
    """Those of the mutants that change nothing. One without which the mapping does not load is no idle part."""
    try:
        plan = _compiled(file, without(content, together), context)
        after = sample.sums(plan)
    except ComityError:
        if len(together) == 1:
            return []
        return [idle for each in together for idle in _idle(file, content, [each], context, sample, before)]
    return [
        mutant
        for mutant in together
        if all(
            old.columns.get(mutant.column) == new.columns.get(mutant.column)
            for number, (old, new) in enumerate(zip(before, after, strict=True))
            if mutant.block == ("fields",) or mutant.block[1] == number
        )
    ]


def _compiled(file: MappingFile, content: dict[str, Any], context: Context) -> Plan:
    other = copy.copy(file)
    other.mapping = validate_model(content, Mapping, file.path, file.places)
    return compile_mapping(other, context)[0]
