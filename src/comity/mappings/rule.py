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
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]


class Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Number(Block):
    """How a number is written: its decimal mark, its thousands mark, and the factor to the standard's unit."""

    decimal: str = Field(".", min_length=1, max_length=1)
    """The mark in front of the decimals."""
    thousands: str | None = Field(None, min_length=1, max_length=1)
    """The mark between groups of three digits."""
    multiply: float | None = Field(None, gt=0, allow_inf_nan=False)
    """The factor to the standard's unit."""
    round: int | None = Field(None, ge=0, le=6)
    """Decimal places that are kept. Without it a fraction in a column of whole numbers is not understood."""

    @model_validator(mode="after")
    def _two_marks(self) -> Number:
        if self.decimal == self.thousands:
            raise ValueError(f"'{self.decimal}' cannot mark both decimals and thousands")
        return self


class Boolean(Block):
    """The source's words for true and for false."""

    true: Words
    """The source's word or words for true."""
    false: Words
    """The source's word or words for false."""

    @model_validator(mode="after")
    def _no_word_means_both(self) -> Boolean:
        if both := set(self.true) & set(self.false):
            raise ValueError(f"'{min(both)}' cannot mean both true and false")
        return self


class Weighted(Block):
    """A number of as many digits as there are weights: their weighted sum is a multiple of ``modulo``."""

    weights: tuple[int, ...] = Field(min_length=2, max_length=64)
    """One for each digit, the check digit included."""
    modulo: int = Field(10, ge=2, le=1000)
    """What the weighted sum is a multiple of."""


class Pad(Block):
    """Left padding, for codes whose leading zeros were lost."""

    width: int = Field(gt=0, le=64)
    """How long the text becomes."""
    with_: str = Field("0", alias="with", min_length=1, max_length=1)
    """What is put in front."""


class Condition(Block):
    """Holds when the field is one of ``is``, or matches the regular expression, or is missing."""

    field: str
    """The source's field that is looked at."""
    is_: Words | None = Field(None, alias="is")
    """Holds when the field is this text, or one of these."""
    matches: str | None = None
    """Holds when this regular expression is found in the field."""
    missing: bool | None = None
    """Holds when the field is missing (true), or is there (false)."""

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        if sum(test is not None for test in (self.is_, self.matches, self.missing)) != 1:
            raise ValueError("a condition needs exactly one of 'is', 'matches' and 'missing'")
        return self


class Case(Block):
    """One branch of a ``case``."""

    when: Condition
    """The condition."""
    then: TextOrRule
    """What the value is where the condition holds: a text, or a rule."""


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
    """The record type that is referred to."""
    key: Words
    """The fields of that mapping's key, in its order."""
    each: ListEach | None = None
    """For a list of references: the nested list or the parts of a cell that become those records."""


class Rule(Block):
    """How one column is filled. Exactly one of ORIGINS; the other keys are steps, applied in the order given here."""

    # Where the value comes from.
    from_: str | None = Field(None, alias="from")
    """The field whose value this is."""
    constant: str | int | float | bool | tuple[str, ...] | None = None
    """The same value for every record."""
    join: Words | None = None
    """Fields that become one text; missing ones are left out."""
    with_: str = Field(" ", alias="with")
    """What stands between the parts of `join`."""
    first_of: Annotated[tuple[TextOrRule, ...], BeforeValidator(_one_or_many), Field(min_length=1)] | None = (
        None
    )
    """The first of these rules that gives a value."""
    list_: Annotated[tuple[TextOrRule, ...], BeforeValidator(_one_or_many), Field(min_length=1)] | None = (
        Field(None, alias="list")
    )
    """Rules that each give one item of a list column; what is missing is left out."""
    structs: Annotated[tuple[dict[str, TextOrRule], ...], Field(min_length=1)] | None = None
    """The items of a list of structs, each a rule for every part."""
    case: Annotated[tuple[Case, ...], Field(min_length=1)] | None = None
    """The first branch whose condition holds."""
    else_: TextOrRule | None = Field(None, alias="else")
    """What the value is where no branch of `case` holds."""
    latin: Words | None = None
    """Fields that hold a name, written in the capitals of ICAO Doc 9303-3."""
    scheme: Literal["icao9303"] = "icao9303"
    """How names are written in Latin letters."""
    language: str | None = None
    """The language of the name, where its script is written differently in several."""
    name_key: Words | None = None
    """Fields that hold a name, folded to a key to search by."""
    hash: Words | None = None
    """Fields whose SHA-256 is kept instead of themselves."""
    sql: str | None = None
    """A scalar DuckDB expression over the source's fields, for what no step does."""
    record: RecordReference | None = None
    """The record_id of another record of the same source."""

    # Steps on the text, in this order.
    missing: dict[str, Missing] | None = None
    """The source's words for a value that it does not have, and what each means."""
    replace: dict[str, str] | None = None
    """Whole texts that are exchanged; one replaced by nothing is missing without a flag."""
    extract: str | None = None
    """The part of the text that this regular expression has in parentheses."""
    group: int = Field(1, ge=0, le=9)
    """Which pair of parentheses `extract` takes; 0 is all that is found."""
    optional: bool = False
    """The text need not have what `extract` looks for."""
    apply: tuple[str, ...] = ()
    """Named steps on the text, in the order written."""
    pad: Pad | None = None
    """Zeros, or another sign, in front of codes that lost theirs."""
    split: Annotated[str, Field(min_length=1)] | SplitRegex | None = None
    """What stands between the values of one cell, which become a list."""

    # What the text is read as: at most one.
    integer: bool = False
    """Read as a whole number."""
    number: Number | bool = False
    """Read as a number."""
    boolean: Boolean | None = None
    """Read as true or false."""
    date: Words | None = None
    """Read as a date by this format, or the first of several that fits."""
    calendar: Calendar = "gregorian"
    """The calendar of the source's dates."""
    pivot: int | None = Field(None, ge=0, le=99)
    """For two-digit years: up to it the later century, above it the earlier."""
    approximate: bool = False
    """What is not a whole date is marked as approximate."""
    timestamp: Words | None = None
    """Read as an instant by this format, or the first of several that fits."""
    zone: str | None = None
    """The IANA name of the zone whose local time `timestamp` reads."""
    codes: str | None = None
    """Read as a code by this crosswalk; `same` where the source uses the standard's own codes."""
    take: Literal["code", "relation"] = "code"
    """What is taken of the crosswalk: the code, or how well it fits."""
    unmapped: Policy = "flag"
    """What happens to a code that the crosswalk does not have."""
    check: Check | None = None
    """The outcome of a check digit."""

    zero_is_missing: bool = False
    """Zero is the source's word for unknown."""
    invalid: Policy | None = None
    """What happens to a value that is not understood; a required column rejects the row if nothing is said."""

    @field_validator("apply", mode="before", json_schema_input_type=str | tuple[str, ...])
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
    """The regular expression that stands between the values."""


class SplitEach(Block):
    """One record per part of a cell; ``as`` names the part, ``as#`` its number."""

    split: str
    """The field whose cell holds several values."""
    on: str = Field(min_length=1)
    """What stands between them."""
    as_: str = Field(alias="as", min_length=1)
    """The name by which rules call one of them."""


class Unpivot(Block):
    """One record per column of a wide row: the column's label in ``name``, its cell in ``value``."""

    unpivot: dict[str, str] = Field(min_length=1)
    """Column of the export: what it stands for."""
    name: str = Field(min_length=1)
    """The name by which rules call what the column stands for."""
    value: str = Field(min_length=1)
    """The name by which rules call the cell."""
    skip_missing: bool = True
    """Empty cells make no record."""


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
