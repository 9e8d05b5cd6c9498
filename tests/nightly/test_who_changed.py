"""A new export that meets an edited mapping in the same night: who changed which record, by the rows read again."""

from __future__ import annotations

import pytest

from tests.nightly.small import CARS, VEHICLES, Night, SmallFederation

WHITE, SILVER, BLUE = CARS
RED = (WHITE[0], "Red", *WHITE[2:])
NEW = ("QQD404", *WHITE[1:])


def export(*cars: tuple[str, ...]) -> bytes:
    return "".join(",".join(car) + "\n" for car in cars).encode()


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    """Last night three cars; tonight one of them is painted red, one is gone, one is new, and by an edited rule every
    plate as given is written small.
    """
    federation = SmallFederation(tmp_path_factory.mktemp("who-changed"))
    federation.add(VEHICLES, "cars", files="['export-*']", order="'export-(.)'")
    federation.drop("cars", "export-1", export(WHITE, SILVER, BLUE))
    assert federation.run().code == 0
    return federation


@pytest.fixture(scope="module")
def night(federation: SmallFederation) -> Night:
    federation.edit(
        "mappings/cars/vehicle.yaml",
        "plate_as_given: plate",
        "plate_as_given: {from: plate, apply: [lower]}",
    )
    federation.drop("cars", "export-2", export(RED, SILVER, NEW))
    night = federation.run()
    assert night.code == 0, night.said
    return night


def test_records_are_counted_by_who_changed_them(night: Night) -> None:
    (changes,) = night.export("cars")["changes"]

    assert changes == {
        "record_type": "vehicle",
        "added": 1,
        "changed_by_source": 1,
        "changed_by_mapping": 1,
        "withdrawn": 1,
        "columns": {"colour": [1, 0], "colour_as_given": [1, 0], "plate_as_given": [0, 2]},
    }


def test_a_column_of_a_record_that_both_changed_is_told_apart(
    federation: SmallFederation, night: Night
) -> None:
    told = "SELECT plate, kind, column_name, old_value, new_value"
    asked = f"{told} FROM changes JOIN vehicle USING (record_id) ORDER BY ALL"

    assert federation.ask(asked) == [
        ("QQA101", "changed_by_mapping", "plate_as_given", "QQA101", "qqa101"),
        ("QQA101", "changed_by_source", "colour", "white", "red"),
        ("QQA101", "changed_by_source", "colour_as_given", "White", "Red"),
        ("QQB202", "changed_by_mapping", "plate_as_given", "QQB202", "qqb202"),
        ("QQD404", "added", None, None, None),
    ]


def test_only_the_source_moves_the_day_of_the_last_change(federation: SmallFederation, night: Night) -> None:
    moved = federation.ask("SELECT plate FROM vehicle WHERE last_changed > first_seen")

    assert moved == [("QQA101",)]


def test_without_the_archived_export_the_source_is_taken_to_have_changed_it(
    federation: SmallFederation, night: Night
) -> None:
    for folder in ("archive", "inbox"):
        for path in (federation.data / folder).rglob("*"):
            if path.is_file():
                path.unlink()
    federation.edit("mappings/cars/vehicle.yaml", r"apply: \[lower\]", "apply: [trim]")
    federation.drop("cars", "export-3", export(RED, SILVER, BLUE))

    again = federation.run()

    assert again.code == 0, again.said
    (changes,) = again.export("cars")["changes"]
    assert (changes["changed_by_source"], changes["changed_by_mapping"]) == (2, 0)
