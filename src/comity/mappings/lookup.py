"""What SQL cannot do, done in Python once per distinct value and joined back.

Invariant: a lookup is a pure function of its text; it runs on the distinct values of one part of an export, never on
rows, and gives NULL for a text that it does not understand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from comity.mappings.calendar import LIBRARIES, read_date
from comity.mappings.transliterate import name_key, to_latin

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class DateLookup:
    """Dates of a calendar, or partial in a way that SQL does not read: edtf, earliest, latest."""

    formats: tuple[str, ...]
    calendar: str
    pivot: int | None
    approximate: bool

    @property
    def libraries(self) -> tuple[str, ...]:
        """The packages that the result rests on."""
        return LIBRARIES.get(self.calendar, ())

    def table(self, texts: list[str]) -> pa.Table:
        import pyarrow as pa

        found = [read_date(text, self.formats, self.calendar, self.pivot, self.approximate) for text in texts]
        return pa.table(
            {
                "text": pa.array(texts, pa.string()),
                "edtf": pa.array([date and date.edtf for date in found], pa.string()),
                "earliest": pa.array([date and date.earliest for date in found], pa.date32()),
                "latest": pa.array([date and date.latest for date in found], pa.date32()),
            }
        )


@dataclass(frozen=True)
class LatinLookup:
    """Names by the transliteration tables of ICAO Doc 9303-3: value."""

    language: str | None
    libraries: ClassVar[tuple[str, ...]] = ()

    def table(self, texts: list[str]) -> pa.Table:
        return _values(texts, [to_latin(text, self.language) for text in texts])


@dataclass(frozen=True)
class NameKeyLookup:
    """Search keys of names: value."""

    libraries: ClassVar[tuple[str, ...]] = ("anyascii",)

    def table(self, texts: list[str]) -> pa.Table:
        return _values(texts, [name_key(text) for text in texts])


LookupKind = DateLookup | LatinLookup | NameKeyLookup


@dataclass(frozen=True)
class Lookup:
    """A lookup table that a statement joins: its name, the column that holds its texts, and what fills it."""

    name: str
    text: str
    kind: LookupKind


def fill_lookups(
    connection: duckdb.DuckDBPyConnection, distinct_sql: str, lookups: tuple[Lookup, ...]
) -> None:
    """Create each lookup's temporary table from the distinct texts: one pass over the part for all of them.

    ``distinct_sql`` yields one row with a list of distinct texts for each lookup, in order.
    """
    lists = connection.execute(distinct_sql).fetchall()[0]
    for lookup, texts in zip(lookups, lists, strict=True):
        filled = lookup.kind.table(sorted(text for text in texts or () if text is not None))
        connection.register("_filled", filled)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {lookup.name} AS SELECT * FROM _filled")
        connection.unregister("_filled")


def _values(texts: list[str], values: list[str | None]) -> pa.Table:
    import pyarrow as pa

    return pa.table({"text": pa.array(texts, pa.string()), "value": pa.array(values, pa.string())})
