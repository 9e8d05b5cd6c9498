"""The store of one federation: the only way in for what a run has made.

Invariant: every change goes through one of these methods, and each of them either happened as a whole or
not at all.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from comity.errors import StoreError
from comity.store import catalogue, chronicle, holds
from comity.store.archive import archive
from comity.store.failure import storing
from comity.store.layout import Layout, make_folder, move_into_place, sync
from comity.store.ledger import WAIT_SECONDS, Ledger
from comity.store.lock import holding, take
from comity.store.release import publish
from comity.store.sweep import sweep
from comity.store.views import build_beside, discard, put_in_place, shown_release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from comity.standard import Standard
    from comity.store.holds import Hold
    from comity.store.publication import (
        Account,
        ArchivedFile,
        Publication,
        PublishedExport,
        Release,
        StoredFile,
    )


class Store:
    """``layout`` says where things are; ``standard`` gives the views their types and comments."""

    def __init__(
        self, layout: Layout, ledger: Ledger, standard: Standard | None, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self.layout = layout
        self.ledger = ledger
        self.standard = standard
        self.wait_seconds = wait_seconds
        # Of every run that this process began: its lock, and the last release when it began.
        self._runs: dict[str, tuple[int, int]] = {}

    @classmethod
    def open(
        cls,
        data_dir: Path,
        ledger_url: str | None = None,
        *,
        standard: Standard | None = None,
        writable: bool = True,
        wait_seconds: float = WAIT_SECONDS,
    ) -> Store:
        """Open the store in ``data_dir``; a writable one makes the folders and the ledger that are missing.

        ``wait_seconds``: how long to wait for another process that publishes or holds the ledger.
        """
        layout = Layout.at(data_dir)
        if writable:
            layout.create()
        ledger = Ledger.open(layout.ledger_file, ledger_url, writable=writable, wait_seconds=wait_seconds)
        if writable:
            _check_belongs(ledger, layout)
        return cls(layout, ledger, standard, wait_seconds)

    # Runs

    def begin_run(self) -> str:
        """Begin a run: its id, with a staging folder that no sweep takes away while this process lives."""
        handle: int | None = None
        try:
            with self.ledger.writing("beginning a run") as connection:
                run_id = chronicle.begin_run(connection, datetime.now(UTC))
                base = catalogue.last_release(connection)
                # Before the run is known to others, or a sweep would take it for dead.
                handle = take(self.layout.run_lock(run_id))
                if handle is None:
                    raise StoreError(
                        "store.busy", "Another run took the same id", found=run_id, remedy="run again"
                    )
                make_folder(self.layout.staging_of(run_id))
        except BaseException:
            if handle is not None:
                os.close(handle)
            raise
        self._runs[run_id] = handle, base
        return run_id

    def end_run(self, run_id: str, status: str) -> None:
        """End a run and show its rejects and results, also when it published nothing; its staging goes."""
        chronicle.end_run(self.ledger, run_id, status)
        self.refresh_views(following=True)
        handle, _ = self._runs.pop(run_id, (None, 0))
        if handle is not None:
            with storing("clearing the staging of a run", self.layout.staging_of(run_id)):
                shutil.rmtree(self.layout.staging_of(run_id))
                self.layout.run_lock(run_id).unlink()
            os.close(handle)

    def sweep(self) -> int:
        """Remove what dead runs left, show the last release if a kill prevented that, and finish a purge that was
        interrupted; files removed.
        """
        if (self.layout.root / "purge").exists():
            # First: the views may still list files that the ledger lists no more.
            from comity.store.purge import resume

            resume(self)
        return sweep(self.layout, self.ledger, self.standard, self.wait_seconds)

    # What a run has to say

    def archive(self, path: Path) -> str:
        """Keep the bytes of an export file for good; their SHA-256."""
        return archive(self.layout, self.ledger, path)

    def archived(self, sha256: str) -> Path:
        return self.layout.archived(sha256)

    def known_export(self, source_id: str, export_id: str, mapping_version: str) -> str | None:
        """What became of that export under that mapping last time; None when it is new."""
        with self.ledger.reading() as connection:
            return chronicle.known_export(connection, source_id, export_id, mapping_version)

    def published_versions(self, source_id: str) -> dict[str, set[str]]:
        """Every published export of a source, with the mapping versions that it was published under."""
        with self.ledger.reading() as connection:
            return chronicle.published_versions(connection, source_id)

    def last_published(self, source_id: str) -> PublishedExport | None:
        """The export that a source's records come from now; None when nothing of it is published."""
        with self.ledger.reading() as connection:
            return chronicle.last_published(connection, source_id)

    def reject_files(self, run_id: str, source_id: str, export_id: str) -> list[Path]:
        """The files of rejected rows of one export in one run."""
        with self.ledger.reading() as connection:
            found = chronicle.reject_paths(connection, run_id, source_id, export_id)
        return [self.layout.root / path for path in found]

    def published_exports(self, source_id: str) -> dict[str, list[ArchivedFile]]:
        """Every published export of a source, and the files that it consists of."""
        with self.ledger.reading() as connection:
            return chronicle.published_exports(connection, source_id)

    def record_source(self, source_id: str, owner_country: str, **described: str | None) -> None:
        """``described``: authority, title, description, kind, due, licence, attribution."""
        with self.ledger.writing("recording a source") as connection:
            chronicle.record_source(connection, source_id, owner_country, **described)

    def record_sources(self, described: Mapping[str, Mapping[str, str | None]]) -> None:
        """Many at once: source → owner_country and what else is described. Nothing is written where nothing changed."""
        with self.ledger.reading() as connection:
            changed = chronicle.changed_sources(connection, described)
        if changed:
            with self.ledger.writing("recording sources") as connection:
                for source_id, values in changed.items():
                    chronicle.record_source(connection, source_id, **values)  # type: ignore[arg-type]

    def hold(self, source_ids: Sequence[str], by: str, reason: str) -> list[Hold]:
        """Hold these sources back: nothing of them is published until they are released."""
        with self.ledger.writing("holding sources") as connection:
            return [holds.place(connection, source_id, by, reason) for source_id in source_ids]

    def release_hold(self, source_id: str, by: str) -> Hold | None:
        """Release a source; the hold that it had, None when it had none."""
        with self.ledger.writing("releasing a source") as connection:
            return holds.lift(connection, source_id, by)

    def holds(self, *, everything: bool = False) -> list[Hold]:
        """What is held now, or every hold there ever was."""
        with self.ledger.reading() as connection:
            found = holds.history(connection)
        return [hold for hold in found if everything or hold.released_at is None]

    def record_export(
        self,
        run_id: str,
        source_id: str,
        export_id: str,
        files: Sequence[ArchivedFile],
        *,
        kind: str,
        received_at: datetime | None,
        mapping_version: str | None,
        outcome: str,
        message: str | None = None,
    ) -> None:
        """Keep what became of an export; publishing it sets its outcome to ``published``."""
        with self.ledger.writing("recording an export") as connection:
            chronicle.record_export(
                connection,
                run_id,
                source_id,
                export_id,
                files,
                kind=kind,
                received_at=received_at,
                mapping_version=mapping_version,
                outcome=outcome,
                message=message,
            )

    def record_mapping(
        self, mapping_version: str, source_id: str, record_type: str, rules: Mapping[str, Any]
    ) -> None:
        """Keep the rule behind every column: ``{column: {"rule": text, "from": [fields]}}``."""
        with self.ledger.writing("recording a mapping") as connection:
            chronicle.record_mapping(connection, mapping_version, source_id, record_type, rules)

    def record_accounts(self, accounts: Sequence[Account]) -> None:
        """Keep the accounts of a source that is not published."""
        with self.ledger.writing("recording accounts") as connection:
            chronicle.record_accounts(connection, accounts)

    def record_rejects(self, run_id: str, source_id: str, export_id: str, path: Path, rows: int) -> Path:
        """Take a staged file of rejected rows into the store; where it is now."""
        target = self.layout.new_reject_file(source_id)
        with self._taking(path, target) as relative, self.ledger.writing("recording rejects") as connection:
            chronicle.record_rejects(connection, relative, run_id, source_id, export_id, rows)
        return target

    def record_quality(self, run_id: str, path: Path) -> Path:
        """Take a staged file of results into the store; where it is now."""
        import pyarrow.parquet as pq

        target = self.layout.quality_file(run_id)
        with storing("reading a staged file", path):
            rows = pq.read_metadata(path).num_rows
        with self._taking(path, target) as relative, self.ledger.writing("recording results") as connection:
            chronicle.record_quality(connection, relative, run_id, rows)
        return target

    # Releases

    def publish(self, run_id: str, publications: Sequence[Publication]) -> Release:
        """Make ``publications`` the next release: all of them are seen, or none is."""
        _, base = self._runs[run_id]
        return publish(self.layout, self.ledger, self.standard, run_id, base, publications, self.wait_seconds)

    def releases(self) -> list[Release]:
        with self.ledger.reading() as connection:
            return catalogue.list_releases(connection)

    def release_at(self, moment: datetime) -> int:
        """The release that readers saw at ``moment``; 0 when nothing was published then."""
        with self.ledger.reading() as connection:
            return catalogue.release_at(connection, moment)

    def files(
        self, record_type: str | None = None, source_id: str | None = None, release: int | None = None
    ) -> list[StoredFile]:
        """The files of a release, of the last one by default."""
        with self.ledger.reading() as connection:
            if release is None:
                release = catalogue.last_release(connection)
            else:
                catalogue.check_release(connection, release)
            return catalogue.release_files(
                connection, self.layout, release, record_type=record_type, source_id=source_id
            )

    def build_views(
        self, path: Path, release: int | None = None, since: int | None = None, *, following: bool = False
    ) -> Path:
        """Write a views file for any release; a reader of the file that was there goes on undisturbed.

        ``since``: the release that its view ``changes`` compares with, 0 for none; by default the one before.
        ``following``: only what became different since the file that is there.
        """
        with self.ledger.reading() as connection:
            for number in (release, since or None):
                if number is not None:
                    catalogue.check_release(connection, number)
            beside = build_beside(
                connection, self.layout, self.standard, path.resolve(), release, since, following=following
            )
        try:
            put_in_place(beside, path)
        except BaseException:
            discard(beside)
            raise
        return path

    def refresh_views(self, *, following: bool = False) -> None:
        """Show what the ledger says now; ``following``: nothing was rewritten, only added, since it was shown last."""
        with holding(self.layout.publish_lock, self.wait_seconds):
            self.build_views(self.layout.views_file, following=following)

    @contextmanager
    def _taking(self, path: Path, target: Path) -> Iterator[str]:
        """Move a staged file into its final place for the block; back again when the block fails."""
        with holding(self.layout.publish_lock, self.wait_seconds):
            move_into_place(path, target)
            with storing("making a new name durable", target.parent):
                sync(target.parent)
            try:
                yield self.layout.relative(target)
            except BaseException:
                target.replace(path)
                raise


def _check_belongs(ledger: Ledger, layout: Layout) -> None:
    """Raise when the folder shows a release that the ledger does not have: a sweep by the word of an empty,
    older or foreign ledger would take every file for a stray one.
    """
    number, run_id = shown_release(layout.views_file) or (0, None)
    if number == 0:
        return
    with ledger.reading() as connection:
        last, known = catalogue.last_release(connection), catalogue.run_of(connection, number)
    if known != run_id:
        raise StoreError(
            "store.other-ledger",
            "This is not the ledger that belongs to the data folder, or an older state of it",
            file=ledger.place,
            found=f"{layout.views_file.name} shows release {number} by run {run_id};"
            f" the ledger ends at release {last}, and has release {number} by run {known or 'none'}",
            remedy="restore the ledger, or correct the setting `ledger`; to go on without the releases that it"
            f" lacks, move {layout.views_file.name} away",
        )
