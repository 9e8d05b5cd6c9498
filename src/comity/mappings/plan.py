"""A compiled mapping: one DuckDB SELECT for a record type, made of named steps.

Invariant: a plan is plain data (it crosses to worker processes) and holds all that determines its output but the
bytes; each of its statements reads the same steps, so what is counted, accepted and rejected is the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from comity.mappings.record_sql import fill
from comity.mappings.text_steps import sql_name, sql_text

if TYPE_CHECKING:
    from comity.mappings.lookup import Lookup


@dataclass(frozen=True)
class Finding:
    """A crosswalk whose unmapped codes are to be counted: the step and SQL that give them."""

    column: str
    crosswalk: str
    when: str
    text: str


@dataclass(frozen=True)
class BranchPlan:
    """One kind of record made from a row. ``steps`` end in ``judged``; ``columns`` are the standard's, in order."""

    judged: str
    steps: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    reasons: str
    stops: str
    lookups: tuple[Lookup, ...]
    findings: tuple[Finding, ...]
    read: str
    given: str


@dataclass(frozen=True)
class Provenance:
    """What a night adds to every record: the export, the moment of receipt (ISO, UTC), the mapping's version."""

    export_id: str
    received_at: str
    mapping_version: str


@dataclass(frozen=True)
class Plan:
    """One mapping file, compiled. ``simple``: a row gives at most one record, and every row is selected."""

    name: str
    source: str
    record_type: str
    branches: tuple[BranchPlan, ...]
    duplicates: Literal["keep_first", "keep_last", "number"]
    field_ids: str
    key_prefix: str
    version: str
    simple: bool
    rules: dict[str, dict[str, object]] = field(default_factory=dict)

    def with_steps(self, scan: str, select: str) -> str:
        """``select`` over the named steps of every branch, reading ``scan``."""
        steps = [("source", scan)]
        for branch in self.branches:
            steps += [step for step in branch.steps if step not in steps]
        # A part is read once for each branch rather than kept in memory: memory stays flat.
        named = ",\n".join(
            f"{name} AS NOT MATERIALIZED (\n  {sql}\n)" if "(" not in name else f"{name}"
            for name, sql in steps
        )
        return f"WITH {named}\n{select}"

    def record_sql(self, scan: str, provenance: Provenance, *, numbered: bool = False) -> str:
        """The records: every accepted item of every branch, in the standard's columns.

        ``numbered`` adds ``branch`` and ``element``, which tell the records of one row in the row's own order.
        """
        run = {
            "export_id": sql_text(provenance.export_id),
            "mapping_version": sql_text(provenance.mapping_version),
            "received": f"TIMESTAMPTZ {sql_text(provenance.received_at)}",
            "received_day": f"DATE {sql_text(provenance.received_at[:10])}",
        }
        selects = []
        for number, branch in enumerate(self.branches, 1):
            columns = ",\n  ".join(
                f"{fill(name, sql, run)} AS {sql_name(name)}" for name, sql in branch.columns
            )
            columns += f",\n  {number} AS branch,\n  element" if numbered else ""
            selects.append(f"SELECT\n  {columns}\nFROM {branch.judged}\nWHERE NOT is_rejected")
        return self.with_steps(scan, "\nUNION ALL\n".join(selects))

    def reject_sql(self, scan: str) -> str:
        """source_row, element and the reasons of every item that could not become a record."""
        selects = [
            f"SELECT source_row, element, {branch.reasons} AS reasons, {branch.stops} AS stops "
            f"FROM {branch.judged} WHERE is_rejected"
            for branch in self.branches
        ]
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

    def distinct_sql(self, branch: BranchPlan, scan: str) -> str:
        """One row: for each lookup of the branch the list of distinct texts that it must know."""
        lists = ", ".join(
            f"list(DISTINCT {lookup.text}) FILTER ({_wanted(lookup)}) AS texts_{number}"
            for number, lookup in enumerate(branch.lookups)
        )
        steps = [("source", scan)]
        for name, sql in branch.steps:
            steps.append((name, sql))
            if name == branch.given:
                break
        named = ",\n".join(
            f"{name} AS NOT MATERIALIZED ({sql})" if "(" not in name else name for name, sql in steps
        )
        return f"WITH {named} SELECT {lists} FROM {branch.given}"

    def finding_sql(self, branch: BranchPlan, finding: Finding, scan: str) -> str:
        """Unmapped codes: text, how often, and the first row that has it."""
        return self.with_steps(
            scan,
            f"SELECT {finding.text} AS code, count(*), min(source_row) FROM {branch.read} "
            f"WHERE {finding.when} GROUP BY ALL ORDER BY ALL LIMIT 1000",
        )


def _wanted(lookup: Lookup) -> str:
    from comity.mappings.lookup import DateLookup

    if isinstance(lookup.kind, DateLookup):
        return f"{lookup.text} IS NOT NULL"
    # ASCII names are done in SQL.
    return f"strlen({lookup.text}) <> length({lookup.text})"
