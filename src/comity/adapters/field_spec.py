"""One field of an adapter's declared header.

Invariant: a field is one thing (a text, a list of texts or a list of records), and the names of an adapter's fields
tell them apart, as SQL columns and in a header.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from comity.adapters.header import normal_name
from comity.mappings.source_field import SourceField

SOURCE_ROW = "source_row"


class FieldSpec(BaseModel):
    """One field of the declared header. A plain text is its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    """What mappings call it, and its name in the header."""
    aliases: tuple[str, ...] = ()
    """Other names it has had in the header."""
    optional: bool = False
    """Not in every export; null where it is not."""
    description: str = ""
    """What it holds, for people."""
    sensitivity: Literal["none", "operational", "personal", "special"] = "none"
    """How careful to be with it: none, operational, personal or special, as in the standard."""
    start: int | None = Field(None, ge=1)
    """Its first character in a fixed-width record, from 1."""
    length: int | None = Field(None, ge=1)
    """How many characters it has in a fixed-width record."""
    zoned: int | None = Field(None, ge=0, le=18)
    """A zoned (overpunched) decimal with so many implied decimals."""
    path: str = ""
    """Where the value lies in a nested record, in dots; the name by default."""
    many: bool = False
    """A list of texts."""
    records: tuple[FieldSpec, ...] = ()
    """A list inside the record whose items have these fields."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_one_thing(self) -> FieldSpec:
        if self.many and self.records:
            raise ValueError("a field is a list of texts ('many') or a list of 'records', not both")
        if (self.start is None) != (self.length is None):
            raise ValueError("'start' and 'length' belong together")
        if self.zoned is not None and self.start is None:
            raise ValueError("'zoned' is for fields with 'start' and 'length'")
        return self

    @property
    def source_field(self) -> SourceField:
        """As a mapping sees it."""
        return SourceField(
            name=self.name,
            shape="records" if self.records else "list" if self.many else "text",
            children=tuple(child.source_field for child in self.records),
            path=self.path or self.name,
            sensitivity=self.sensitivity,
        )


def check_names(fields: tuple[FieldSpec, ...]) -> None:
    """Names become SQL columns, where case does not count; header names and aliases must tell fields
    apart.
    """
    columns: set[str] = set()
    headers: dict[str, str] = {}
    for field in fields:
        if field.name.casefold() in columns or field.name.casefold() == SOURCE_ROW:
            raise ValueError(f"the field name '{field.name}' is taken (case does not count)")
        columns.add(field.name.casefold())
        for header in {normal_name(name) for name in (field.name, *field.aliases)}:
            if headers.setdefault(header, field.name) != field.name:
                raise ValueError(f"'{header}' names both '{headers[header]}' and '{field.name}'")
        check_names(field.records)
