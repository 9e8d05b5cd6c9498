"""Rejects that can be healed: grouped with counts and examples, and after a fix run again from the archive."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.nightly.small import CARS, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [(",".join(car) + "\n").encode() for car in CARS]
TWINS = [ROWS[0].replace(b"Toyota", make) for make in (b"Ford", b"Subaru")]
BAD = b"QQX999,\xff\xfe,Ford,FALCON,1986,Utility,2026-11-03,Waikato\n"
KEY = r"(?m)^key: \[.*\]$"


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    """Two rows have the key of another, and one has bytes that are no text."""
    federation = SmallFederation(tmp_path_factory.mktemp("replay"))
    federation.add(VEHICLES, "cars", files="['export-*']", order="'export-(.)'")
    federation.add(VEHICLES, "feed", files="['export-*']", order="'export-(.)'", kind="delta")
    dropped = federation.drop("cars", "export-1", b"".join((*ROWS, *TWINS, BAD)))
    assert federation.run("--source", "cars").code == 0
    dropped.unlink()  # the archive has it
    return federation


def replay(federation: SmallFederation, *options: str) -> tuple[int, dict[str, Any]]:
    code, said = federation.call("replay", *options, "--json")
    assert said.startswith("{"), said
    return code, json.loads(said)


def rejects(federation: SmallFederation) -> dict[str, dict[str, Any]]:
    code, said = federation.call("rejects", "--json")
    assert code == 0
    return {each["code"]: each for each in json.loads(said)}


def test_rejects_are_grouped_by_reason_with_counts_and_examples(federation: SmallFederation) -> None:
    groups = rejects(federation)

    assert {code: (each["count"], each["example_rows"]) for code, each in groups.items()} == {
        "mapping.duplicate-key": (2, [4, 5]),
        "read.undecodable-bytes": (1, [6]),
    }
    assert {each["file"] for each in groups.values()} == {"export-1"}
    assert "(first: row 4, … of export-1)" in federation.call("rejects", "--examples", "1")[1]


def test_a_replay_without_a_fix_heals_nothing(federation: SmallFederation) -> None:
    code, report = replay(federation, "cars")

    assert code == 0
    assert (report["rows_healed"], report["rows_newly_rejected"]) == (0, 0)
    assert len(federation.records("vehicle", "cars")) == 3


def test_after_a_fix_it_is_told_by_reason_what_was_healed(federation: SmallFederation) -> None:
    federation.edit("mappings/cars/vehicle.yaml", KEY, "key: [plate, date, region, make]")

    code, report = replay(federation, "cars")

    told = {
        each["code"]: (each["before"], each["healed"], each["still"], each["new"])
        for each in report["reasons"]
    }
    assert code == 0
    assert told == {"mapping.duplicate-key": (2, 2, 0, 0), "read.undecodable-bytes": (1, 0, 1, 0)}
    assert (report["rows_healed"], report["rows_newly_rejected"]) == (2, 0)
    assert report["night"]["releases"] == [3]
    assert len(federation.records("vehicle", "cars")) == 5
    assert set(rejects(federation)) == {"read.undecodable-bytes"}
    accounts = "SELECT rows_read, rows_accepted, rows_rejected FROM accounting ORDER BY run_id"
    assert federation.ask(accounts) == [(6, 3, 3), (6, 3, 3), (6, 5, 1)]


def test_what_is_newly_rejected_is_told_too(federation: SmallFederation) -> None:
    federation.edit("mappings/cars/vehicle.yaml", KEY, "key: [plate]")

    code, said = federation.call("replay", "cars")

    assert code == 0
    assert re.search(r"vehicle +mapping\.duplicate-key.*: 2 newly rejected", said)
    assert "0 rows healed, 2 newly rejected." in said


def test_a_full_export_that_was_replaced_does_not_come_back(federation: SmallFederation) -> None:
    (export,) = {line[0] for line in federation.ask("SELECT DISTINCT export_id FROM exports")}
    federation.drop("cars", "export-2", ROWS[2])
    assert federation.run("--source", "cars").code == 0

    code, said = federation.call("replay", "cars", "--export", export[:12])

    assert code == 1 and "[nightly.replaced-export]" in said
    assert replay(federation, "cars")[1]["export_id"] != export


def test_a_delta_is_laid_under_what_came_after_it(federation: SmallFederation) -> None:
    for number, row in enumerate((ROWS[0], ROWS[0].replace(b"White", b"Red")), start=1):
        federation.drop("feed", f"export-{number}", row)
    assert federation.run("--source", "feed").code == 0
    sql = "SELECT colour FROM vehicle WHERE source_id = 'feed'"
    assert federation.ask(sql) == [("red",)]
    first = federation.ask(
        "SELECT export_id FROM exports WHERE source_id = 'feed' ORDER BY received_at LIMIT 1"
    )[0][0]

    code, report = replay(federation, "feed", "--export", first)

    assert code == 0 and len(report["night"]["exports"]) == 2
    assert federation.ask(sql) == [("red",)]


@pytest.mark.parametrize(
    ("call", "code", "told"),
    [
        (("replay", "carz"), 2, "did you mean 'cars'?"),
        (("replay", "cars", "--export", "xyz"), 1, "[nightly.unknown-export]"),
        (("replay", "quiet"), 1, "[nightly.nothing-to-replay]"),
    ],
)
def test_a_wrong_call_is_told(
    federation: SmallFederation, call: tuple[str, ...], code: int, told: str
) -> None:
    if "quiet" in call:
        federation.add(VEHICLES, "quiet")

    ended, said = federation.call(*call)

    assert (ended, told in said) == (code, True), said


def test_bytes_that_the_archive_lost_cannot_be_run_again(federation: SmallFederation, tmp_path: Path) -> None:
    export = replay(federation, "cars")[1]["export_id"]
    archived = federation.data / "archive" / export[:2] / export
    archived.rename(tmp_path / "aside")

    code, said = federation.call("replay", "cars")

    (tmp_path / "aside").rename(archived)
    assert code == 1 and "[nightly.export-not-archived]" in said
