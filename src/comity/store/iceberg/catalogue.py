"""The Iceberg catalogue, in the same database as the ledger.

Invariant: its two tables are those of pyiceberg's SqlCatalog, which are those of Iceberg's JDBC catalogue; every use
goes through the ledger's own engine, so that its waits, locks and password are the ledger's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import load_file_io
from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from comity.store.iceberg.place import CATALOGUE, NAMESPACE, folder, location, table_folder

if TYPE_CHECKING:
    from pyiceberg.io import FileIO
    from pyiceberg.table import Table
    from pyiceberg.table.metadata import TableMetadata

    from comity.store.layout import Layout
    from comity.store.ledger import Ledger


class LedgerCatalogue(SqlCatalog):
    def __init__(self, layout: Layout, ledger: Ledger, *, writable: bool = True) -> None:
        # Not SqlCatalog's own: it would open the database a second time, by a URL with the password in it.
        MetastoreCatalog.__init__(self, CATALOGUE, warehouse=location(folder(layout)))
        self.layout = layout
        self.engine = ledger.engine.execution_options(comity_writes=writable)
        if not writable:
            self._schema_version = "v1"
            return
        self._init_catalog()
        if not self.namespace_exists(NAMESPACE):
            self.create_namespace(NAMESPACE)

    def table(self, record_type: str) -> Table | None:
        """The table, or None when there is none."""
        try:
            return self.load_table((NAMESPACE, record_type))
        except NoSuchTableError:
            return None

    def table_location(self, record_type: str) -> str:
        return location(table_folder(self.layout, record_type))

    def file_io(self) -> FileIO:
        return load_file_io(self.properties, location(folder(self.layout)))

    def put(self, record_type: str, metadata: TableMetadata, metadata_location: str) -> None:
        """Make ``metadata`` the table, in one step, whatever was there before."""
        self._write_metadata(metadata, self.file_io(), metadata_location)
        row = self._create_table_row(NAMESPACE, record_type, metadata_location)
        with Session(self.engine) as session:
            session.execute(
                delete(IcebergTables).where(
                    IcebergTables.catalog_name == self.name,
                    IcebergTables.table_namespace == NAMESPACE,
                    IcebergTables.table_name == record_type,
                )
            )
            session.execute(insert(IcebergTables).values(**row))
            session.commit()
