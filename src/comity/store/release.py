"""Publishing: staged files become the next release.

Invariant: readers see the whole of a release or none of it. Files are in place, durable and listed by no
release; the views are finished beside; then one transaction of the ledger makes it so, and one rename
shows it. Killed at any point, what is left is either the release before or the new one; the rest is
swept, or put in place, at the next start.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.catalogue import held_by, last_release
from comity.store.chronicle import record_accounts, record_changes
from comity.store.failure import storing
from comity.store.layout import PRIVATE, move_into_place, sync
from comity.store.lock import holding
from comity.store.publication import Release
from comity.store.views import build_beside, discard, put_in_place
from comity.store.withdrawal import whole_withdrawals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from comity.standard import Standard
    from comity.store.layout import Layout
    from comity.store.ledger import Ledger
    from comity.store.publication import Publication, StagedFile


def publish(
    layout: Layout,
    ledger: Ledger,
    standard: Standard | None,
    run_id: str,
    base: int,
    publications: Sequence[Publication],
    wait_seconds: float,
) -> Release:
    """Make ``publications`` the next release, all of them or none. ``base``: the last one when the run began."""
    _check_publications(publications)
    publications = [
        replace(
            item, changes=item.changes + whole_withdrawals(layout, ledger, item, layout.staging_of(run_id))
        )
        for item in publications
    ]
    columns_ids = {file.path: check_staged(file) for item in publications for file in item.files}
    with holding(layout.publish_lock, wait_seconds):
        moved: dict[Path, Path] = {}
        beside: Path | None = None
        committing = False
        try:
            for source, target in _places(layout, publications):
                moved[source] = target
                move_into_place(source, target)
            for folder in {target.parent for target in moved.values()}:
                with storing("making new names durable", folder):
                    sync(folder)
            with ledger.writing("publishing a release") as connection:
                _check_untouched(connection, run_id, base, publications)
                release = _list(connection, layout, run_id, publications, columns_ids, moved)
                beside = build_beside(
                    connection, layout, standard, layout.views_file, release.number, following=True
                )
                committing = True
        except BaseException:
            if not (committing and _is_committed(ledger, layout, moved.values())):
                _put_back(moved)
                if beside is not None:
                    discard(beside)
            raise
        put_in_place(beside, layout.views_file)
    return release


def _places(layout: Layout, publications: Sequence[Publication]) -> Iterator[tuple[Path, Path]]:
    """Every staged file, and where it shall be."""
    for item in publications:
        for file in item.files:
            yield file.path, layout.new_record_file(file.record_type, file.owner_country)
        for change in item.changes:
            if change.path is not None:
                yield change.path, layout.new_change_file(change.record_type, change.owner_country)


def check_staged(file: StagedFile) -> str:
    """An id of the columns of a staged file, which is whole and has the rows that it is said to have."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with storing("checking a staged file", file.path):
        size = file.path.stat().st_size
        try:
            with pq.ParquetFile(file.path) as parquet:
                rows, schema = parquet.metadata.num_rows, parquet.schema_arrow
        except pa.ArrowInvalid as error:
            raise _broken(file, str(error)) from None
    if (size, rows) != (file.bytes, file.rows):
        raise _broken(file, f"{size} bytes and {rows} rows, not {file.bytes} bytes and {file.rows} rows")
    # With their ids: a column that was renamed, or whose name now means another, makes a file of another kind.
    text = "\n".join(
        f"{column.name} {column.type} {(column.metadata or {}).get(b'PARQUET:field_id')}" for column in schema
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _broken(file: StagedFile, found: str) -> StoreError:
    return StoreError(
        "store.broken-file",
        f"A staged file of {file.source_id} is not what its writer said",
        file=file.path,
        found=found,
        remedy="run again; nothing was published",
    )


def _check_publications(publications: Sequence[Publication]) -> None:
    if not publications:
        raise StoreError(
            "store.nothing-to-publish",
            "A release needs at least one source",
            remedy="publish only when a source has passed; the last release stays as it is",
        )
    seen: set[str] = set()
    for item in publications:
        if item.source_id in seen:
            raise StoreError(
                "store.published-twice",
                f"The source {item.source_id} is in one release twice",
                remedy="publish one export of a source after the other, each in a release of its own",
            )
        seen.add(item.source_id)


def _check_untouched(
    connection: Connection, run_id: str, base: int, publications: Sequence[Publication]
) -> None:
    """Raise when another run published one of the sources since this one began: this one merged with what was
    there before, and would undo the other's work.
    """
    from sqlalchemy import or_, select

    from comity.store.tables import files, releases

    other = select(releases.c.release).where(releases.c.release > base, releases.c.run_id != run_id)
    touched = set(
        connection.execute(
            select(files.c.source_id).where(
                files.c.source_id.in_([item.source_id for item in publications]),
                or_(files.c.begin_release.in_(other), files.c.end_release.in_(other)),
            )
        ).scalars()
    )
    if touched:
        raise StoreError(
            "store.published-meanwhile",
            f"Another run has published {' and '.join(sorted(touched))} since this one began",
            remedy="nothing was changed by this run; run again: it starts from what is published now",
        )


def _list(
    connection: Connection,
    layout: Layout,
    run_id: str,
    publications: Sequence[Publication],
    columns_ids: dict[Path, str],
    moved: dict[Path, Path],
) -> Release:
    """Write the release into the ledger. Its number is the next one, since no one else can write now."""
    from sqlalchemy import func, select

    from comity.store.tables import exports, files, releases

    number = last_release(connection) + 1
    now = datetime.now(UTC)
    connection.execute(releases.insert().values(release=number, published_at=now, run_id=run_id, records=0))
    for item in publications:
        ended = (files.c.source_id == item.source_id) & files.c.end_release.is_(None)
        if item.replaces == "record_types":
            ended &= files.c.record_type.in_(sorted(item.record_types))
        earlier = connection.execute(
            select(func.coalesce(func.sum(files.c.rows), 0)).where(ended)
        ).scalar_one()
        if earlier and not item.records and not item.allow_empty:
            raise StoreError(
                "store.empty-replacement",
                f"An empty export would withdraw every record of {item.source_id}",
                found=f"0 records now, {earlier} in release {number - 1}",
                remedy="look at the export; if the source really holds nothing any more, publish it as empty",
            )
        connection.execute(files.update().where(ended).values(end_release=number))
        if item.files:
            connection.execute(
                files.insert(),
                [
                    {
                        "file_id": str(uuid.uuid4()),
                        "path": layout.relative(moved[file.path]),
                        "record_type": file.record_type,
                        "source_id": item.source_id,
                        "owner_country": file.owner_country,
                        "export_id": item.export_id,
                        "mapping_version": item.mapping_version,
                        "rows": file.rows,
                        "bytes": file.bytes,
                        "sha256": file.sha256,
                        "columns_id": columns_ids[file.path],
                        "begin_release": number,
                        "end_release": None,
                    }
                    for file in item.files
                ],
            )
        record_accounts(connection, item.accounts, number)
        record_changes(connection, layout, number, item, moved)
        connection.execute(
            exports.update()
            .where(
                exports.c.run_id == run_id,
                exports.c.source_id == item.source_id,
                exports.c.export_id == item.export_id,
            )
            .values(outcome="published")
        )
    _, records, _ = held_by(connection, number)
    connection.execute(releases.update().where(releases.c.release == number).values(records=records))
    return Release(number, now, run_id, records)


def _is_committed(ledger: Ledger, layout: Layout, targets: Iterable[Path]) -> bool:
    """Whether a commit that failed took place all the same. When the ledger cannot tell, yes: a listed file
    must never be taken away, while an unlisted one is only swept later.
    """
    from sqlalchemy import func, select

    from comity.store.tables import files

    paths = [layout.relative(target) for target in targets]
    if not paths:
        return False
    try:
        with ledger.reading() as connection:
            known = select(func.count()).where(files.c.path == paths[0])
            return connection.execute(known).scalar_one() > 0
    except StoreError:
        return True


def _put_back(moved: dict[Path, Path]) -> None:
    """Give the staged files back, so that the run can try again."""
    for source, target in moved.items():
        if target.exists():
            with storing("giving a staged file back", source):
                target.replace(source)
                source.chmod(PRIVATE)
