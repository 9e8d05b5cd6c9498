"""What was seen of an export: its format, its fields, and a sample of their values.

Invariant: values are texts as a reader would give them, one list a field, all of one length; nothing here is the whole
export, and how much was looked at is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value = str | None


@dataclass(frozen=True)
class SampleField:
    """``values``: one a row, None where nothing stands; of a list (``many``) the items of all rows."""

    name: str
    values: tuple[Value, ...] = ()
    path: str = ""
    many: bool = False
    records: tuple[SampleField, ...] = ()
    optional: bool = False
    aliases: tuple[str, ...] = ()
    start: int | None = None
    length: int | None = None
    description: str = ""


@dataclass(frozen=True)
class Table:
    """``format``: as ``adapter.yaml`` has it. ``doubts``: key of the format → why a person must decide it.

    ``rows`` were looked at, of about ``estimated``. ``named``: the names of the fields are the file's own.
    ``preamble``, ``header``, ``footer``: the cells of those rows.
    """

    format: Mapping[str, Any]
    fields: tuple[SampleField, ...]
    rows: int
    estimated: int | None = None
    named: bool = True
    evidence: tuple[str, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)
    preamble: tuple[tuple[str, ...], ...] = ()
    footer: tuple[tuple[str, ...], ...] = ()
    language: str | None = None
    line_ending: str = "\n"
    quoted: str = "where needed"
    mark: bool = False
    """A byte order mark stands in front."""


def columns_of(rows: Sequence[Sequence[Value]], width: int) -> list[tuple[Value, ...]]:
    """Rows of ``width`` cells as columns; an empty cell is None."""
    filled = ([cell if cell else None for cell in row] for row in rows)
    return list(zip(*filled, strict=True)) if rows else [()] * width
