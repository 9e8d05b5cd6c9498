"""A mapping file: how one source's fields become one record type.

Invariant: a mapping that loads names only keys that exist, gives a reason for everything that it leaves out, and fills
something. What the names in it refer to (fields, columns, code lists) is checked when it is compiled.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator, model_validator

from comity.config.yaml_file import Location, place_of, read_yaml, validate_model
from comity.errors import ComityError
from comity.mappings.rule import Block, Each, Rule, TextOrRule, Words  # noqa: F401  (Rule: named by TextOrRule)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Where(Block):
    """The rows that are selected, and why the others deliberately are not."""

    sql: str
    """A condition in SQL over the source's fields."""
    reason: str = Field(min_length=1)
    """Why the other rows deliberately are not selected."""


class Branch(Block):
    """One of several records made from a row; what it leaves out is taken from the mapping."""

    each: Each | None = None
    """What makes several records of one row."""
    where: Where | None = None
    """Which rows become this kind of record."""
    key: Words | None = None
    """The field or fields by which the owner knows the record."""
    fields: dict[str, TextOrRule] = Field(default_factory=dict)
    """Column of the standard: rule."""


class Mapping(Block):
    """The content of ``mappings/<source>/<name>.yaml``."""

    source: str
    """The source's name, as its folder has it."""
    record: str
    """The record type that the rows become."""
    description: str = ""
    """For whoever reads the mapping."""
    each: Each | None = None
    """What makes several records of one row: a nested list, the parts of a cell, or wide columns."""
    where: Where | None = None
    """The rows that are selected, and why the others are not."""
    key: Words
    """The field or fields by which the owner knows the record; record_id is made of it."""
    duplicates: Literal["keep_first", "keep_last", "number"] = "keep_first"
    """What happens to records of one key."""
    fields: dict[str, TextOrRule] = Field(default_factory=dict)
    """Column of the standard: rule."""
    ignored: dict[str, str] = Field(default_factory=dict)
    """Field of the source that is not used: the reason."""
    rows: tuple[Branch, ...] = ()
    """Several kinds of record from one row."""

    @model_validator(mode="after")
    def _fills_something(self) -> Mapping:
        if not any(branch.fields for branch in self.branches()):
            raise ValueError("a mapping fills columns, under 'fields' or under the 'fields' of its 'rows'")
        return self

    @field_validator("ignored")
    @classmethod
    def _reasons(cls, value: dict[str, str]) -> dict[str, str]:
        for field, reason in value.items():
            if not reason.strip():
                raise ValueError(f"'{field}' is ignored without a reason")
        return value

    def branches(self) -> tuple[Branch, ...]:
        """Every record that a row can become, each branch complete in itself."""
        if not self.rows:
            return (Branch(each=self.each, where=self.where, key=self.key, fields=self.fields),)
        return tuple(
            Branch(
                each=branch.each or self.each,
                where=branch.where or self.where,
                key=branch.key or self.key,
                fields={**self.fields, **branch.fields},
            )
            for branch in self.rows
        )


class MappingFile:
    """A mapping with the file and the places of its keys, so that an error points at its line."""

    def __init__(self, path: Path) -> None:
        content, places = read_yaml(path)
        self.path = path
        self.places: dict[Location, tuple[int, int]] = places
        self.mapping = validate_model(content if content is not None else {}, Mapping, path, places)

    @contextmanager
    def placed(self, *locations: Location) -> Iterator[None]:
        """An error inside gets the place of the first location that stands in the file, unless it has one."""
        try:
            yield
        except ComityError as error:
            if error.file is not None:
                raise
            location = next((each for each in locations if each in self.places), locations[-1])
            line, column = place_of(self.places, location)
            raise type(error)(
                error.code,
                error.message,
                file=self.path,
                line=line,
                column=column,
                found=error.found,
                remedy=error.remedy,
            ) from None


def load_mappings(folder: Path) -> tuple[MappingFile, ...]:
    """Every mapping of one source, in the order of the file names."""
    return tuple(MappingFile(path) for path in sorted(folder.glob("*.yaml")))
