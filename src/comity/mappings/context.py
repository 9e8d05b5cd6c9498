"""What a mapping is compiled against.

Invariant: everything that determines the output is in here or in the mapping itself; nothing is read from the
environment or the clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from comity.mappings.source_field import SourceField
    from comity.standard import CodeList, Column, Standard


@dataclass(frozen=True)
class Envelope:
    """The owner's agreement, constant for a source: SQL-ready values of the envelope's columns.

    ``review_after`` and ``purge_after`` are DuckDB intervals (``INTERVAL 5 YEAR``) from the day of receipt.
    """

    owner_country: str
    confidentiality: str
    handling_codes: tuple[str, ...] = ()
    handling_conditions: str | None = None
    permitted_purposes: tuple[str, ...] = ()
    recipients_allow: tuple[str, ...] = ()
    recipients_deny: tuple[str, ...] = ()
    evaluation_scheme: str = "NONE"
    source_grade: str | None = None
    information_grade: str | None = None
    sensitive_categories: tuple[str, ...] = ()
    review_after: str = "INTERVAL 5 YEAR"
    purge_after: str | None = None


@dataclass(frozen=True)
class Context:
    """``fields``: every field of the source. ``folder``: where its mappings and crosswalks lie.

    ``review``: for the review of codes, in which a line of a crosswalk that nobody has decided is not there.
    """

    source: str
    standard: Standard
    fields: tuple[SourceField, ...]
    envelope: Envelope
    folder: Path
    review: bool = False

    def code_list(self, name: str) -> CodeList:
        """A code list of the standard."""
        return self.standard.code_lists[name]


def item_of(column: Column) -> Column:
    """A list column as the column of one of its items."""
    if not column.type.startswith("list<"):
        return column
    return replace(column, type=column.type.removeprefix("list<").removesuffix(">"), required=False)
