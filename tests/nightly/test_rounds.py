"""Several exports of one source: oldest first, one release each, and what a delta or a window leaves in place.

Three sources that differ only in their kind get the same three exports in one night, and then two nights more.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from tests.nightly.small import CARS, VEHICLES, Night, SmallFederation

KINDS = ("full", "delta", "window")
WHITE, SILVER, BLUE = (",".join(car) + "\n" for car in CARS)
PLATES = ("QQA101", "QQB202", "QQC303")
EARLIER = BLUE.replace("QQC303", "QQZ999")
REPAINTED = WHITE.replace("White", "Red")


class Nights(NamedTuple):
    federation: SmallFederation
    first: Night
    second: Night
    late: Night
    remapped: Night
    last: Night


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    federation = SmallFederation(tmp_path_factory.mktemp("rounds"))
    for kind in KINDS:
        federation.add(VEHICLES, kind, files="['export-*']", order="'export-(.)'", kind=kind)
        # Dropped in another order than their names tell.
        for number, content in ((4, BLUE), (2, WHITE + SILVER), (3, REPAINTED)):
            federation.drop(kind, f"export-{number}", content.encode())
        federation.drop(kind, "export-4-again", BLUE.encode())
        federation.drop(kind, "export-5.part", b"still being written")
        federation.drop(kind, ".export-5", b"hidden")
        federation.drop(kind, "readme.txt", b"nothing the adapter names")
    first, second = federation.run(), federation.run()
    federation.drop("full", "export-1", SILVER.encode())
    federation.drop("delta", "export-1", (WHITE.replace("White", "Green") + EARLIER).encode())
    federation.drop("delta", "export-6", SILVER.replace("Silver", "Black").encode())
    federation.drop("window", "export-1", b"\0\0\0")
    late = federation.run()
    (federation.data / "inbox" / "window" / "export-1").unlink()
    for kind in KINDS:
        federation.edit(f"mappings/{kind}/vehicle.yaml", "constant: stolen", "constant: recovered")
    return Nights(federation, first, second, late, federation.run(), federation.run())


def cars(nights: Nights, kind: str, release: int) -> dict[str, str]:
    """Plate → colour of a source in one release, by the command."""
    sql = f"SELECT plate, colour FROM vehicle WHERE source_id = '{kind}' ORDER BY plate"
    code, said = nights.federation.call("sql", sql, "--format", "json", "--release", str(release))
    assert code == 0, said
    return {row["plate"]: row["colour"] for row in json.loads(said)}


def test_every_export_is_a_release_of_its_own_oldest_first(nights: Nights) -> None:
    taken = [export["files"] for export in nights.first.report["exports"] if export["source_id"] == "full"]

    assert nights.first.code == 0
    assert nights.first.report["releases"] == [1, 2, 3]
    assert [files[0][:8] for files in taken] == ["export-2", "export-3", "export-4"]


def test_a_full_export_replaces_what_was_there(nights: Nights) -> None:
    states = [cars(nights, "full", release) for release in (1, 2, 3)]

    assert states == [{"QQA101": "white", "QQB202": "silver"}, {"QQA101": "red"}, {"QQC303": "blue"}]


@pytest.mark.parametrize("kind", ["delta", "window"])
def test_a_delta_or_a_window_adds_and_corrects_and_withdraws_nothing(nights: Nights, kind: str) -> None:
    states = [cars(nights, kind, release) for release in (1, 2, 3)]

    assert states == [
        {"QQA101": "white", "QQB202": "silver"},
        {"QQA101": "red", "QQB202": "silver"},
        {"QQA101": "red", "QQB202": "silver", "QQC303": "blue"},
    ]


def test_a_record_keeps_its_id_and_the_day_it_was_first_seen(nights: Nights) -> None:
    sql = "SELECT record_id, first_seen FROM vehicle WHERE source_id = 'delta' AND plate = 'QQA101'"

    found = [
        nights.federation.call("sql", sql, "--format", "csv", "--release", str(release))
        for release in (1, 2, 3)
    ]

    assert found[0] == found[1] == found[2]


def test_what_was_taken_is_not_read_again(nights: Nights) -> None:
    assert nights.second.code == 0
    assert nights.second.report["exports"] == [] and nights.second.report["releases"] == []
    assert nights.second.report["skipped"] == sorted(KINDS)
    assert "Nothing new: delta, full, window" in nights.second.said


def test_an_older_full_export_that_comes_late_never_comes_back(nights: Nights) -> None:
    last = nights.late.report["releases"][-1]

    assert "full" in nights.late.report["skipped"]
    assert cars(nights, "full", last) == cars(nights, "full", 3)


def test_an_older_delta_that_comes_late_adds_what_it_has_and_what_is_newer_stays_on_top(
    nights: Nights,
) -> None:
    taken = [each["files"][0][:8] for each in nights.late.report["exports"] if each["source_id"] == "delta"]
    releases = nights.late.report["releases"]

    assert taken == ["export-1", "export-2", "export-3", "export-4", "export-6"]
    assert cars(nights, "delta", releases[0])["QQA101"] == "green"
    assert cars(nights, "delta", releases[-1]) == {
        "QQA101": "red", "QQB202": "black", "QQC303": "blue", "QQZ999": "blue",
    }  # fmt: skip


def test_an_older_one_that_cannot_be_read_has_nothing_taken_again(nights: Nights) -> None:
    taken = [
        (each["files"], each["outcome"])
        for each in nights.late.report["exports"]
        if each["source_id"] == "window"
    ]

    assert taken == [(["export-1"], "failed")]


def test_a_changed_mapping_reads_the_last_export_again(nights: Nights) -> None:
    stolen = nights.federation.ask(
        "SELECT source_id, status, count(*) FROM vehicle GROUP BY ALL ORDER BY ALL"
    )

    assert sorted(export["source_id"] for export in nights.remapped.report["exports"]) == sorted(KINDS)
    assert ("full", "recovered", 1) in stolen
    assert nights.last.report["exports"] == []


def test_every_night_accounts_for_every_row(nights: Nights) -> None:
    assert nights.federation.accounts_add_up()


def test_files_that_wait_are_left_in_the_inbox_as_they_were(nights: Nights) -> None:
    inbox = nights.federation.data / "inbox" / "full"

    assert (inbox / "export-2").read_text() == WHITE + SILVER
    assert {path.name for path in inbox.iterdir()} >= {
        "export-1",
        "export-2",
        "export-3",
        "export-4",
        "export-5.part",
    }


def test_only_the_sources_that_are_named_are_run(nights: Nights) -> None:
    code, said = nights.federation.call("run", "--source", "window", "--source", "delta")

    assert code == 0
    assert "Nothing new: delta, window" in said and "full" not in said


def test_a_source_that_nobody_knows_is_told_with_the_nearest_name(nights: Nights) -> None:
    code, said = nights.federation.call("run", "--source", "ful")

    assert code == 2
    assert "[config.unknown-source]" in said and "did you mean 'full'?" in said
