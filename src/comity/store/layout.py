"""Where things lie in the data folder.

Invariant: every folder is made 0700; what is final (an archived export, a published file) is 0400 and is
never written again; everything else is 0600. A name appears in its final place only when its bytes are on
the disk.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.failure import storing

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = 0o600
FINAL = 0o400


@dataclass(frozen=True)
class Layout:
    """The folders and files below one data folder."""

    root: Path

    @classmethod
    def at(cls, folder: Path) -> Layout:
        """The layout of ``folder``, whose path must mean to DuckDB what it means to everyone else."""
        root = folder.resolve()
        # In a path, DuckDB takes year=2026 for a column and its value, a?b for options, and \ for /.
        misread = sorted(set("=?\\").intersection(str(root)))
        if misread:
            raise StoreError(
                "store.bad-data-folder",
                "DuckDB would read the path of this data folder in a way of its own",
                file=root,
                found=" ".join(misread),
                remedy="choose a path without = ? and \\",
            )
        return cls(root)

    @property
    def inbox(self) -> Path:
        """``inbox/<source>/``: exports that people drop; never changed."""
        return self.root / "inbox"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def records(self) -> Path:
        return self.root / "records"

    @property
    def changes(self) -> Path:
        """What each release changed, as record ids."""
        return self.root / "changes"

    @property
    def rejects(self) -> Path:
        return self.root / "rejects"

    @property
    def quality(self) -> Path:
        return self.root / "quality"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def staging(self) -> Path:
        return self.root / "staging"

    @property
    def ledger_file(self) -> Path:
        return self.root / "ledger.sqlite"

    @property
    def views_file(self) -> Path:
        return self.root / "current.duckdb"

    @property
    def outlines_file(self) -> Path:
        """What is remembered of compiled sources; it can be removed at any time."""
        return self.root / "cache" / "sources.json"

    @property
    def publish_lock(self) -> Path:
        """Held while files move into their final place, so that a sweep never meets them half way."""
        return self.root / "publish.lock"

    @property
    def purge_lock(self) -> Path:
        """Held by the one process that purges."""
        return self.root / "purge.lock"

    def create(self) -> None:
        """Make the folders that are missing."""
        kept = (self.inbox, self.archive, self.records, self.changes, self.rejects, self.quality)
        for folder in (self.root, *kept, self.runs, self.staging):
            make_folder(folder)

    def archived(self, sha256: str) -> Path:
        """Where the export file of that hash is, or would be, archived."""
        return self.archive / sha256[:2] / sha256

    def staging_of(self, run_id: str) -> Path:
        return self.staging / run_id

    def run_lock(self, run_id: str) -> Path:
        """Held as long as the run lives; a run whose lock is free is dead."""
        return self.staging / f"{run_id}.lock"

    def new_record_file(self, record_type: str, owner_country: str) -> Path:
        return self.records / record_type / f"owner_country={owner_country}" / f"{uuid.uuid4()}.parquet"

    def new_change_file(self, record_type: str, owner_country: str) -> Path:
        return self.changes / record_type / f"owner_country={owner_country}" / f"{uuid.uuid4()}.parquet"

    def new_reject_file(self, source_id: str) -> Path:
        return self.rejects / source_id / f"{uuid.uuid4()}.parquet"

    def quality_file(self, run_id: str) -> Path:
        return self.quality / f"{run_id}.parquet"

    def relative(self, path: Path) -> str:
        """``path`` as the ledger keeps it, so that a data folder can be moved."""
        return path.relative_to(self.root).as_posix()


def make_folder(folder: Path) -> None:
    """Make ``folder`` and the parents it lacks, each 0700 whatever the umask, and durable in its parent."""
    with storing("making a folder of the store", folder):
        missing = [folder]
        while not missing[-1].parent.exists():
            missing.append(missing[-1].parent)
        for path in reversed(missing):
            try:
                path.mkdir(0o700)
            except FileExistsError:
                continue
            path.chmod(0o700)
            sync(path.parent)


def sync(path: Path) -> None:
    """Have the bytes of a file, or the names in a folder, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def move_into_place(source: Path, target: Path) -> None:
    """Move a finished file to its final place: durable bytes first, then the name. Its folder is not yet
    synced.
    """
    make_folder(target.parent)
    with storing("moving a finished file into place", target):
        sync(source)
        source.chmod(FINAL)
        source.replace(target)
