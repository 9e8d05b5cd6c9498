"""The views file: any DuckDB client reads one release through it, with the standard's types and words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.store import Account, Store
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store with the whole standard."""
    return small.open_store(tmp_path / "data", whole=True)


@pytest.fixture
def reader(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as duck:
        duck.execute("SET TimeZone = 'UTC'")
        yield duck


def _attach(reader: duckdb.DuckDBPyConnection, store: Store) -> duckdb.DuckDBPyConnection:
    reader.execute("USE memory")
    reader.execute("DETACH DATABASE IF EXISTS views")
    reader.execute(f"ATTACH '{store.layout.views_file}' AS views (READ_ONLY)")
    reader.execute("USE views")
    return reader


def _rejects(path: Path, reason: str) -> Path:
    """A rejects file with one row, of only some of the columns."""
    reasons = pa.array([[{"code": reason, "column": "plate", "found": None, "message": "why"}]])
    pq.write_table(pa.table({"source_row": pa.array([7]), "raw": ["a;b"], "reasons": reasons}), path)
    return path


def test_every_record_type_is_a_view_with_the_types_of_the_standard(
    store: Store, reader: duckdb.DuckDBPyConnection
) -> None:
    small.publish(store, {"aa-cars": 3})
    _attach(reader, store)
    for name, record_type in small.standard().record_types.items():
        described = [(row[0], row[1]) for row in reader.execute(f"DESCRIBE {name}").fetchall()]
        nulls = ", ".join(f"NULL::{c.duckdb_type} AS {c.name}" for c in record_type.columns)
        expected = [(row[0], row[1]) for row in reader.execute(f"DESCRIBE SELECT {nulls}").fetchall()]
        assert described == expected, name
    assert reader.execute("SELECT count(*) FROM person").fetchall() == [(0,)]


def test_views_and_columns_are_described(store: Store, reader: duckdb.DuckDBPyConnection) -> None:
    small.publish(store, {"aa-cars": 3})
    _attach(reader, store)
    views = reader.execute(
        "SELECT view_name, comment FROM duckdb_views() WHERE database_name = 'views'"
    ).fetchall()
    assert [name for name, comment in views if not comment] == []
    assert {"releases", "sources", "exports", "accounting", "quality", "rejects", "code_lists"} < {
        v[0] for v in views
    }
    columns = reader.execute(
        "SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE database_name = 'views' AND schema_name = 'main' AND coalesce(comment, '') = ''"
    ).fetchall()
    assert columns == []


def test_the_file_is_readable_from_duckdb_1_4_on(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    # The storage version stands in the file's header: 64 is what DuckDB 1.0 to 1.4 read and write, 67 is 1.4.
    header = store.layout.views_file.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") <= 67


def test_the_file_is_private_and_alone(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    assert store.layout.views_file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in store.layout.root.iterdir() if path.is_file()) == [
        "current.duckdb",
        "ledger.sqlite",
        "publish.lock",
    ]


def test_a_filter_on_the_country_leaves_other_files_unopened(
    store: Store, reader: duckdb.DuckDBPyConnection
) -> None:
    small.publish(store, {"aa-cars": 3, "bb-cars": 4})
    _attach(reader, store)
    [other] = [file.path for file in store.files() if file.owner_country == "BB"]
    other.chmod(0o600)
    other.write_bytes(b"no Parquet")
    asked = "SELECT count(plate) FROM vehicle WHERE owner_country = 'AA'"
    assert reader.execute(asked).fetchall() == [(3,)]


def test_files_older_than_a_column_show_it_as_null(store: Store, reader: duckdb.DuckDBPyConnection) -> None:
    run_id = store.begin_run()
    lists = tuple(c.name for c in small.standard().record_types["vehicle"].columns if c.is_list)
    path = store.layout.staging_of(run_id) / "old.parquet"
    small.write_records(path, 2, source="aa-cars", leave_out=("make", *lists))
    old = small.publication(store, run_id, 1)
    store.publish(run_id, [replace(old, files=(small.staged(path, 2),))])
    store.end_run(run_id, "ok")
    small.publish(store, {"bb-cars": 3})
    _attach(reader, store)
    rows = reader.execute("SELECT owner_country, make, plate FROM vehicle ORDER BY ALL").fetchall()
    assert [row[0] for row in rows] == ["AA", "AA", "BB", "BB", "BB"]
    assert reader.execute("SELECT count(*) FROM vehicle WHERE plate IS NULL").fetchall() == [(0,)]


def test_a_column_that_changed_its_type_is_cast(store: Store, reader: duckdb.DuckDBPyConnection) -> None:
    run_id = store.begin_run()
    path = small.write_records(store.layout.staging_of(run_id) / "v.parquet", 2)
    with duckdb.connect() as duck:
        duck.execute(
            f"COPY (SELECT * REPLACE (2020::SMALLINT AS model_year) FROM '{path}') TO '{path}.2' (FORMAT parquet)"
        )
    old = small.publication(store, run_id, 1)
    store.publish(run_id, [replace(old, files=(small.staged(path.with_name("v.parquet.2"), 2),))])
    _attach(reader, store)
    assert reader.execute("SELECT DISTINCT typeof(model_year), model_year FROM vehicle").fetchall() == [
        ("INTEGER", 2020)
    ]


def test_releases_sources_and_accounting(store: Store, reader: duckdb.DuckDBPyConnection) -> None:
    store.record_source("aa-cars", "AA", title="Cars", authority="Force", kind="full", due="daily")
    small.publish(store, {"aa-cars": 3, "bb-cars": 4})
    _attach(reader, store)
    assert reader.execute("SELECT release, records FROM releases").fetchall() == [(1, 7)]
    assert reader.execute(
        "SELECT source_id, owner_country, title, last_outcome, published_release, records FROM sources ORDER BY 1"
    ).fetchall() == [("aa-cars", "AA", "Cars", "published", 1, 3), ("bb-cars", "BB", None, "published", 1, 4)]
    assert reader.execute(
        "SELECT source_id, rows_read, rows_accepted + rows_rejected + rows_not_selected FROM accounting ORDER BY 1"
    ).fetchall() == [("aa-cars", 3, 3), ("bb-cars", 4, 4)]
    code = "SELECT code FROM code_lists WHERE list = 'country' AND code = 'NZ'"
    assert reader.execute(code).fetchall() == [("NZ",)]


def test_accounting_has_exactly_the_columns_that_others_script_against(
    store: Store, reader: duckdb.DuckDBPyConnection
) -> None:
    small.publish(store, {"aa-cars": 3})
    _attach(reader, store)
    described = [row[0] for row in reader.execute("DESCRIBE accounting").fetchall()]
    assert (
        described
        == (
            "run_id source_id export_id record_type rows_read rows_accepted rows_rejected rows_not_selected records"
        ).split()
    )


def test_what_a_failed_source_says_is_seen_at_the_end_of_its_run(
    store: Store, reader: duckdb.DuckDBPyConnection
) -> None:
    run_id = store.begin_run()
    small.record_export(store, run_id, outcome="blocked")
    store.record_accounts([Account(run_id, "aa-cars", small.EXPORT, "vehicle", 5, 4, 1, 0, 4)])
    folder = store.layout.staging_of(run_id)
    store.record_rejects(run_id, "aa-cars", small.EXPORT, _rejects(folder / "r.parquet", "mapping.x"), 1)
    pq.write_table(pa.table({"run_id": [run_id], "rule_id": ["r1"], "violated": [2]}), folder / "q.parquet")
    store.record_quality(run_id, folder / "q.parquet")
    store.end_run(run_id, "failed")
    _attach(reader, store)
    assert reader.execute("SELECT source_row, raw, reasons[1].code, line FROM rejects").fetchall() == [
        (7, "a;b", "mapping.x", None)
    ]
    assert reader.execute("SELECT rule_id, violated, percent FROM quality").fetchall() == [("r1", 2, None)]
    assert reader.execute("SELECT rows_read, rows_rejected FROM accounting").fetchall() == [(5, 1)]
    assert reader.execute("SELECT last_outcome, records FROM sources").fetchall() == []
    assert reader.execute("SELECT outcome FROM exports").fetchall() == [("blocked",)]


def test_a_full_export_makes_earlier_rejects_void(store: Store, reader: duckdb.DuckDBPyConnection) -> None:
    for reason in ("mapping.first", "mapping.second"):
        run_id = store.begin_run()
        small.record_export(store, run_id)
        path = _rejects(store.layout.staging_of(run_id) / "r.parquet", reason)
        store.record_rejects(run_id, "aa-cars", small.EXPORT, path, 1)
        store.publish(run_id, [small.publication(store, run_id, 3)])
        store.end_run(run_id, "ok")
    _attach(reader, store)
    assert reader.execute("SELECT reasons[1].code FROM rejects").fetchall() == [("mapping.second",)]


def test_an_empty_store_has_all_views(store: Store, tmp_path: Path) -> None:
    views = store.build_views(tmp_path / "empty.duckdb")
    assert small.shown(views) == 0
    assert small.shown(views, "SELECT count(*) FROM views.releases") == 0
