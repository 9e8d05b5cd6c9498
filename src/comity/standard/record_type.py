"""A record type, and the standard that all of them make up.

Invariant: the columns of a record type stand in one order everywhere: the envelope's identity, the
type's own, the rest of the envelope; partial dates are expanded; a retired column is in ``retired`` only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from comity.errors import StandardError, nearest

if TYPE_CHECKING:
    from comity.standard.code_list import CodeList
    from comity.standard.column import Column


@dataclass(frozen=True)
class RecordType:
    name: str
    title: str
    description: str
    origin: str
    columns: tuple[Column, ...]
    retired: tuple[Column, ...] = ()

    @property
    def own_columns(self) -> tuple[Column, ...]:
        """The columns that are not the envelope's."""
        return tuple(column for column in self.columns if not column.envelope)

    @property
    def partial_dates(self) -> tuple[str, ...]:
        """The base names of the partial dates, such as ``birth_date``."""
        return tuple(column.name for column in self.columns if column.partial_date == column.name)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        retired = any(column.name == name for column in self.retired)
        raise StandardError(
            "standard.unknown-column",
            f"The record type '{self.name}' has no column '{name}'"
            + (" any more: it is retired" if retired else ""),
            remedy=nearest(name, (column.name for column in self.columns)),
        )


@dataclass(frozen=True)
class Standard:
    version: str
    title: str
    description: str
    record_types: dict[str, RecordType]
    code_lists: dict[str, CodeList]
    envelope: tuple[Column, ...]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that the standard says."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def record_type(self, name: str) -> RecordType:
        if name not in self.record_types:
            raise StandardError(
                "standard.unknown-record-type",
                f"The standard has no record type '{name}'",
                remedy=nearest(name, self.record_types),
            )
        return self.record_types[name]

    def code_list(self, name: str) -> CodeList:
        if name not in self.code_lists:
            raise StandardError(
                "standard.unknown-code-list",
                f"The standard has no code list '{name}'",
                remedy=nearest(name, self.code_lists),
            )
        return self.code_lists[name]
