"""What is costly, worked out once for every distinct text and joined back.

Invariant: a lookup is a pure function of its text; it runs on the distinct texts of one part of an export, never on
rows, and gives NULL for a text that it does not understand. SQL does what it can; Python does the rest of the texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from comity.mappings.calendar import LIBRARIES, read_date
from comity.mappings.date_sql import full_date, month_start, sql_reads, year_start
from comity.mappings.staged import small_table, whole
from comity.mappings.text_steps import sql_text
from comity.mappings.transliterate import latin_words, name_words

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_NOT_ASCII = "strlen(text) <> length(text)"
# For ASCII, in SQL: an apostrophe is no end of a word, every other sign is one.
_ASCII_WORDS = "trim(regexp_replace(regexp_replace(upper(text), '[''`]', '', 'g'), '[^{}]+', ' ', 'g'))"


class LookupKind(Protocol):
    """What a lookup gives for a text."""

    @property
    def libraries(self) -> tuple[str, ...]:
        """The packages that the result rests on."""
        ...

    @property
    def rest(self) -> str | None:
        """Which texts are Python's, as SQL over ``text``; None when SQL does all."""
        ...

    def select(self, texts: str) -> str:
        """The SELECT ``texts``, of ``text`` and perhaps more, with the results, of any value where Python does it."""
        ...

    def results(self, texts: list[str]) -> dict[str, list[Any]]:
        """The same columns for the texts that are Python's."""
        ...


@dataclass(frozen=True)
class DateLookup:
    """Dates, perhaps partial and in any calendar: edtf, earliest, latest."""

    formats: tuple[str, ...]
    calendar: str
    pivot: int | None
    approximate: bool

    @property
    def libraries(self) -> tuple[str, ...]:
        return LIBRARIES.get(self.calendar, ())

    @property
    def rest(self) -> str | None:
        return None if sql_reads(self.formats, self.calendar) and not self.approximate else "true"

    def select(self, texts: str) -> str:
        if self.rest:
            nothing = (
                "CAST(NULL AS VARCHAR) AS edtf, CAST(NULL AS DATE) AS earliest, CAST(NULL AS DATE) AS latest"
            )
            return f"SELECT *, {nothing} FROM ({texts})"
        grains = ", ".join(
            f"{start('text', self.formats, self.calendar)} AS {grain}"
            for grain, start in (("day", full_date), ("month", month_start), ("year", year_start))
        )
        return (
            "SELECT * EXCLUDE (day, month, year), "
            "coalesce(CAST(day AS VARCHAR), strftime(month, '%Y-%m'), strftime(year, '%Y')) AS edtf, "
            "coalesce(day, month, year) AS earliest, coalesce(day, last_day(month), "
            "CAST(year + INTERVAL 1 YEAR - INTERVAL 1 DAY AS DATE)) AS latest "
            f"FROM (SELECT *, {grains} FROM ({texts}))"
        )

    def results(self, texts: list[str]) -> dict[str, list[Any]]:
        found = [read_date(text, self.formats, self.calendar, self.pivot, self.approximate) for text in texts]
        return {
            "text": texts,
            "edtf": [date and date.edtf for date in found],
            "earliest": [date and date.earliest for date in found],
            "latest": [date and date.latest for date in found],
        }


@dataclass(frozen=True)
class LatinLookup:
    """A part of a name by the transliteration tables of ICAO Doc 9303-3: value, empty when it has no letter."""

    language: str | None
    libraries: ClassVar[tuple[str, ...]] = ()
    rest: ClassVar[str] = _NOT_ASCII

    def select(self, texts: str) -> str:
        return f"SELECT *, {_ASCII_WORDS.format('A-Z0-9')} AS value FROM ({texts})"

    def results(self, texts: list[str]) -> dict[str, list[Any]]:
        return {"text": texts, "value": [latin_words(text, self.language) for text in texts]}


@dataclass(frozen=True)
class NameWordsLookup:
    """The words of a part of a name as a search key has them, in the part's order: value."""

    libraries: ClassVar[tuple[str, ...]] = ("anyascii",)
    rest: ClassVar[str] = _NOT_ASCII

    def select(self, texts: str) -> str:
        return f"SELECT *, {_ASCII_WORDS.format('A-Z')} AS value FROM ({texts})"

    def results(self, texts: list[str]) -> dict[str, list[Any]]:
        return {"text": texts, "value": [name_words(text) for text in texts]}


@dataclass(frozen=True)
class ListCodesLookup:
    """The codes of a cell that holds several: codes, each once in the cell's order; unmapped, those that no line has;
    and whether there are some for which the crosswalk knows no equivalent.

    ``items``: SQL over ``text`` for the list of its items; ``codes``: source code → standard code, perhaps None.
    """

    items: str
    codes: tuple[tuple[str, str | None], ...]
    libraries: ClassVar[tuple[str, ...]] = ()
    rest: ClassVar[None] = None

    def select(self, texts: str) -> str:
        keys = "[" + ", ".join(sql_text(code) for code, _ in self.codes) + "]"
        pairs = ", ".join(f"{sql_text(code)}: {sql_text(to) if to else 'NULL'}" for code, to in self.codes)
        known = f"list_filter(list_transform(items, lambda x: MAP {{{pairs}}}[x]), lambda x: x IS NOT NULL)"
        return (
            # list_distinct would not keep the order.
            "SELECT * EXCLUDE (items, known, unmapped), "
            "list_filter(known, lambda x, i: list_position(known, x) = i) AS codes, unmapped, "
            "len(items) > len(known) + len(unmapped) AS no_equivalent FROM ("
            f"SELECT *, {known if pairs else 'CAST([] AS VARCHAR[])'} AS known, "
            f"list_filter(items, lambda x: NOT list_contains({keys}, x)) AS unmapped "
            f"FROM (SELECT *, {self.items} AS items FROM ({texts})))"
        )

    def results(self, texts: list[str]) -> dict[str, list[Any]]:
        raise NotImplementedError("SQL does all of it")


@dataclass(frozen=True)
class Lookup:
    """A lookup table that a statement joins: its name, the column that holds its texts, and what fills it.

    ``fields``: those of the source that the texts come from.
    """

    name: str
    text: str
    kind: LookupKind
    fields: frozenset[str] = field(default=frozenset(), repr=False)  # not part of a mapping's version


def fill_lookup(connection: duckdb.DuckDBPyConnection, lookup: Lookup, texts: str) -> None:
    """Create the lookup's temporary table from the SELECT of distinct ``texts``."""
    kind, name = lookup.kind, lookup.name
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {kind.select(texts)}")
    if kind.rest is None:
        return
    rest = [text for (text,) in connection.execute(f"SELECT text FROM {name} WHERE {kind.rest}").fetchall()]
    if rest:
        filled = kind.results(rest)
        connection.execute(f"DELETE FROM {name} WHERE {kind.rest}")
        columns = ", ".join(f"unnest(?) AS {column}" for column in filled)
        connection.execute(f"INSERT INTO {name} BY NAME SELECT {columns}", list(filled.values()))


def results_of(connection: duckdb.DuckDBPyConnection, lookup: Lookup, texts: str) -> pa.Table:
    """``source_row``, ``text`` and the results for the SELECT ``texts`` of those two, in the order of the first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = lookup.kind
    rest = f"coalesce({kind.rest}, false) AND text IS NOT NULL" if kind.rest else "false"
    sql = f"SELECT *, {rest} AS rest FROM ({kind.select(texts)}) ORDER BY source_row"
    found = small_table(connection, sql)
    rest_of = whole(found.column("rest"))
    if pc.any(rest_of).as_py():
        filled = kind.results(found.column("text").filter(rest_of).to_pylist())
        for place, name in enumerate(found.column_names):
            if name in filled:
                column = whole(found.column(name))
                values = pa.array(filled[name], column.type)
                found = found.set_column(place, name, pc.replace_with_mask(column, rest_of, values))
    return found.drop_columns(["rest"])
