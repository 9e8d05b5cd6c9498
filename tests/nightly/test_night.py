"""A night over sources of the repository with its own suites, and what a suite blocks or marks."""

from __future__ import annotations

import json
import shutil
from typing import NamedTuple

import pytest

from tests.nightly.small import BICYCLES, CARS, ROOT, VEHICLES, Night, SmallFederation

SUITE = """
record: vehicle
source: {source}
expectations:
  - type: expect_column_values_to_not_match_regex
    kwargs: {{column: model, regex: "^BAD"}}
    severity: {severity}
    meta: {{id: model.bad, why: "A model of this name is the mark of a test."}}
"""


class Nights(NamedTuple):
    federation: SmallFederation
    good: Night
    bad: Night


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    federation = SmallFederation(tmp_path_factory.mktemp("night"))
    for source in (VEHICLES, BICYCLES):
        federation.add(source)
        federation.drop_sample(source)
    (export,) = (federation.data / "inbox" / VEHICLES).iterdir()
    export.write_bytes(export.read_bytes() + odd_colours())
    for source in ("strict", "mild"):
        federation.add(VEHICLES, source, files="['export-*']", order="'export-(.)'")
        federation.drop(source, "export-1", rows("GOOD"))
    shutil.rmtree(federation.root / "validation")
    shutil.copytree(ROOT / "validation", federation.root / "validation")
    for source, severity in (("strict", "critical"), ("mild", "warning")):
        suite = federation.root / "validation" / "sources" / f"{source}.yaml"
        suite.write_text(SUITE.format(source=source, severity=severity), "utf-8")
    good = federation.run(jobs=2)
    for source in ("strict", "mild"):
        federation.drop(source, "export-2", rows("BAD"))
    return Nights(federation, good, federation.run())


def rows(model: str) -> bytes:
    return "".join(",".join((*car[:3], model, *car[4:])) + "\n" for car in CARS).encode()


def odd_colours() -> bytes:
    """Five cars of a colour that no crosswalk has, and one whose owner stands in the place of its colour."""
    colours = [*["Chartreuse"] * 5, "Okonkwo Ngozi"]
    lines = [(f"QQX{number:03}", colour, *CARS[0][2:]) for number, colour in enumerate(colours)]
    return "".join(",".join(line) + "\n" for line in lines).encode()


def test_a_night_publishes_all_that_passes_in_one_release(nights: Nights) -> None:
    assert nights.good.code == 0, nights.good.said
    assert nights.good.report["releases"] == [1]
    assert {export["outcome"] for export in nights.good.report["exports"]} == {"published"}


def test_the_view_accounting_says_what_the_report_and_the_terminal_say(nights: Nights) -> None:
    (account,) = nights.good.export(VEHICLES)["accounts"]
    parts = ("rows_read", "rows_accepted", "rows_rejected", "rows_not_selected", "records")

    told = nights.federation.ask(f"SELECT {', '.join(parts)} FROM accounting WHERE source_id = '{VEHICLES}'")

    assert told == [tuple(account[part] for part in parts)]
    line = [VEHICLES, "vehicle", *(f"{account[part]:,}" for part in parts), "release", "1"]
    assert line in [said.split() for said in nights.good.said.splitlines()]
    assert nights.federation.accounts_add_up()


def test_every_refused_row_has_its_raw_text_and_its_reasons(nights: Nights) -> None:
    bare = nights.federation.ask(
        "SELECT * FROM rejects WHERE raw IS NULL OR len(reasons) = 0 OR source_row IS NULL OR file IS NULL"
    )

    assert bare == []


def test_a_code_that_no_crosswalk_has_is_told_with_the_line_to_add(nights: Nights) -> None:
    unmapped = [line for line in nights.good.export(VEHICLES)["unmapped"] if line["code"]]

    assert unmapped
    for line in unmapped:
        assert line["count"] >= 5
        told = f"{VEHICLES} {line['column']}: '{line['code']}' {line['count']:,} times"
        assert (
            f"{told}, first in row {line['example_row']}; add to {line['crosswalk']}.csv: "
            in nights.good.said
        )


def test_a_rare_code_may_be_a_name_and_is_counted_until_it_is_asked_for(nights: Nights) -> None:
    report = nights.good.report
    run = nights.federation.data / "runs" / report["run_id"]
    every = [
        (source, line)
        for source, lines in json.loads((run / "unmapped.json").read_text("utf-8")).items()
        for line in lines
    ]
    rare = [(source, line) for source, line in every if line["count"] < 5]
    hidden = [line for export in report["exports"] for line in export["unmapped"] if not line["code"]]

    assert "Okonkwo Ngozi" in [line["code"] for _, line in rare]
    assert sum(line["codes"] for line in hidden) == len(rare)
    assert sum(line["count"] for line in hidden) == sum(line["count"] for _, line in rare)
    for name in ("report.json", "report.html"):
        text = (run / name).read_text("utf-8")
        assert not [line["code"] for _, line in rare if f'"code": {json.dumps(line["code"])}' in text]
    assert not [line["code"] for _, line in rare if f"'{line['code']}'" in nights.good.said]
    source, line = rare[0]
    assert line["code"] in nights.federation.call("codes", "review", source, "--limit", "1000")[1]


def test_a_critical_rule_that_fails_blocks_its_source_and_the_last_release_stays(nights: Nights) -> None:
    assert nights.bad.code == 1
    assert nights.bad.export("strict")["outcome"] == "blocked"
    assert (
        "strict: blocked by validation, the last release stays\n  critical  vehicle: model.bad"
        in nights.bad.said
    )
    models = "SELECT DISTINCT model FROM vehicle WHERE source_id = '{}'"
    assert nights.federation.ask(models.format("strict")) == [("GOOD",)]
    assert nights.federation.ask(models.format("mild")) == [("BAD",)]


def test_a_warning_that_fails_publishes_with_a_mark(nights: Nights) -> None:
    assert nights.bad.export("mild")["outcome"] == "published"
    assert "mild: published with a mark" in nights.bad.said
    assert "warning   vehicle: model.bad" in nights.bad.said


def test_what_was_blocked_is_accounted_for_all_the_same(nights: Nights) -> None:
    told = nights.federation.ask(
        "SELECT outcome, rows_read, rows_accepted, records FROM accounting JOIN exports "
        "USING (run_id, source_id, export_id) WHERE source_id = 'strict' ORDER BY run_id"
    )

    assert told == [("published", 3, 3, 3), ("blocked", 3, 3, 3)]


def test_the_results_stand_in_the_view_quality_on_a_page_and_in_json(nights: Nights) -> None:
    run_id = nights.bad.report["run_id"]

    found = nights.federation.ask(
        "SELECT source_id, severity, outcome, violated, denominator FROM quality "
        f"WHERE run_id = '{run_id}' AND rule_id = 'model.bad' ORDER BY ALL"
    )

    assert found == [("mild", "warning", "fail", 3, 3), ("strict", "critical", "fail", 3, 3)]
    kinds = {path.suffix for path in (nights.federation.data / "runs" / run_id / "quality").iterdir()}
    assert {".html", ".json"} <= kinds


def test_nothing_of_a_night_stays_in_the_staging(nights: Nights) -> None:
    assert not list((nights.federation.data / "staging").iterdir())
