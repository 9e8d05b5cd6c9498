"""The new export laid over what its source had in the last release.

Invariant: ``first_seen`` is the moment at which a record id first came, ``last_changed`` the moment at which its source
last changed what it says: a night that changes nothing in the content changes neither, nor does an edit of the mapping.
A delta or a window keeps every earlier record that it does not bring again. Memory does not grow with the files: what
does not fit is joined through temporary files beside the result.

Who changed a record, whose content is not what it was, is settled so: the same mapping version made both states: the
source. The same export was read for both: the mapping. Neither: the cells of the two rows are compared, and a column is
changed by the source where one of the fields differs that it is made from (``merge_changes``).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.failure import storing
from comity.store.layout import PRIVATE
from comity.store.merge_changes import content_columns, stage_changes, staged_parts, trace_cells
from comity.store.progress_bar import no_progress_bar
from comity.store.publication import StagedChanges, StagedFile
from comity.store.view_sql import earlier_names, identifier, literal, parquet_scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Literal

    from duckdb import DuckDBPyConnection

    from comity.standard import Column, RecordType
    from comity.store.merge_changes import Cells

_TWICE = "a record id stands twice"


@dataclass(frozen=True)
class Merged:
    """The files to publish, and what they change; ``changes`` is None where there was nothing and is nothing."""

    files: tuple[StagedFile, ...]
    changes: StagedChanges | None


def merge(
    staged: Sequence[StagedFile],
    previous: Sequence[Path],
    *,
    kind: Literal["full", "delta", "window"],
    record_type: RecordType,
    into: Path,
    memory_limit: str = "512MB",
    threads: int = 1,
    cells: Cells | None = None,
) -> Merged:
    """The files to publish for one source and record type, made in the folder ``into``.

    ``staged``: the new export's files; ``previous``: those of the last release of that source and record
    type. When there are none, the staged files are the result as they are. A delta without any record of
    this type gives the earlier records back in a new file, for a publication ends all the earlier files
    of its source. ``cells``: the rows of exports as they were delivered; without it, what changed under a new export
    and a new mapping at once counts as changed by the source.
    """
    if not previous:
        first = (
            StagedChanges(record_type.name, staged[0].owner_country, sum(f.rows for f in staged))
            if staged
            else None
        )
        return Merged(tuple(staged), first)
    import duckdb

    target = into / f"{uuid.uuid4()}.parquet"
    with storing("merging an export with the last release", target):
        duck = duckdb.connect(config={"memory_limit": memory_limit, "threads": threads})
        try:
            duck.execute(f"SET temp_directory = {literal(into / 'merge.tmp')}")
            duck.execute("SET TimeZone = 'UTC'")
            no_progress_bar(duck)
            _view(duck, "fresh", [file.path for file in staged], record_type)
            _view(duck, "old", previous, record_type)
            _compare(duck, record_type, target, cells)
            rows = _copy(duck, kind, record_type, target) if staged or kind != "full" else 0
            changes = stage_changes(duck, record_type, target, kind)
            owners = duck.execute("SELECT DISTINCT source_id, owner_country FROM old LIMIT 1").fetchall()
        except duckdb.InvalidInputException as error:
            if _TWICE not in str(error):
                raise
            raise StoreError(
                "store.duplicate-records",
                f"A record id stands twice in the {record_type.name} records of one source",
                found=", ".join(sorted({file.source_id for file in staged})),
                remedy="look at the key of its mapping, and at what it says of duplicates",
            ) from None
        finally:
            duck.close()
            for part in staged_parts(target):
                part.unlink(missing_ok=True)
        if not rows:
            return Merged((), changes)
        target.chmod(PRIVATE)
        source_id, owner_country = owners[0]
        file = StagedFile.of(record_type.name, source_id, owner_country, target, rows)
    return Merged((file,), changes)


def _compare(duck: DuckDBPyConnection, record_type: RecordType, target: Path, cells: Cells | None) -> None:
    """Beside ``target``: for every fresh row, in their order, its dates and what became of its record.

    Only ids, hashes and dates are joined and sorted. The result lies row by row beside the wide records,
    which stream past it once: joining the records themselves costs five times as much, and all of it in
    temporary files.
    """
    side = (
        "SELECT file_index, file_row_number, record_id::UUID AS id, first_seen, last_changed,"
        f" hash({', '.join(map(identifier, content_columns(record_type)))}) AS content,"
        " hash(mapping_version) AS mapping, hash(export_id) AS export"
    )
    # 64 bits are plenty: only two states of one record are ever compared.
    duck.execute(f"""
COPY (
    SELECT fresh.file_index, fresh.file_row_number, fresh.id, coalesce(old.first_seen, fresh.first_seen) AS first_seen,
           CASE WHEN old.id IS NULL THEN 'added' WHEN old.content = fresh.content THEN 'same'
                WHEN old.mapping = fresh.mapping THEN 'source' WHEN old.export = fresh.export THEN 'mapping'
                ELSE 'both' END AS state,
           CASE WHEN state IN ('same', 'mapping') THEN old.last_changed ELSE fresh.last_changed END AS last_changed,
           old.last_changed AS unchanged_since
    FROM ({side} FROM fresh) AS fresh LEFT JOIN ({side} FROM old) AS old USING (id)
    ORDER BY ALL
) TO {literal(staged_parts(target).known)} (FORMAT parquet)""")
    trace_cells(duck, record_type, target, cells)


def _copy(duck: DuckDBPyConnection, kind: str, record_type: RecordType, target: Path) -> int:
    """Write the merged records of the views ``fresh`` and ``old``; their number."""
    from comity.standard import field_ids_clause

    known, kept = staged_parts(target).known, staged_parts(target).kept
    carried = {"first_seen", "last_changed"}
    names = [column.name for column in record_type.columns]
    merged = (
        f"SELECT {', '.join(('known.' if n in carried else 'fresh.') + identifier(n) for n in names)}"
        f" FROM fresh POSITIONAL JOIN read_parquet({literal(known)}) AS known WHERE {_aligned('fresh', 'known')}"
    )
    if kind != "full":
        ids = "SELECT file_index, file_row_number, record_id::UUID AS id"
        duck.execute(f"""
COPY (
    SELECT old.file_index, old.file_row_number, fresh.id IS NULL AS keep
    FROM ({ids} FROM old) AS old LEFT JOIN ({ids} FROM fresh) AS fresh USING (id)
    ORDER BY ALL
) TO {literal(kept)} (FORMAT parquet)""")
        merged += (
            f" UNION ALL SELECT {', '.join('old.' + identifier(n) for n in names)}"
            f" FROM old POSITIONAL JOIN read_parquet({literal(kept)}) AS kept"
            f" WHERE {_aligned('old', 'kept')} AND kept.keep"
        )
    written = duck.execute(
        f"COPY ({merged}) TO {literal(target)}"
        f" (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {field_ids_clause(record_type)})"
    ).fetchall()
    return int(written[0][0])


def _aligned(records: str, beside: str) -> str:
    """True for every row, or the copy fails: a record must never get another one's dates. Rows come apart
    when a record id stands twice in one of the two.
    """
    return (
        f"CASE WHEN {records}.file_index = {beside}.file_index"
        f" AND {records}.file_row_number = {beside}.file_row_number THEN true ELSE error('{_TWICE}') END"
    )


def _view(duck: DuckDBPyConnection, name: str, paths: Sequence[Path], record_type: RecordType) -> None:
    """Files of any age as the record type is today: a column that they lack is null, one that they have under an
    earlier name is known by its field id.
    """
    if not paths:
        columns = ", ".join(_typed(column, False) for column in record_type.columns)
        position = "0::UBIGINT AS file_index, 0::BIGINT AS file_row_number"
        duck.execute(f"CREATE VIEW {name} AS SELECT {columns}, {position} WHERE false")
        return
    scan = parquet_scan(paths)
    present = {row[0] for row in duck.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
    renamed = earlier_names(duck, paths, {column.name: column.field_id for column in record_type.columns})
    columns = ", ".join(
        _typed(column, column.name in present, renamed.get(column.name)) for column in record_type.columns
    )
    duck.execute(f"CREATE VIEW {name} AS SELECT {columns}, file_index, file_row_number FROM {scan}")


def _typed(column: Column, present: bool, earlier: str | None = None) -> str:
    name = identifier(column.name)
    value = name if present else "NULL"
    if earlier:
        # Each file has one of the two names; the other is null there.
        value = f"coalesce({name}, {identifier(earlier)})" if present else identifier(earlier)
    return f"CAST({value} AS {column.duckdb_type}) AS {name}"
