"""The small tables of the views file, in its schema ``ledger``: what the ledger and the standard say.

Invariant: a table holds what was known at its release; none holds a record.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from sqlalchemy import Connection

    from comity.standard import CodeList, RecordType
    from comity.store.layout import Layout
    from comity.store.publication import StoredFile
    from comity.store.view_held import Held

_TIME = "TIMESTAMP WITH TIME ZONE"
# Years of nights make many accounts: they are not all fetched at once.
_AT_ONCE = 10_000


@dataclass(frozen=True)
class LedgerTable:
    """``columns``: name to DuckDB type; ``rows`` may be a cursor that is read once. ``stale``: which of the rows that
    a table has already these take the place of, all by default.
    """

    name: str
    columns: dict[str, str]
    rows: Iterable[Sequence[Any]]
    stale: str = "true"


def ledger_tables(
    release: int,
    held: Held,
    ended: Sequence[StoredFile],
    begun: Sequence[StoredFile],
    connection: Connection,
    layout: Layout,
) -> list[LedgerTable]:
    """Releases, sources, exports, accounts, changes and files as of ``release``, of all but sources only what is not
    ``held``. ``ended``, ``begun``: the files that only what is held has, and those that only the release has.
    """
    from sqlalchemy import or_, select, true

    from comity.store import tables
    from comity.store.catalogue import last_release
    from comity.store.view_sql import literal, path_list

    stale_runs = f"run_id >= {literal(held.settled)}"
    until = select(tables.releases.c.run_id).where(tables.releases.c.release == release).scalar_subquery()
    # The last release comes with what happened since, or a source that fails every night would look healthy.
    now = release == last_release(connection)
    releases, accounts, exports, sources = tables.releases, tables.accounts, tables.exports, tables.sources
    return [
        LedgerTable(
            "releases",
            {"release": "BIGINT", "published_at": _TIME, "run_id": "VARCHAR", "records": "BIGINT"},
            connection.execute(
                select(releases.c.release, releases.c.published_at, releases.c.run_id, releases.c.records)
                .where(releases.c.release > held.release, releases.c.release <= release)
                .order_by(releases.c.release)
            ),
            stale="false",
        ),
        LedgerTable(
            "accounts",
            {
                **dict.fromkeys(("run_id", "source_id", "export_id", "record_type"), "VARCHAR"),
                **dict.fromkeys(("rows_read", "rows_accepted", "rows_rejected"), "BIGINT"),
                **dict.fromkeys(("rows_not_selected", "records", "release"), "BIGINT"),
            },
            connection.execute(
                select(accounts)
                .where(
                    accounts.c.run_id >= held.settled,
                    true() if now else or_(accounts.c.release <= release, accounts.c.release.is_(None)),
                    true() if now else accounts.c.run_id <= until,
                )
                .order_by(accounts.c.run_id, accounts.c.source_id)
                .execution_options(yield_per=_AT_ONCE)
            ),
            stale_runs,
        ),
        LedgerTable(
            "exports",
            {
                **dict.fromkeys(("run_id", "source_id", "export_id", "kind"), "VARCHAR"),
                "received_at": _TIME,
                **dict.fromkeys(("mapping_version", "outcome", "message"), "VARCHAR"),
            },
            connection.execute(
                select(exports)
                .where(exports.c.run_id >= held.settled, true() if now else exports.c.run_id <= until)
                .order_by(exports.c.run_id, exports.c.source_id)
                .execution_options(yield_per=_AT_ONCE)
            ),
            stale_runs,
        ),
        LedgerTable(
            "changes",
            {
                "release": "BIGINT",
                **dict.fromkeys(("source_id", "record_type", "owner_country"), "VARCHAR"),
                **dict.fromkeys(("added", "changed_by_source", "changed_by_mapping", "withdrawn"), "BIGINT"),
                **dict.fromkeys(("columns", "path"), "VARCHAR"),
            },
            (
                (*row[:9], row[9] and str(layout.root / row[9]))
                for row in _changes(connection, held.release, release)
            ),
            stale="false",
        ),
        LedgerTable(
            "sources",
            {
                **dict.fromkeys(
                    ("source_id", "owner_country", "authority", "title", "description", "kind", "due",
                     "licence", "attribution"),
                    "VARCHAR",
                ),
                "recorded_at": _TIME,
            },
            connection.execute(select(sources).order_by(sources.c.source_id)),
        ),
        LedgerTable(
            "files",
            {
                **dict.fromkeys(
                    ("path", "record_type", "source_id", "owner_country", "export_id", "mapping_version"),
                    "VARCHAR",
                ),
                **dict.fromkeys(("rows", "bytes", "begin_release"), "BIGINT"),
            },
            (
                (str(file.path), file.record_type, file.source_id, file.owner_country, file.export_id,
                 file.mapping_version, file.rows, file.bytes, file.begin_release)
                for file in begun
            ),
            stale=f"list_contains({path_list([file.path for file in ended])}, path)" if ended else "false",
        ),
    ]  # fmt: skip


def _changes(connection: Connection, after: int, until: int) -> Iterable[Sequence[Any]]:
    from sqlalchemy import select

    from comity.store.tables import changes as c

    return connection.execute(
        select(
            c.c.release, c.c.source_id, c.c.record_type, c.c.owner_country, c.c.added, c.c.changed_by_source,
            c.c.changed_by_mapping, c.c.withdrawn, c.c.columns, c.c.path,
        )
        .where(c.c.release > after, c.c.release <= until)
        .order_by(c.c.release, c.c.source_id, c.c.record_type)
        .execution_options(yield_per=_AT_ONCE)
    )  # fmt: skip


def code_list_rows(code_lists: Iterable[CodeList]) -> LedgerTable:
    names = ("list", "version", "code", "label", "status", "parent", "evidence", "attributes")
    return LedgerTable(
        "code_lists",
        dict.fromkeys(names, "VARCHAR"),
        (
            (
                code_list.name,
                code_list.version,
                code.code,
                code.label,
                code.status,
                code.parent,
                code.evidence,
                json.dumps(dict(code.attributes), ensure_ascii=False) if code.attributes else None,
            )
            for code_list in code_lists
            for code in code_list.codes.values()
        ),
    )


def renewal_rows(renewals: Sequence[tuple[str, str, date]]) -> LedgerTable:
    """When renewed records are to be reviewed again."""
    return LedgerTable(
        "renewals", {"record_type": "VARCHAR", "record_id": "VARCHAR", "review_due": "DATE"}, renewals
    )


def view_text_rows(texts: Mapping[str, tuple[str, int]]) -> LedgerTable:
    """Of the views that are others now: its name → a hash of the SQL, empty for one that is gone, and how many lists of
    files it calls.
    """
    from comity.store.view_sql import literals

    return LedgerTable(
        "view_texts",
        {"name": "VARCHAR", "text": "VARCHAR", "lists": "BIGINT"},
        [(name, *text) for name, text in texts.items() if text[0]],
        stale=f"list_contains({literals(texts)}, name)" if texts else "false",
    )


def report_file_rows(reported: Mapping[str, Sequence[Path]]) -> LedgerTable:
    """The files behind ``rejects`` and ``quality``: a reader may open these and those of the records, no
    others.
    """
    return LedgerTable(
        "report_files",
        {"report": "VARCHAR", "path": "VARCHAR"},
        ((report, str(path)) for report, paths in reported.items() for path in paths),
    )


def record_type_rows(
    names: Sequence[str], types: Sequence[RecordType], sums: Mapping[str, tuple[int, int]]
) -> LedgerTable:
    """``sums``: the files and records of each type that has some."""
    known = {record_type.name: record_type for record_type in types}
    return LedgerTable(
        "record_types",
        {"name": "VARCHAR", "title": "VARCHAR", "files": "BIGINT", "records": "BIGINT"},
        ((name, known[name].title if name in known else None, *sums.get(name, (0, 0))) for name in names),
    )
