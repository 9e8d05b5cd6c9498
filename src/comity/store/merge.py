"""The new export laid over what its source had in the last release.

Invariant: ``first_seen`` is the moment at which a record id first came, ``last_changed`` the moment at
which what its source says last changed: a night, or a mapping edit, that changes nothing in the content
changes neither. A delta or a window keeps every earlier record that it does not bring again. Memory does
not grow with the files: what does not fit is joined through temporary files beside the result.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.failure import storing
from comity.store.layout import PRIVATE
from comity.store.publication import StagedFile
from comity.store.view_sql import earlier_names, identifier, literal, literals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Literal

    from duckdb import DuckDBPyConnection

    from comity.standard import Column, RecordType

_TWICE = "a record id stands twice"
# Where a record came from and how long it may stay is no content: it differs every night.
PROVENANCE = frozenset(
    ("export_id", "source_row", "first_seen", "last_changed", "mapping_version", "review_due", "purge_after")
)


def merge(
    staged: Sequence[StagedFile],
    previous: Sequence[Path],
    *,
    kind: Literal["full", "delta", "window"],
    record_type: RecordType,
    into: Path,
    memory_limit: str = "512MB",
    threads: int = 1,
) -> tuple[StagedFile, ...]:
    """The files to publish for one source and record type, made in the folder ``into``.

    ``staged``: the new export's files; ``previous``: those of the last release of that source and record
    type. When there are none, the staged files are the result as they are. A delta without any record of
    this type gives the earlier records back in a new file, for a publication ends all the earlier files
    of its source.
    """
    if not previous or (not staged and kind == "full"):
        return tuple(staged)
    import duckdb

    target = into / f"{uuid.uuid4()}.parquet"
    with storing("merging an export with the last release", target):
        duck = duckdb.connect(config={"memory_limit": memory_limit, "threads": threads})
        try:
            duck.execute(f"SET temp_directory = {literal(into / 'merge.tmp')}")
            duck.execute("SET TimeZone = 'UTC'")
            duck.execute("SET enable_progress_bar = false")  # it would go to standard output
            _view(duck, "fresh", [file.path for file in staged], record_type)
            _view(duck, "old", previous, record_type)
            rows = _copy(duck, kind, record_type, into, target)
            written = f"read_parquet({literal(target)}, hive_partitioning = false)"
            owner = duck.execute(f"SELECT source_id, owner_country FROM {written} LIMIT 1").fetchall()
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
        target.chmod(PRIVATE)
        with target.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = target.stat().st_size
    return tuple(
        StagedFile(record_type.name, source_id, owner_country, target, rows, size, sha256)
        for source_id, owner_country in owner
    )


def _copy(duck: DuckDBPyConnection, kind: str, record_type: RecordType, into: Path, target: Path) -> int:
    """Write the merged records of the views ``fresh`` and ``old``; their number.

    Only ids, hashes and dates are joined and sorted. The result lies row by row beside the wide records,
    which stream past it once: joining the records themselves costs five times as much, and all of it in
    temporary files.
    """
    from comity.standard import field_ids_clause

    content = _content(record_type)
    known, kept = into / f"{target.stem}.known", into / f"{target.stem}.kept"
    ids = "SELECT file_index, file_row_number, record_id::UUID AS id"
    duck.execute(f"""
COPY (
    SELECT fresh.file_index, fresh.file_row_number,
           coalesce(old.first_seen, fresh.first_seen) AS first_seen,
           CASE WHEN old.content = fresh.content THEN old.last_changed ELSE fresh.last_changed END AS last_changed
    FROM ({ids}, first_seen, last_changed, {content} AS content FROM fresh) AS fresh
    LEFT JOIN ({ids}, first_seen, last_changed, {content} AS content FROM old) AS old USING (id)
    ORDER BY ALL
) TO {literal(known)} (FORMAT parquet)""")
    carried = {"first_seen", "last_changed"}
    names = [column.name for column in record_type.columns]
    merged = (
        f"SELECT {', '.join(('known.' if n in carried else 'fresh.') + identifier(n) for n in names)}"
        f" FROM fresh POSITIONAL JOIN read_parquet({literal(known)}) AS known WHERE {_aligned('fresh', 'known')}"
    )
    if kind != "full":
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
    known.unlink()
    kept.unlink(missing_ok=True)
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
    scan = f"read_parquet({literals(paths)}, hive_partitioning = false, union_by_name = true)"
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


def _content(record_type: RecordType) -> str:
    """A hash of what the source says. 64 bits are plenty: only two states of one record are ever compared."""
    columns = [column.name for column in record_type.columns if column.name not in PROVENANCE]
    return f"hash({', '.join(map(identifier, columns))})"
