"""What is shown to whoever decides on a link: both records side by side, weight, reasons; and lists to decide on.

Invariant: the likeliest come first; a list that comes back is taken whole or not at all, and every decision in it has
who and why.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.errors import QueryError, nearest
from comity.linking.decide import Decision
from comity.query.filled import filled_rows
from comity.store.view_sql import literal

if TYPE_CHECKING:
    from pathlib import Path

    from comity.query.federation import Federation

COLUMNS = (
    "from_id to_id weight reasons from_owner to_owner from_shown to_shown decision decided_by why".split()
)
_BAD, _CANNOT = "query.bad-decisions", "The list of decisions cannot be taken"
DECISIONS = {"same": True, "different": False}
_SHOWN = {
    "person": "concat_ws(', ', full_name, birth_date, sex, array_to_string(nationalities, ' '), birth_place, "
    "personal_number)",
    "vehicle": "concat_ws(', ', vin, plate, plate_country, make, model, colour, status, status_date)",
    "identity_document": "concat_ws(', ', document_class, number, issuing_country, status, status_date)",
    "firearm": "concat_ws(', ', serial_number, make, model, calibre, status, status_date)",
}


@dataclass(frozen=True)
class Waiting:
    """A pair that nobody has decided on."""

    record_type: str
    from_id: str
    to_id: str
    weight: float
    reasons: list[str]
    from_owner: str
    to_owner: str
    from_shown: str
    to_shown: str


def waiting(federation: Federation, limit: int | None = None, country: str | None = None) -> list[Waiting]:
    """The pairs to decide on, the likeliest first; of ``country``: with a record that it owns."""
    rows = federation.sql(
        _pairs(
            "from_record_type, from_record_id, to_record_id, weight, reasons, f.owner_country, t.owner_country, "
            "f.shown, t.shown",
            country,
        )
        + " ORDER BY weight DESC, from_record_id, to_record_id"
        + (f" LIMIT {limit}" if limit else "")
    ).fetchall()
    return [Waiting(*row) for row in rows]


def number_waiting(federation: Federation, country: str | None = None) -> int:
    """How many pairs there are to decide on, whatever is shown of them."""
    return int(federation.sql(_pairs("count(*)", country)).fetchall()[0][0])


def _pairs(columns: str, country: str | None) -> str:
    """The SELECT of ``columns`` over the links to decide on, each with both of its records, ``f`` and ``t``, as far as
    these are published.
    """
    ends = " UNION ALL ".join(
        f"SELECT record_id, owner_country, {text} AS shown FROM {name} "
        f"WHERE record_id IN (SELECT unnest([from_record_id, to_record_id]) FROM pairs)"
        for name, text in _SHOWN.items()
    )
    own = f" WHERE {literal(country)} IN (f.owner_country, t.owner_country)" if country else ""
    return (
        "WITH pairs AS (FROM link WHERE role = 'possible_same_as' AND weight IS NOT NULL), "
        f"ends AS ({ends}) SELECT {columns} FROM pairs JOIN ends AS f ON f.record_id = from_record_id "
        f"JOIN ends AS t ON t.record_id = to_record_id{own}"
    )


def write_list(found: list[Waiting], file: Path) -> None:
    """A CSV with empty columns for the decisions."""
    from comity.query.output import output_file

    with output_file(file) as target, io.TextIOWrapper(target, "utf-8", newline="") as text:
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for pair in found:
            row: dict[str, Any] = {name: getattr(pair, name) for name in COLUMNS[:8]}
            writer.writerow({**row, "reasons": "; ".join(pair.reasons), "weight": f"{pair.weight:.1f}"})


def read_list(file: Path) -> list[Decision]:
    """The decisions of a list that came back; lines without one are left for later."""
    needed = ("from_id", "to_id", "decision", "decided_by", "why")
    decisions = []
    for line, row in filled_rows(file, needed, _BAD, _CANNOT):
        decision = row["decision"]
        if not decision:
            continue
        if decision not in DECISIONS:
            raise _bad(file, line, decision, nearest(decision, DECISIONS))
        if not row["decided_by"] or not row["why"]:
            raise _bad(file, line, "a decision without who and why", "fill in decided_by and why")
        decisions.append(
            Decision(row["from_id"], row["to_id"], DECISIONS[decision], row["decided_by"], row["why"])
        )
    return decisions


def _bad(file: Path, line: int, found: str, remedy: str) -> QueryError:
    return QueryError(_BAD, _CANNOT, file=file, line=line, found=found, remedy=remedy)
