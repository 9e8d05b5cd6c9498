"""What a views file holds: a view of every record type and report, and the small tables of the ledger.

Invariant: built over what an earlier file holds, it is the same, row for row and view for view, as built whole: a view
is made anew when the files that it lists are others, a table takes what is new.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from comity.store.catalogue import (
    change_files,
    differing_files,
    last_release,
    published_at,
    release_files,
    report_files,
    sums_by_type,
)
from comity.store.renewals import last_renewals, renewed
from comity.store.view_changes import CHANGES, WITHDRAWALS, changes_sql, withdrawals_sql
from comity.store.view_comments import about
from comity.store.view_held import made_rows
from comity.store.view_sql import (
    REPORTS,
    FileLists,
    comment,
    identifier,
    list_name,
    record_select,
    report_sql,
)
from comity.store.view_tables import (
    LedgerTable,
    code_list_rows,
    ledger_tables,
    record_type_rows,
    renewal_rows,
    report_file_rows,
    view_text_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from comity.standard import RecordType, Standard
    from comity.store.layout import Layout
    from comity.store.publication import StoredFile
    from comity.store.view_held import Held
    from comity.store.view_sql import Report

_ROWS_AT_ONCE = 10_000
# So many rows are sooner sent as values than as a table of Arrow.
_FEW = 20


def fill(
    duck: DuckDBPyConnection,
    connection: Connection,
    layout: Layout,
    standard: Standard | None,
    number: int,
    since: int,
    held: Held,
    maker: str,
) -> None:
    """Write the views of release ``number`` into the database in use, which shows what is ``held``."""
    if not held:
        duck.execute("CREATE SCHEMA ledger")
    ended, begun = differing_files(connection, layout, held.release, number)
    for table in ledger_tables(number, held, ended, begun, connection, layout):
        _put_table(duck, table, held)
    if not held:
        _put_table(duck, code_list_rows(standard.code_lists.values() if standard else ()), held)
    renewals = last_renewals(
        connection, None if number == last_release(connection) else published_at(connection, number)
    )
    if renewals or held.renewed or not held:
        _put_table(duck, renewal_rows(renewals), held)
    reviewed = frozenset(record_type for record_type, _, _ in renewals)
    types = list(standard.record_types.values()) if standard else []
    sums = sums_by_type(connection, number)
    names = [record_type.name for record_type in types]
    names += sorted(set(sums) - set(names))
    _put_table(duck, record_type_rows(names, types, sums), held)
    stale = {file.record_type for file in (*ended, *begun)} | (reviewed ^ held.renewed)
    texts: dict[str, tuple[str, int]] = {}
    for name in names:
        if name in stale or name not in held.views:
            files = (
                release_files(connection, layout, number, record_type=name)
                if held
                else [file for file in begun if file.record_type == name]
            )
            shape = standard.record_types.get(name) if standard else None
            texts[name] = _put_view(duck, name, files, shape, reviewed, held)
    for name in set(held.views) - set(names):
        duck.execute(f"DROP VIEW {identifier(name)}")
        _drop_lists(duck, name, 0, held)
        texts[name] = ("", 0)
    changed = (ended, begun) if held and since == held.release else None
    texts |= _put_reports(duck, connection, layout, types, number, since, held, changed)
    _put_table(
        duck, view_text_rows({n: text for n, text in texts.items() if text != held.texts.get(n)}), held
    )
    _put_table(duck, made_rows(connection, maker, number, reviewed), held)


def _put_reports(
    duck: DuckDBPyConnection,
    connection: Connection,
    layout: Layout,
    types: Sequence[RecordType],
    number: int,
    since: int,
    held: Held,
    changed: tuple[list[StoredFile], list[StoredFile]] | None,
) -> dict[str, tuple[str, int]]:
    """``changed``: the files of the release and of the one that it is compared with, when they are known. View →
    its text and lists, of those that call lists.
    """
    reported = {
        report.name: list(report_files(connection, layout, report.name, number))
        for report in REPORTS
        if report.in_files
    }
    gone = change_files(connection, layout, 0, number, withdrawals=True)
    reported["withdrawals"] = [path for paths in gone.values() for path in paths]
    before, after = changed or differing_files(connection, layout, since, number)
    causes = change_files(connection, layout, since, number)
    reported["changes"] = [file.path for file in before]
    reported["changes"] += [path for paths in causes.values() for path in paths]

    def differs(name: str) -> bool:
        return not held or list(map(str, reported[name])) != list(held.reported.get(name, ()))

    for report in REPORTS:
        if not held or (report.in_files and differs(report.name)):
            _put_report(duck, report, report_sql(duck, report, reported.get(report.name, ())))
    texts = {}
    if not held or number != held.release:
        lists = FileLists(CHANGES.name)
        body = changes_sql(duck, types, before, after, causes, lists)
        texts[CHANGES.name] = _put_lists(duck, lists, body, held)
        if texts[CHANGES.name] != held.texts.get(CHANGES.name):
            _put_report(duck, CHANGES, body)
    if differs("withdrawals"):
        _put_report(duck, WITHDRAWALS, withdrawals_sql(reported["withdrawals"]))
    if any(map(differs, reported)):
        _put_table(duck, report_file_rows(reported), held)
    return texts


def _put_report(duck: DuckDBPyConnection, report: Report, body: str) -> None:
    duck.execute(f"CREATE OR REPLACE VIEW {identifier(report.name)} AS {body}")
    names = [name for name, _ in report.columns] or [
        row[0] for row in duck.execute(f"DESCRIBE {identifier(report.name)}").fetchall()
    ]
    comments = [comment("VIEW", report.name, None, report.description)]
    comments += [comment("COLUMN", report.name, name, about(report.name, name)) for name in names]
    duck.execute(";".join(comments))


def _put_view(
    duck: DuckDBPyConnection,
    name: str,
    files: Sequence[StoredFile],
    record_type: RecordType | None,
    renewed_types: frozenset[str],
    held: Held,
) -> tuple[str, int]:
    """The view of a record type, with what the standard says of it as its comments; a hash of its SQL, and how many
    lists of files it calls. Of the same SQL only the lists are made anew: each comment takes a statement.
    """
    columns = record_type.columns if record_type else ()
    typed = [(column.name, column.duckdb_type) for column in columns]
    ids = {column.name: column.field_id for column in columns}
    lists = FileLists(name)
    body = record_select(duck, files, typed, ids, lists)
    if files and name in renewed_types and "review_due" in ids:
        body = renewed(body)
    text = _put_lists(duck, lists, body, held)
    if text == held.texts.get(name):
        return text
    duck.execute(f"CREATE OR REPLACE VIEW {identifier(name)} AS {body}")
    if record_type:
        comments = [comment("VIEW", name, None, record_type.description)]
        comments += [comment("COLUMN", name, column.name, _about(column)) for column in columns]
        duck.execute(";".join(comments))
    return text


def _put_lists(duck: DuckDBPyConnection, lists: FileLists, body: str, held: Held) -> tuple[str, int]:
    """The lists that a view calls; a hash of its SQL, and how many they are."""
    for macro, paths in lists.macros.items():
        duck.execute(f"CREATE OR REPLACE MACRO {macro}() AS {paths}")
    _drop_lists(duck, lists.view, len(lists.macros), held)
    return hashlib.sha256(body.encode()).hexdigest(), len(lists.macros)


def _drop_lists(duck: DuckDBPyConnection, name: str, kept: int, held: Held) -> None:
    """A list that no view calls any more would name files that are gone."""
    for number in range(kept, held.texts.get(name, ("", 0))[1]):
        duck.execute(f"DROP MACRO {list_name(name, number)}")


def _about(column: Any) -> str:
    parts = [column.description.rstrip(".")]
    if column.unit:
        parts.append(f"unit: {column.unit}")
    if column.code_list:
        parts.append(f"code list: {column.code_list}")
    if column.sensitivity != "none":
        parts.append(f"sensitivity: {column.sensitivity}")
    return ". ".join(part for part in parts if part)


def _put_table(duck: DuckDBPyConnection, table: LedgerTable, held: Held) -> None:
    """A file that is followed has every table; that it has is not asked of each again."""
    import pyarrow as pa

    name = f"ledger.{identifier(table.name)}"
    columns = ", ".join(f"{identifier(column)} {kind}" for column, kind in table.columns.items())
    if not held:
        duck.execute(f"CREATE TABLE {name} ({columns})")
    elif table.stale != "false":
        duck.execute(f"DELETE FROM {name} WHERE {table.stale}")
    for rows in _batches(table.rows):
        if len(rows) <= _FEW:
            places = ", ".join(f"({', '.join('?' * len(table.columns))})" for _ in rows)
            duck.execute(f"INSERT INTO {name} VALUES {places}", [value for row in rows for value in row])
            continue
        values = zip(*rows, strict=True)
        batch = pa.table(dict(zip(table.columns, (pa.array(list(column)) for column in values), strict=True)))
        duck.register("batch", batch)
        duck.execute(f"INSERT INTO {name} FROM batch")
        duck.unregister("batch")


def _batches(rows: Iterable[Sequence[Any]]) -> Iterable[list[Sequence[Any]]]:
    batch: list[Sequence[Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
