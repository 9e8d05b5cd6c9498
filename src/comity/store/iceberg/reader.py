"""The tables for a Python program that reads them.

Invariant: nothing is written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.iceberg.catalogue import LedgerCatalogue
from comity.store.iceberg.snapshot import in_order, release_of

if TYPE_CHECKING:
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot

    from comity.store.store import Store


def open_catalogue(store: Store) -> LedgerCatalogue:
    """The catalogue ``comity``, whose namespace ``comity`` holds one table a record type, to read."""
    return LedgerCatalogue(store.layout, store.ledger, writable=False)


def snapshot_of(table: Table, release: int) -> Snapshot:
    """The snapshot that was current in ``release``: that of the last release up to it that changed the table."""
    numbered = [(number, s) for s in in_order(table.metadata.snapshots) if (number := release_of(s))]
    found = [snapshot for (number, _), snapshot in numbered if number <= release]
    if not found:
        raise StoreError(
            "store.iceberg-expired",
            f"The Iceberg table {table.name()[-1]} no longer has release {release}",
            found=f"its first is {numbered[0][0][0]}" if numbered else "it has none",
            remedy="the ledger keeps every release: `comity sql --release`, or `comity store views --release`",
        )
    return found[-1]
