"""The room within the store for Apache Iceberg: a table of every record type, for readers other than DuckDB.

Invariant: a table follows the ledger and never leads it. Its snapshots list the store's own Parquet files, one
snapshot for each release that changed the record type; everything below ``iceberg/`` can be made again from the
ledger, and no release ever waits for it. Importing this package loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.store.iceberg.hook import keep_in_step as keep_in_step
    from comity.store.iceberg.keeper import Outcome as Outcome
    from comity.store.iceberg.keeper import follow as follow
    from comity.store.iceberg.keeper import rebuild as rebuild
    from comity.store.iceberg.keeper import sync as sync
    from comity.store.iceberg.place import derived_files as derived_files
    from comity.store.iceberg.reader import open_catalogue as open_catalogue
    from comity.store.iceberg.reader import snapshot_of as snapshot_of

_HOMES = {
    "derived_files": "place",
    "follow": "keeper",
    "keep_in_step": "hook",
    "open_catalogue": "reader",
    "Outcome": "keeper",
    "rebuild": "keeper",
    "snapshot_of": "reader",
    "sync": "keeper",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"comity.store.iceberg has no '{name}'")
    return getattr(import_module(f"comity.store.iceberg.{_HOMES[name]}"), name)
