"""One rule of a mapping as it is written: where a column's value comes from, the steps on it, and what it is read as.

Invariant: a rule that loads has exactly one origin and at most one reading, and no key without effect. What it refers
to (fields, code lists, steps) is checked when it is compiled.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

Policy = Literal["flag", "reject", "stop"]
Calendar = Literal["gregorian", "minguo", "buddhist", "japanese", "umm_al_qura", "solar_hijri", "ethiopic"]
Missing = Literal["unknown", "withheld", "not_applicable", "not_asked", "unparseable", "redacted"]

ORIGINS = (
    "from", "constant", "join", "first_of", "list", "structs", "case",
    "latin", "name_key", "hash", "sql", "record",
)  # fmt: skip
READINGS = ("integer", "number", "boolean", "date", "timestamp", "codes", "check")
# The origins that give a text, on which the steps work; and the keys that go with others than these.
TEXT_ORIGINS = ("from", "join", "sql")
NEEDS: dict[str, tuple[str, ...]] = {
    "with": ("join",),
    "else": ("case",),
    "scheme": ("latin",),
    "language": ("latin",),
    "group": ("extract",),
    "optional": ("extract",),
    "calendar": ("date",),
    "pivot": ("date",),
    "approximate": ("date",),
    "zone": ("timestamp",),
    "take": ("codes",),
    "unmapped": ("codes",),
    "zero_is_missing": ("integer", "number"),
}


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


# One text, or a list of at least one.
Words = Annotated[tuple[str, ...], BeforeValidator(_one_or_many), Field(min_length=1)]


class Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Number(Block):
    """How a number is written: its decimal mark, its thousands mark, and the factor to the standard's unit."""

    decimal: str = Field(".", min_length=1, max_length=1)
    thousands: str | None = Field(None, min_length=1, max_length=1)
    multiply: float | None = Field(None, gt=0, allow_inf_nan=False)
    round: int | None = Field(None, ge=0, le=6)

    @model_validator(mode="after")
    def _two_marks(self) -> Number:
        if self.decimal == self.thousands:
            raise ValueError(f"'{self.decimal}' cannot mark both decimals and thousands")
        return self


class Boolean(Block):
    """The source's words for true and for false."""

    true: Words
    false: Words

    @model_validator(mode="after")
    def _no_word_means_both(self) -> Boolean:
        if both := set(self.true) & set(self.false):
            raise ValueError(f"'{min(both)}' cannot mean both true and false")
        return self


class Weighted(Block):
    """A number of as many digits as there are weights: their weighted sum is a multiple of ``modulo``."""

    weights: tuple[int, ...] = Field(min_length=2, max_length=64)
    modulo: int = Field(10, ge=2, le=1000)


class Pad(Block):
    """Left padding, for codes whose leading zeros were lost."""

    width: int = Field(gt=0, le=64)
    with_: str = Field("0", alias="with", min_length=1, max_length=1)


class Condition(Block):
    """Holds when the field is one of ``is``, or matches the regular expression, or is missing."""

    field: str
    is_: Words | None = Field(None, alias="is")
    matches: str | None = None
    missing: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        if sum(test is not None for test in (self.is_, self.matches, self.missing)) != 1:
            raise ValueError("a condition needs exactly one of 'is', 'matches' and 'missing'")
        return self


class Case(Block):
    """One branch of a ``case``."""

    when: Condition
    then: TextOrRule


def _kind(value: Any) -> str:
    return "text" if isinstance(value, str) else "rule"


Check = Annotated[
    Annotated[Literal["vin", "mrz", "imei", "imo", "luhn"], Tag("text")] | Annotated[Weighted, Tag("rule")],
    Discriminator(_kind),
]
# Told apart before they are read, so that an error in a rule is about the rule.
TextOrRule = Annotated[Annotated[str, Tag("text")] | Annotated["Rule", Tag("rule")], Discriminator(_kind)]


def _kind_of_each(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    return (
        "unpivot"
        if isinstance(value, Unpivot) or (isinstance(value, dict) and "unpivot" in value)
        else "split"
    )


class RecordReference(Block):
    """The record_id of another record of the same source, by its record type and the fields of its key.

    With ``each`` it is a list: one reference for every item, as the mapping of that record type makes them.
    """

    record: str
    key: Words
    each: ListEach | None = None


class Rule(Block):
    """How one column is filled. Exactly one of ORIGINS; the other keys are steps, applied in the order given here."""

    # Where the value comes from.
    from_: str | None = Field(None, alias="from")
    constant: str | int | float | bool | tuple[str, ...] | None = None
    join: Words | None = None
    with_: str = Field(" ", alias="with")
    first_of: Annotated[tuple[TextOrRule, ...], BeforeValidator(_one_or_many), Field(min_length=1)] | None = (
        None
    )
    list_: Annotated[tuple[TextOrRule, ...], BeforeValidator(_one_or_many), Field(min_length=1)] | None = (
        Field(None, alias="list")
    )
    structs: Annotated[tuple[dict[str, TextOrRule], ...], Field(min_length=1)] | None = None
    case: Annotated[tuple[Case, ...], Field(min_length=1)] | None = None
    else_: TextOrRule | None = Field(None, alias="else")
    latin: Words | None = None
    scheme: Literal["icao9303"] = "icao9303"
    language: str | None = None
    name_key: Words | None = None
    hash: Words | None = None
    sql: str | None = None
    record: RecordReference | None = None

    # Steps on the text, in this order.
    missing: dict[str, Missing] | None = None
    replace: dict[str, str] | None = None
    extract: str | None = None
    group: int = Field(1, ge=0, le=9)
    optional: bool = False
    apply: tuple[str, ...] = ()
    pad: Pad | None = None
    split: Annotated[str, Field(min_length=1)] | SplitRegex | None = None

    # What the text is read as: at most one.
    integer: bool = False
    number: Number | bool = False
    boolean: Boolean | None = None
    date: Words | None = None
    calendar: Calendar = "gregorian"
    pivot: int | None = Field(None, ge=0, le=99)
    approximate: bool = False
    timestamp: Words | None = None
    zone: str | None = None
    codes: str | None = None
    take: Literal["code", "relation"] = "code"
    unmapped: Policy = "flag"
    check: Check | None = None

    zero_is_missing: bool = False
    invalid: Policy | None = None

    @field_validator("apply", mode="before")
    @classmethod
    def _one_step_or_many(cls, value: Any) -> Any:
        return _one_or_many(value)

    @property
    def read_as(self) -> str | None:
        """The key that says what the text is read as."""
        return next((name for name in READINGS if getattr(self, name)), None)

    @model_validator(mode="after")
    def _one_origin(self) -> Rule:
        given = {self._key(name) for name in self.model_fields_set}
        origins = [name for name in ORIGINS if name in given]
        if len(origins) != 1:
            raise ValueError(
                f"a rule needs exactly one of {', '.join(ORIGINS)}; it has {' and '.join(origins) or 'none'}"
            )
        readings = [name for name in READINGS if getattr(self, name)]
        if len(readings) > 1:
            raise ValueError(f"a value is read as one thing; this rule has {' and '.join(readings)}")
        for name in given - {origins[0]}:
            needed = NEEDS.get(name, TEXT_ORIGINS)
            if not given & set(needed):
                raise ValueError(f"'{name}' has no effect here: it goes with {' or '.join(needed)}")
        return self

    @classmethod
    def _key(cls, name: str) -> str:
        return cls.model_fields[name].alias or name


class SplitRegex(Block):
    """A separator given as a regular expression."""

    regex: str


class SplitEach(Block):
    """One record per part of a cell; ``as`` names the part, ``as#`` its number."""

    split: str
    on: str = Field(min_length=1)
    as_: str = Field(alias="as", min_length=1)


class Unpivot(Block):
    """One record per column of a wide row: the column's label in ``name``, its cell in ``value``."""

    unpivot: dict[str, str] = Field(min_length=1)
    name: str = Field(min_length=1)
    value: str = Field(min_length=1)
    skip_missing: bool = True


ListEach = Annotated[
    Annotated[str, Tag("text")] | Annotated[SplitEach, Tag("split")],
    Discriminator(lambda value: "text" if isinstance(value, str) else "split"),
]
Each = Annotated[
    Annotated[str, Tag("text")] | Annotated[SplitEach, Tag("split")] | Annotated[Unpivot, Tag("unpivot")],
    Discriminator(_kind_of_each),
]

for _model in (Case, RecordReference, Rule):
    _model.model_rebuild()
