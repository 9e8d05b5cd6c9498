"""One part of an export in memory, column by column.

Invariant: it holds the same rows as its scan, in their order; a text that repeats is held once, and its rows by number.
A part is cut small enough for this (``adapters.csv_part.PART_BYTES``), so memory does not grow with the export.
A text has the same number in all parts of a task (``Numbering``), so what a rule makes of it is worked out once.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from comity.mappings.text_steps import sql_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import duckdb
    import pyarrow as pa

    from comity.mappings.normalise import Rows

_SAMPLE = 8192  # rows, and if nearly all of their texts differ, so do those of the rest
_FEW = 1024  # texts that are taken for repeating in however few rows
_TIMES = 4  # how often a text stands that repeats, on the average


@dataclass
class Numbering:
    """The texts of the repeating fields in the parts of one task: a new text gets the next number.

    ``begun``: how often the numbers of a field began anew, since its texts were hardly those of the parts before.
    """

    texts: dict[str, pa.Array] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)

    def number(self, name: str, column: pa.DictionaryArray) -> pa.DictionaryArray:
        """A field of the next part, with all texts that have a number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        own, known = column.dictionary, self.texts.get(name)
        if known is None:
            self.texts[name] = own
            return column
        numbers = pc.index_in(own, known)
        new = own.filter(numbers.is_null())
        if len(known) + len(new) > max(_FEW, 2 * len(own)):
            self.texts[name] = own
            self.begun[name] = self.begun.get(name, 0) + 1
            return column
        if len(new):
            self.texts[name] = known = pa.concat_arrays([known, new])
            numbers = pc.index_in(own, known)
        return pa.DictionaryArray.from_arrays(numbers.take(column.indices), known)


@dataclass(frozen=True)
class Staged:
    """``table``: the scan's columns, each in one piece. ``types``: those of DuckDB. ``repeating``: field → its texts.

    ``rows``: the part as SQL, which scans the table and no file. ``begun``: as the task's ``Numbering`` has it.
    """

    rows: Rows
    table: pa.Table
    types: dict[str, str]
    repeating: dict[str, pa.DictionaryArray]
    begun: Mapping[str, int] = field(default_factory=dict)

    def alone(self, fields: Collection[str]) -> str | None:
        """The repeating field that those fields are; None where they are several, none, or one that does not repeat."""
        (field,) = fields if len(fields) == 1 else ("",)
        return field if field in self.repeating else None

    def place_of(self, field: str) -> Any:
        """For every row of a repeating field, as numpy: 0 for no text, 1 for the text of number 0, and so on."""
        indices = self.repeating[field].indices
        return indices.fill_null(-1).to_numpy(zero_copy_only=False) + 1

    def scan(self, connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> str:
        """A SELECT of ``table`` under that name: the part's columns, null where it has none, and what it has beside."""
        connection.register(name, table)
        columns = [
            f"{_typed(column, kind) if column in table.column_names else f'CAST(NULL AS {kind})'} AS {sql_name(column)}"
            for column, kind in self.types.items()
        ]
        columns += [sql_name(column) for column in table.column_names if column not in self.types]
        return f"SELECT {', '.join(columns)} FROM {name}"

    def release(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let go of the rows, before those of the next part are read."""
        for name in ("staged", "staged_rows", "picked"):
            connection.unregister(name)

    def pick(self, connection: duckdb.DuckDBPyConnection, places: Any) -> str:
        """A scan of the rows at those places."""
        return self.scan(connection, "picked", self.table.take(places))

    def texts(self, since: Mapping[str, int]) -> pa.Table:
        """Rows that hold no text first, and then every text of some repeating fields once, from that number on.

        The texts of one field stand beside those of another that has nothing to do with them.
        """
        import numpy as np
        import pyarrow as pa

        texts = {name: self.repeating[name].dictionary.slice(number) for name, number in since.items()}
        height = 1 + max(map(len, texts.values()))
        columns = {"source_row": pa.array(np.arange(height))}
        for name, column in texts.items():
            columns[name] = longer(pa.concat_arrays([pa.nulls(1, column.type), column]), height)
        return pa.table(columns)


def longer(column: pa.Array, height: int) -> pa.Array:
    """``column`` with nulls behind it."""
    import pyarrow as pa

    return pa.concat_arrays([column, pa.nulls(height - len(column), column.type)])


def stage_rows(
    connection: duckdb.DuckDBPyConnection,
    rows: Rows,
    read: pa.Table | None = None,
    numbering: Numbering | None = None,
) -> Staged:
    """The rows of a part: they are parsed once, however often a mapping looks at them. ``read``: what the scan gives,
    where somebody has read it already, all of it text. ``numbering``: that of the parts before.
    """
    import pyarrow as pa

    numbering = numbering or Numbering()
    if read is None:
        relation = connection.sql(rows.scan)
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        read = relation.to_arrow_table()
    else:
        types = {name: "BIGINT" if name == "source_row" else "VARCHAR" for name in read.column_names}
    columns: dict[str, pa.Array] = {}
    repeating: dict[str, pa.DictionaryArray] = {}
    for name in read.column_names:
        column = read.column(name)
        encoded = None
        if pa.types.is_string(column.type) and types[name] == "VARCHAR":
            encoded = _encoded(column)
        if encoded is not None:
            columns[name] = repeating[name] = numbering.number(name, encoded)
        else:
            columns[name] = whole(column)
    staged = Staged(rows, pa.table(columns), types, repeating, dict(numbering.begun))
    scan = staged.scan(connection, "staged", staged.table)
    return replace(staged, rows=replace(rows, scan=scan, count=staged.table.num_rows))


def small_table(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """What ``sql`` gives, a few thousand rows, which DuckDB copies once and warns of it: what it gives without a copy
    it binds twice, which takes longer.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return connection.execute(sql).to_arrow_table()


def whole(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece."""
    import pyarrow as pa

    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)


def _encoded(texts: pa.ChunkedArray) -> pa.DictionaryArray | None:
    """The texts each once, if they repeat."""
    import pyarrow.compute as pc

    if len(texts) > _SAMPLE:
        sample = texts.slice(0, _SAMPLE)
        some = len(sample) - sample.null_count
        if pc.count_distinct(sample).as_py() > max(_FEW, 0.95 * some):
            return None
    encoded = whole(texts.dictionary_encode())
    return encoded if len(encoded.dictionary) <= max(_FEW, len(texts) // _TIMES) else None


def _typed(column: str, kind: str) -> str:
    return sql_name(column) if kind in ("VARCHAR", "BIGINT") else f"CAST({sql_name(column)} AS {kind})"
