"""The SQL text of the views.

Invariant: a view's columns are those of the standard, in its order and types, whichever age its files
have: a file that was written before a column existed shows it as null, and one that was written under a
column's earlier name shows it by its field id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.standard.column import ELEMENT_OFFSET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from comity.store.publication import StoredFile

Columns = list[tuple[str, str]]
# What was asked once of columns: a release names the same ones several times.
_NORMAL: dict[tuple[tuple[str, str], ...], Columns] = {}
_KNOWN: dict[tuple[object, ...], tuple[dict[str, str], dict[str, str | None]]] = {}


@dataclass(frozen=True)
class Report:
    """A view beside the record types: over a table of the schema ``ledger``, or over files of their own."""

    name: str
    description: str
    sql: str = ""
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def in_files(self) -> bool:
        return not self.sql


_REASONS = 'STRUCT(code VARCHAR, "column" VARCHAR, "found" VARCHAR, message VARCHAR)[]'
REPORTS = (
    Report(
        "releases",
        "Every release up to this one: its number, when it was published, and by which run",
        "SELECT * FROM ledger.releases",
    ),
    Report(
        "sources",
        "Every source, its owner, its last export and what became of it, and what of it is published",
        """
SELECT source_id, coalesce(described.owner_country, published.owner_country) AS owner_country, authority,
       title, description, described.kind, due, licence, attribution,
       last.export_id AS last_export_id, last.received_at AS last_received_at, last.run_id AS last_run_id,
       last.outcome AS last_outcome, last.message AS last_message,
       published.release AS published_release, coalesce(published.records, 0) AS records
FROM ledger.sources AS described
FULL JOIN (
    SELECT source_id, any_value(owner_country) AS owner_country, max(begin_release) AS release,
           sum("rows")::BIGINT AS records
    FROM ledger.files GROUP BY source_id
) AS published USING (source_id)
LEFT JOIN (
    SELECT * FROM ledger.exports
    QUALIFY row_number() OVER (PARTITION BY source_id ORDER BY run_id DESC) = 1
) AS last USING (source_id)""",
    ),
    Report(
        "exports",
        "Every export that a run met, and what became of it",
        "SELECT * FROM ledger.exports",
    ),
    Report(
        "accounting",
        "Where every row of an export went: rows read = accepted + rejected + not selected;"
        " a row that became at least one record is accepted",
        "SELECT * EXCLUDE (release) FROM ledger.accounts",
    ),
    Report(
        "release_changes",
        "How many records each release added, changed and withdrew, by source and record type; columns: JSON, for each"
        " column the records in which the source changed it, and those in which the mapping did",
        "SELECT * EXCLUDE (path) FROM ledger.changes",
    ),
    Report(
        "code_lists",
        "Every code of the standard's lists, and what it rests on",
        "SELECT * FROM ledger.code_lists",
    ),
    Report(
        "rejects",
        "Every row that could not become a record, with its reasons and its raw text,"
        " whether or not its source was published",
        columns=(
            *((name, "VARCHAR") for name in ("run_id", "source_id", "export_id", "record_type", "file")),
            *((name, "BIGINT") for name in ("source_row", "line", "byte_offset")),
            ("row_rejected", "BOOLEAN"),
            ("kept_row", "BIGINT"),
            ("raw", "VARCHAR"),
            ("reasons", _REASONS),
        ),
    ),
    Report(
        "quality",
        "The result of every rule in every run: violated rows, denominator, percent; no value of any record",
        columns=(
            *((name, "VARCHAR") for name in ("run_id", "source_id", "export_id", "record_type", "rule_id")),
            *((name, "VARCHAR") for name in ("expectation_type", "column_name", "severity", "outcome")),
            ("violated", "BIGINT"),
            ("denominator", "BIGINT"),
            ("percent", "DOUBLE"),
            ("observed", "VARCHAR"),
        ),
    ),
)


@dataclass
class FileLists:
    """The lists of files that a view calls by name, so that its text stays the same while its files change: macro →
    what it gives.
    """

    view: str
    macros: dict[str, str] = field(default_factory=dict)

    def called(self, paths: Sequence[object]) -> str:
        macro = list_name(self.view, len(self.macros))
        self.macros[macro] = path_list(paths)
        return f"{macro}()"


def list_name(view: str, number: int) -> str:
    return f"ledger.{identifier(f'{view}_files_{number}')}"


def record_select(
    duck: DuckDBPyConnection,
    files: Sequence[StoredFile],
    columns: Columns,
    ids: Mapping[str, int],
    lists: FileLists,
) -> str:
    """The records of ``files``, all of one type; without ``columns`` those of its newest file. ``ids``: the field ids
    of the columns; ``lists``: where the lists of files are put instead of into the text.
    """
    # Hive partitioning lets a filter on the country leave files unopened: the path already tells.
    groups: dict[str, list[str]] = {}
    for file in sorted(files, key=lambda file: (file.begin_release, str(file.path))):
        groups.setdefault(file.columns_id, []).append(str(file.path))
    scans = [
        (
            f"read_parquet({lists.called(paths)}, hive_partitioning = true, hive_types_autocast = false)",
            columns_id,
            paths[0],
        )
        for columns_id, paths in groups.items()
    ]
    columns = columns or _described(duck, _scan_one(scans[-1][2]))
    wanted = _normal(duck, columns)
    selects = [
        _select(wanted, *_columns_of(duck, columns_id, first, ids), scan=scan)
        for scan, columns_id, first in scans
    ]
    return "\nUNION ALL\n".join(selects or [f"SELECT {_nulls(wanted)} WHERE false"])


def report_sql(duck: DuckDBPyConnection, report: Report, files: Sequence[Path]) -> str:
    """The body of a report's view."""
    body = report.sql
    if report.in_files:
        wanted = _normal(duck, list(report.columns))
        if files:
            scan = parquet_scan(files)
            body = _select(wanted, dict(_described(duck, f"SELECT * FROM {scan}")), {}, scan)
        else:
            body = f"SELECT {_nulls(wanted)} WHERE false"
    return body


def parquet_scan(paths: Sequence[object]) -> str:
    """The files as they are: columns by their names, nothing out of their paths."""
    return f"read_parquet({path_list(paths)}, hive_partitioning = false, union_by_name = true)"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[object]) -> str:
    return f"[{', '.join(map(literal, values))}]"


def path_list(paths: Sequence[object]) -> str:
    """Many paths as one text that is split: thousands of literals would cost more to read than their files."""
    texts = [str(path) for path in paths]
    if not texts or any("\n" in text for text in texts):
        return literals(texts)
    return "string_split({}, '\n')".format(literal("\n".join(texts)))


def comment(kind: str, view: str, column: str | None, text: str) -> str:
    target = identifier(view) + (f".{identifier(column)}" if column else "")
    return f"COMMENT ON {kind} {target} IS {literal(text)}"


def earlier_names(
    duck: DuckDBPyConnection, paths: Iterable[object], ids: Mapping[str, int]
) -> dict[str, str | None]:
    """Of columns that bear another name in one of the files, that name; None for a column whose name belongs to
    another field id there, so that nothing in the file is meant.
    """
    names = {field_id: name for name, field_id in ids.items()}
    found: dict[str, str | None] = {}
    rows = duck.execute(
        f"SELECT DISTINCT name, field_id FROM parquet_schema({literals(paths)}) WHERE field_id IS NOT NULL"
    ).fetchall()
    for name, field_id in rows:
        if name in ids and field_id != ids[name] and field_id < ELEMENT_OFFSET:
            found.setdefault(name, None)
        wanted = names.get(field_id)
        if wanted is not None and wanted != name:
            found[wanted] = name
    return found


def _columns_of(
    duck: DuckDBPyConnection, columns_id: str, path: str, ids: Mapping[str, int]
) -> tuple[dict[str, str], dict[str, str | None]]:
    """The columns that the files of one kind have, with their types, and which of those wanted bear another name."""
    key = (columns_id, *ids.items())
    if key not in _KNOWN:
        _KNOWN[key] = dict(_described(duck, _scan_one(path))), earlier_names(duck, [path], ids)
    return _KNOWN[key]


def _select(wanted: Columns, present: dict[str, str], renamed: Mapping[str, str | None], scan: str) -> str:
    chosen = []
    for name, kind in wanted:
        quoted = identifier(name)
        in_file = renamed.get(name, name)
        if in_file is None or in_file not in present:
            chosen.append(f"NULL::{kind} AS {quoted}")
        elif present[in_file] != kind:
            chosen.append(f"CAST({identifier(in_file)} AS {kind}) AS {quoted}")
        else:
            chosen.append(quoted if in_file == name else f"{identifier(in_file)} AS {quoted}")
    return f"SELECT {', '.join(chosen)} FROM {scan}"


def _nulls(columns: Columns) -> str:
    return ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in columns)


def _normal(duck: DuckDBPyConnection, columns: Columns) -> Columns:
    """The columns with their types as DuckDB itself writes them, so that they compare."""
    key = tuple(columns)
    if columns and key not in _NORMAL:
        _NORMAL[key] = _described(duck, f"SELECT {_nulls(columns)}")
    return _NORMAL.get(key, [])


def _described(duck: DuckDBPyConnection, query: str) -> Columns:
    return [(row[0], row[1]) for row in duck.execute(f"DESCRIBE {query}").fetchall()]


def _scan_one(path: str) -> str:
    return f"SELECT * FROM read_parquet({literal(path)}, hive_partitioning = false)"
