"""What a night over all sources leaves: files as the standard says, accounts that add up, views for any client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq
import pytest

from comity.standard import arrow_schema
from comity.store import Store
from tests.store import small

if TYPE_CHECKING:
    from comity.config.settings import Settings

pytestmark = pytest.mark.slow


def test_every_file_of_records_has_the_columns_and_field_ids_of_the_standard(night: Settings) -> None:
    store = Store.open(night.data_dir, writable=False)
    files = store.files()
    assert len({file.source_id for file in files}) == 15
    for file in files:
        expected = arrow_schema(small.standard().record_types[file.record_type])
        found = pq.ParquetFile(file.path)
        assert found.schema_arrow.names == expected.names, file.path
        assert [str(field.type) for field in found.schema_arrow] == [str(field.type) for field in expected]
        ids = [field.metadata[b"PARQUET:field_id"] for field in found.schema_arrow]
        assert ids == [field.metadata[b"PARQUET:field_id"] for field in expected]
        assert found.metadata.num_rows == file.rows
        assert found.metadata.row_group(0).column(0).compression == "ZSTD"


def test_no_view_shows_a_type_that_other_clients_lack(night: Settings) -> None:
    with duckdb.connect(night.data_dir / "current.duckdb", read_only=True) as connection:
        odd = (
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
            " AND regexp_matches(data_type, 'HUGEINT|INTERVAL|UNION|UINT|UBIGINT|UINTEGER|BIT|ENUM')"
        )
        assert connection.execute(odd).fetchall() == []


def test_every_row_of_every_source_is_accounted_for(night: Settings) -> None:
    with duckdb.connect(night.data_dir / "current.duckdb", read_only=True) as connection:
        wrong = (
            "SELECT * FROM accounting WHERE rows_read <> rows_accepted + rows_rejected + rows_not_selected"
            " OR rows_read IS NULL OR rows_accepted > 0 AND records = 0"
        )
        assert connection.execute(wrong).fetchall() == []
        sources = "SELECT count(DISTINCT source_id) FROM accounting"
        assert connection.execute(sources).fetchall() == [(15,)]


def test_every_rejected_row_has_its_place_and_a_reason(night: Settings) -> None:
    with duckdb.connect(night.data_dir / "current.duckdb", read_only=True) as connection:
        poor = (
            "SELECT * FROM rejects WHERE source_id IS NULL OR run_id IS NULL OR export_id IS NULL OR file IS NULL"
            " OR source_row IS NULL OR raw IS NULL OR len(reasons) = 0 OR reasons[1].code NOT LIKE '%.%'"
        )
        assert connection.execute(poor).fetchall() == []
        counted = (
            "SELECT * FROM (SELECT export_id, record_type, sum(rows_rejected) AS n FROM accounting GROUP BY ALL) AS a"
            " FULL JOIN (SELECT export_id, record_type, count(DISTINCT source_row) AS n FROM rejects WHERE row_rejected"
            " GROUP BY ALL) AS r USING (export_id, record_type) WHERE coalesce(a.n, 0) <> coalesce(r.n, 0)"
        )
        assert connection.execute(counted).fetchall() == []


def test_what_a_night_writes_is_its_owners_alone(night: Settings) -> None:
    """The folder itself and its inbox were there before, as someone made them for deliveries."""
    for path in night.data_dir.rglob("*"):
        if not path.is_relative_to(night.data_dir / "inbox"):
            assert path.stat().st_mode & 0o077 == 0, path
