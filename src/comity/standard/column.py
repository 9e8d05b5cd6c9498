"""A column of the standard: its name, its type in every system we write to, and what may stand in it.

Invariant: a column's field id belongs to it for ever; every type has exactly one DuckDB and one Arrow type.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from comity.errors import StandardError, nearest

# The types of the YAML files. `partial_date` is not among them: it becomes three columns on loading.
DUCKDB_TYPES = {
    "text": "VARCHAR",
    "code": "VARCHAR",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "decimal": "DECIMAL(18,2)",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "list<text>": "VARCHAR[]",
    "list<code>": "VARCHAR[]",
    "list<struct>": "STRUCT[]",
}
PARTIAL_DATE = "partial_date"
TYPES = (*DUCKDB_TYPES, PARTIAL_DATE)
NUMBERS = ("integer", "bigint", "decimal", "double")
ENVELOPE_IDS = range(1, 100)
COLUMN_IDS = range(101, 10_000)
# Iceberg gives the item of a list an id of its own; ours follows from the list's.
ELEMENT_OFFSET = 10_000

_EDTF_DATE = r"[0-9X]{4}(-[0-9X]{2}){0,2}[?~%]?"
EDTF_PATTERN = rf"^({_EDTF_DATE}(/({_EDTF_DATE}|\.\.)?)?|(\.\.)?/{_EDTF_DATE})$"


@dataclass(frozen=True)
class Column:
    """``pattern`` holds for the text, or for every item of a list. ``partial_date`` is the base name when the
    column is one of the three of a partial date; ``fields`` are those of a ``list<struct>``.
    """

    name: str
    type: str
    field_id: int
    required: bool = False
    code_list: str | None = None
    pattern: str | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    unit: str | None = None
    sensitivity: str = "none"
    description: str = ""
    origin: str = "own"
    partial_date: str | None = None
    envelope: bool = False
    retired: bool = False
    fields: tuple[Column, ...] = ()

    @property
    def is_list(self) -> bool:
        return self.type.startswith("list<")

    @property
    def element_id(self) -> int:
        """The field id of a list's item."""
        return ELEMENT_OFFSET + self.field_id

    @property
    def duckdb_type(self) -> str:
        if self.type == "list<struct>":
            inner = ", ".join(f"{field.name} {field.duckdb_type}" for field in self.fields)
            return f"STRUCT({inner})[]"
        return DUCKDB_TYPES[self.type]

    def field(self, name: str) -> Column:
        """One field of a ``list<struct>``."""
        for field in self.fields:
            if field.name == name:
                return field
        raise StandardError(
            "standard.unknown-column",
            f"'{self.name}' has no field '{name}'",
            remedy=nearest(name, (field.name for field in self.fields)),
        )

    def ids(self) -> list[int]:
        """Every field id that the column takes, its item's and its fields' included."""
        element = [self.element_id] if self.is_list else []
        return [self.field_id, *element, *(child for field in self.fields for child in field.ids())]


def expand_partial_date(column: Column) -> tuple[Column, ...]:
    """The three columns of a partial date: the EDTF text, and the first and last day that it can mean.

    They take the ids id, id+1 and id+2. Two days beside the text let SQL compare dates without parsing EDTF.
    """
    bound = replace(column, type="date", required=False, partial_date=column.name)
    return (
        replace(column, type="text", pattern=EDTF_PATTERN, partial_date=column.name),
        replace(
            bound,
            name=f"{column.name}_earliest",
            field_id=column.field_id + 1,
            description=f"First day that {column.name} can mean.",
        ),
        replace(
            bound,
            name=f"{column.name}_latest",
            field_id=column.field_id + 2,
            description=f"Last day that {column.name} can mean.",
        ),
    )
