"""What the suites found in the last runs, for each source.

Invariant: it is all from the results that the store keeps; nothing is judged again, and no value of a record is in it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.query.failure import asking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duckdb import DuckDBPyConnection

RUNS = 60
"""Runs with results that are looked at."""


@dataclass(frozen=True)
class Check:
    """One rule in the last run that judged it, and how many of the runs looked at it failed."""

    record_type: str
    column: str
    rule_id: str
    severity: str
    outcome: str
    violated: int | None
    denominator: int | None
    percent: float | None
    failed_runs: int
    runs: int


@dataclass(frozen=True)
class Quality:
    """``runs``: their ids, oldest first. ``held``: source → percent of its checks that hold, for each of the runs; None
    where the source was not judged. ``checks``: source → every rule, those that fail first.
    """

    runs: tuple[str, ...]
    held: Mapping[str, tuple[float | None, ...]]
    checks: Mapping[str, tuple[Check, ...]]

    def last(self, source: str) -> float | None:
        """The percent of its checks that held when the source was last judged."""
        return next((value for value in reversed(self.held.get(source, ())) if value is not None), None)


def read_quality(connection: DuckDBPyConnection, runs: int = RUNS) -> Quality:
    """The results of the last ``runs`` runs that have any."""
    with asking():
        ids = connection.execute(
            "SELECT DISTINCT run_id FROM quality ORDER BY run_id DESC LIMIT $1", [runs]
        ).fetchall()
        known = tuple(sorted(row[0] for row in ids))
        shares = connection.execute(
            """SELECT source_id, run_id, count(*) FILTER (outcome = 'pass'),
                      count(*) FILTER (outcome <> 'not_applicable')
               FROM quality WHERE run_id IN (SELECT unnest($1)) GROUP BY ALL""",
            [list(known)],
        ).fetchall()
        checks = connection.execute(
            """WITH told AS (SELECT * FROM quality WHERE run_id IN (SELECT unnest($1))),
                 last AS (SELECT source_id, record_type, max(run_id) AS run_id FROM told GROUP BY ALL),
                 failed AS (
                   SELECT source_id, record_type, rule_id, count(DISTINCT run_id) AS runs,
                     count(DISTINCT run_id) FILTER (outcome IN ('fail', 'error')) AS failed
                   FROM told GROUP BY ALL)
               SELECT source_id, record_type, coalesce(column_name, ''), rule_id, severity, outcome,
                      sum(violated)::BIGINT, sum(denominator)::BIGINT, max(percent), failed, any_value(runs)
               FROM told JOIN last USING (source_id, record_type, run_id)
                 JOIN failed USING (source_id, record_type, rule_id)
               GROUP BY source_id, record_type, column_name, rule_id, severity, outcome, failed
               ORDER BY source_id, outcome NOT IN ('fail', 'error'),
                 list_position(['critical', 'warning', 'info'], severity), record_type, rule_id""",
            [list(known)],
        ).fetchall()
    held: dict[str, dict[str, float]] = defaultdict(dict)
    for source, run, good, judged in shares:
        if judged:
            held[source][run] = 100 * good / judged
    by_source: dict[str, list[Check]] = defaultdict(list)
    for source, *rest in checks:
        by_source[source].append(Check(*rest))
    return Quality(
        known,
        {source: tuple(each.get(run) for run in known) for source, each in held.items()},
        {source: tuple(each) for source, each in by_source.items()},
    )
