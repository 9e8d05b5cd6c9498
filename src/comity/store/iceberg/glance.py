"""Whether the tables are in step, told at a glance.

Invariant: it reads the ledger and one JSON file a table, and never loads pyiceberg. It does not look into manifests:
that is for ``comity store sync``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.store.iceberg.history import changes
from comity.store.iceberg.place import (
    CATALOGUE,
    NAMESPACE,
    RELEASE,
    RUN,
    SCHEMA_PROPERTY,
    fingerprint,
    hint_of,
    hinted,
    location,
    table_folder,
)

if TYPE_CHECKING:
    from comity.store.store import Store


def in_step(store: Store) -> bool:
    """Whether every record type of the standard has its table, and each shows what the ledger says."""
    from sqlalchemy import func, inspect, select, text

    from comity.store.catalogue import run_of
    from comity.store.tables import files

    assert store.standard is not None
    with store.ledger.reading() as connection:
        if not inspect(connection).has_table("iceberg_tables"):
            return False
        rows = connection.execute(
            text(
                "SELECT table_name, metadata_location FROM iceberg_tables"
                " WHERE catalog_name = :catalogue AND table_namespace = :namespace"
            ),
            {"catalogue": CATALOGUE, "namespace": NAMESPACE},
        )
        places: dict[str, str] = {row[0]: row[1] for row in rows}
        last = {name: numbers[-1] for name, numbers in changes(connection).items()}
        # Compaction changes the files of a release, and not the release.
        current = select(files.c.record_type, func.count()).where(files.c.end_release.is_(None))
        counts = {row[0]: row[1] for row in connection.execute(current.group_by(files.c.record_type))}
        runs = {number: run_of(connection, number) for number in set(last.values())}
    for name, record_type in store.standard.record_types.items():
        place = places.get(name, "")
        if not place.startswith(location(table_folder(store.layout, name)) + "/"):
            return False
        if hinted(store.layout, name) != hint_of(place):
            return False
        try:
            metadata = json.loads(Path(place.removeprefix("file://")).read_bytes())
            shown = _shown(metadata)
            made_for = metadata["properties"].get(SCHEMA_PROPERTY)
        except (OSError, ValueError, KeyError, TypeError):
            return False
        number = last.get(name)
        wanted = None if number is None else (str(number), runs[number], str(counts.get(name, 0)))
        if shown != wanted or made_for != fingerprint(record_type):
            return False
    return True


def _shown(metadata: dict[str, Any]) -> tuple[str, str | None, str] | None:
    """The release that a table shows, its run, and how many files."""
    for snapshot in metadata.get("snapshots", ()):
        if snapshot["snapshot-id"] == metadata.get("current-snapshot-id"):
            summary = snapshot["summary"]
            return summary.get(RELEASE, ""), summary.get(RUN), summary.get("total-data-files", "0")
    return None
