"""A record type that a source no longer has at all.

Invariant: a record never leaves the current views unrecorded: where a publication brings nothing of a type that its
source had, every record of that type is withdrawn by name.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from comity.store.catalogue import last_release, release_files
from comity.store.failure import storing
from comity.store.merge_changes import changes_file
from comity.store.progress_bar import no_progress_bar
from comity.store.view_sql import parquet_scan

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store.layout import Layout
    from comity.store.ledger import Ledger
    from comity.store.publication import Publication, StagedChanges, StoredFile


def whole_withdrawals(
    layout: Layout, ledger: Ledger, item: Publication, into: Path
) -> tuple[StagedChanges, ...]:
    """The changes of every type that ``item`` ends without saying so."""
    told = {file.record_type for file in item.files} | {change.record_type for change in item.changes}
    with ledger.reading() as connection:
        files = release_files(connection, layout, last_release(connection), source_id=item.source_id)
    ended: dict[str, list[StoredFile]] = {}
    for file in files:
        if file.record_type not in told and (
            item.replaces == "source" or file.record_type in item.record_types
        ):
            ended.setdefault(file.record_type, []).append(file)
    return tuple(_withdrawn(record_type, group, into) for record_type, group in ended.items())


def _withdrawn(record_type: str, files: list[StoredFile], into: Path) -> StagedChanges:
    import duckdb

    path = into / f"{uuid.uuid4()}.changes"
    with storing("recording what is withdrawn", path), duckdb.connect(config={"threads": 1}) as duck:
        no_progress_bar(duck)
        scan = parquet_scan([file.path for file in files])
        return changes_file(
            duck, f"SELECT record_id, 'withdrawn' AS kind, []::VARCHAR[] AS source_columns, "
            f"[]::VARCHAR[] AS mapping_columns FROM {scan}", path, record_type, files[0].owner_country, {},
        )  # fmt: skip
