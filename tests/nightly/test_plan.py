"""What `comity plan` foretells of a night, and what `comity run` then does; holds; which sources a run is for."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.nightly.small import BICYCLES, CARS, VEHICLES, SmallFederation, samples

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [(",".join(car) + "\n").encode() for car in CARS]
OLD = time.time() - 3 * 86_400


def prepare(folder: Path) -> SmallFederation:
    """Two sources of one country with an order in their names, due daily, and one of another country."""
    federation = SmallFederation(folder)
    for name in ("first", "second"):
        federation.add(VEHICLES, name, files="['export-*']", order="'export-(.)'", kind="delta", due="daily")
    federation.add(BICYCLES)
    return federation


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    return prepare(tmp_path_factory.mktemp("plan"))


def plan(federation: SmallFederation, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code, said = federation.call("plan", "--json", *options)
    body = json.loads(said)
    assert body["exit_code"] == code
    return code, {each["source_id"]: each for each in body["intents"]}


def age(path: Path, moment: float = OLD) -> None:
    os.utime(path, (moment, moment))


def test_before_anything_was_delivered_there_is_nothing_to_do_and_nothing_is_written(
    federation: SmallFederation,
) -> None:
    code, intents = plan(federation)

    assert code == 0
    assert {each["action"] for each in intents.values()} == {"skip"}
    assert intents["first"]["why"] == "nothing in the inbox" and intents["first"]["stale"] is None
    assert not federation.data.exists()


def test_what_the_plan_foretells_the_run_takes(federation: SmallFederation) -> None:
    age(federation.drop("first", "export-1", ROWS[0]))
    age(federation.drop("first", "export-2", ROWS[1]))
    for name, content in samples(BICYCLES).items():
        age(federation.drop(BICYCLES, name, content))

    code, intents = plan(federation)

    assert code == 2
    assert (intents["first"]["action"], intents["first"]["why"]) == ("run", "2 new exports")
    assert intents["first"]["exports"] == [["export-1"], ["export-2"]]
    assert intents["second"]["action"] == "skip"
    night = federation.run()
    assert night.code == 0
    taken = [each["files"] for each in night.report["exports"] if each["source_id"] == "first"]
    assert taken == intents["first"]["exports"]


def test_afterwards_there_is_nothing_to_do_and_no_file_is_read(
    federation: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("an unchanged file, or an unchanged mapping, was read again")

    monkeypatch.setattr("comity.nightly.planning.hash_of", read)
    monkeypatch.setattr("comity.store.store.archive", read)
    monkeypatch.setattr("comity.nightly.outline.load_source", read)

    assert plan(federation)[0] == 0
    night = federation.run()
    assert night.code == 0 and night.report["exports"] == []


def test_a_source_that_is_overdue_is_named_with_how_long(federation: SmallFederation) -> None:
    past = time.time() - 10 * 86_400
    _, intents = plan(federation)
    assert intents["first"]["stale"] is None  # a run met its export just now

    ledger_says_it_came_long_ago(federation, "first", past)
    code, intents = plan(federation)

    stale = intents["first"]["stale"]
    assert code == 0
    assert stale["due"] == "daily" and stale["seconds_overdue"] // 86_400 == 2  # by the files in the inbox
    assert "overdue by 2 days" in federation.call("plan")[1]
    night = federation.run()
    assert [each["source_id"] for each in night.report["stale"]] == ["first"]
    assert "overdue by 2 days" in night.said


def ledger_says_it_came_long_ago(federation: SmallFederation, source: str, moment: float) -> None:
    import sqlite3
    from datetime import UTC, datetime

    with sqlite3.connect(federation.data / "ledger.sqlite") as ledger:
        told = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S.000000")
        ledger.execute("UPDATE exports SET received_at = ? WHERE source_id = ?", (told, source))


def test_a_changed_mapping_is_a_reason_and_what_it_alters_is_told(federation: SmallFederation) -> None:
    federation.edit("mappings/first/vehicle.yaml", "constant: stolen", "constant: recovered")

    code, intents = plan(federation, "--changes", "--source", "first")

    assert code == 2 and set(intents) == {"first"}
    assert intents["first"]["why"] == "mapping changed"
    assert any("1 changed" in line for line in intents["first"]["alters"])
    assert federation.run().code == 0
    assert plan(federation)[0] == 0


def test_a_held_source_is_not_taken_until_it_is_released(federation: SmallFederation) -> None:
    before = federation.records("vehicle", "first")
    code, said = federation.call("hold", "first", "--reason", "the owner doubts it")
    assert code == 0 and "the owner doubts it" in said
    federation.drop("first", "export-3", ROWS[2])

    code, intents = plan(federation)
    night = federation.run()

    assert code == 0 and intents["first"]["action"] == "held"
    assert night.code == 0 and night.report["exports"] == []
    ((name, why),) = night.report["held"]
    assert name == "first" and "the owner doubts it" in why and "@" in why
    assert "comity release-hold first" in night.said
    assert federation.records("vehicle", "first") == before
    assert "the owner doubts it" in federation.call("hold")[1]
    assert federation.call("release-hold", "first")[0] == 0
    assert plan(federation)[0] == 2
    assert federation.run().code == 0
    assert len(federation.records("vehicle", "first")) == len(before) + 1
    assert "No source is held" in federation.call("hold")[1]
    (hold,) = json.loads(federation.call("hold", "--all", "--json")[1])
    assert hold["released_by"] and hold["reason"] == "the owner doubts it"


def test_a_source_held_while_the_night_works_on_it_is_not_published(
    federation: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from comity.config.settings import load_settings
    from comity.nightly.night import run_night

    federation.drop("second", "export-1", ROWS[0])
    settings = load_settings(str(federation.data), str(federation.root), jobs=1)

    def tell(source: str, stage: str, detail: str) -> None:
        if stage == "validating":
            federation.call("hold", "second", "--reason", "stop")

    report = run_night(settings, (), tell)

    (export,) = report.exports
    assert export.outcome == "blocked" and "stop" in export.blocks[0]
    assert federation.records("vehicle", "second") == []


def test_a_run_can_hold_and_be_for_one_country_and_for_what_failed(federation: SmallFederation) -> None:
    federation.call("release-hold", "second")
    federation.drop("first", "export-4", b"\0\0\0")
    federation.drop(BICYCLES, "Fahrraddiebstahl.csv", b"no header at all")
    night = federation.run("--country", "NZ", "--hold", "second")
    assert [each["source_id"] for each in night.report["exports"]] == ["first"]
    assert night.report["held"][0][0] == "second"
    assert night.export("first")["outcome"] == "failed"

    federation.call("release-hold", "second")
    again = federation.run("--retry-failed")

    assert [each["source_id"] for each in again.report["exports"]] == ["first"]
    assert again.code == 1
    (federation.data / "inbox" / "first" / "export-4").write_bytes(ROWS[0])
    assert set(plan(federation, "--retry-failed")[1]) == {"first"}
    assert federation.run("--retry-failed").code == 0
    last = federation.run("--retry-failed")
    assert last.report["exports"] == [] and "Nothing failed in the last run" in last.said


@pytest.mark.parametrize(
    ("call", "code", "told"),
    [
        (("plan", "--sauce", "x"), 1, "--source"),
        (("plan", "--source", "frist"), 1, "did you mean 'first'?"),
        (("plan", "--country", "NL"), 1, "[config.unknown-country]"),
        (("run", "--country", "NL"), 2, "[config.unknown-country]"),
        (("run", "--hold", "secnd"), 2, "did you mean 'second'?"),
        (("hold", "first"), 2, "--reason"),
        (("release-hold", "first"), 1, "[store.not-held]"),
    ],
)
def test_a_wrong_call_is_told(
    federation: SmallFederation, call: tuple[str, ...], code: int, told: str
) -> None:
    ended, said = federation.call(*call)

    assert (ended, told in said) == (code, True), said


def test_a_source_that_does_not_load_is_an_error_of_the_plan(federation: SmallFederation) -> None:
    federation.edit("adapters/second/adapter.yaml", "source: second", "sauce: second")

    code, said = federation.call("plan")

    assert code == 1
    assert "second" in said and "broken" in said and "[config." in said
