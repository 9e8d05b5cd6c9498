"""A sample's rows through a compiled mapping, summed up column by column.

Invariant: two mappings have the same sum for a column exactly when they give every row of the sample the same values,
flags and reasons in it (but for a collision of 64 bits); nothing is written to disk but below ``into``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.mappings.normalise import Limits, connect, fill_lookups
from comity.mappings.text_steps import sql_name, sql_text
from comity.nightly.sample import sample_exports
from comity.nightly.work import read_task

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from comity.adapters.part import Reading
    from comity.mappings.plan import BranchPlan, Plan
    from comity.nightly.source import Source

ROWS = "SELECT * FROM sample_rows"
_APART = 10_000_000  # row numbers of two exports of a sample never meet


@dataclass(frozen=True)
class Sums:
    """Of one branch: column → sum over all rows, and in how many records it is filled; records; items it looked at."""

    columns: dict[str, int]
    filled: dict[str, int]
    records: int
    judged: int
    items: int


class Sample:
    """The rows of every export of a sample in one table. Used as a context."""

    def __init__(self, source: Source, folder: Path, into: Path) -> None:
        from comity.adapters.scan import scan_sql

        self.connection: duckdb.DuckDBPyConnection = connect(Limits("512MB", 1, into / "spill"))
        self.readings: list[Reading] = []
        scans = []
        for number, files in enumerate(sample_exports(source.adapter, folder, into)):
            reading = read_task(source.adapter, files, into / f"parts-{number}")
            self.readings.append(reading)
            scans += [
                f"SELECT source_row + {number * _APART} AS source_row, * EXCLUDE (source_row) "
                f"FROM ({scan_sql(part, source.adapter)})"
                for part in reading.parts
            ]
        if scans:
            self.connection.execute(f"CREATE TEMP TABLE sample_rows AS {' UNION ALL BY NAME '.join(scans)}")
        self.empty = not scans

    def __enter__(self) -> Sample:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def filled_fields(self, names: tuple[str, ...]) -> dict[str, int]:
        """Field → rows that have a value in it."""
        told = ", ".join(f"count(*) FILTER (len({sql_name(name)}) > 0)" for name in names)
        found = self.connection.execute(f"SELECT {told} FROM sample_rows").fetchall()[0]
        return dict(zip(names, found, strict=True))

    def sums(self, plan: Plan, scan: str = ROWS) -> tuple[Sums, ...]:
        """What the plan makes of the rows, branch by branch."""
        fill_lookups(self.connection, plan, scan)
        return tuple(
            self._branch(plan, branch, number, scan) for number, branch in enumerate(plan.branches, 1)
        )

    def met_codes(self, plan: Plan, scan: str = ROWS) -> dict[tuple[str, str], set[str]]:
        """(column, crosswalk) → codes that are unmapped; with a plan whose crosswalks are empty, all that are met."""
        fill_lookups(self.connection, plan, scan)
        met: dict[tuple[str, str], set[str]] = {}
        for branch in plan.branches:
            for finding in branch.findings:
                found = self.connection.execute(
                    plan.with_steps(
                        scan,
                        f"SELECT DISTINCT unnest({finding.codes}) FROM {branch.judged} WHERE {finding.when}",
                    )
                ).fetchall()
                met.setdefault((finding.column, finding.crosswalk), set()).update(
                    row[0] for row in found if row[0] is not None
                )
        return met

    def _branch(self, plan: Plan, branch: BranchPlan, number: int, scan: str) -> Sums:
        columns = list(plan.rules_of(number))
        shape = {column.name for column in plan.shape.columns}
        sums, filled = [], []
        for name in columns:
            values = [sql_name(each) for each in (name, f"{name}_earliest") if each == name or each in shape]
            mine = sql_text(name + ":")
            flags = f"list_filter(flags, lambda x: starts_with(x, {mine}))"
            reasons = f'list_filter(told, lambda x: x."column" = {sql_text(name)})'
            sums.append(f"sum(hash(hash(source_row, element, {', '.join(values)}, {flags}, {reasons})))")
            filled.append(f"count(*) FILTER (NOT is_rejected AND {_has(plan, name)})")
        told = f"SELECT *, {branch.reasons} AS told FROM {branch.judged}"
        items = branch.steps[0][0]
        found = self.connection.execute(
            plan.with_steps(
                scan,
                f"SELECT {', '.join([*sums, *filled, 'count(*) FILTER (NOT is_rejected)', 'count(*)'])}, "
                f"(SELECT count(*) FROM {items}) FROM ({told})",
            )
        ).fetchall()[0]
        count = len(columns)
        return Sums(
            dict(zip(columns, found[:count], strict=True)),
            dict(zip(columns, found[count : 2 * count], strict=True)),
            *(int(each) for each in found[2 * count :]),
        )


def _has(plan: Plan, name: str) -> str:
    column = next(column for column in plan.shape.columns if column.name == name)
    return f"len({sql_name(name)}) > 0" if column.is_list else f"{sql_name(name)} IS NOT NULL"
