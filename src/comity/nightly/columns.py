"""What the files of an export tell of their columns before any record is judged.

Invariant: a column counts as constant only when every row of every file has that one value, or none has any; whoever
asks of it may take the value for the column, and answers once and not once a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.validation.scope import name, text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import duckdb

# Of other types, what is equal may still differ: 0.0 and -0.0, thirty days and a month.
_EXACT = "('BYTE_ARRAY', 'BOOLEAN', 'INT32', 'INT64')"
# A list or struct has its leaves here, whose bounds say nothing of the whole; and a column may be missing in a file.
_COLUMNS = f"""
WITH chunks AS (
    SELECT *, split_part(path_in_schema, ', ', 1) AS name FROM parquet_metadata($1) WHERE num_values > 0
),
row_groups AS (SELECT count(*) AS all_of_them FROM (SELECT DISTINCT file_name, row_group_id FROM chunks))
SELECT
    name,
    bool_and(dictionary_page_offset IS NOT NULL OR coalesce(stats_null_count = num_values, false)),
    any_value(path_in_schema) = name AND count(*) = any_value(all_of_them) AND bool_and(type IN {_EXACT}) AND (
        bool_and(coalesce(stats_null_count = num_values, false))
        OR count(DISTINCT stats_min_value) = 1 AND bool_and(coalesce(
            stats_null_count = 0 AND stats_min_value = stats_max_value AND min_is_exact AND max_is_exact, false
        ))
    ),
    bool_and(type IN {_EXACT}) AND sum(total_uncompressed_size) < 512 * count(*)
FROM chunks, row_groups GROUP BY name
"""


@dataclass(frozen=True)
class Columns:
    """``repeating``: held as a dictionary by every file. ``constant``: by their bounds in the files one value, or none.
    ``small``: not so, but they take so little space that they may be.
    """

    repeating: frozenset[str] = frozenset()
    constant: frozenset[str] = frozenset()
    small: frozenset[str] = frozenset()


def columns_of_files(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> Columns:
    """What the metadata of the files say."""
    if not files:
        return Columns()
    rows = connection.execute(_COLUMNS, [[str(path) for path in files]]).fetchall()
    repeating, constant, small = (frozenset(row[0] for row in rows if row[i]) for i in (1, 2, 3))
    return Columns(repeating, constant, small - constant)


def constants(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Columns, wanted: Collection[str]
) -> dict[str, str]:
    """The value, as SQL, of every column of ``relation`` among the ``wanted`` that is constant."""
    candidates = sorted((columns.constant | columns.small) & set(wanted))
    if not candidates:
        return {}
    variable = f"the first of {relation}"
    first = ", ".join(f"{name(each)} := {name(each)}" for each in candidates)
    connection.execute(
        f"SET VARIABLE {name(variable)} = (SELECT struct_pack({first}) FROM {relation} LIMIT 1)"
    )
    values = {each: f"getvariable({text(variable)}).{name(each)}" for each in candidates}
    if unproven := [each for each in candidates if each in columns.small]:
        others = ", ".join(f"count_if({name(each)} IS DISTINCT FROM {values[each]})" for each in unproven)
        counted = connection.execute(f"SELECT {others} FROM {relation}").fetchall()[0]
        for each, other in zip(unproven, counted, strict=True):
            if other:
                del values[each]
    return values
