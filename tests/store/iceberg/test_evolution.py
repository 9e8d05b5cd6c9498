"""The standard goes on: files of an earlier one stay readable, in every engine, without being written again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from comity.standard.column import Column
from comity.store import Publication, Store
from comity.store.iceberg import keep_in_step, open_catalogue, snapshot_of, sync
from comity.store.merge import merge
from tests.store import small
from tests.store.iceberg.engines import ENGINES, by_pyiceberg, by_views, checksum, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.standard import RecordType, Standard

BEFORE = small.standard().record_types["vehicle"]
VALUES = {"model": "'Corolla'", "model_year": "1999", "colour": "'red'"}


def _changed(**columns: Column | None) -> RecordType:
    """Today's vehicle with some columns exchanged; None takes one away."""
    kept = tuple(columns.get(column.name, column) for column in BEFORE.columns)
    return replace(BEFORE, columns=tuple(column for column in kept if column is not None))


MODEL, YEAR = BEFORE.column("model"), BEFORE.column("model_year")
AFTER = _changed(
    model=replace(MODEL, name="model_name"),
    model_year=replace(YEAR, type="bigint"),
    colour=None,
)
AFTER = replace(
    AFTER,
    columns=(*AFTER.columns, Column("fleet_number", "text", 900)),
    retired=(replace(BEFORE.column("colour"), retired=True),),
)


def _standard(vehicle: RecordType) -> Standard:
    return replace(small.little(), record_types={"vehicle": vehicle})


def _publish(store: Store, vehicle: RecordType, source: str, values: dict[str, str]) -> None:
    run_id = store.begin_run()
    path = store.layout.staging_of(run_id) / "cars.parquet"
    small.write_records(path, 2, record_type=vehicle, source=source, country="AA", changed=values)
    file = small.staged(path, 2, source)
    store.publish(run_id, [Publication(source, "AA", small.EXPORT, small.VERSION, (file,), ())])
    store.end_run(run_id, "ok")


@pytest.fixture(scope="module")
def evolved(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A file of the earlier standard, one of the later, in step after each."""
    data = tmp_path_factory.mktemp("store") / "data"
    store = Store.open(data, standard=_standard(BEFORE))
    _publish(store, BEFORE, "aa-old", VALUES)
    assert keep_in_step(store) == []
    store = Store.open(data, standard=_standard(AFTER))
    later = {"model_name": "'Yaris'", "model_year": "3000000000", "fleet_number": "'F' || i"}
    _publish(store, AFTER, "aa-new", later)
    assert keep_in_step(store) == []
    return store


@pytest.mark.parametrize("engine", ENGINES)
def test_a_column_added_renamed_widened_or_retired(evolved: Store, engine: str) -> None:
    table = ENGINES[engine](evolved, "vehicle")
    shown = sorted((r["source_id"], r["model_name"], r["model_year"], r["fleet_number"]) for r in rows(table))

    assert shown[::3] == [("aa-new", "Yaris", 3000000000, "F0"), ("aa-old", "Corolla", 1999, None)]
    assert "colour" not in table.column_names and "model" not in table.column_names
    assert checksum(table) == checksum(by_views(evolved, "vehicle"))


def test_an_older_release_has_the_columns_of_its_day(evolved: Store) -> None:
    table = open_catalogue(evolved).load_table(("comity", "vehicle"))
    first = table.scan(snapshot_id=snapshot_of(table, 1).snapshot_id).to_arrow()

    assert {"model", "colour"} <= set(first.column_names) and "fleet_number" not in first.column_names
    assert first["model"].to_pylist() == ["Corolla", "Corolla"]
    assert len(table.metadata.schemas) == 2
    assert sync(evolved, thorough=True)[0].action == "in step"


def test_a_delta_keeps_the_values_of_a_renamed_column(tmp_path: Path) -> None:
    old = small.write_records(tmp_path / "old.parquet", 3, record_type=BEFORE, changed=VALUES)
    new = small.write_records(
        tmp_path / "new.parquet", 1, record_type=AFTER, changed={"model_name": "'Yaris'"}, first=1
    )
    [merged] = merge([small.staged(new, 1)], [old], kind="delta", record_type=AFTER, into=tmp_path).files
    import pyarrow.parquet as pq

    read = pq.ParquetFile(merged.path).read(["source_key", "model_name", "model_year"]).to_pylist()
    assert sorted(tuple(row.values()) for row in read) == [
        ("0", "Corolla", 1999), ("1", "Yaris", None), ("2", "Corolla", 1999),
    ]  # fmt: skip


def test_a_name_that_means_another_column_now_does_not_show_the_old_one_s_values(tmp_path: Path) -> None:
    store = Store.open(tmp_path, standard=_standard(BEFORE))
    _publish(store, BEFORE, "aa-old", VALUES)
    other = replace(_changed(model=replace(MODEL, field_id=901)), retired=(replace(MODEL, retired=True),))
    store = Store.open(tmp_path, standard=_standard(other))
    assert keep_in_step(store) == []
    store.refresh_views()

    assert {row["model"] for row in rows(by_views(store, "vehicle"))} == {None}
    assert checksum(by_pyiceberg(store, "vehicle")) == checksum(by_views(store, "vehicle"))


def test_a_type_that_iceberg_cannot_widen_to_waits_until_its_files_are_written_anew(tmp_path: Path) -> None:
    store = Store.open(tmp_path, standard=_standard(BEFORE))
    _publish(store, BEFORE, "aa-old", VALUES)
    assert keep_in_step(store) == []
    text = _changed(model_year=replace(YEAR, type="text"))
    whole = replace(
        small.little(), record_types={"vehicle": text, "person": small.little().record_types["person"]}
    )
    store = Store.open(tmp_path, standard=whole)
    cars, persons = sync(store)

    assert persons.action == "created", "the other tables go on"
    assert cars.error is not None and cars.error.code == "store.iceberg-unreadable-file"
    assert "model_year is int in the file, string in the standard" in str(cars.error)
    _publish(store, text, "aa-old", {"model_year": "'about 2000'"})
    assert keep_in_step(store) == []
    assert by_pyiceberg(store, "vehicle")["model_year"].to_pylist() == ["about 2000"] * 2
    assert sync(store, ["vehicle"], anew=True)[0].snapshots == 1, "the first release cannot be shown any more"
