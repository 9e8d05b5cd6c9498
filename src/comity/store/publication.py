"""What is given to the store to publish, and what it gives back.

Invariant: an Account adds up (rows read = accepted + rejected + not selected) or it cannot be made.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from comity.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True)
class StagedFile:
    """One finished Parquet file that no release lists yet."""

    record_type: str
    source_id: str
    owner_country: str
    path: Path
    rows: int
    bytes: int
    sha256: str

    @classmethod
    def of(cls, record_type: str, source_id: str, owner_country: str, path: Path, rows: int) -> StagedFile:
        """The file at ``path``, with its size and hash."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(record_type, source_id, owner_country, path, rows, path.stat().st_size, sha256)


@dataclass(frozen=True)
class StagedChanges:
    """What an export changes in the records of one type: numbers of records, and the file of their ids.

    ``columns``: column → records in which the source changed it, and in which the mapping did. ``path`` is None where
    nothing changed, and where the source comes for the first time: then every record is added.
    """

    record_type: str
    owner_country: str
    added: int
    changed_by_source: int = 0
    changed_by_mapping: int = 0
    withdrawn: int = 0
    columns: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    path: Path | None = None
    rows: int = 0
    bytes: int = 0
    sha256: str | None = None


@dataclass(frozen=True)
class Account:
    """Where every row of one export went, for one record type; ``records`` may exceed the rows accepted."""

    run_id: str
    source_id: str
    export_id: str
    record_type: str
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rows_not_selected: int
    records: int

    def __post_init__(self) -> None:
        parts = (self.rows_accepted, self.rows_rejected, self.rows_not_selected)
        if self.rows_read != sum(parts) or min(*parts, self.records) < 0:
            raise StoreError(
                "store.rows-do-not-add-up",
                f"Rows of {self.source_id} are lost or counted twice on the way to {self.record_type}",
                found=f"{self.rows_read} read, but {self.rows_accepted} accepted"
                f" + {self.rows_rejected} rejected + {self.rows_not_selected} not selected = {sum(parts)}",
                remedy="nothing of this source was published; this is a fault of the program: report it",
            )


@dataclass(frozen=True)
class Publication:
    """One source's part of a release: its new files take the place of those it has in the last release.

    ``replaces``: ``source`` ends all of them, also those of a record type that its mapping no longer makes;
    ``record_types`` only those of the record types that this publication accounts for.
    ``allow_empty``: set it only when a source is to have no record at all from now on, for otherwise an
    export that is empty by accident would withdraw everything that its country ever sent.
    ``changes``: what the merge with the last release found, by record type.
    """

    source_id: str
    owner_country: str
    export_id: str
    mapping_version: str
    files: tuple[StagedFile, ...]
    accounts: tuple[Account, ...]
    replaces: Literal["source", "record_types"] = "source"
    allow_empty: bool = False
    changes: tuple[StagedChanges, ...] = ()

    @property
    def records(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def record_types(self) -> frozenset[str]:
        return frozenset([file.record_type for file in self.files] + [a.record_type for a in self.accounts])


@dataclass(frozen=True)
class Release:
    """A numbered, immutable state of the whole federation."""

    number: int
    published_at: datetime
    run_id: str
    records: int


@dataclass(frozen=True)
class StoredFile:
    """One published file, and the releases in which it is: ``begin_release`` ≤ n < ``end_release``."""

    file_id: str
    path: Path
    record_type: str
    source_id: str
    owner_country: str
    export_id: str
    mapping_version: str
    rows: int
    bytes: int
    sha256: str
    columns_id: str
    begin_release: int
    end_release: int | None


@dataclass(frozen=True)
class ArchivedFile:
    """One file of an export as it was delivered: its name, and the hash by which the archive has its
    bytes.
    """

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class PublishedExport:
    """The export that a source's records in the last release come from, and how it was published."""

    run_id: str
    export_id: str
    release: int
    mapping_version: str
    received_at: datetime
    files: tuple[ArchivedFile, ...]
    accounts: tuple[Account, ...]
