"""What the ledger knows of the exports of all sources, each asked in one question a night.

Invariant: an export counts as published when a release came of it; when it was received is when a run first met it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from comity.store.publication import ArchivedFile


@dataclass(frozen=True)
class MetExport:
    """One export that runs have met. ``last_run``: the last of them; ``published``: whether a release came of it."""

    export_id: str
    kind: str
    last_run: str
    published: bool
    files: tuple[ArchivedFile, ...]

    @property
    def names(self) -> list[str]:
        return [file.name for file in self.files]


def published_versions(connection: Connection) -> dict[str, dict[str, set[str]]]:
    """Source → every export that was published → the mapping versions that it was published under."""
    from sqlalchemy import select

    from comity.store.tables import exports

    versions: dict[str, dict[str, set[str]]] = {}
    found = (
        select(exports.c.source_id, exports.c.export_id, exports.c.mapping_version)
        .where(exports.c.outcome == "published")
        .distinct()
    )
    for source_id, export_id, mapping_version in connection.execute(found):
        versions.setdefault(source_id, {}).setdefault(export_id, set()).add(mapping_version)
    return versions


def seen_files(connection: Connection) -> dict[str, tuple[int, int, str]]:
    """Every export file that was archived: path → size, time of change in nanoseconds, SHA-256."""
    from sqlalchemy import select

    from comity.store.tables import seen_files as seen

    rows = connection.execute(select(seen.c.path, seen.c.size, seen.c.mtime_ns, seen.c.sha256))
    return {path: (size, mtime_ns, sha256) for path, size, mtime_ns, sha256 in rows}


def received(connection: Connection) -> dict[str, datetime]:
    """Source → when the newest of its published exports first came."""
    from sqlalchemy import func, select

    from comity.store.tables import exports

    first = (
        select(exports.c.source_id, func.min(exports.c.received_at).label("came"))
        .group_by(exports.c.source_id, exports.c.export_id)
        .having(func.max(exports.c.outcome) == "published")  # of all outcomes, the one that sorts last
    )
    newest: dict[str, datetime] = {}
    for source_id, came in connection.execute(first):
        if came is not None:
            newest[source_id] = max(came, newest.get(source_id, came))
    return newest


def tried(connection: Connection) -> dict[str, set[str]]:
    """Source → every export that a run met, whatever became of it."""
    from sqlalchemy import select

    from comity.store.tables import exports

    met: dict[str, set[str]] = {}
    for source_id, export_id in connection.execute(
        select(exports.c.source_id, exports.c.export_id).distinct()
    ):
        met.setdefault(source_id, set()).add(export_id)
    return met


def met_exports(connection: Connection, source_id: str) -> list[MetExport]:
    """Every export of a source that a run met, in the order in which they first came."""
    from sqlalchemy import func, select

    from comity.store.publication import ArchivedFile
    from comity.store.tables import accounts, export_files, exports

    files: dict[str, list[ArchivedFile]] = {}
    found = select(export_files.c.export_id, export_files.c.name, export_files.c.sha256, export_files.c.size)
    ordered = found.where(export_files.c.source_id == source_id).order_by(export_files.c.position)
    for export_id, name, sha256, size in connection.execute(ordered):
        files.setdefault(export_id, []).append(ArchivedFile(name, sha256, size))
    first_release = (
        select(accounts.c.export_id, func.min(accounts.c.release).label("release"))
        .where(accounts.c.source_id == source_id)
        .group_by(accounts.c.export_id)
        .subquery()
    )
    met = (
        select(
            exports.c.export_id,
            func.max(exports.c.kind),
            func.max(exports.c.run_id),
            func.max(exports.c.outcome),  # of all outcomes "published" sorts last
        )
        .join(first_release, first_release.c.export_id == exports.c.export_id, isouter=True)
        .where(exports.c.source_id == source_id)
        .group_by(exports.c.export_id)
        # Several exports of one run came in the order of their releases.
        .order_by(
            func.min(exports.c.run_id), func.min(first_release.c.release), func.min(exports.c.received_at)
        )
    )
    return [
        MetExport(export_id, kind, run_id, outcome == "published", tuple(files.get(export_id, ())))
        for export_id, kind, run_id, outcome in connection.execute(met)
    ]
