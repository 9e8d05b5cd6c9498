"""Counts that leave the house: small ones are suppressed, and what would give them away.

Invariant: in what is marked for sharing no count of records under the minimum cell is shown, and within a total that
may be known elsewhere the suppressed cells are at least two and add up to the minimum cell or more. A group that
cannot be so protected is suppressed whole, and carries no total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import QueryError

if TYPE_CHECKING:
    import duckdb

    from comity.query.pattern import Pattern


def shareable(asked: Pattern, answer: duckdb.DuckDBPyRelation, minimum: int) -> duckdb.DuckDBPyRelation:
    """``answer`` with small counts suppressed: their other columns are NULL, the column ``suppressed`` says why.

    The smallest cells of a group go first, so as little as can be is lost.
    """
    if asked.count is None:
        raise QueryError(
            "query.not-shareable",
            f"The pattern '{asked.name}' names single records",
            remedy="leave --share away, and share it as its owners allow; offences and vehicle_routes count",
        )
    count = asked.count
    group = ", ".join(asked.within) or "NULL"
    order = f"PARTITION BY {group} ORDER BY {count}, {', '.join(asked.keys)}"
    before = f"sum({count}) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    columns = [
        name if name in asked.keys else f"CASE WHEN why IS NULL THEN {name} END AS {name}"
        for name in answer.columns
    ]
    shared = answer.query(
        "answer",
        f"""
        WITH placed AS (
            SELECT *, row_number() OVER () AS place, min({count}) OVER (PARTITION BY {group}) AS smallest,
                   row_number() OVER ({order}) AS rank, coalesce({before}, 0) AS lower
            FROM answer
        ), judged AS (
            SELECT *, CASE WHEN {count} < {minimum} THEN 'under {minimum} records'
                           WHEN smallest < {minimum} AND (rank <= 2 OR lower < {minimum})
                           THEN 'would give a smaller one away' END AS why
            FROM placed
        )
        SELECT {", ".join(columns)}, why AS suppressed FROM judged ORDER BY place
        """,
    )
    assert shared is not None
    return shared
