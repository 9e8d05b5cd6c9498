"""What the ledger remembers beside releases: runs, sources, exports, mappings, rejects and results.

Invariant: a line is written when its fact is final, each call in one transaction; saying the same thing
twice about one run is the same as saying it once.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Table

    from comity.store.layout import Layout
    from comity.store.ledger import Ledger
    from comity.store.publication import Account, ArchivedFile, Publication, PublishedExport

_STAMP = "%Y%m%dT%H%M%SZ"


def begin_run(connection: Connection, now: datetime) -> str:
    """A new run: its id, ``YYYYMMDDTHHMMSSZ-xxxx``, sorts after that of every earlier run.

    Two runs in one second, or a clock that was set back, would else sort by chance: such an id is ahead of its time.
    """
    from sqlalchemy import func, select

    from comity.store.tables import runs

    last = connection.execute(select(func.max(runs.c.run_id))).scalar()
    moment = now.astimezone(UTC)
    if last is not None and last[:16] >= f"{moment:{_STAMP}}":
        moment = datetime.strptime(last[:16], _STAMP) + timedelta(seconds=1)
    run_id = f"{moment:{_STAMP}}-{secrets.token_hex(2)}"
    connection.execute(
        runs.insert().values(
            run_id=run_id, started_at=now, status="running", host=socket.gethostname(), process=os.getpid()
        )
    )
    return run_id


def running(connection: Connection) -> list[str]:
    """The runs that have not ended, as far as the ledger knows."""
    from sqlalchemy import select

    from comity.store.tables import runs

    return list(connection.execute(select(runs.c.run_id).where(runs.c.status == "running")).scalars())


def end_run(ledger: Ledger, run_id: str, status: str) -> None:
    from comity.store.tables import runs

    with ledger.writing("ending a run") as connection:
        connection.execute(
            runs.update().where(runs.c.run_id == run_id).values(ended_at=datetime.now(UTC), status=status)
        )


def last_run(connection: Connection) -> str | None:
    """The last run that is over, however it ended."""
    from sqlalchemy import func, select

    from comity.store.tables import runs

    return connection.execute(select(func.max(runs.c.run_id)).where(runs.c.status != "running")).scalar()


def record_source(
    connection: Connection, source_id: str, owner_country: str, **described: str | None
) -> None:
    """Keep what the federation says of a source today."""
    from comity.store.tables import sources

    values = {"owner_country": owner_country, "recorded_at": datetime.now(UTC), **described}
    _put(connection, sources, {"source_id": source_id}, values)


def changed_sources(
    connection: Connection, described: Mapping[str, Mapping[str, str | None]]
) -> dict[str, Mapping[str, str | None]]:
    """Of these sources, those of which the ledger says something else, or nothing."""
    from sqlalchemy import select

    from comity.store.tables import sources

    known = {row["source_id"]: row for row in connection.execute(select(sources)).mappings()}
    return {
        name: values
        for name, values in described.items()
        if name not in known or any(known[name][key] != value for key, value in values.items())
    }


def record_export(
    connection: Connection,
    run_id: str,
    source_id: str,
    export_id: str,
    files: Sequence[ArchivedFile],
    *,
    kind: str,
    received_at: datetime | None,
    mapping_version: str | None,
    outcome: str,
    message: str | None,
) -> None:
    """Keep what became of an export in this run, and of which files it consists."""
    from comity.store.tables import export_files, exports

    key = {"source_id": source_id, "export_id": export_id}
    _put(
        connection,
        exports,
        {"run_id": run_id, **key},
        {
            "kind": kind,
            "received_at": received_at,
            "mapping_version": mapping_version,
            "outcome": outcome,
            "message": message,
        },
    )
    for position, file in enumerate(files):
        values = {"name": file.name, "sha256": file.sha256, "size": file.size}
        _put(connection, export_files, {**key, "position": position}, values)


def known_export(connection: Connection, source_id: str, export_id: str, mapping_version: str) -> str | None:
    """What became of that export under that mapping the last time it was read; None when it never was."""
    from sqlalchemy import select

    from comity.store.tables import exports

    return connection.execute(
        select(exports.c.outcome)
        .where(
            exports.c.source_id == source_id,
            exports.c.export_id == export_id,
            exports.c.mapping_version == mapping_version,
        )
        .order_by(exports.c.run_id.desc())
        .limit(1)
    ).scalar()


def published_versions(connection: Connection, source_id: str) -> dict[str, set[str]]:
    """Every export of the source that was published, and the mapping versions that it was published under."""
    from sqlalchemy import select

    from comity.store.tables import exports

    versions: dict[str, set[str]] = {}
    found = select(exports.c.export_id, exports.c.mapping_version).where(
        exports.c.source_id == source_id, exports.c.outcome == "published"
    )
    for export_id, mapping_version in connection.execute(found):
        versions.setdefault(export_id, set()).add(mapping_version)
    return versions


def last_published(connection: Connection, source_id: str) -> PublishedExport | None:
    """The export that was published last, with its files and accounts; None when none ever was."""
    from sqlalchemy import select

    from comity.store.publication import Account, ArchivedFile, PublishedExport
    from comity.store.tables import accounts, export_files, exports

    of_source = accounts.c.source_id == source_id
    newest = select(accounts.c.run_id, accounts.c.export_id, accounts.c.release).where(
        of_source, accounts.c.release.is_not(None)
    )
    found = connection.execute(newest.order_by(accounts.c.release.desc()).limit(1)).first()
    if found is None:
        return None
    run_id, export_id, release = found
    export = connection.execute(
        select(exports.c.mapping_version, exports.c.received_at).where(
            exports.c.run_id == run_id, exports.c.source_id == source_id, exports.c.export_id == export_id
        )
    ).one()
    files = connection.execute(
        select(export_files.c.name, export_files.c.sha256, export_files.c.size)
        .where(export_files.c.source_id == source_id, export_files.c.export_id == export_id)
        .order_by(export_files.c.position)
    )
    told = connection.execute(
        select(*(column for column in accounts.c if column.name != "release"))
        .where(of_source, accounts.c.run_id == run_id, accounts.c.export_id == export_id)
        .order_by(accounts.c.record_type)
    )
    return PublishedExport(
        run_id,
        export_id,
        release,
        export.mapping_version,
        export.received_at,
        tuple(ArchivedFile(*file) for file in files),
        tuple(Account(**row) for row in told.mappings()),
    )


def published_exports(connection: Connection, source_id: str) -> dict[str, list[ArchivedFile]]:
    """Every export of the source that was published, and its files in their order."""
    from sqlalchemy import select

    from comity.store.publication import ArchivedFile
    from comity.store.tables import export_files, exports

    published = select(exports.c.export_id).where(
        exports.c.source_id == source_id, exports.c.outcome == "published"
    )
    files = (
        select(export_files)
        .where(export_files.c.source_id == source_id, export_files.c.export_id.in_(published))
        .order_by(export_files.c.export_id, export_files.c.position)
    )
    found: dict[str, list[ArchivedFile]] = {}
    for row in connection.execute(files):
        found.setdefault(row.export_id, []).append(ArchivedFile(row.name, row.sha256, row.size))
    return found


def record_mapping(
    connection: Connection, mapping_version: str, source_id: str, record_type: str, rules: Mapping[str, Any]
) -> None:
    """Keep the rule behind every column: ``{column: {"rule": text, "from": [fields]}}``."""
    from comity.store.tables import mappings

    _put(
        connection,
        mappings,
        {"mapping_version": mapping_version, "record_type": record_type},
        {
            "source_id": source_id,
            "rules": json.dumps(rules, ensure_ascii=False),
            "recorded_at": datetime.now(UTC),
        },
    )


def record_accounts(connection: Connection, accounts: Sequence[Account], release: int | None = None) -> None:
    from comity.store.tables import accounts as table

    for account in accounts:
        key = {name: getattr(account, name) for name in ("run_id", "source_id", "export_id", "record_type")}
        counts = {
            name: getattr(account, name)
            for name in ("rows_read", "rows_accepted", "rows_rejected", "rows_not_selected", "records")
        }
        _put(connection, table, key, {**counts, "release": release})


def record_changes(
    connection: Connection, layout: Layout, release: int, item: Publication, moved: Mapping[Path, Path]
) -> None:
    """Keep what a publication changes; ``moved`` says where the files of its changes are now."""
    from comity.store.tables import changes

    rows = [
        {
            "release": release,
            "source_id": item.source_id,
            "record_type": change.record_type,
            "owner_country": change.owner_country,
            "added": change.added,
            "changed_by_source": change.changed_by_source,
            "changed_by_mapping": change.changed_by_mapping,
            "withdrawn": change.withdrawn,
            "columns": json.dumps(dict(sorted(change.columns.items()))),
            "path": layout.relative(moved[change.path]) if change.path else None,
            "rows": change.rows,
            "bytes": change.bytes,
            "sha256": change.sha256,
        }
        for change in item.changes
    ]
    if rows:
        connection.execute(changes.insert(), rows)


def record_rejects(
    connection: Connection, path: str, run_id: str, source_id: str, export_id: str, rows: int
) -> None:
    from comity.store.tables import rejects_files

    values = {"run_id": run_id, "source_id": source_id, "export_id": export_id, "rows": rows}
    _put(connection, rejects_files, {"path": path}, values)


def reject_paths(connection: Connection, run_id: str, source_id: str, export_id: str) -> list[str]:
    """The files of rejected rows of one export in one run, relative to the data folder."""
    from sqlalchemy import select

    from comity.store.tables import rejects_files as table

    found = select(table.c.path).where(
        table.c.run_id == run_id, table.c.source_id == source_id, table.c.export_id == export_id
    )
    return list(connection.execute(found.order_by(table.c.path)).scalars())


def record_quality(connection: Connection, path: str, run_id: str, rows: int) -> None:
    from comity.store.tables import quality_files

    _put(connection, quality_files, {"path": path}, {"run_id": run_id, "rows": rows})


def _put(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert or update one line. Writers are alone in the ledger, so looking first is safe in every
    database.
    """
    from sqlalchemy import and_

    here = and_(*(table.c[name] == value for name, value in key.items()))
    if connection.execute(table.update().where(here).values(**values)).rowcount == 0:
        connection.execute(table.insert().values(**key, **values))
