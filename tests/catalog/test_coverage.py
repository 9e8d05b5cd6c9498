"""The counts are exact, whatever they are taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.catalog.coverage import measure
from comity.query.federation import open_federation
from comity.store.view_sql import identifier
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path

    from comity.catalog.catalog import Catalog
    from comity.config.settings import Settings


def test_footers_count_what_sql_counts_in_every_record_type(catalog: Catalog, night: Settings) -> None:
    with open_federation(night) as federation, federation.connect() as connection:
        for name, record_type in catalog.standard.record_types.items():
            filled = ", ".join(
                f"count({column.name}) FILTER (len({column.name}) > 0)"
                if column.is_list
                else f"count({column.name})"
                for column in record_type.columns
            )
            asked = f"SELECT source_id, count(*), {filled} FROM {identifier(name)} GROUP BY source_id ORDER BY ALL"
            by_sql = connection.execute(asked).fetchall()
            names = [column.name for column in record_type.columns]
            told = sorted(
                (held.source_id, held.records, *(held.filled[column] for column in names))
                for held in catalog.of_type(name)
            )
            assert told == by_sql


def test_what_could_not_be_taken_over_is_counted_by_reason(catalog: Catalog, night: Settings) -> None:
    with open_federation(night) as federation:
        flags = federation.sql(
            "SELECT flag, count(*) FROM (SELECT unnest(quality_flags) AS flag FROM vehicle "
            "WHERE source_id = 'nz-police-vehicles') GROUP BY ALL"
        ).fetchall()
    (held,) = (each for each in catalog.of_type("vehicle") if each.source_id == "nz-police-vehicles")

    told = {
        f"{column}:{reason}": count
        for column, reasons in held.flagged.items()
        for reason, count in reasons.items()
    }
    assert told == dict(flags) and len(told) >= 2


def test_a_column_under_its_earlier_name_is_counted_and_one_that_a_file_lacks_is_empty(
    tmp_path: Path,
) -> None:
    store = small.open_store(tmp_path / "data")
    small.publish(store, {"aa-cars": 3, "bb-cars": 4})
    vehicle = small.little().record_types["vehicle"]
    views = store.layout.views_file

    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{views}' AS views (READ_ONLY)")
        connection.execute("USE views")
        held = measure(connection, "vehicle", vehicle)
        # Without the standard, every column is scanned: the same counts by another way.
        scanned = measure(connection, "vehicle")

    assert [(each.source_id, each.records, each.filled["plate"], each.filled["vin"]) for each in held] == [
        ("aa-cars", 3, 3, 0),
        ("bb-cars", 4, 4, 0),
    ]
    assert held == scanned
    assert held[0].share("plate") == 1 and held[0].share("vin") == 0
