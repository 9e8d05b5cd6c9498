"""What a merge changed: which records, by whom, in which columns.

Invariant: every record that came, went or says something else than before is in the file of changes once, under the one
cause that is true of it; no value of a record is copied. A first export adds every record and needs no such file.

Where a new export met a new mapping, a column was changed by the source when one of the fields that it is made from
differs between the row of then and the row of now, both read from the archive as today's adapter reads them. When the
earlier export cannot be read any more, the source is taken to have changed it: a date that moves too often misleads
nobody, one that stays still hides a change.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from comity.store.layout import PRIVATE
from comity.store.publication import StagedChanges
from comity.store.view_sql import identifier, literal, literals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from comity.standard import RecordType

# Where a record came from and how long it may stay is no content: it differs every night.
PROVENANCE = frozenset(
    ("export_id", "source_row", "first_seen", "last_changed", "mapping_version", "review_due", "purge_after")
)


class Cells(NamedTuple):
    """Rows as they were delivered. ``of``: for an export a SELECT of ``source_row`` and ``fields``, or None when it
    cannot be read any more. ``made_from``: column → the fields that it is made from; what is not in it, from any.
    """

    of: Callable[[str], str | None]
    fields: tuple[str, ...]
    made_from: Mapping[str, tuple[str, ...]]


class Parts(NamedTuple):
    """Temporary files beside the merged one."""

    known: Path
    kept: Path
    settled: Path


def staged_parts(target: Path) -> Parts:
    return Parts(*(target.with_suffix(f".{name}") for name in Parts._fields))


def content_columns(record_type: RecordType) -> list[str]:
    """The columns that say something of the world."""
    return [column.name for column in record_type.columns if column.name not in PROVENANCE]


def trace_cells(duck: DuckDBPyConnection, record_type: RecordType, target: Path, cells: Cells | None) -> None:
    """Make the table ``changed``: id, record id, state, and the columns changed by source and by mapping; and give
    those that only the mapping changed their old date back.
    """
    known = literal(staged_parts(target).known)
    differing = ", ".join(
        f"CASE WHEN fresh.{identifier(n)} IS DISTINCT FROM old.{identifier(n)} THEN {literal(n)} END"
        for n in content_columns(record_type)
    )
    duck.execute(f"""
CREATE TEMP TABLE changed AS
WITH fresh AS (
    SELECT fresh.*, known.id, known.state
    FROM fresh POSITIONAL JOIN read_parquet({known}) AS known WHERE known.state IN ('source', 'mapping', 'both')
)
SELECT fresh.id, fresh.record_id, fresh.state, list_filter([{differing}], lambda c: c IS NOT NULL) AS columns,
       fresh.export_id AS new_export, fresh.source_row AS new_row,
       old.export_id AS old_export, old.source_row AS old_row
FROM fresh JOIN old ON old.record_id::UUID = fresh.id""")
    duck.execute("CREATE TEMP TABLE moved (id UUID, fields VARCHAR[])")
    if cells is not None and duck.execute("SELECT 1 FROM changed WHERE state = 'both' LIMIT 1").fetchall():
        _compare_cells(duck, cells)
    made_from = cells.made_from if cells else {}
    keys, values = literals(made_from), ", ".join(literals(fields) for fields in made_from.values())
    by_source = f"""
CASE state WHEN 'source' THEN columns WHEN 'mapping' THEN [] ELSE
    CASE WHEN fields IS NULL THEN columns WHEN len(fields) = 0 THEN [] ELSE list_filter(columns, lambda c:
        list_has_any(coalesce(MAP({keys}::VARCHAR[], [{values}]::VARCHAR[][])[c], fields), fields)) END END"""
    duck.execute(f"""
CREATE TEMP TABLE settled AS
SELECT id, record_id, {by_source} AS source_columns,
       list_filter(columns, lambda c: NOT list_contains(source_columns, c)) AS mapping_columns, state
FROM changed LEFT JOIN moved USING (id)""")
    duck.execute("DROP TABLE changed")
    _keep_dates(duck, target)


def _compare_cells(duck: DuckDBPyConnection, cells: Cells) -> None:
    """Fill ``moved``: for each record under a new export and a new mapping, the fields whose cells differ."""
    exports = duck.execute("""
SELECT DISTINCT unnest([new_export, old_export]) AS export_id FROM changed WHERE state = 'both'""").fetchall()
    hashes = ", ".join(f"hash({identifier(field)}) AS c{i}" for i, field in enumerate(cells.fields))
    selects = []
    for (export_id,) in exports:
        sql = cells.of(export_id)
        if sql is not None:
            selects.append(f"SELECT {literal(export_id)} AS export_id, source_row, {hashes} FROM ({sql})")
    if not selects:
        return
    # Read in turn, so that a row keeps the number that its place in the file gives it.
    duck.execute("CREATE TEMP TABLE cells AS " + "\nUNION ALL\n".join(selects))
    differing = ", ".join(
        f"CASE WHEN new.c{i} <> old.c{i} THEN {literal(field)} END" for i, field in enumerate(cells.fields)
    )
    duck.execute(f"""
INSERT INTO moved
SELECT id, list_filter([{differing}], lambda f: f IS NOT NULL) FROM changed
JOIN cells AS new ON new.export_id = new_export AND new.source_row = new_row
JOIN cells AS old ON old.export_id = old_export AND old.source_row = old_row
WHERE state = 'both'""")
    duck.execute("DROP TABLE cells")


def _keep_dates(duck: DuckDBPyConnection, target: Path) -> None:
    """In the file of what is known: a record that only the mapping changed is as old as it was."""
    by_mapping = "SELECT id FROM settled WHERE state = 'both' AND len(source_columns) = 0"
    if not duck.execute(f"{by_mapping} LIMIT 1").fetchall():
        return
    parts = staged_parts(target)
    duck.execute(f"""
COPY (
    SELECT known.* REPLACE (CASE WHEN kept.id IS NULL THEN last_changed ELSE unchanged_since END AS last_changed)
    FROM read_parquet({literal(parts.known)}) AS known LEFT JOIN ({by_mapping}) AS kept USING (id)
    ORDER BY file_index, file_row_number
) TO {literal(parts.settled)} (FORMAT parquet)""")
    parts.settled.replace(parts.known)


def stage_changes(
    duck: DuckDBPyConnection, record_type: RecordType, target: Path, kind: str
) -> StagedChanges:
    """The counts of one merge, and the file of its changes."""
    gone = "SELECT old.record_id, 'withdrawn', [], [] FROM old ANTI JOIN fresh USING (record_id)"
    changes = f"""
SELECT replace(id::VARCHAR, '-', '') AS record_id, 'added' AS kind, []::VARCHAR[] AS source_columns,
       []::VARCHAR[] AS mapping_columns
FROM read_parquet({literal(staged_parts(target).known)}) WHERE state = 'added'
UNION ALL
SELECT record_id, CASE WHEN len(source_columns) > 0 THEN 'changed_by_source' ELSE 'changed_by_mapping' END,
       source_columns, mapping_columns
FROM settled{f" UNION ALL {gone}" if kind == "full" else ""}"""
    columns: dict[str, tuple[int, int]] = {}
    for cause in ("source", "mapping"):
        found = f"SELECT unnest({cause}_columns) AS c, count(*) FROM settled GROUP BY c ORDER BY c"
        for column, count in duck.execute(found).fetchall():
            source, mapping = columns.get(column, (0, 0))
            columns[column] = (source + count, mapping) if cause == "source" else (source, mapping + count)
    owner = str(duck.execute("SELECT owner_country FROM old LIMIT 1").fetchall()[0][0])
    return changes_file(duck, changes, target.with_suffix(".changes"), record_type.name, owner, columns)


def changes_file(
    duck: DuckDBPyConnection,
    changes: str,
    path: Path,
    record_type: str,
    owner_country: str,
    columns: Mapping[str, tuple[int, int]],
) -> StagedChanges:
    """Write the SELECT ``changes`` to ``path``, unless it is empty, and count its kinds."""
    rows = duck.execute(f"COPY ({changes}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)").fetchall()[
        0
    ][0]
    if not rows:
        path.unlink()
        return StagedChanges(record_type, owner_country, 0)
    kinds = f"SELECT kind, count(*) FROM read_parquet({literal(path)}) GROUP BY kind"
    counts = dict(duck.execute(kinds).fetchall())
    path.chmod(PRIVATE)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return StagedChanges(
        record_type, owner_country,
        counts.get("added", 0), counts.get("changed_by_source", 0), counts.get("changed_by_mapping", 0),
        counts.get("withdrawn", 0), columns, path, int(rows), path.stat().st_size, sha256,
    )  # fmt: skip
