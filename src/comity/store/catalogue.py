"""Questions to the ledger about releases and their files.

Invariant: a file is in release n when ``begin_release`` ≤ n < ``end_release``; that is said here and
nowhere else.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from comity.errors import StoreError
from comity.store.publication import Release, StoredFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, Select

    from comity.store.layout import Layout


def last_release(connection: Connection) -> int:
    """The number of the last release; 0 before the first."""
    from sqlalchemy import func, select

    from comity.store.tables import releases

    return int(connection.execute(select(func.coalesce(func.max(releases.c.release), 0))).scalar_one())


def run_of(connection: Connection, release: int) -> str | None:
    """The run that published that release; None when there is no such release."""
    from sqlalchemy import select

    from comity.store.tables import releases

    return connection.execute(select(releases.c.run_id).where(releases.c.release == release)).scalar()


def list_releases(connection: Connection) -> list[Release]:
    from sqlalchemy import select

    from comity.store.tables import releases

    kept = select(releases).where(releases.c.expired_at.is_(None))
    rows = connection.execute(kept.order_by(releases.c.release))
    return [Release(row.release, row.published_at, row.run_id, row.records) for row in rows]


def release_at(connection: Connection, moment: datetime) -> int:
    """The number of the release that readers saw at ``moment``; 0 before the first."""
    from sqlalchemy import func, select

    from comity.store.tables import releases

    number = select(func.max(releases.c.release)).where(releases.c.published_at <= moment)
    return int(connection.execute(number).scalar() or 0)


def check_release(connection: Connection, release: int) -> None:
    """Raise unless that release exists."""
    last = last_release(connection)
    if not 1 <= release <= last:
        raise StoreError(
            "store.unknown-release",
            f"There is no release {release}",
            found=f"releases 1 to {last}" if last else "nothing has been published yet",
            remedy="see `comity releases`",
        )
    from sqlalchemy import select

    from comity.store.tables import releases

    expired = select(releases.c.expired_at).where(releases.c.release == release)
    if connection.execute(expired).scalar() is not None:
        raise StoreError(
            "store.expired-release",
            f"Release {release} has expired: its files were let go",
            remedy="see `comity releases` for those that are kept",
        )


def release_files(
    connection: Connection,
    layout: Layout,
    release: int,
    *,
    record_type: str | None = None,
    source_id: str | None = None,
) -> list[StoredFile]:
    """The files of a release, in a fixed order."""
    from sqlalchemy import select

    from comity.store.tables import files

    statement = select(files).where(_in_release(release))
    if record_type is not None:
        statement = statement.where(files.c.record_type == record_type)
    if source_id is not None:
        statement = statement.where(files.c.source_id == source_id)
    return _stored(connection, layout, statement)


def differing_files(
    connection: Connection, layout: Layout, since: int, release: int
) -> tuple[list[StoredFile], list[StoredFile]]:
    """The files of each of two releases that the other has not."""
    from sqlalchemy import not_, select

    from comity.store.tables import files

    earlier, later = _in_release(since), _in_release(release)
    return (
        _stored(connection, layout, select(files).where(earlier, not_(later))),
        _stored(connection, layout, select(files).where(later, not_(earlier))),
    )


def held_by(connection: Connection, release: int) -> tuple[int, int, int]:
    """How many files, records and bytes a release has."""
    from sqlalchemy import func, select

    from comity.store.tables import files

    sums = (func.coalesce(func.sum(column), 0) for column in (files.c.rows, files.c.bytes))
    count, rows, size = connection.execute(select(func.count(), *sums).where(_in_release(release))).one()
    return int(count), int(rows), int(size)


def sums_by_type(connection: Connection, release: int) -> dict[str, tuple[int, int]]:
    """The number of files and of records of every record type that a release has."""
    from sqlalchemy import func, select

    from comity.store.tables import files

    sums = select(files.c.record_type, func.count(), func.sum(files.c.rows)).where(_in_release(release))
    return {
        name: (int(count), int(rows))
        for name, count, rows in connection.execute(sums.group_by(files.c.record_type))
    }


def _stored(connection: Connection, layout: Layout, statement: Select[Any]) -> list[StoredFile]:
    from comity.store.tables import files as f

    columns = [f.c[field.name] for field in fields(StoredFile)]
    ordered = statement.with_only_columns(*columns).order_by(
        f.c.record_type, f.c.owner_country, f.c.source_id, f.c.path
    )
    # Thousands of them, at every release: nothing is done twice for one.
    return [StoredFile(row[0], layout.root / row[1], *row[2:]) for row in connection.execute(ordered)]


def report_files(connection: Connection, layout: Layout, report: str, release: int) -> Sequence[Path]:
    """The files of ``rejects`` or ``quality`` that belong with a release.

    For the last release that is everything up to now, also of sources that were not published. A full
    export makes the rejects of its source's earlier exports void; those of deltas stay, since their
    records do.
    """
    from sqlalchemy import func, select, true

    from comity.store.tables import exports, files, quality_files, rejects_files, releases

    table = quality_files if report == "quality" else rejects_files
    until: ColumnElement[bool] = true()
    if release < last_release(connection):
        until = table.c.run_id <= (
            select(releases.c.run_id).where(releases.c.release == release).scalar_subquery()
        )
    statement = select(table.c.path).where(until).order_by(table.c.run_id, table.c.path)
    if report == "rejects":
        full = (
            select(files.c.source_id, func.max(exports.c.run_id).label("run_id"))
            .join(
                exports,
                (exports.c.source_id == files.c.source_id) & (exports.c.export_id == files.c.export_id),
            )
            .join(releases, releases.c.release == files.c.begin_release)
            .where(_in_release(release), exports.c.kind == "full", exports.c.run_id == releases.c.run_id)
            .group_by(files.c.source_id)
            .subquery()
        )
        statement = statement.outerjoin_from(table, full, full.c.source_id == table.c.source_id).where(
            full.c.run_id.is_(None) | (table.c.run_id >= full.c.run_id)
        )
    return [layout.root / path for path in connection.execute(statement).scalars()]


def published_at(connection: Connection, release: int) -> datetime | None:
    """The moment at which readers first saw that release."""
    from sqlalchemy import select

    from comity.store.tables import releases

    return connection.execute(select(releases.c.published_at).where(releases.c.release == release)).scalar()


def change_files(
    connection: Connection, layout: Layout, after: int, until: int, *, withdrawals: bool = False
) -> dict[str, list[Path]]:
    """By record type the files of changes of the releases after one and up to another; only those that hold a
    withdrawal, when asked for.
    """
    from sqlalchemy import select

    from comity.store.tables import changes as c

    statement = (
        select(c.c.record_type, c.c.path)
        .where(c.c.release > after, c.c.release <= until, c.c.path.is_not(None))
        .order_by(c.c.release, c.c.path)
    )
    if withdrawals:
        statement = statement.where(c.c.withdrawn > 0)
    found: dict[str, list[Path]] = {}
    for record_type, path in connection.execute(statement):
        found.setdefault(record_type, []).append(layout.root / path)
    return found


def listed_paths(connection: Connection) -> set[str]:
    """Every file that the ledger knows, of whatever release, run or kind, relative to the data folder."""
    from sqlalchemy import select

    from comity.store.tables import changes, files, quality_files, rejects_files

    return {
        path
        for table in (files, changes, quality_files, rejects_files)
        for path in connection.execute(select(table.c.path)).scalars()
        if path is not None
    }


def _in_release(release: int) -> ColumnElement[bool]:
    from sqlalchemy import or_

    from comity.store.tables import files

    return (files.c.begin_release <= release) & or_(
        files.c.end_release.is_(None), files.c.end_release > release
    )
