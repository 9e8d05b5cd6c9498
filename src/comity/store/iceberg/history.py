"""What the ledger says that the tables must show.

Invariant: releases never change, so what is read of one stays true; a release that is published meanwhile is left to
the next call. No transaction stays open, for the catalogue is written in the same database.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from comity.store.catalogue import list_releases, release_files
from comity.store.iceberg.place import KEPT_SNAPSHOTS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from comity.store.layout import Layout
    from comity.store.ledger import Ledger
    from comity.store.publication import Release, StoredFile


class History:
    """Of every record type, the last releases that changed it; and the files of each of them."""

    def __init__(self, layout: Layout, ledger: Ledger) -> None:
        self._layout, self._ledger = layout, ledger
        with ledger.reading() as connection:
            self._changes = changes(connection)
            self._releases = {release.number: release for release in list_releases(connection)}
        self.first = min(self._releases, default=0)
        """The first release that has not expired."""
        self._files: dict[int, dict[str, list[StoredFile]]] = {}

    def releases(self, record_type: str) -> list[Release]:
        """Those that changed the record type, the oldest first, as many as a table keeps."""
        return [self._releases[number] for number in self._changes.get(record_type, ())[-KEPT_SNAPSHOTS:]]

    def files(self, record_type: str, release: Release) -> list[StoredFile]:
        if release.number not in self._files:
            by_type: dict[str, list[StoredFile]] = defaultdict(list)
            with self._ledger.reading() as connection:
                for file in release_files(connection, self._layout, release.number):
                    by_type[file.record_type].append(file)
            self._files[release.number] = by_type
        return self._files[release.number].get(record_type, [])


def changes(connection: Connection) -> dict[str, list[int]]:
    """Of every record type the releases in which a file of it begins or ends, in order. What began in one that has
    expired is there since the first that is kept.
    """
    from sqlalchemy import func, select, union

    from comity.store.tables import files, releases

    kept = select(func.min(releases.c.release)).where(releases.c.expired_at.is_(None))
    first = connection.execute(kept).scalar() or 0
    begun = select(files.c.record_type, files.c.begin_release.label("release"))
    ended = select(files.c.record_type, files.c.end_release).where(files.c.end_release.is_not(None))
    found: dict[str, set[int]] = defaultdict(set)
    for record_type, release in connection.execute(union(begun, ended)):
        found[record_type].add(max(release, first))
    return {record_type: sorted(numbers) for record_type, numbers in found.items()}
