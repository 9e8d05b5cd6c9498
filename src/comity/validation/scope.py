"""What a suite's rules may look at, as names of relations on one DuckDB connection.

Invariant: the names are SQL that stands after FROM as it is; nothing here is taken from records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Scope:
    """``relation``: the records that are judged. ``related``: by record type, what a reference may lead to.

    ``previous``: the same source's records in the last release. ``code_lists``: a relation with the columns
    ``list`` and ``code``. ``repeating``: the columns in which few values stand many times. ``constant``: for columns
    that hold one value in all ``rows``, that value as SQL.
    """

    relation: str
    related: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None
    code_lists: str | None = None
    repeating: frozenset[str] = frozenset()
    constant: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0

    def values(self, column: str) -> str | None:
        """A query for the values of a column, each once, and ``n``, the rows that it stands in; None where that costs
        more than it saves.
        """
        if column in self.constant:
            return f"SELECT {self.constant[column]} AS {name(column)}, {self.rows} AS n"
        if column in self.repeating:
            return f"SELECT {name(column)}, count(*) AS n FROM {self.relation} GROUP BY {name(column)}"
        return None


class NotApplicable(Exception):
    """The rule has nothing to look at, for a reason that is no fault: its text says which."""


def name(identifier: str) -> str:
    """``identifier`` as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """``value`` as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: object) -> str:
    """A value from YAML as a SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else text(str(value))
