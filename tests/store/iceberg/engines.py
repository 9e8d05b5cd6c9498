"""The same table through every engine, brought to one form: sorted rows of plain values, and their SHA-256."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.store.iceberg import open_catalogue
from comity.store.iceberg.place import table_folder

if TYPE_CHECKING:
    from comity.store import Store

# DuckDB 1.5.5 and its packaged extensions, in a folder of their own: `make test` puts them there.
APART = Path(sys.prefix) / "duckdb-1.5.5"
_LOADER = """
import sys
sys.path.insert(0, sys.argv[1])
import duckdb, duckdb_extension_avro, duckdb_extension_iceberg
from pathlib import Path
assert duckdb.__version__ == "1.5.5"
duck = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
for package in (duckdb_extension_avro, duckdb_extension_iceberg):
    [extension] = Path(package.__file__).parent.rglob("*.duckdb_extension")
    duck.execute(f"LOAD '{extension}'")
duck.execute("SET TimeZone = 'UTC'")
for statement in sys.argv[2:]:
    duck.execute(statement)
"""


def by_views(store: Store, record_type: str) -> pa.Table:
    with duckdb.connect() as duck:
        duck.execute("SET TimeZone = 'UTC'")
        duck.execute(f"ATTACH '{store.layout.views_file}' AS views (READ_ONLY)")
        return duck.sql(f"FROM views.{record_type}").to_arrow_table()


def by_pyiceberg(store: Store, record_type: str) -> pa.Table:
    """pyiceberg 0.12 reads a list that is null as one that is empty, where its items are structs: undone here, and
    held by a test of its own, so that we hear when it is mended.
    """
    table = open_catalogue(store).load_table(("comity", record_type)).scan().to_arrow()
    for position, field in enumerate(table.schema):
        if pa.types.is_nested(field.type) and pa.types.is_struct(field.type.value_type):
            values = [value or None for value in table[field.name].to_pylist()]
            table = table.set_column(position, field, pa.array(values, field.type))
    return table


def by_polars(store: Store, record_type: str) -> pa.Table:
    polars = pytest.importorskip("polars", reason="Polars is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = open_catalogue(store).load_table(("comity", record_type))
        return polars.scan_iceberg(table).collect().to_arrow()


def by_duckdb_1(store: Store, record_type: str) -> pa.Table:
    """``iceberg_scan`` of the table's folder, without a catalogue."""
    if not APART.exists():
        pytest.skip("DuckDB 1.5.5 is not installed apart: run `make test`")
    target = store.layout.root / "apart.parquet"
    scan = f"FROM iceberg_scan('{table_folder(store.layout, record_type)}')"
    call = [sys.executable, "-I", "-c", _LOADER, str(APART), f"COPY ({scan}) TO '{target}' (FORMAT parquet)"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = pq.ParquetFile(target).read()
    target.unlink()
    return table


ENGINES = {"views": by_views, "pyiceberg": by_pyiceberg, "polars": by_polars, "duckdb-1.5.5": by_duckdb_1}


def rows(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=lambda row: row["record_id"])


def checksum(table: pa.Table) -> tuple[int, str]:
    """Rows, and a hash of all their values: names, order and types of columns are the same in all engines."""
    text = json.dumps([list(row.items()) for row in rows(table)], default=str, sort_keys=False)
    return table.num_rows, hashlib.sha256(text.encode()).hexdigest()
