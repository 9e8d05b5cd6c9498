"""Where the tables lie: ``iceberg/<record type>/metadata/`` below the data folder.

Invariant: nothing here is the only copy of anything; no file of records lies here. What is said of a table here is
found without loading pyiceberg, so that a night without news does not pay for it.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.failure import storing
from comity.store.layout import PRIVATE, make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from comity.standard import Column, RecordType
    from comity.store.layout import Layout

CATALOGUE = "comity"
NAMESPACE = "comity"
# Of the last releases that changed a table, how many can be asked for through Iceberg. The ledger keeps them all.
KEPT_SNAPSHOTS = 30
KEPT_METADATA = 10
PROPERTIES = {
    "format-version": "2",
    # Bounds hold values, and would keep those of a purged record: only the source's name gets any.
    "write.metadata.metrics.default": "counts",
    "write.metadata.metrics.column.source_id": "full",
    # So that a search through all bytes, as a purge makes it for its proof, sees what stands in a manifest.
    "write.avro.compression-codec": "null",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": str(KEPT_METADATA),
    "history.expire.min-snapshots-to-keep": str(KEPT_SNAPSHOTS),
    "commit.manifest.min-count-to-merge": "100",
    "commit.manifest-merge.enabled": "true",
    # The files belong to the ledger: no other engine's expiry or clean-up may delete them.
    "gc.enabled": "false",
}
SCHEMA_PROPERTY = "comity.schema"
RELEASE, RUN, PUBLISHED = "comity.release", "comity.run", "comity.published-at"
_HINT = "version-hint.text"
# In a URI these end the path or stand for another sign, and every reader takes them in its own way.
_UNSAFE = set("#%;")


def folder(layout: Layout) -> Path:
    return layout.root / "iceberg"


def lock(layout: Layout) -> Path:
    """Held by the one process that changes the tables."""
    return folder(layout) / "sync.lock"


def table_folder(layout: Layout, record_type: str) -> Path:
    return folder(layout) / record_type


def metadata_folder(layout: Layout, record_type: str) -> Path:
    return table_folder(layout, record_type) / "metadata"


def location(path: Path) -> str:
    """``path`` as Iceberg names it."""
    unsafe = sorted(_UNSAFE.intersection(str(path)))
    if unsafe:
        raise StoreError(
            "store.iceberg-bad-path",
            "Readers of Iceberg would read the path of this data folder in ways of their own",
            file=path,
            found=" ".join(unsafe),
            remedy="move the data folder to a path without # % and ; or set `iceberg` to no",
        )
    return f"file://{path}"


def prepare(layout: Layout, record_type: str) -> None:
    make_folder(metadata_folder(layout, record_type))


def derived_files(layout: Layout) -> list[Path]:
    """Every file that is kept for Iceberg: what a purge must look through beside the records themselves."""
    return sorted(path for path in folder(layout).rglob("*") if path.is_file())


def hinted(layout: Layout, record_type: str) -> str | None:
    """The metadata file that readers without a catalogue are led to, by its name without ``.metadata.json``."""
    try:
        return (metadata_folder(layout, record_type) / _HINT).read_text("utf-8")
    except OSError:
        return None


def write_hint(layout: Layout, record_type: str, metadata_location: str) -> None:
    """Lead readers without a catalogue to that metadata file; and make everything beside it the owner's alone."""
    metadata = metadata_folder(layout, record_type)
    with storing("finishing an Iceberg table", metadata):
        for path in metadata.iterdir():
            if path.stat().st_mode & 0o777 != PRIVATE:
                path.chmod(PRIVATE)
        beside = metadata / f".{uuid.uuid4()}.part"
        beside.write_text(hint_of(metadata_location), "utf-8")
        beside.chmod(PRIVATE)
        beside.replace(metadata / _HINT)


def hint_of(metadata_location: str) -> str:
    return metadata_location.rpartition("/")[2].removesuffix(".metadata.json")


def remove(layout: Layout, record_type: str, unneeded: set[str]) -> int:
    """Remove those files of a table's metadata (locations); how many were there."""
    metadata = metadata_folder(layout, record_type)
    with storing("removing old Iceberg metadata", metadata):
        gone = [path for path in metadata.iterdir() if location(path) in unneeded]
        for path in gone:
            path.unlink()
    return len(gone)


def remove_others(layout: Layout, record_type: str, kept: set[str]) -> int:
    """Remove every file of a table's metadata that is not ``kept`` (locations); how many."""
    hint = location(metadata_folder(layout, record_type) / _HINT)
    there = {location(path) for path in metadata_folder(layout, record_type).iterdir()}
    return remove(layout, record_type, there - kept - {hint})


def fingerprint(record_type: RecordType) -> str:
    """Changes with anything that the table's schema or properties are made of."""
    columns = [_column(column) for column in (*record_type.columns, *record_type.retired)]
    text = "\n".join([record_type.description, str(sorted(PROPERTIES.items())), *columns])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _column(column: Column) -> str:
    fields = " ".join(_column(field) for field in column.fields)
    return f"{column.field_id} {column.name} {column.type} {column.retired} {column.description} ({fields})"
