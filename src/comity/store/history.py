"""What the ledger knows of the exports of all sources, each asked in one question a night.

Invariant: an export counts as published when a release came of it; when it was received is when a run first met it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


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
        .having(func.max(exports.c.outcome) == "published")
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
