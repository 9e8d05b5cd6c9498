"""The way of every column back to the fields of its sources, by the rules that made the records of the release.

Invariant: the rules are those of the mapping versions whose records the release holds, as the ledger kept them, and
not those of today's files. What no mapping fills, the engine or the owner's agreement does, and that is said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from comity.query.trace import ENVELOPE_RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from comity.standard import Column
    from comity.store import Store

_AT_ONCE = 500  # a database takes only so many values in one question


@dataclass(frozen=True)
class Rule:
    """What made a column, ``by`` whom, and the source fields that it ``reads``. ``kind``: where a row becomes several
    kinds of record, which of them.
    """

    text: str
    by: Literal["mapping", "federation"]
    reads: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Lineage:
    """One mapping version of one source and record type. ``earlier``: the release also holds records of a newer one."""

    source_id: str
    record_type: str
    mapping_version: str
    earlier: bool
    rules: Mapping[str, tuple[Rule, ...]]

    def of(self, column: Column) -> tuple[Rule, ...]:
        """The rules of a column, one for each kind of record; none when this source does not fill it."""
        # A partial date is written as one rule and stored as three columns.
        found = self.rules.get(column.name) or self.rules.get(column.partial_date or "")
        if found:
            return found
        text = ENVELOPE_RULES.get(column.name) if column.envelope else None
        return (Rule(text, "federation"),) if text else ()

    def filled_from(self, field: str) -> tuple[str, ...]:
        """The columns that are made from a field of the source."""
        return tuple(
            name
            for name, rules in self.rules.items()
            if any(
                read.startswith((f"{field}.", f"{field}#")) or read == field
                for rule in rules
                for read in rule.reads
            )
        )


def read_lineage(connection: DuckDBPyConnection, store: Store) -> tuple[Lineage, ...]:
    """The lineage of all that is in the release of ``connection``, the newest version of each source first."""
    rows = connection.execute(
        "SELECT record_type, source_id, mapping_version, max(begin_release) FROM ledger.files "
        "GROUP BY ALL ORDER BY 1, 2, 4 DESC, 3"
    ).fetchall()
    texts = _rules(store, sorted({row[2] for row in rows}))
    found, seen = [], set[tuple[str, str]]()
    for record_type, source, version, _ in rows:
        rules = texts.get((version, record_type), {})
        earlier = (record_type, source) in seen
        seen.add((record_type, source))
        found.append(
            Lineage(
                source, record_type, version, earlier, {name: _read(rule) for name, rule in rules.items()}
            )
        )
    return tuple(found)


def _rules(store: Store, versions: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
    from sqlalchemy import select

    from comity.store.tables import mappings

    found: dict[tuple[str, str], dict[str, Any]] = {}
    with store.ledger.reading("reading the rules of the mappings") as connection:
        for first in range(0, len(versions), _AT_ONCE):
            asked = select(mappings.c.mapping_version, mappings.c.record_type, mappings.c.rules).where(
                mappings.c.mapping_version.in_(versions[first : first + _AT_ONCE])
            )
            for version, record_type, text in connection.execute(asked):
                found[version, record_type] = json.loads(text)
    return found


def _read(rule: Mapping[str, Any]) -> tuple[Rule, ...]:
    branches: Mapping[str, Mapping[str, Any]] = rule.get("branches", {})
    same = len({json.dumps(each, sort_keys=True) for each in branches.values()}) <= 1
    kinds = [("", rule)] if same else [(f"kind {number}", each) for number, each in branches.items()]
    return tuple(
        Rule(str(each["rule"]), "mapping", tuple(map(str, each["from"])), kind) for kind, each in kinds
    )
