"""A mapping file: how one source's fields become one record type.

Invariant: a mapping that loads names only keys that exist, and every rule has exactly one origin for its value.
What the names in it refer to (fields, columns, code lists) is checked when it is compiled.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from comity.config.yaml_file import Location, place_of, read_yaml, validate_model
from comity.errors import ComityError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Policy = Literal["flag", "reject", "stop"]
Calendar = Literal["gregorian", "minguo", "buddhist", "japanese", "umm_al_qura", "solar_hijri", "ethiopic"]
Missing = Literal["unknown", "withheld", "not_applicable", "not_asked", "unparseable", "redacted"]

ORIGINS = (
    "from", "constant", "join", "first_of", "list", "structs", "case",
    "latin", "name_key", "hash", "sql", "record",
)  # fmt: skip


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Number(_Block):
    """How a number is written: its decimal mark, its thousands mark, and the factor to the standard's unit."""

    decimal: str = "."
    thousands: str | None = None
    multiply: float | None = None
    round: int | None = None


class Boolean(_Block):
    """The source's words for true and for false."""

    true: tuple[str, ...]
    false: tuple[str, ...]


class Pad(_Block):
    """Left padding, for codes whose leading zeros were lost."""

    width: int = Field(gt=0, le=64)
    with_: str = Field("0", alias="with", min_length=1, max_length=1)


class Condition(_Block):
    """Holds when the field is one of ``is``, or matches the regular expression, or is missing."""

    field: str
    is_: tuple[str, ...] | None = Field(None, alias="is")
    matches: str | None = None
    missing: bool | None = None

    @field_validator("is_", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        if sum(test is not None for test in (self.is_, self.matches, self.missing)) != 1:
            raise ValueError("a condition needs exactly one of 'is', 'matches' and 'missing'")
        return self


class Case(_Block):
    """One branch of a ``case``."""

    when: Condition
    then: str | Rule


class RecordReference(_Block):
    """The record_id of another record of the same source, by its record type and the fields of its key."""

    record: str
    key: tuple[str, ...]


class Rule(_Block):
    """How one column is filled. Exactly one of ORIGINS; the other keys are steps, applied in the order given here."""

    # Where the value comes from.
    from_: str | None = Field(None, alias="from")
    constant: str | int | float | bool | tuple[str, ...] | None = None
    join: tuple[str, ...] | None = None
    with_: str = Field(" ", alias="with")
    first_of: tuple[str | Rule, ...] | None = None
    list_: tuple[str | Rule, ...] | None = Field(None, alias="list")
    structs: tuple[dict[str, str | Rule], ...] | None = None
    case: tuple[Case, ...] | None = None
    else_: str | Rule | None = Field(None, alias="else")
    latin: tuple[str, ...] | None = None
    scheme: Literal["icao9303"] = "icao9303"
    language: str | None = None
    name_key: tuple[str, ...] | None = None
    hash: tuple[str, ...] | None = None
    sql: str | None = None
    record: RecordReference | None = None

    # Steps on the text, in this order.
    missing: dict[str, Missing] | None = None
    replace: dict[str, str] | None = None
    extract: str | None = None
    group: int = 1
    apply: tuple[str, ...] = ()
    pad: Pad | None = None
    split: str | SplitRegex | None = None

    # What the text is read as: at most one.
    integer: bool = False
    number: Number | bool = False
    boolean: Boolean | None = None
    date: tuple[str, ...] | None = None
    calendar: Calendar = "gregorian"
    pivot: int | None = Field(None, ge=0, le=99)
    approximate: bool = False
    timestamp: tuple[str, ...] | None = None
    zone: str | None = None
    codes: str | None = None
    unmapped: Policy = "flag"
    check: Literal["vin", "mrz", "imei", "imo", "luhn"] | None = None

    zero_is_missing: bool = False
    invalid: Policy | None = None

    @field_validator(
        "join", "latin", "name_key", "hash", "apply", "date", "timestamp", "list_", mode="before"
    )
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> Rule:
        given = [name for name in ORIGINS if getattr(self, _ATTRIBUTE.get(name, name)) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a rule needs exactly one of {', '.join(ORIGINS)}; it has {' and '.join(given) or 'none'}"
            )
        read_as = [
            name
            for name in ("integer", "number", "boolean", "date", "timestamp", "codes", "check")
            if getattr(self, name)
        ]
        if len(read_as) > 1:
            raise ValueError(f"a value is read as one thing; this rule has {' and '.join(read_as)}")
        return self


class SplitRegex(_Block):
    """A separator given as a regular expression."""

    regex: str


_ATTRIBUTE = {"from": "from_", "list": "list_"}


class SplitEach(_Block):
    """One record per part of a cell; ``as`` names the part, ``as#`` its number."""

    split: str
    on: str
    as_: str = Field(alias="as")


class Unpivot(_Block):
    """One record per column of a wide row: the column's label in ``name``, its cell in ``value``."""

    unpivot: dict[str, str]
    name: str
    value: str
    skip_missing: bool = True


class Where(_Block):
    """The rows that are selected, and why the others deliberately are not."""

    sql: str
    reason: str


class Branch(_Block):
    """One of several records made from a row; what it leaves out is taken from the mapping."""

    each: str | SplitEach | Unpivot | None = None
    where: Where | None = None
    key: tuple[str, ...] | None = None
    fields: dict[str, str | Rule] = {}


class Mapping(_Block):
    """The content of ``mappings/<source>/<name>.yaml``."""

    source: str
    record: str
    description: str = ""
    each: str | SplitEach | Unpivot | None = None
    where: Where | None = None
    key: tuple[str, ...] = Field(min_length=1)
    duplicates: Literal["keep_first", "keep_last", "number"] = "keep_first"
    fields: dict[str, str | Rule] = {}
    ignored: dict[str, str] = {}
    rows: tuple[Branch, ...] = ()

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


for _model in (Case, Rule, Branch, Mapping):
    _model.model_rebuild()


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
