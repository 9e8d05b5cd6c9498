"""The table of one record type: made, brought on, and read.

Invariant: whatever is changed is one commit, a new metadata file that takes the place of the old one in one step; a
reader sees the table before it or after it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pyiceberg.table import Table, Transaction
from pyiceberg.table.locations import load_location_provider
from pyiceberg.table.metadata import TableMetadataV2
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import AddSchemaUpdate, SetCurrentSchemaUpdate, SetPropertiesUpdate

from comity.store.iceberg.data_file import Kinds, data_file
from comity.store.iceberg.place import NAMESPACE, PROPERTIES, SCHEMA_PROPERTY, fingerprint, location
from comity.store.iceberg.schema import highest_id, iceberg_schema, partitioning
from comity.store.iceberg.snapshot import stage_expiry, stage_release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyiceberg.manifest import DataFile
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.snapshots import Snapshot

    from comity.standard import RecordType
    from comity.store.iceberg.catalogue import LedgerCatalogue
    from comity.store.iceberg.history import History
    from comity.store.publication import Release, StoredFile


def live_files(table: Table, snapshot: Snapshot | None) -> dict[str, DataFile]:
    """The files of a snapshot by their location."""
    if snapshot is None:
        return {}
    return {
        entry.data_file.file_path: entry.data_file
        for manifest in snapshot.manifests(table.io)
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    }


def difference(live: dict[str, DataFile], files: Iterable[StoredFile]) -> str | None:
    """What a snapshot's files have other than the ledger; None when they are the same."""
    wanted = {location(file.path): file for file in files}
    missing, foreign = len(wanted.keys() - live.keys()), len(live.keys() - wanted.keys())
    if missing or foreign:
        return f"{missing} files are missing, {foreign} are not the ledger's"
    for path, file in wanted.items():
        if (live[path].record_count, live[path].file_size_in_bytes) != (file.rows, file.bytes):
            return f"{file.path.name} is listed with {live[path].record_count} rows, not {file.rows}"
        if live[path].partition[0] != file.owner_country:
            return f"{file.path.name} is listed for the country {live[path].partition[0]}"
    return None


def build(
    catalogue: LedgerCatalogue, record_type: RecordType, releases: list[Release], history: History
) -> Table:
    """Make the table from nothing, with a snapshot for each of ``releases``."""
    io = catalogue.file_io()
    schema = iceberg_schema(record_type)
    first = [{"last_updated_ms": int(releases[0].published_at.timestamp() * 1000) - 1}] if releases else [{}]
    metadata: TableMetadata = TableMetadataV2(
        location=catalogue.table_location(record_type.name),
        table_uuid=uuid.uuid4(),
        schemas=[schema],
        current_schema_id=schema.schema_id,
        last_column_id=highest_id(record_type),
        partition_specs=[partitioning(record_type)],
        default_spec_id=0,
        last_partition_id=1000,
        sort_orders=[UNSORTED_SORT_ORDER],
        default_sort_order_id=0,
        properties=_properties(record_type),
        **first[0],
    )
    # Nobody sees this table before all its snapshots are in it.
    identifier = (NAMESPACE, record_type.name)
    # Without a release there is nothing to stage, and a transaction copies all metadata each time it is asked.
    if releases:
        transaction = Transaction(Table(identifier, metadata, metadata.location, io, catalogue))
        _stage_releases(transaction, {}, record_type.name, releases, history)
        metadata = transaction.table_metadata
    place = load_location_provider(metadata.location, metadata.properties).new_table_metadata_file_location()
    catalogue.put(record_type.name, metadata, place)
    return Table(identifier, metadata, place, io, catalogue)


def advance(
    table: Table,
    live: dict[str, DataFile],
    record_type: RecordType,
    releases: list[Release],
    history: History,
) -> set[str]:
    """Bring a table on by ``releases``, and to today's standard; the metadata files that it no longer needs."""
    transaction = table.transaction()
    if table.properties.get(SCHEMA_PROPERTY) != fingerprint(record_type):
        _stage_standard(transaction, record_type)
        for last in history.releases(record_type.name)[-1:]:
            # The files that stay were listed under the columns of another day.
            staying = [f for f in history.files(record_type.name, last) if location(f.path) in live]
            kinds: Kinds = {}
            for file in staying:
                data_file(file, transaction.table_metadata.schema(), kinds)
    _stage_releases(transaction, live, record_type.name, releases, history)
    expired = stage_expiry(transaction)
    unneeded = {snapshot.manifest_list for snapshot in expired}
    unneeded |= {m.manifest_path for snapshot in expired for m in snapshot.manifests(table.io)}
    transaction.commit_transaction()
    if expired:
        # A manifest that a snapshot has dropped never comes back: what the oldest lacks, none has.
        oldest = min(table.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
        unneeded -= {manifest.manifest_path for manifest in oldest.manifests(table.io)}
    return unneeded


def reachable(table: Table) -> set[str]:
    """The locations of every file of metadata that the table needs."""
    found = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    for snapshot in table.metadata.snapshots:
        found.add(snapshot.manifest_list)
        found |= {manifest.manifest_path for manifest in snapshot.manifests(table.io)}
    return found


def _stage_releases(
    transaction: Transaction,
    live: dict[str, DataFile],
    record_type: str,
    releases: list[Release],
    history: History,
) -> None:
    schema = transaction.table_metadata.schema()
    kinds: Kinds = {}
    for release in releases:
        wanted = {location(file.path): file for file in history.files(record_type, release)}
        added = {path: data_file(file, schema, kinds) for path, file in wanted.items() if path not in live}
        removed = {path: file for path, file in live.items() if path not in wanted}
        stage_release(transaction, release, added.values(), removed.values())
        live = {path: file for path, file in live.items() if path in wanted} | added


def _stage_standard(transaction: Transaction, record_type: RecordType) -> None:
    """Today's columns under their ids, and today's properties; earlier snapshots keep the schema of their day."""
    metadata = transaction.table_metadata
    schema = iceberg_schema(record_type)
    known = next((old for old in metadata.schemas if old == schema), None)
    if known is None:
        new_id = max(old.schema_id for old in metadata.schemas) + 1
        added = AddSchemaUpdate(schema_=iceberg_schema(record_type, new_id))
        transaction._apply((added, SetCurrentSchemaUpdate(schema_id=new_id)))
    elif known.schema_id != metadata.current_schema_id:
        transaction._apply((SetCurrentSchemaUpdate(schema_id=known.schema_id),))
    transaction._apply((SetPropertiesUpdate(updates=_properties(record_type)),))


def _properties(record_type: RecordType) -> dict[str, str]:
    written = {key: value for key, value in PROPERTIES.items() if key != "format-version"}
    return {**written, "comment": record_type.description, SCHEMA_PROPERTY: fingerprint(record_type)}
