"""Two sets of records of one record type, compared on columns.

Invariant: every record is added, removed, changed or the same; no value that the standard marks as personal leaves
here unless ``values`` asks for it, only its shape does. Memory does not grow with the records: ids and hashes are
joined first, and only columns that differ are looked at, through temporary files where they do not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.store.merge_changes import PROVENANCE
from comity.store.view_sql import identifier, literal, parquet_scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from comity.standard import Column, RecordType

# Until when a record may be kept is worked out by the mapping; the rest of its provenance differs every night.
_LEFT_OUT = PROVENANCE - {"review_due", "purge_after"}
_TOGETHER = 8  # columns that are brought side by side at once
_LONGEST = 60
# Letters and digits give way to their kind; two steps cannot meet, for no class holds a letter of its own sign.
_SHAPE = ((r"\p{Nd}", "9"), (r"\p{Lu}", "A"), (r"\p{Ll}", "a"), (r"[^\P{L}Aa]", "x"))


@dataclass(frozen=True)
class ValueChange:
    """``records`` of which a column went from ``before`` to ``after`` (values or shapes), and the first of them."""

    before: str | None
    after: str | None
    records: int
    record_id: str


@dataclass(frozen=True)
class ColumnChange:
    """In how many records a column differs, with the commonest changes. ``shapes``: they show no value."""

    column: str
    records: int
    shapes: bool
    examples: tuple[ValueChange, ...]


@dataclass(frozen=True)
class RecordPlace:
    """A record, and the row of the export that it comes from."""

    record_id: str
    source_row: int


@dataclass(frozen=True)
class RecordDifference:
    """``before`` − ``removed`` + ``added`` = ``after``; ``columns`` are those of the changed records."""

    record_type: str
    before: int
    after: int
    added: int
    removed: int
    changed: int
    columns: tuple[ColumnChange, ...]
    added_examples: tuple[RecordPlace, ...]
    removed_examples: tuple[RecordPlace, ...]

    @property
    def altered(self) -> int:
        """Records that would not be as they are."""
        return self.added + self.removed + self.changed


def compare_records(
    connection: DuckDBPyConnection,
    record_type: RecordType,
    before: Sequence[Path],
    after: Sequence[Path],
    *,
    export_id: str | None = None,
    examples: int = 3,
    values: bool = False,
) -> RecordDifference:
    """``after`` against ``before``, of which only the records of one export count where ``export_id`` is given."""
    columns = [column for column in record_type.columns if column.name not in _LEFT_OUT]
    _view(connection, "before_records", before, record_type, export_id)
    _view(connection, "after_records", after, record_type, None)
    content = f"hash({', '.join(identifier(column.name) for column in columns)})"
    side = f"SELECT record_id::UUID AS id, {content} AS content FROM"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE differing AS SELECT coalesce(old.id, new.id) AS id, "
        "CASE WHEN old.id IS NULL THEN 'added' WHEN new.id IS NULL THEN 'removed' ELSE 'changed' END AS kind "
        f"FROM ({side} before_records) AS old FULL JOIN ({side} after_records) AS new ON old.id = new.id "
        "WHERE old.content IS DISTINCT FROM new.content"
    )
    counts = dict(connection.execute("SELECT kind, count(*) FROM differing GROUP BY kind").fetchall())
    changed = int(counts.get("changed", 0))
    difference = RecordDifference(
        record_type.name,
        _count(connection, "before_records"),
        _count(connection, "after_records"),
        int(counts.get("added", 0)),
        int(counts.get("removed", 0)),
        changed,
        _columns(connection, columns, examples, values) if changed else (),
        _places(connection, "added", "after_records", examples) if "added" in counts else (),
        _places(connection, "removed", "before_records", examples) if "removed" in counts else (),
    )
    connection.execute("DROP TABLE differing")
    return difference


def _columns(
    connection: DuckDBPyConnection, columns: Sequence[Column], examples: int, values: bool
) -> tuple[ColumnChange, ...]:
    """The columns that differ, the one that differs most first."""
    # Hashed twice: DuckDB combines hashes by XOR, and one change made in every record alike would cancel out.
    sums = ", ".join(f"sum(hash(hash(record_id, {identifier(column.name)})))" for column in columns)
    of_changed = "record_id::UUID IN (SELECT id FROM differing WHERE kind = 'changed')"
    old, new = (
        connection.execute(f"SELECT {sums} FROM {side} WHERE {of_changed}").fetchall()[0]
        for side in ("before_records", "after_records")
    )
    differ = [column for column, a, b in zip(columns, old, new, strict=True) if a != b]
    found = []
    for at in range(0, len(differ), _TOGETHER):
        names = [identifier(column.name) for column in differ[at : at + _TOGETHER]]
        pairs = ", ".join(
            f"old.{name} AS old_{place}, new.{name} AS new_{place}" for place, name in enumerate(names)
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE both_sides AS SELECT record_id, {pairs} "
            "FROM before_records AS old JOIN after_records AS new USING (record_id) "
            f"WHERE {of_changed}"
        )
        for place, column in enumerate(differ[at : at + _TOGETHER]):
            found.append(_column(connection, column, place, examples, values))
    connection.execute("DROP TABLE IF EXISTS both_sides")
    return tuple(sorted(found, key=lambda change: (-change.records, change.column)))


def _column(
    connection: DuckDBPyConnection, column: Column, place: int, examples: int, values: bool
) -> ColumnChange:
    shapes = not (values or may_be_shown(column))
    differ = f"old_{place} IS DISTINCT FROM new_{place}"
    count = connection.execute(f"SELECT count(*) FROM both_sides WHERE {differ}").fetchall()[0][0]
    old, new = (_shown(f"{side}_{place}", shapes) for side in ("old", "new"))
    commonest = connection.execute(
        f"SELECT {old} AS old_text, {new} AS new_text, count(*) AS records, min(record_id) AS example "
        f"FROM both_sides WHERE {differ} GROUP BY ALL ORDER BY records DESC, example LIMIT {examples}"
    ).fetchall()
    return ColumnChange(
        column.name, int(count), shapes, tuple(ValueChange(a, b, n, each) for a, b, n, each in commonest)
    )


def may_be_shown(column: Column) -> bool:
    """Whether a value of the column says nothing about anybody: a code or a flag not marked as personal."""
    if column.name == "quality_flags":
        return True
    is_code = column.code_list is not None or column.type == "boolean"
    return column.sensitivity != "personal" and (is_code or column.envelope)


def _shown(name: str, shapes: bool) -> str:
    text = f"CAST({name} AS VARCHAR)"
    if shapes:
        text = f"left({text}, {_LONGEST})"
        for pattern, sign in _SHAPE:
            text = f"regexp_replace({text}, {literal(pattern)}, {literal(sign)}, 'g')"
    return f"CASE WHEN length({text}) >= {_LONGEST} THEN left({text}, {_LONGEST - 1}) || '…' ELSE {text} END"


def _places(connection: DuckDBPyConnection, kind: str, side: str, examples: int) -> tuple[RecordPlace, ...]:
    found = connection.execute(
        f"SELECT record_id, source_row FROM {side} WHERE record_id::UUID IN "
        f"(SELECT id FROM differing WHERE kind = {literal(kind)}) ORDER BY source_row, record_id LIMIT {examples}"
    ).fetchall()
    return tuple(RecordPlace(*row) for row in found)


def _count(connection: DuckDBPyConnection, view: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {view}").fetchall()[0][0])


def _view(
    connection: DuckDBPyConnection,
    name: str,
    paths: Sequence[Path],
    record_type: RecordType,
    export_id: str | None,
) -> None:
    """Files of any age as the record type is today: a column that they lack is null."""
    scan, present, where = "(SELECT 1 WHERE false)", set[str](), ""
    if paths:
        scan = parquet_scan(paths)
        present = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
        where = f" WHERE export_id = {literal(export_id)}" if export_id is not None else ""
    columns = ", ".join(
        f"CAST({identifier(column.name) if column.name in present else 'NULL'} AS {column.duckdb_type}) "
        f"AS {identifier(column.name)}"
        for column in record_type.columns
    )
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns} FROM {scan}{where}")
