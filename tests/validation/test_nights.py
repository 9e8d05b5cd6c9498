"""What severities do to a night: who is published, who is marked, who stays as before, and what is kept of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.nightly.small import BICYCLES, CARS, VEHICLES, SmallFederation
from tests.validation.small import rule_text, write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nightly.small import Night

SATISFY = "expect_rows_to_satisfy"
NO_HIACE = "{condition: \"model <> 'HIACE'\"}"


def export(cars: int) -> bytes:
    """So many cars, every third a Hiace, none stolen twice."""
    rows = [(f"QQ{n:04d}", *CARS[n % 3][1:]) for n in range(cars)]
    return "".join(f"{','.join(row)}\n" for row in rows).encode()


@pytest.fixture
def federation(tmp_path: Path) -> SmallFederation:
    federation = SmallFederation(tmp_path)
    federation.add(VEHICLES)
    return federation


def night(federation: SmallFederation, *rules: str, cars: int = 3) -> Night:
    """A night in which the register of vehicles delivers and is judged by ``rules`` too."""
    write_suite(federation.root / "validation", *rules, record="vehicle", source=VEHICLES)
    day = 1 + len(list((federation.data / "runs").glob("*")))
    federation.drop(VEHICLES, f"stolenvehicles-2026-11-{day:02d}.csv", export(cars))
    return federation.run()


def test_a_critical_rule_blocks_its_source_and_no_other(federation: SmallFederation) -> None:
    federation.add(BICYCLES)
    federation.drop_sample(BICYCLES)

    ended = night(federation, rule_text(SATISFY, NO_HIACE, "critical"))

    assert ended.code == 1
    assert ended.export(VEHICLES)["outcome"] == "blocked"
    assert ended.export(VEHICLES)["blocks"] == ["vehicle: the.rule: 1 of 3 records"]
    assert ended.export(BICYCLES)["outcome"] == "published"
    assert federation.ask("SELECT source_id FROM vehicle") == []
    assert len(federation.records("incident", BICYCLES)) > 0
    assert "the.rule: 1 of 3 records" in ended.said


def test_a_reference_to_what_is_blocked_leads_nowhere(federation: SmallFederation) -> None:
    followers = [federation.add(VEHICLES, name) for name in ("again", "once-more")]
    for followed, follower in zip((VEHICLES, *followers), followers, strict=False):
        only = f"related_column: plate, related_where: \"source_id = '{followed}'\""
        there = f"{{column: plate, record_type: vehicle, {only}}}"
        write_suite(
            federation.root / "validation",
            rule_text("expect_references_to_resolve", there, "critical"),
            record="vehicle",
            source=follower,
        )
        federation.drop(follower, "stolenvehicles-2026-11-01.csv", export(3))

    blocked = night(federation, rule_text(SATISFY, NO_HIACE, "critical"))
    told = federation.ask("SELECT source_id, violated FROM quality WHERE rule_id = 'the.rule' ORDER BY ALL")
    mended = night(federation, rule_text(SATISFY, NO_HIACE, "info"))

    assert [blocked.export(name)["outcome"] for name in (VEHICLES, *followers)] == ["blocked"] * 3
    assert told == [("again", 3), (VEHICLES, 1), ("once-more", 3)]
    assert [mended.export(name)["outcome"] for name in (VEHICLES, *followers)] == ["published"] * 3


def test_a_warning_publishes_with_a_mark(federation: SmallFederation) -> None:
    ended = night(federation, rule_text(SATISFY, NO_HIACE, "warning"))

    assert (ended.code, ended.export(VEHICLES)["outcome"]) == (0, "published")
    assert ended.export(VEHICLES)["marks"] == ["vehicle: the.rule: 1 of 3 records"]
    assert len(federation.records("vehicle", VEHICLES)) == 3


def test_what_is_only_for_information_is_recorded_and_nothing_more(federation: SmallFederation) -> None:
    ended = night(federation, rule_text(SATISFY, NO_HIACE, "info"))

    assert (ended.code, ended.export(VEHICLES)["marks"]) == (0, [])
    assert federation.ask("SELECT severity, outcome, violated FROM quality WHERE rule_id = 'the.rule'") == [
        ("info", "fail", 1)
    ]


def test_a_critical_rule_that_cannot_be_computed_blocks_too(federation: SmallFederation) -> None:
    broken = rule_text(SATISFY, "{condition: \"strptime(model, '%Y') IS NOT NULL\"}", "critical")

    ended = night(federation, broken)

    assert ended.export(VEHICLES)["outcome"] == "blocked"
    (told,) = ended.export(VEHICLES)["blocks"]
    assert "the.rule: could not be judged" in told and "HIACE" not in told


def test_a_register_that_collapsed_replaces_nothing(federation: SmallFederation) -> None:
    volume = rule_text("expect_row_count_to_change_by_at_most", "{decrease_percent: 80}", "critical")
    night(federation, volume, cars=30)
    before = federation.records("vehicle", VEHICLES)

    ended = night(federation, volume, cars=5)

    assert ended.export(VEHICLES)["blocks"] == ["vehicle: the.rule: 5 records, 30 before (-83.3 %)"]
    assert federation.records("vehicle", VEHICLES) == before
    assert len(before) == 30


def test_the_first_delivery_has_nothing_to_be_compared_with(federation: SmallFederation) -> None:
    night(
        federation, rule_text("expect_row_count_to_change_by_at_most", "{decrease_percent: 80}", "critical")
    )

    told = federation.ask("SELECT outcome, observed FROM quality WHERE rule_id = 'the.rule'")
    assert told == [("not_applicable", "there is no earlier release of this source")]


def test_a_suite_with_a_mistake_stops_its_source_with_the_place(federation: SmallFederation) -> None:
    federation.add(BICYCLES)
    federation.drop_sample(BICYCLES)

    ended = night(federation, rule_text("expect_rows_to_satisfi", NO_HIACE))

    error = ended.error(VEHICLES)
    assert error["code"] == "config.unknown-expectation"
    assert error["place"].endswith(f"{VEHICLES}.yaml:4:5")
    assert ended.export(BICYCLES)["outcome"] == "published"


def test_a_night_keeps_its_results_as_json_as_a_page_and_by_record(federation: SmallFederation) -> None:
    ended = night(federation, rule_text(SATISFY, NO_HIACE, "warning"))

    folder = federation.data / "runs" / ended.report["run_id"] / "quality"
    (result,) = json.loads((folder / "quality.json").read_text("utf-8"))["results"]
    assert (result["source_id"], result["verdict"], result["fail"]) == (VEHICLES, "marked", 1)
    assert "the.rule" in (folder / "quality.html").read_text("utf-8")
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "broken")] == [0o700, 0o700]
    (wrong,) = federation.ask(f"SELECT record_id, rule_id FROM '{next((folder / 'broken').iterdir())}'")
    assert wrong[1] == "the.rule"
    assert federation.ask(f"SELECT model FROM vehicle WHERE record_id = '{wrong[0]}'") == [("HIACE",)]


def test_the_command_shows_what_failed_and_which_records(federation: SmallFederation) -> None:
    night(federation, rule_text(SATISFY, NO_HIACE, "warning"))
    (hiace,) = federation.ask("SELECT record_id, source_row FROM vehicle WHERE model = 'HIACE'")

    code, said = federation.call("quality")
    _, everything = federation.call("quality", "--all")
    _, records = federation.call("quality", "--rule", "the.rule")
    wrong_code, wrong = federation.call("quality", "--rule", "the.rul")

    assert code == 0 and "the.rule" in said and "marked" in said
    assert "record_id.required" in everything and "record_id.required" not in said
    assert f"{VEHICLES}  {hiace[0]}  {hiace[1]}" in records
    assert wrong_code == 2 and "did you mean 'the.rule'?" in wrong


def test_a_run_without_results_is_told(federation: SmallFederation) -> None:
    federation.run()

    code, said = federation.call("quality")

    assert code == 2 and "query.no-results" in said


def test_the_suites_are_checked_and_shown_by_a_command(federation: SmallFederation) -> None:
    suites = federation.root / "validation"
    write_suite(suites, rule_text(SATISFY, NO_HIACE), record="vehicle", source=VEHICLES)

    code, said = federation.call("suite", "check")
    _, shown = federation.call("suite", "show", "vehicle", "--source", VEHICLES)

    assert code == 0
    assert any(line.split()[:2] == ["vehicle", VEHICLES] for line in said.splitlines())
    assert "the.rule  [warning]" in shown and "because the test wants it" in shown
    assert "record_id.required  [critical]  (from the standard)" in shown


def test_every_mistake_in_every_suite_is_told_at_once(federation: SmallFederation) -> None:
    suites = federation.root / "validation"
    write_suite(suites, rule_text("expect_nothing"), record="person")
    write_suite(suites, rule_text(kwargs="{column: absent}"), record="firearm")
    write_suite(suites, rule_text(), record="persons")

    code, said = federation.call("suite", "check")

    assert code == 2
    for each in ("config.unknown-expectation", "config.unknown-column", "config.unknown-record-type"):
        assert each in said
    assert "3 of the suites cannot be used" in said
