"""Asking for a vehicle, a document or a firearm by what is written on it.

Invariant: letters and digits alone are compared, look-alikes (O and 0, I and 1 …) as one, so that a number is found
however it was read or typed; a part of a number is written with ``*`` for any signs and ``?`` for one. Every answer
says which number agreed, and how.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.errors import QueryError, nearest
from comity.search.answer import Answer
from comity.store.view_sql import literal

if TYPE_CHECKING:
    import duckdb

LOOK_ALIKES = str.maketrans("OQDIZSBG", "00012586")
_SHORTEST = 3  # signs that are known, or half a register answers
_SHORTEST_TYPO = 5
_HANDLING = (
    "confidentiality handling_codes handling_conditions permitted_purposes recipients_allow recipients_deny"
).split()


@dataclass(frozen=True)
class NumberedType:
    """``numbers``: the columns that hold what is written on it; ``shown``: what tells one from another."""

    numbers: tuple[str, ...]
    shown: tuple[str, ...]


NUMBERED = {
    "vehicle": NumberedType(
        ("vin", "plate", "chassis_number", "engine_number", "body_number"),
        ("vin", "plate", "plate_country", "make", "model", "colour", "status", "status_date"),
    ),
    "identity_document": NumberedType(
        ("number",), ("number", "document_class", "issuing_country", "status", "status_date")
    ),
    "firearm": NumberedType(
        ("serial_number",), ("serial_number", "category", "make", "model", "calibre", "status", "status_date")
    ),
}


def numbered_type(name: str) -> str:
    """The record type that is meant; ``document`` is short for identity_document."""
    name = {"document": "identity_document"}.get(name, name)
    if name not in NUMBERED:
        raise QueryError(
            "query.unknown-search",
            f"Nobody can be asked for '{name}' by number",
            remedy=nearest(name, ["person", "document", *NUMBERED]),
        )
    return name


def parse_number(number: str) -> str:
    """Letters and digits of what was asked, and the signs of what is not known."""
    given = re.sub(r"[^\w*?]|_", "", number.upper())
    if len(re.sub(r"[*?]", "", given)) < _SHORTEST:
        raise QueryError(
            "query.number-too-short",
            "Too little of the number is known",
            found=number,
            remedy=f"give {_SHORTEST} letters or digits at least",
        )
    return given


def ask_number(
    connection: duckdb.DuckDBPyConnection, record_type: str, number: str, limit: int = 10
) -> list[Answer]:
    """The best answers: the same number, then one sign apart, or those that have the part that was given."""
    meant = NUMBERED[numbered_type(record_type)]
    given = parse_number(number)
    partial = "*" in given or "?" in given
    folded = given.translate(LOOK_ALIKES)
    columns = {name: _folded(name) for name in meant.numbers}
    if partial:
        pattern = literal(re.sub(r"\*+", "%", folded).replace("?", "_"))
        hits = {name: f"({text} LIKE {pattern})" for name, text in columns.items()}
    else:
        hits = {name: f"({text} = {literal(folded)}{_typo(text, folded)})" for name, text in columns.items()}
    authorities = dict(connection.execute("SELECT source_id, authority FROM sources").fetchall())
    shown = list(dict.fromkeys([*meant.shown, *meant.numbers]))
    numbers = ", ".join(f"CASE WHEN {hit} THEN {name} END AS hit_{name}" for name, hit in hits.items())
    rows = connection.execute(
        f"SELECT record_id, owner_country, source_id, {', '.join([*shown, *_HANDLING])}, {numbers} "
        f"FROM {record_type} WHERE {' OR '.join(hits.values())} LIMIT {50 * limit}"
    )
    names = [column[0] for column in rows.description]
    answers = [
        _answer(record_type, dict(zip(names, row, strict=True)), meant, given, shown, authorities)
        for row in rows.fetchall()
    ]
    return sorted(answers, key=lambda answer: (-answer.score, answer.record_id))[:limit]


def _folded(column: str) -> str:
    # What has no counterpart goes: the signs that stand between letters and digits.
    return f"translate(upper({column}), 'OQDIZSBG -./_', '00012586')"


def _typo(text: str, folded: str) -> str:
    """Or one sign differs, is missing, is too many, or two have changed places."""
    if len(folded) < _SHORTEST_TYPO:
        return ""
    near = f"length({text}) BETWEEN {len(folded) - 1} AND {len(folded) + 1}"
    return f" OR ({near} AND damerau_levenshtein({text}, {literal(folded)}) = 1)"


def _answer(
    record_type: str,
    row: dict[str, Any],
    meant: NumberedType,
    given: str,
    shown: list[str],
    authorities: dict[str, str | None],
) -> Answer:
    scored = [
        (*_agreement(given, row[f"hit_{name}"]), name)
        for name in meant.numbers
        if row[f"hit_{name}"] is not None
    ]
    scored.sort(key=lambda each: -each[0])
    return Answer(
        record_type,
        row["record_id"],
        scored[0][0],
        tuple(f"{name}: {said}" for _, said, name in scored),
        row["owner_country"],
        row["source_id"],
        {name: row[name] for name in shown if row[name] is not None},
        {name: row[name] for name in _HANDLING},
        authorities.get(row["source_id"]),
    )


def _agreement(given: str, number: str) -> tuple[float, str]:
    """Score and words for a number that agrees with what was given."""
    kept = re.sub(r"\W|_", "", number.upper())
    known = re.sub(r"[*?]", "", given)
    if known != given:
        return 50.0 + 40.0 * len(known) / max(len(kept), len(known)), f"{number} has the part {given}"
    if kept == given:
        return 100.0, "the same"
    if kept.translate(LOOK_ALIKES) == given.translate(LOOK_ALIKES):
        return 95.0, f"{number}, the same but for signs that look alike"
    return 80.0, f"{number}, one sign apart"
