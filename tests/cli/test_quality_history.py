"""Quality over many nights, and old nights under today's suites, without a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.standard import load_standard
from comity.validation.again import judged_again
from tests.nightly.small import CARS, ROOT, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
record: vehicle
source: cars
expectations:
  - type: expect_column_values_to_not_match_regex
    kwargs: {{column: model, regex: "^BAD", mostly: {mostly}}}
    severity: {severity}
    meta: {{id: model.bad, why: "A model of this name is the mark of a test."}}
"""


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    """Two nights: no bad model of three, then one of three, which is a warning."""
    federation = SmallFederation(tmp_path_factory.mktemp("history"))
    federation.add(VEHICLES, "cars", files="['export-*']", order="'export-(.)'")
    suite(federation, 1.0, "warning")
    for number, models in enumerate((("A", "B", "C"), ("BAD", "B", "C"))):
        rows = (",".join((*car[:3], model, *car[4:])) for car, model in zip(CARS, models, strict=True))
        federation.drop("cars", f"export-{number}", "".join(f"{row}\n" for row in rows).encode())
        assert federation.run().code == 0
    return federation


def suite(federation: SmallFederation, mostly: float, severity: str) -> Path:
    path = federation.root / "validation" / "sources" / "cars.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(SUITE.format(mostly=mostly, severity=severity), "utf-8")
    return path


def test_the_history_shows_the_rules_that_did_not_always_hold(federation: SmallFederation) -> None:
    code, said = federation.call("quality", "--history")

    assert code == 0
    (line,) = [line for line in said.splitlines() if "model.bad" in line]
    assert line.split()[:7] == ["cars", "vehicle", "model.bad", "warning", "1", "of", "2"]
    assert "0.00 33.33" in line
    runs = [run for (run,) in federation.ask("SELECT DISTINCT run_id FROM quality ORDER BY 1")]
    assert line.split()[-1] == runs[1]


def test_one_rule_is_shown_run_by_run(federation: SmallFederation) -> None:
    code, said = federation.call("quality", "--history", "--rule", "model.bad")

    assert code == 0
    assert [line.split()[4:] for line in said.splitlines()[1:]] == [
        ["fail", "1", "3", "33.33"],
        ["pass", "0", "3", "0.0"],
    ]


@pytest.mark.parametrize(
    ("mostly", "severity", "told"),
    [
        (1.0, "warning", "Nothing would be judged otherwise."),
        (0.6, "warning", "warning fail  warning pass  33.33"),
        (1.0, "critical", "warning fail  critical fail  33.33"),
    ],
)
def test_the_last_night_is_judged_again_without_a_run(
    federation: SmallFederation, mostly: float, severity: str, told: str
) -> None:
    suite(federation, mostly, severity)
    before = federation.ask("SELECT count(*), max(run_id) FROM quality")

    code, said = federation.call("quality", "--rejudge")

    assert code == 0 and told in said
    assert federation.ask("SELECT count(*), max(run_id) FROM quality") == before
    if severity == "critical":
        assert said.splitlines()[-3].split()[-2:] == ["marked", "blocked"]


def test_every_night_is_judged_again_and_a_rule_that_is_gone_is_named(federation: SmallFederation) -> None:
    path = suite(federation, 1.0, "critical")
    assert federation.call("quality", "--rejudge", "--history")[1].count("model.bad") == 2
    path.unlink()

    code, said = federation.call("quality", "--rejudge", "--history")

    assert code == 0
    assert said.partition("no longer have:")[2].count("model.bad") == 2


def test_what_cannot_be_judged_again_keeps_its_outcome() -> None:
    row = ("r", "cars", "e", "vehicle", "record_id.required", "expect_x", "record_id", "critical")
    standard = load_standard(ROOT / "standard")

    (kept,) = judged_again([(*row, "error", None, None)], standard, ROOT / "validation")
    (none,) = judged_again([(*row, "not_applicable", 0, 0)], standard, ROOT / "validation")

    assert kept.verdicts == ("blocked", "blocked") and kept.changed == () and none.changed == ()
    assert judged_again([(*row[:3], "no_such_type", *row[4:], "pass", 0, 1)], standard, ROOT) == []
