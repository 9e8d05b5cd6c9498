"""The files of the standard as a person writes them.

Invariant: a key that is not here is refused, so that a misspelt constraint never silently holds nothing.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Sensitivity = Literal["none", "operational", "personal", "special"]
Version = r"^\d+\.\d+\.\d+$"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnFile(_File):
    id: int
    """The field id: never changed, never used again."""
    type: str
    """What the column holds."""
    description: str
    """What it means."""
    required: bool = False
    """Every record has it."""
    code_list: str | None = None
    """The code list that its values are of."""
    pattern: str | None = None
    """A regular expression that its text has."""
    minimum: int | float | None = None
    """Its smallest value."""
    maximum: int | float | None = None
    """Its largest value."""
    unit: str | None = None
    """The unit of a number."""
    sensitivity: Sensitivity | None = None
    """How careful to be with it."""
    origin: str | None = None
    """Whose definition it is."""
    retired: bool = False
    """It is gone, and its id stays taken."""
    fields: dict[str, ColumnFile] = Field(default_factory=dict)
    """The parts of a `list<struct>`."""


class RecordTypeFile(_File):
    """``origin`` and ``sensitivity`` hold for every column that does not name its own."""

    record: str
    """The record type, as the file is called."""
    title: str
    """Its name for people."""
    description: str
    """What one record is."""
    origin: str
    """Whose definition it is."""
    sensitivity: Sensitivity = "none"
    """How careful to be with its columns."""
    columns: dict[str, ColumnFile]
    """Column: its definition."""


class EnvelopeFile(_File):
    """``identity`` stands before a record type's own columns, ``account`` after them."""

    description: str
    """What the envelope is."""
    origin: str
    """Whose definition it is."""
    identity: dict[str, ColumnFile]
    """The columns in front of a record type's own."""
    account: dict[str, ColumnFile]
    """The columns behind them."""


class StandardFile(_File):
    title: str
    """Its name."""
    version: str = Field(pattern=Version)
    """Three numbers with dots."""
    description: str
    """What it is."""
    record_types: tuple[str, ...]
    """Every record type, in order."""


class CodeListEntry(_File):
    title: str
    """Its name for people."""
    version: str = Field(pattern=Version)
    """Three numbers with dots; a new one when a code comes or changes."""
    origin: str
    """Whose list it is."""
