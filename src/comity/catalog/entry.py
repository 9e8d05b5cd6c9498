"""What a name in the catalogue means: a record type, a column, a source or a code list.

Invariant: a name means one thing; one that could mean several is an error that names them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from comity.errors import QueryError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.standard import Standard


@dataclass(frozen=True)
class Entry:
    """``name``: of the record type, source or code list; for a column, of its record type."""

    kind: Literal["record type", "column", "source", "code list"]
    name: str
    column: str = ""


def find_entry(name: str, standard: Standard, sources: Sequence[str]) -> Entry:
    """What ``name`` means: ``vehicle``, ``vehicle.plate``, ``plate``, a source or a code list."""
    first, _, column = name.partition(".")
    if column and first in standard.record_types:
        standard.record_types[first].column(column)
        return Entry("column", first, column)
    if name in standard.record_types:
        return Entry("record type", name)
    if name in sources:
        return Entry("source", name)
    having = [
        each.name
        for each in standard.record_types.values()
        if any(column.name == name for column in each.columns)
    ]
    if len(having) == 1:
        return Entry("column", having[0], name)
    if having:
        raise QueryError(
            "query.ambiguous-entry",
            f"Several record types have a column '{name}'",
            remedy=f"name one of them: {', '.join(f'{each}.{name}' for each in having)}",
        )
    if name in standard.code_lists:
        return Entry("code list", name)
    own = (f"{each.name}.{column.name}" for each in standard.record_types.values() for column in each.columns)
    known = [*standard.record_types, *sources, *standard.code_lists, *own]
    close = did_you_mean(name, known)
    raise QueryError(
        "query.unknown-entry",
        f"The catalogue has no record type, column, source or code list '{name}'",
        remedy=f"{close}'comity catalog' lists the record types and sources, 'comity standard codes' the code lists",
    )
