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
    type: str
    description: str
    required: bool = False
    code_list: str | None = None
    pattern: str | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    unit: str | None = None
    sensitivity: Sensitivity | None = None
    origin: str | None = None
    retired: bool = False
    fields: dict[str, ColumnFile] = Field(default_factory=dict)


class RecordTypeFile(_File):
    """``origin`` and ``sensitivity`` hold for every column that does not name its own."""

    record: str
    title: str
    description: str
    origin: str
    sensitivity: Sensitivity = "none"
    columns: dict[str, ColumnFile]


class EnvelopeFile(_File):
    """``identity`` stands before a record type's own columns, ``account`` after them."""

    description: str
    origin: str
    identity: dict[str, ColumnFile]
    account: dict[str, ColumnFile]


class StandardFile(_File):
    title: str
    version: str = Field(pattern=Version)
    description: str
    record_types: tuple[str, ...]


class CodeListEntry(_File):
    title: str
    version: str = Field(pattern=Version)
    origin: str
