"""Some rules of a branch as SQL, over as few of its working columns as they need.

Invariant: for every row they give what the branch's own steps give. DuckDB would leave out what nobody asks for, but
only after it has bound it all, which takes longer than the work on some thousand texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.mappings.plan import named_steps, run_values, set_aside
from comity.mappings.record_sql import fill
from comity.mappings.text_steps import sql_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from comity.mappings.plan import BranchPlan, Finding, Plan, Provenance, RulePlan


@dataclass(frozen=True)
class Source:
    """What rules read: ``scan``, of which the fields in ``trimmed`` need no more trimming.

    ``lookups``: name → its results, where they stand beside the fields already (``result_name``) and need no join.
    """

    scan: str
    trimmed: frozenset[str] = frozenset()
    lookups: Mapping[str, Sequence[str]] = field(default_factory=dict)


def result_name(lookup: str, result: str) -> str:
    """The column of a source that has that result of a lookup."""
    return f"{lookup} {result}"


def rules_sql(
    plan: Plan, source: Source, rules: Sequence[tuple[int, RulePlan]], provenance: Provenance
) -> str:
    """What numbered rules of the only branch make of every row of ``source``, whatever the others make of it:

    ``source_row``, the columns that they fill, and for each ``rejects``, ``finds`` and ``flags`` with its number; and
    for each finding ``codes`` with its place, the list of what is unmapped.
    """
    (branch,), run = plan.branches, run_values(provenance)
    sql, columns = dict(branch.columns), ["source_row"]
    for number, rule in rules:
        columns += [f"{fill(name, sql[name], run)} AS {sql_name(name)}" for name in rule.columns]
        columns += [f"{rule.rejects} AS {sql_name(f'rejects {number}')}"] if rule.rejects != "false" else []
        columns += [f"{rule.finds} AS {sql_name(f'finds {number}')}"] if rule.finds != "false" else []
        columns += [
            f"CASE WHEN {finding.when} THEN {finding.codes} END AS {sql_name(f'codes {place}')}"
            for place, finding in findings_of(branch, rule)
        ]
        columns += [f"{rule.flags} AS {sql_name(f'flags {number}')}"] if rule.flags else []
    steps = _steps_to_read(branch, source, [rule for _, rule in rules], columns)
    return f"WITH {named_steps(steps)}\nSELECT {', '.join(columns)} FROM {branch.read}"


def set_aside_sql(plan: Plan, scan: str) -> str:
    """``Plan.set_aside_sql`` of the only branch, by no other rules than those that reject a row or miss a code."""
    (branch,) = plan.branches
    rejected = " OR ".join(f"({rule.rejects})" for rule in branch.rules if rule.rejects != "false")
    steps = _steps_to_read(branch, Source(scan), deciding(branch), [rejected, branch.reasons, branch.stops])
    steps.append((branch.judged, f"SELECT *, 1 AS element, ({rejected}) AS is_rejected FROM {branch.read}"))
    return f"WITH {named_steps(steps)}\n{set_aside(0, branch)}"


def findings_of(branch: BranchPlan, rule: RulePlan) -> list[tuple[int, Finding]]:
    """The findings that a rule may make, with their places in the branch."""
    return [(place, finding) for place, finding in enumerate(branch.findings) if finding.when in rule.finds]


def deciding(branch: BranchPlan) -> list[RulePlan]:
    """The rules by which a row may be set aside."""
    return [rule for rule in branch.rules if (rule.rejects, rule.finds) != ("false", "false")]


def _steps_to_read(
    branch: BranchPlan, source: Source, rules: Sequence[RulePlan], wanted: Sequence[str]
) -> list[tuple[str, str]]:
    """The steps up to ``read``, with the columns of ``rules`` and all that those and the SQL in ``wanted`` name."""
    reads = [read for rule in rules for read in rule.reads]
    joins = [
        join
        for join in dict.fromkeys(join for rule in rules for join in rule.joins)
        if not any(_asks(join, name) for name in source.lookups)
    ]
    asked = [name for name in source.lookups if any(f"{name}." in read for read in reads)]
    steps = _steps(branch, source, asked, [*wanted, *reads, *joins])
    steps += [(table, "") for table in branch.working.crosswalks if any(_asks(j, table) for j in joins)]
    looked_up = "".join(
        ", {" + ", ".join(f"'{part}': {sql_name(result_name(name, part))}" for part in source.lookups[name])
        + f"}} AS {name}"
        for name in asked
    )  # fmt: skip
    steps.append(
        (
            branch.read,
            f"SELECT parsed.*{''.join(f', {read}' for read in reads)} "
            f"FROM (SELECT *{looked_up} FROM parsed) AS parsed {' '.join(joins)}",
        )
    )
    return steps


def text_sql(branch: BranchPlan, source: Source, text: str) -> str:
    """``source_row`` and the given column ``text`` of every row of ``source``."""
    steps = _steps(branch, source, (), (text,))
    return f"WITH {named_steps(steps)}\nSELECT source_row, {text} AS text FROM given"


def cells_sql(branch: BranchPlan, scan: str, fields: Collection[str]) -> str:
    """``source_row`` and some fields, trimmed."""
    cells = ", ".join(f"{branch.working.cells[name]} AS {sql_name(name)}" for name in fields)
    return f"SELECT source_row, {cells} FROM ({scan})"


def _steps(
    branch: BranchPlan, source: Source, lookups: Collection[str], wanted: Collection[str]
) -> list[tuple[str, str]]:
    """The steps up to ``parsed``, with the columns that the SQL in ``wanted`` names, and those that they come from."""
    working = branch.working
    parsed = _named_in(working.parsed, wanted)
    given = _named_in(working.given, [*wanted, *parsed.values()])
    tried = _named_in(working.tried, given.values())
    cells = {
        name: sql_name(name) if name in source.trimmed else sql
        for name, sql in _named_in(working.cells, [*given.values(), *tried.values()]).items()
    }
    results = {
        result_name(lookup, result): sql_name(result_name(lookup, result))
        for lookup in lookups
        for result in source.lookups[lookup]
    }
    return [
        ("source", source.scan),
        ("item", f"SELECT source_row{_columns(cells)}{_columns(results)} FROM source"),
        ("tried", f"SELECT *{_columns(tried)} FROM item"),
        ("given", f"SELECT source_row{_columns(given)}{_columns(results)} FROM tried"),
        ("parsed", f"SELECT *{_columns(parsed)} FROM given"),
    ]


def _named_in(columns: Mapping[str, str], texts: Iterable[str]) -> dict[str, str]:
    """The columns that some text names; one too many, for a name in somebody's own text, does no harm."""
    together = "\n".join(texts)
    return {name: sql for name, sql in columns.items() if sql_name(name) in together}


def _columns(columns: Mapping[str, str]) -> str:
    return "".join(f", {sql} AS {sql_name(name)}" for name, sql in columns.items())


def _asks(join: str, table: str) -> bool:
    return join.startswith(f"LEFT JOIN {table.partition('(')[0]} ")
