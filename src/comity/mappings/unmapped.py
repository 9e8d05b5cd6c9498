"""Codes that no line of a crosswalk has, counted.

Invariant: every cell that holds such a code is counted once for each time that it holds it, whether its row became a
record or not; of one crosswalk no more codes are told than somebody would read, the commonest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.mappings.rules_sql import findings_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import duckdb
    import pyarrow as pa

    from comity.mappings.plan import BranchPlan, Plan, RulePlan
    from comity.mappings.staged import Staged

    Counted = dict[tuple[int, int, str], tuple[int, int]]
    """Place of the branch, place of the finding in it, and code → how many, and the first row."""

_MOST = 1000  # codes of one crosswalk


@dataclass(frozen=True)
class UnmappedCode:
    """A code that no crosswalk line has: how often, and the first row with it."""

    column: str
    crosswalk: str
    code: str
    count: int
    example_row: int


def unmapped_codes(plan: Plan, counted: Counted) -> tuple[UnmappedCode, ...]:
    """Those counted, by finding and code."""
    commonest = sorted(counted.items(), key=lambda item: (item[0][:2], -item[1][0], item[0][2]))
    told: list[tuple[tuple[int, int, str], tuple[int, int]]] = []
    for item in commonest:
        if len(told) < _MOST or told[-_MOST][0][:2] != item[0][:2]:
            told.append(item)
    return tuple(
        UnmappedCode(finding.column, finding.crosswalk, code, count, row)
        for (branch, place, code), (count, row) in sorted(told)
        for finding in (plan.branches[branch].findings[place],)
    )


def counted_in_rows(connection: duckdb.DuckDBPyConnection, elsewhere: Collection[int] = ()) -> Counted:
    """Those of the table ``set_aside`` (``Plan.set_aside_sql``), less the findings counted ``elsewhere``."""
    others = f"each.finding NOT IN ({', '.join(map(str, elsewhere))})" if elsewhere else "true"
    codes = connection.execute(
        "SELECT each.branch, each.finding, each.code, count(*), min(source_row) "
        f"FROM (SELECT source_row, unnest(found) AS each FROM set_aside) WHERE each IS NOT NULL AND {others} "
        "GROUP BY ALL"
    ).fetchall()
    return {(branch, place, code): (count, row) for branch, place, code, count, row in codes}


def counted_in_texts(
    branch: BranchPlan,
    rules: Mapping[str, Sequence[tuple[int, RulePlan]]],
    made: Mapping[str, Mapping[str, pa.Array]],
    staged: Staged,
) -> tuple[frozenset[int], Counted]:
    """Those that ``rules`` of repeating fields find, and the places of all their findings."""
    import numpy as np

    places, counted = set[int](), dict[tuple[int, int, str], tuple[int, int]]()
    rows = staged.table.column("source_row").to_numpy()
    for field, number, rule in ((field, *rule) for field, each in rules.items() for rule in each):
        if rule.finds == "false":
            continue
        findings = [place for place, _ in findings_of(branch, rule)]
        places.update(findings)
        says = made[field][f"finds {number}"].fill_null(False).to_numpy(zero_copy_only=False)
        if not says.any():
            continue
        numbers = staged.place_of(field)
        found = np.flatnonzero(says[numbers])
        found = found[np.argsort(rows[found], kind="stable")]  # several threads keep no order
        texts, first, times = np.unique(numbers[found], return_index=True, return_counts=True)
        for place in findings:
            codes = made[field][f"codes {place}"].take(texts).to_pylist()
            for listed, row, count in zip(codes, rows[found[first]].tolist(), times.tolist(), strict=True):
                for code in listed or ():
                    before, earlier = counted.get((0, place, code), (0, row))
                    counted[0, place, code] = before + count, min(row, earlier)
    return frozenset(places), counted
