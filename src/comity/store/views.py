"""The views file: a small DuckDB database through which anybody reads one release.

Invariant: every view lists its files one by one, so it shows the release it was built for and nothing
else, whatever lies in the folders; it holds no record itself and can be built again at any time. A record
type without a file is an empty view with the right types.

STORAGE_VERSION keeps the file readable by DuckDB 1.4 and later. Any client can open it::

    ATTACH 'current.duckdb' AS comity (READ_ONLY); SELECT count(*) FROM comity.vehicle;
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from comity.store.catalogue import change_files, last_release, published_at, release_files, report_files
from comity.store.failure import storing
from comity.store.layout import PRIVATE, sync
from comity.store.progress_bar import no_progress_bar
from comity.store.renewals import last_renewals, renewed
from comity.store.view_changes import CHANGES, WITHDRAWALS, changes_sql, withdrawals_sql
from comity.store.view_comments import about
from comity.store.view_sql import (
    REPORTS,
    comment,
    identifier,
    literal,
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
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from comity.standard import RecordType, Standard
    from comity.store.layout import Layout
    from comity.store.publication import StoredFile

STORAGE_VERSION = "v1.4.0"
_ROWS_AT_ONCE = 10_000


def build_beside(
    connection: Connection,
    layout: Layout,
    standard: Standard | None,
    path: Path,
    release: int | None = None,
    since: int | None = None,
) -> Path:
    """The views of ``release`` (the last one by default) in a finished file beside ``path``.

    ``since``: the release that the view ``changes`` compares with, by default the one before.

    ``connection`` may have written a release that is not committed yet: whoever commits it then moves the
    file to ``path`` in one step.
    """
    import duckdb

    beside = path.with_name(f".{path.name}.{uuid.uuid4()}.part")
    with storing("building the views file", beside):
        duck = duckdb.connect(config={"threads": 1, "memory_limit": "256MB"})
        try:
            duck.execute("SET TimeZone = 'UTC'")
            no_progress_bar(duck)
            duck.execute(f"ATTACH {literal(beside)} AS views (STORAGE_VERSION '{STORAGE_VERSION}')")
            duck.execute("USE views")
            # One transaction: each of the many comments would else wait for the disk.
            duck.begin()
            _fill(duck, connection, layout, standard, release, since)
            duck.commit()
            duck.execute("USE memory")
            # Detaching writes everything into the one file, so that no write-ahead log is left to go missing.
            duck.execute("DETACH views")
            beside.chmod(PRIVATE)
            sync(beside)
        except BaseException:
            discard(beside)
            raise
        finally:
            duck.close()
    return beside


def put_in_place(beside: Path, path: Path) -> None:
    """Show the new views: a reader that has the old file open goes on reading the old release."""
    with storing("replacing the views file", path):
        beside.replace(path)
        sync(path.parent)


def discard(beside: Path) -> None:
    """Remove a views file that was not put in place."""
    for file in (beside, beside.with_name(beside.name + ".wal")):
        file.unlink(missing_ok=True)


def shown_release(path: Path) -> tuple[int, str | None] | None:
    """The release that the views file shows, 0 before the first, and its run; None when no such file can be
    read.
    """
    import duckdb

    if not path.exists():
        return None
    duck = duckdb.connect()
    try:
        duck.execute(f"ATTACH {literal(path)} AS views (READ_ONLY)")
        rows = duck.execute(
            "SELECT max(release), max_by(run_id, release) FROM views.ledger.releases"
        ).fetchall()
        return rows[0][0] or 0, rows[0][1]
    except duckdb.Error:
        return None
    finally:
        duck.close()


def _fill(
    duck: DuckDBPyConnection,
    connection: Connection,
    layout: Layout,
    standard: Standard | None,
    release: int | None,
    since: int | None,
) -> None:
    number = last_release(connection) if release is None else release
    files = release_files(connection, layout, number)
    duck.execute("CREATE SCHEMA ledger")
    for table in ledger_tables(number, files, connection, layout):
        _create_table(duck, table)
    renewals = last_renewals(
        connection, None if number == last_release(connection) else published_at(connection, number)
    )
    _create_table(duck, renewal_rows(renewals))
    reviewed = {record_type for record_type, _, _ in renewals}
    types = list(standard.record_types.values()) if standard else []
    _create_table(duck, code_list_rows(standard.code_lists.values() if standard else ()))
    names = [record_type.name for record_type in types]
    names += sorted({file.record_type for file in files} - set(names))
    _create_table(duck, record_type_rows(names, types, files))
    for name in names:
        record_type = standard.record_types.get(name) if standard else None
        _create_view(duck, name, [f for f in files if f.record_type == name], record_type, reviewed)
    reported = {
        report.name: report_files(connection, layout, report.name, number)
        for report in REPORTS
        if report.in_files
    }
    compared = _changes(
        duck, connection, layout, types, files, number, number - 1 if since is None else since
    )
    bodies = {report.name: report_sql(duck, report, reported.get(report.name, ())) for report in REPORTS}
    gone = change_files(connection, layout, 0, number, withdrawals=True)
    reported["changes"] = compared[1]
    reported["withdrawals"] = [path for paths in gone.values() for path in paths]
    bodies |= {"changes": compared[0], "withdrawals": withdrawals_sql(reported["withdrawals"])}
    _create_table(duck, report_file_rows(reported))
    for report in (*REPORTS, CHANGES, WITHDRAWALS):
        duck.execute(f"CREATE VIEW {identifier(report.name)} AS {bodies[report.name]}")
        columns_of = [row[0] for row in duck.execute(f"DESCRIBE {identifier(report.name)}").fetchall()]
        comments = [comment("VIEW", report.name, None, report.description)]
        comments += [comment("COLUMN", report.name, name, about(report.name, name)) for name in columns_of]
        duck.execute(";".join(comments))


def _changes(
    duck: DuckDBPyConnection,
    connection: Connection,
    layout: Layout,
    types: Sequence[RecordType],
    after: Sequence[StoredFile],
    release: int,
    since: int,
) -> tuple[str, list[Path]]:
    """The view ``changes``, and the files beyond those of the release that it reads."""
    before = release_files(connection, layout, since)
    causes = change_files(connection, layout, since, release)
    now = {file.file_id for file in after}
    read = [file.path for file in before if file.file_id not in now]
    read += [path for paths in causes.values() for path in paths]
    return changes_sql(duck, types, before, after, causes), read


def _create_view(
    duck: DuckDBPyConnection,
    name: str,
    files: Sequence[StoredFile],
    record_type: Any,
    renewed_types: set[str],
) -> None:
    """The view of a record type, with what the standard says of it as its comments."""
    columns = record_type.columns if record_type else ()
    typed = [(column.name, column.duckdb_type) for column in columns]
    ids = {column.name: column.field_id for column in columns}
    body = record_select(duck, files, typed, ids)
    if files and name in renewed_types and "review_due" in ids:
        body = renewed(body)
    duck.execute(f"CREATE VIEW {identifier(name)} AS {body}")
    if record_type:
        # One statement: each comment copies the view, and a view may list thousands of files.
        comments = [comment("VIEW", name, None, record_type.description)]
        comments += [comment("COLUMN", name, column.name, _about(column)) for column in columns]
        duck.execute(";".join(comments))


def _about(column: Any) -> str:
    parts = [column.description.rstrip(".")]
    if column.unit:
        parts.append(f"unit: {column.unit}")
    if column.code_list:
        parts.append(f"code list: {column.code_list}")
    if column.sensitivity != "none":
        parts.append(f"sensitivity: {column.sensitivity}")
    return ". ".join(part for part in parts if part)


def _create_table(duck: DuckDBPyConnection, table: LedgerTable) -> None:
    import pyarrow as pa

    name = f"ledger.{identifier(table.name)}"
    columns = ", ".join(f"{identifier(column)} {kind}" for column, kind in table.columns.items())
    duck.execute(f"CREATE TABLE {name} ({columns})")
    for rows in _batches(table.rows):
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
