"""A release is one snapshot of every table that it changed, made of the store's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.errors import StoreError
from comity.store.iceberg import derived_files, keep_in_step, open_catalogue, snapshot_of, sync
from comity.store.iceberg.glance import in_step
from comity.store.iceberg.place import PROPERTIES, metadata_folder
from comity.store.iceberg.table import live_files
from tests.store import small
from tests.store.iceberg.engines import ENGINES, by_pyiceberg, checksum, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store

PERSONS = {
    "status": "'wanted'",
    "full_name": "'MARKER-NAME ' || i",
    "birth_date": "'1979-01'",
    "birth_date_earliest": "DATE '1979-01-01'",
    "other_names": "CASE WHEN i = 0 THEN NULL ELSE [{'full_name': 'MARKER-OTHER'}, NULL] END",
    "handling_codes": "['H1', 'H2']",
}
ALERTS = {"reward_minimum": "1234.56", "reward_maximum": "9999999999999999.99"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Three releases of cars, the first also with persons and an alert, brought in step after the second and third;
    in a folder whose name has a space and other scripts.
    """
    store = small.open_store(tmp_path_factory.mktemp("store") / "dátá 数据", whole=True)
    run_id = store.begin_run()
    staged = store.layout.staging_of(run_id)
    publications = [small.publication(store, run_id, 3)]
    for kind, changed in (("person", PERSONS), ("alert", ALERTS)):
        path = staged / f"{kind}.parquet"
        small.write_records(
            path,
            2,
            record_type=small.standard().record_types[kind],
            source=f"bb-{kind}",
            country="BB",
            changed=changed,
        )
        file = small.staged(path, 2, f"bb-{kind}", "BB", kind)
        publications.append(small.Publication(f"bb-{kind}", "BB", small.EXPORT, small.VERSION, (file,), ()))
    store.publish(run_id, publications)
    store.end_run(run_id, "ok")
    small.publish(store, {"aa-cars": 5})
    assert keep_in_step(store) == []
    small.publish(store, {"cc-cars": 4})
    assert keep_in_step(store) == []
    return store


@pytest.mark.parametrize("record_type", ["vehicle", "person", "alert", "warrant"])
def test_every_engine_reads_the_same(kept: Store, record_type: str) -> None:
    read = {name: checksum(engine(kept, record_type)) for name, engine in ENGINES.items()}

    assert len(set(read.values())) == 1, read
    assert read["views"][0] == {"vehicle": 9, "person": 2, "alert": 2, "warrant": 0}[record_type]


def test_nested_values_partial_dates_decimals_and_moments_arrive(kept: Store) -> None:
    first, second = sorted(rows(by_pyiceberg(kept, "person")), key=lambda row: row["source_key"])
    alert = rows(by_pyiceberg(kept, "alert"))[0]

    assert first["other_names"] is None
    assert second["other_names"][0]["full_name"] == "MARKER-OTHER" and second["other_names"][1] is None
    assert first["handling_codes"] == ["H1", "H2"]
    assert (str(first["birth_date_earliest"]), first["first_seen"].isoformat()) == (
        "1979-01-01", "2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    assert (str(alert["reward_minimum"]), str(alert["reward_maximum"])) == ("1234.56", "9999999999999999.99")


def test_pyiceberg_takes_a_list_of_structs_that_is_null_for_an_empty_one(kept: Store) -> None:
    table = open_catalogue(kept).load_table(("comity", "person")).scan().to_arrow()

    assert [] in table["other_names"].to_pylist(), (
        "mended: take the exception out of docs/iceberg.md and engines.py"
    )


def test_a_release_is_one_snapshot_of_each_table_that_it_changed(kept: Store) -> None:
    catalogue, releases = open_catalogue(kept), kept.releases()
    cars, persons = (catalogue.load_table(("comity", name)) for name in ("vehicle", "person"))

    assert [s.summary.additional_properties["comity.release"] for s in cars.snapshots()] == ["1", "2", "3"]
    assert [s.summary.operation.value for s in cars.snapshots()] == ["append", "overwrite", "append"]
    assert [s.summary.additional_properties["comity.run"] for s in cars.snapshots()] == [
        r.run_id for r in releases
    ]
    assert [s.timestamp_ms for s in cars.snapshots()] == [
        int(r.published_at.timestamp() * 1000) for r in releases
    ]
    assert [s.summary.additional_properties["comity.release"] for s in persons.snapshots()] == ["1"]
    assert catalogue.load_table(("comity", "warrant")).snapshots() == []


def test_an_older_release_is_found_by_its_number_and_its_moment(kept: Store) -> None:
    cars = open_catalogue(kept).load_table(("comity", "vehicle"))
    for release, count in ((1, 3), (2, 5), (3, 9), (7, 9)):
        assert cars.scan(snapshot_id=snapshot_of(cars, release).snapshot_id).to_arrow().num_rows == count
    second = kept.releases()[1]
    as_of = cars.snapshot_as_of_timestamp(int(second.published_at.timestamp() * 1000))
    assert as_of == snapshot_of(cars, 2)

    with pytest.raises(StoreError, match=r"no longer has release 0 \[store.iceberg-expired\]"):
        snapshot_of(cars, 0)


def test_the_files_are_the_store_s_own_and_none_is_copied(kept: Store) -> None:
    cars = open_catalogue(kept).load_table(("comity", "vehicle"))

    assert set(live_files(cars, cars.current_snapshot())) == {
        f"file://{f.path}" for f in kept.files("vehicle")
    }
    assert [path for path in derived_files(kept.layout) if path.suffix == ".parquet"] == []


def test_a_question_about_one_country_opens_no_file_of_another(kept: Store) -> None:
    cars = open_catalogue(kept).load_table(("comity", "vehicle"))
    planned = list(cars.scan(row_filter="owner_country = 'CC'").plan_files())

    assert ["/owner_country=CC/" in task.file.file_path for task in planned] == [True]
    by_source = list(cars.scan(row_filter="source_id = 'aa-cars'").plan_files())
    assert ["/owner_country=AA/" in task.file.file_path for task in by_source] == [True]


def test_the_field_ids_are_the_standard_s_down_to_the_elements(kept: Store) -> None:
    table = open_catalogue(kept).load_table(("comity", "person"))
    person = small.standard().record_types["person"]

    ids = sorted(field_id for column in person.columns for field_id in column.ids())
    assert sorted(table.schema()._lazy_id_to_field) == ids
    assert table.name_mapping() is None
    assert table.metadata.last_column_id >= max(ids)


def test_no_value_of_a_record_stands_in_the_metadata(kept: Store) -> None:
    text = b"".join(path.read_bytes() for path in derived_files(kept.layout))
    files = b"".join(file.path.read_bytes() for file in kept.files("person"))

    assert b"MARKER" not in text and b"MARKER" in files
    cars = open_catalogue(kept).load_table(("comity", "vehicle"))
    bounds = {
        id for file in live_files(cars, cars.current_snapshot()).values() for id in file.lower_bounds or ()
    }
    assert bounds == {small.standard().record_types["vehicle"].column("source_id").field_id}


def test_everything_is_the_owner_s_alone(kept: Store) -> None:
    assert {path.stat().st_mode & 0o777 for path in derived_files(kept.layout)} == {0o600}
    folders = [path for path in (kept.layout.root / "iceberg").rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_a_table_that_is_in_step_is_left_alone(kept: Store) -> None:
    before = {path: path.stat().st_mtime_ns for path in derived_files(kept.layout)}
    outcomes = sync(kept, thorough=True)

    assert {outcome.action for outcome in outcomes} == {"in step"}
    assert len(outcomes) == len(small.standard().record_types)
    assert {path: path.stat().st_mtime_ns for path in derived_files(kept.layout)} == before
    assert in_step(kept)


def test_the_catalogue_is_in_the_ledger_s_database(tmp_path: Path, ledger_url: str | None) -> None:
    store = small.open_store(tmp_path / "data", ledger_url)
    small.publish(store, {"aa-cars": 3})
    assert keep_in_step(store) == []
    small.publish(store, {"aa-cars": 4, "bb-cars": 1})
    assert not in_step(store)
    assert keep_in_step(store) == [] and in_step(store)

    with store.ledger.reading() as connection:
        found = connection.exec_driver_sql("SELECT table_name FROM iceberg_tables ORDER BY 1").scalars().all()
    assert found == ["person", "vehicle"]
    assert by_pyiceberg(store, "vehicle").num_rows == 5
    # A command that only reads may not change the catalogue either.
    reading = small.Store.open(tmp_path / "data", ledger_url, standard=small.little(), writable=False)
    assert checksum(by_pyiceberg(reading, "vehicle")) == checksum(ENGINES["views"](store, "vehicle"))


def test_metadata_and_snapshots_do_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROPERTIES, "write.metadata.previous-versions-max", "2")
    for module in ("history", "snapshot"):
        monkeypatch.setattr(f"comity.store.iceberg.{module}.KEPT_SNAPSHOTS", 3)
    store = small.open_store(tmp_path / "data")
    folder = metadata_folder(store.layout, "vehicle")
    small.publish(store, {"bb-cars": 1})
    counts = []
    for night in range(7):
        small.publish(store, {"aa-cars": night + 1})
        assert keep_in_step(store) == []
        counts.append(len(list(folder.iterdir())))
    table = open_catalogue(store).load_table(("comity", "vehicle"))

    assert [s.summary.additional_properties["comity.release"] for s in table.snapshots()] == ["6", "7", "8"]
    assert len(set(counts[-3:])) == 1, counts
    assert [table.scan(snapshot_id=s.snapshot_id).to_arrow().num_rows for s in table.snapshots()] == [6, 7, 8]
    assert len(table.current_snapshot().manifests(table.io)) <= 3
    assert sync(store, thorough=True)[0].removed == 0
    assert len(list(store.layout.records.rglob("*.parquet"))) == 8, "files of records belong to the ledger"
