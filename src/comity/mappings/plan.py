"""A compiled mapping: one DuckDB SELECT for a record type, made of named steps.

Invariant: a plan is plain data (it crosses to worker processes) and holds all that determines its output but the
bytes; each of its statements reads the same steps, so what is counted, accepted and rejected is the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from comity.mappings.record_sql import fill
from comity.mappings.text_steps import sql_name, sql_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.mappings.lookup import Lookup
    from comity.standard import RecordType


FLAG_END = "\n"  # no name of a column and no word for a reason has one
_FOUND = "STRUCT(branch INTEGER, finding INTEGER, code VARCHAR)"


@dataclass(frozen=True)
class Finding:
    """A crosswalk whose unmapped codes are to be counted: ``when`` there are any, and the SQL of their list."""

    column: str
    crosswalk: str
    when: str
    codes: str


@dataclass(frozen=True)
class Working:
    """The working columns of a branch by the step that makes them: name → SQL over the steps before it.

    ``cells``: the fields, trimmed; then as in ``value.Steps``. ``crosswalks``: those that a join may ask.
    """

    cells: dict[str, str]
    tried: dict[str, str]
    given: dict[str, str]
    parsed: dict[str, str]
    crosswalks: tuple[str, ...]


@dataclass(frozen=True)
class RulePlan:
    """What one rule adds to a record, or the key: SQL over the step before ``read``, apart from that of other rules.

    ``columns`` it fills, from the ``fields`` of the source; ``reads``, its columns of ``read``, and the ``joins`` that
    they need. Over those: ``rejects``, when the row becomes no record for it; ``finds``, when a code is unmapped;
    ``flags``, its flags with ``FLAG_END`` between them, NULL where there are none.
    """

    columns: tuple[str, ...]
    fields: frozenset[str]
    reads: tuple[str, ...]
    joins: tuple[str, ...]
    rejects: str = "false"
    finds: str = "false"
    flags: str | None = None


@dataclass(frozen=True)
class BranchPlan:
    """One kind of record made from a row. ``steps`` end in ``judged``; ``columns`` are the standard's, in order.

    ``constants``: the columns whose SQL needs no row. ``told``: for a person, what it makes of a row and by which key.
    ``rules``: the same record rule by rule, the key first; ``working``: the columns that they are made from.
    """

    judged: str
    steps: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    constants: frozenset[str]
    reasons: str
    stops: str
    lookups: tuple[Lookup, ...]
    findings: tuple[Finding, ...]
    read: str
    given: str
    working: Working
    told: tuple[str, ...] = ()
    rules: tuple[RulePlan, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """What a night adds to every record: the export, the moment of receipt (ISO, UTC), the mapping's version."""

    export_id: str
    received_at: str
    mapping_version: str


@dataclass(frozen=True)
class Plan:
    """One mapping file, compiled. ``simple``: a row gives at most one record, and every row is selected.

    ``shape``: the record type, whose columns a record has.
    """

    name: str
    source: str
    record_type: str
    branches: tuple[BranchPlan, ...]
    duplicates: Literal["keep_first", "keep_last", "number"]
    field_ids: str
    key_prefix: str
    version: str
    simple: bool
    shape: RecordType
    rules: dict[str, dict[str, object]] = field(default_factory=dict)

    def rules_of(self, branch: int) -> dict[str, dict[str, object]]:
        """Column → its rule in that branch, counted from 1."""
        found: dict[str, dict[str, object]] = {}
        for column, rule in self.rules.items():
            branches: Any = rule.get("branches", {"1": rule})
            if str(branch) in branches:
                found[column] = branches[str(branch)]
        return found

    def with_steps(self, scan: str, select: str) -> str:
        """``select`` over the named steps of every branch, reading ``scan``."""
        steps = [("source", scan)]
        for branch in self.branches:
            steps += [step for step in branch.steps if step not in steps]
        return f"WITH {named_steps(steps)}\n{select}"

    @property
    def constants(self) -> frozenset[str]:
        """The columns that are the same in every record of an export."""
        first, *others = self.branches
        same = first.constants.intersection(*(branch.constants for branch in others))
        sql = dict(first.columns)
        return frozenset(
            name for name in same if all(dict(branch.columns)[name] == sql[name] for branch in others)
        )

    def constant_sql(self, provenance: Provenance) -> str:
        """One row: the columns that are the same in every record."""
        run, constants = run_values(provenance), self.constants
        columns = (
            f"{fill(name, sql, run)} AS {sql_name(name)}"
            for name, sql in self.branches[0].columns
            if name in constants
        )
        return f"SELECT {', '.join(columns)}"

    def record_sql(
        self, scan: str, provenance: Provenance, *, varying: bool = False, numbered: bool = False
    ) -> str:
        """The records: every accepted item of every branch, in the standard's columns.

        ``varying`` leaves out the columns that are the same in every record. ``numbered`` adds ``branch`` and
        ``element``, which tell the records of one row in the row's own order.
        """
        run, left_out = run_values(provenance), self.constants if varying else frozenset()
        selects = []
        for number, branch in enumerate(self.branches, 1):
            columns = ",\n  ".join(
                f"{fill(name, sql, run)} AS {sql_name(name)}"
                for name, sql in branch.columns
                if name not in left_out
            )
            columns += f",\n  {number} AS branch,\n  element" if numbered else ""
            selects.append(f"SELECT\n  {columns}\nFROM {branch.judged}\nWHERE NOT is_rejected")
        return self.with_steps(scan, "\nUNION ALL\n".join(selects))

    def set_aside_sql(self, scan: str) -> str:
        """Every item that could not become a record, or has a code that no crosswalk line has.

        ``source_row``, ``branch`` and ``element``; ``reasons`` and ``stops`` of an item that is rejected; ``found``:
        place of the branch, place of the finding in it, and code.
        """
        selects = (set_aside(number, branch) for number, branch in enumerate(self.branches))
        return self.with_steps(scan, " UNION ALL ".join(selects))

    def tally_sql(self, scan: str) -> str:
        """One row: rows that became a record, rows that only failed, and records."""
        items = " UNION ALL ".join(
            f"SELECT source_row, is_rejected FROM {branch.judged}" for branch in self.branches
        )
        return self.with_steps(
            scan,
            "SELECT count(*) FILTER (good > 0), count(*) FILTER (good = 0), CAST(coalesce(sum(good), 0) AS BIGINT) "
            "FROM (SELECT source_row, count(*) FILTER (NOT is_rejected) AS good "
            f"FROM ({items}) GROUP BY source_row)",
        )

    def texts_sql(self, branch: BranchPlan, column: str, scan: str) -> str:
        """A SELECT of the distinct texts in a given column of the branch."""
        steps = [("source", scan)]
        for name, sql in branch.steps:
            steps += [(name, sql)] if sql else []  # no crosswalk
            if name == branch.given:
                break
        return (
            f"WITH {named_steps(steps)} SELECT DISTINCT {column} AS text FROM {branch.given} "
            f"WHERE {column} IS NOT NULL"
        )


def set_aside(number: int, branch: BranchPlan) -> str:
    """The SELECT of ``Plan.set_aside_sql`` over the step ``judged`` of a branch."""
    found = ", ".join(
        f"CASE WHEN {finding.when} THEN list_transform({finding.codes}, lambda x: "
        f"struct_pack(branch := {number}, finding := {place}, code := x)) END"
        for place, finding in enumerate(branch.findings)
    )
    some = " OR ".join(["is_rejected", *(finding.when for finding in branch.findings)])
    return (
        f"SELECT source_row, {number} AS branch, element, is_rejected, "
        f"CASE WHEN is_rejected THEN {branch.reasons} END AS reasons, "
        f"is_rejected AND ({branch.stops}) AS stops, CAST(flatten([{found}]) AS {_FOUND}[]) AS found "
        f"FROM {branch.judged} WHERE {some}"
    )


def run_values(provenance: Provenance) -> dict[str, str]:
    """What stands for the values of a night in the columns of a record, as SQL."""
    return {
        "export_id": sql_text(provenance.export_id),
        "mapping_version": sql_text(provenance.mapping_version),
        "received": f"TIMESTAMPTZ {sql_text(provenance.received_at)}",
        "received_day": f"DATE {sql_text(provenance.received_at[:10])}",
    }


def named_steps(steps: Sequence[tuple[str, str]]) -> str:
    """Steps as the named queries of a statement."""
    # A part is read once for each branch rather than kept in memory: memory stays flat.
    return ",\n".join(
        f"{name} AS NOT MATERIALIZED (\n  {sql}\n)" if "(" not in name else name for name, sql in steps
    )
