"""The views ``changes`` and ``withdrawals``: what became different, by record and column, and what left.

Invariant: ``changes`` compares the records themselves, so it holds between any two releases, however many lie between
them; only files that are not in both are read, and of two states of a record only its id and a hash are joined before
it is known to differ. The files of changes tell who changed a column where the records cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.store.merge_changes import PROVENANCE
from comity.store.view_sql import Report, identifier, literal, path_list, record_select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from comity.standard import RecordType
    from comity.store.publication import StoredFile
    from comity.store.view_sql import Columns, FileLists

_COLUMNS = (
    "record_type",
    "source_id",
    "owner_country",
    "record_id",
    "kind",
    "column_name",
    "old_value",
    "new_value",
)
CHANGES = Report(
    "changes",
    "What changed since an earlier release, the one before unless another was asked for: records added and withdrawn,"
    " and every column that its source or its mapping changed, with both values as text",
    columns=tuple((name, "VARCHAR") for name in _COLUMNS),
)
WITHDRAWALS = Report(
    "withdrawals",
    "Every record that left the current views since its source no longer brings it, and in which release",
)
_KEY = ("owner_country", "record_id")
_NONE = "SELECT " + ", ".join(f"NULL::VARCHAR AS {name}" for name in _COLUMNS) + " WHERE false"


def changes_sql(
    duck: DuckDBPyConnection,
    types: Sequence[RecordType],
    before: Sequence[StoredFile],
    after: Sequence[StoredFile],
    causes: Mapping[str, Sequence[Path]],
    lists: FileLists,
) -> str:
    """The body of the view, for records of ``types``. ``before``, ``after``: the files of each of two releases that
    the other has not; ``causes``: by record type, the files of changes that came between; ``lists``: where the lists of
    all these are put.
    """
    parts = []
    for record_type in types:
        sides = [[file for file in side if file.record_type == record_type.name] for side in (before, after)]
        if sides[0] or sides[1]:
            wanted = [(column.name, column.duckdb_type) for column in record_type.columns]
            ids = {column.name: column.field_id for column in record_type.columns}
            earlier, later = (record_select(duck, files, wanted, ids, lists) for files in sides)
            told = _told(causes.get(record_type.name, ()), lists)
            parts.append(_of_type(record_type.name, wanted, earlier, later, told))
    return "\nUNION ALL\n".join(parts) or _NONE


def _told(causes: Sequence[Path], lists: FileLists) -> str:
    """By record, the columns that the files of changes say its source changed."""
    if not causes:
        return "SELECT NULL::VARCHAR AS record_id, NULL::VARCHAR[] AS by_source WHERE false"
    return (
        "SELECT record_id, flatten(list(source_columns)) AS by_source FROM"
        f" read_parquet({lists.called(causes)}, hive_partitioning = false) GROUP BY record_id"
    )


def _of_type(record_type: str, wanted: Columns, before: str, after: str, told: str) -> str:
    names = [name for name, _ in wanted if name not in PROVENANCE]
    hashed = ", ".join(map(identifier, names))
    key = ", ".join(_KEY)
    of_record = f"{literal(record_type)} AS record_type, source_id, owner_country, record_id"
    differing = ", ".join(
        f"CASE WHEN old.{n} IS DISTINCT FROM new.{n} THEN"
        f" {{'n': {literal(name)}, 'o': old.{n}::VARCHAR, 'v': new.{n}::VARCHAR}} END"
        for name, n in ((name, identifier(name)) for name in names if name not in _KEY)
    )
    return f"""SELECT * FROM (
WITH before AS NOT MATERIALIZED ({before}), after AS NOT MATERIALIZED ({after}),
other AS NOT MATERIALIZED (
    SELECT {key} FROM (SELECT {key}, hash({hashed}) AS h FROM before) AS old
    JOIN (SELECT {key}, hash({hashed}) AS h FROM after) AS new USING ({key}) WHERE old.h <> new.h
)
SELECT {of_record}, 'added' AS kind, NULL::VARCHAR AS column_name, NULL::VARCHAR AS old_value,
       NULL::VARCHAR AS new_value
FROM after ANTI JOIN before USING ({key})
UNION ALL
SELECT {of_record}, 'withdrawn', NULL, NULL, NULL FROM before ANTI JOIN after USING ({key})
UNION ALL
SELECT {of_record},
       CASE WHEN source_only OR (NOT mapping_only AND (by_source IS NULL OR list_contains(by_source, d.n)))
            THEN 'changed_by_source' ELSE 'changed_by_mapping' END, d.n, d.o, d.v
FROM (
    SELECT new.source_id, owner_country, record_id, old.mapping_version = new.mapping_version AS source_only,
           old.last_changed = new.last_changed AS mapping_only,
           unnest(list_filter([{differing}], lambda d: d IS NOT NULL)) AS d
    FROM (FROM after SEMI JOIN other USING ({key})) AS new
    JOIN (FROM before SEMI JOIN other USING ({key})) AS old USING ({key})
) LEFT JOIN ({told}) AS told USING (record_id))"""


def withdrawals_sql(paths: Sequence[Path]) -> str:
    """The body of the view over the files of changes that hold a withdrawal."""
    names = "listed.record_type, listed.source_id, listed.owner_country"
    if not paths:
        return (
            f"SELECT NULL::VARCHAR AS record_id, {names}, listed.release, published_at AS withdrawn_at"
            " FROM ledger.changes AS listed JOIN ledger.releases USING (release) WHERE false"
        )
    return (
        f"SELECT record_id, {names}, listed.release, published_at AS withdrawn_at"
        f" FROM read_parquet({path_list(paths)}, hive_partitioning = false, filename = 'path') AS gone"
        " JOIN ledger.changes AS listed USING (path) JOIN ledger.releases USING (release) WHERE kind = 'withdrawn'"
    )
