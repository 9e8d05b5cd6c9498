"""One file of the store as an entry of an Iceberg manifest.

Invariant: the file is only listed, neither copied nor changed; of its values the entry holds the owner's country and
the source's name, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    pyarrow_to_schema,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.typedef import Record

from comity.errors import StoreError
from comity.store.failure import storing
from comity.store.iceberg.place import PROPERTIES, location
from comity.store.iceberg.schema import unreadable

if TYPE_CHECKING:
    import pyarrow.parquet as pq
    from pyiceberg.schema import Schema

    from comity.store.publication import StoredFile


@dataclass(frozen=True)
class _Kind:
    """What is the same for all files with the same columns: what is told of each, and the ids of their columns."""

    plan: dict[int, Any]
    ids: dict[str, int]


Kinds = dict[str, _Kind]
"""What is known of a table's files, by the id of their columns: to work it out takes longer than to list a file."""


def data_file(file: StoredFile, schema: Schema, kinds: Kinds) -> DataFile:
    """The entry for ``file`` in a table of ``schema``; from its footer, not from its records."""
    import pyarrow.parquet as pq

    with storing("listing a file in an Iceberg table", file.path):
        footer = pq.read_metadata(file.path)
    kind = kinds.get(file.columns_id)
    if kind is None:
        kind = kinds[file.columns_id] = _kind_of(file, footer, schema)
    statistics = data_file_statistics_from_parquet_metadata(footer, kind.plan, kind.ids)
    entry = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=location(file.path),
        file_format=FileFormat.PARQUET,
        partition=Record(file.owner_country),
        file_size_in_bytes=file.bytes,
        sort_order_id=None,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )
    # pyiceberg knows it of what it reads only; a file that comes and goes in one commit was never read.
    entry.spec_id = 0
    return entry


def _kind_of(file: StoredFile, footer: pq.FileMetaData, schema: Schema) -> _Kind:
    try:
        in_file = pyarrow_to_schema(footer.schema.to_arrow_schema())
    except ValueError as error:
        raise _refused(file, str(error).partition("\n")[0]) from None
    if why := unreadable(in_file, schema):
        raise _refused(file, why)
    # By the names of the file, which may be older than those of the table: the ids are the same.
    return _Kind(compute_statistics_plan(in_file, PROPERTIES), parquet_path_to_id_mapping(in_file))


def _refused(file: StoredFile, found: str) -> StoreError:
    return StoreError(
        "store.iceberg-unreadable-file",
        f"Iceberg cannot read this file of {file.source_id} as a {file.record_type} of today's standard",
        file=file.path,
        found=found,
        remedy="publish the source again, so that its file is written anew; the views of DuckDB are not affected",
    )
