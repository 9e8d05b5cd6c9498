"""`comity codes`: unmapped codes get a likely meaning, a person decides, the crosswalk gets a line."""

from __future__ import annotations

import csv
import json
from datetime import date
from typing import TYPE_CHECKING

import click
import pytest

from comity.standard import load_standard
from comity.workbench.codes.suggest import Suggestions, plain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nightly.small import SmallFederation

HEADER = "source_code,label,standard_code,relation,status,reviewer,date"


@pytest.fixture
def coloured(cars: SmallFederation) -> SmallFederation:
    """A short crosswalk in another country's words, and a neighbour who knows one that is missing."""
    white = 'White,"white, also cream",white,exact,reviewed,ann,2026-01-01'
    cars.edit("mappings/cars/colour.csv", r"(?s).*", f"{HEADER}\r\n{white}\r\n")
    other = cars.root / "mappings" / "neighbour"
    other.mkdir()
    (other / "vehicle.yaml").write_text(
        "source: neighbour\nrecord: vehicle\nkey: [a]\nfields:\n  colour: {from: a, codes: shade}\n", "utf-8"
    )
    (other / "shade.csv").write_text(
        f"{HEADER}\nTeal,green-blue,green,broader,reviewed,bob,2026-01-01\n", "utf-8"
    )
    (cars.root / "adapters" / "neighbour").mkdir()
    (cars.root / "adapters" / "neighbour" / "adapter.yaml").write_text("source: neighbour\n", "utf-8")
    return cars


def crosswalk(federation: SmallFederation) -> bytes:
    return (federation.root / "mappings/cars/colour.csv").read_bytes()


def test_codes_are_listed_with_what_they_may_mean_and_why(coloured: SmallFederation) -> None:
    code, said = coloured.call("codes", "review", "cars", "--sample")

    assert code == 0, said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines[0] == "cars: 3 codes of the sample are in no crosswalk"
    at = lines.index("1 Teal vehicle.colour, first in row 4 (cars/colour.csv)")
    assert lines[at + 1] == "1 green green 100: neighbour/shade.csv has 'Teal'"
    assert "1 silver silver 100: its code is 'silver'" in lines
    assert not coloured.data.exists()


def test_decisions_in_the_terminal_become_lines_at_the_end(
    coloured: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = crosswalk(coloured)
    # By row count and then by name: Blue, Silver, Teal.
    answers = iter(["Ann", "1", "exact", "slver", "none", "1", "broader"])
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))

    code, said = coloured.call("codes", "review", "cars", "--sample", "--decide")

    assert code == 0, said
    assert "'slver' is no code of 'colour': did you mean 'silver'? " in said and "3 lines added" in said
    today = date.today().isoformat()
    assert (
        crosswalk(coloured)
        == before
        + (
            f"Blue,Blue,blue,exact,reviewed,Ann,{today}\r\n"
            f"Silver,Silver,,none,reviewed,Ann,{today}\r\n"
            f"Teal,Teal,green,broader,reviewed,Ann,{today}\r\n"
        ).encode()
    )
    assert "every code of the sample is mapped" in coloured.call("codes", "review", "cars", "--sample")[1]


def test_what_was_decided_before_the_input_ended_is_written(
    coloured: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["Ann", "none"])

    def answer(*_: object, **__: object) -> str:
        if (found := next(answers, None)) is None:
            raise click.Abort
        return found

    monkeypatch.setattr("click.prompt", answer)

    code, said = coloured.call("codes", "review", "cars", "--sample", "--decide")

    assert code == 0 and "1 lines added" in said
    assert b"Blue,Blue,,none,reviewed,Ann," in crosswalk(coloured)


def test_decisions_in_a_spreadsheet_come_back_and_are_checked_before_any_is_written(
    coloured: SmallFederation, tmp_path: Path
) -> None:
    sheet = tmp_path / "codes.csv"
    assert coloured.call("codes", "review", "cars", "--sample", "--export", str(sheet))[0] == 0
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["source_code"], row["code_list"], row["rows"]) for row in rows] == [
        ("Blue", "colour", "1"), ("Silver", "colour", "1"), ("Teal", "colour", "1"),
    ]  # fmt: skip
    assert rows[2]["suggestions"].startswith("green (green, 100: neighbour/shade.csv")

    def save(**targets: str) -> tuple[int, str]:
        with sheet.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], delimiter=";")  # as spreadsheets of many countries do
            writer.writeheader()
            writer.writerows({**row, "standard_code": targets.get(row["source_code"], "")} for row in rows)
        return coloured.call("codes", "review", "cars", "--import", str(sheet), "--reviewer", "Ann")

    before = crosswalk(coloured)
    code, said = save(Blue="blue", Teal="gren")
    assert code == 2 and "config.bad-decisions" in said and "did you mean 'green'" in said
    assert crosswalk(coloured) == before

    code, said = save(Blue="blue")
    assert code == 0 and "1 lines added" in said
    assert crosswalk(coloured).startswith(before) and crosswalk(coloured).endswith(b"\r\n")

    code, said = save(Blue="blue")
    assert code == 2 and "config.already-decided" in said and "colour.csv:3" in said


def test_the_todo_of_a_proposal_is_a_code_to_decide_and_gives_way_to_the_decision(
    coloured: SmallFederation, tmp_path: Path
) -> None:
    decided = crosswalk(coloured)
    todo = b'Teal,,TODO,TODO,proposed,,\r\n"Off\nWhite",,TODO,TODO,proposed,,\r\n'
    path = coloured.root / "mappings/cars/colour.csv"
    path.write_bytes(decided + todo + b"Silver,,silver,exact,reviewed,ann,2026-01-01\r\n")

    code, said = coloured.call("codes", "review", "cars", "--sample", "--export", str(tmp_path / "codes.csv"))
    assert code == 0, said
    lines = list(csv.DictReader((tmp_path / "codes.csv").open(encoding="utf-8-sig", newline="")))
    assert "Teal" in [line["source_code"] for line in lines]
    lines.append(dict(lines[0], crosswalk="colour", source_code="Off\nWhite", standard_code="white"))
    for line in lines:
        if line["source_code"] == "Teal":
            line["standard_code"] = "green"
    with (tmp_path / "codes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    code, said = coloured.call(
        "codes", "review", "cars", "--import", str(tmp_path / "codes.csv"), "--reviewer", "bob"
    )

    assert code == 0, said
    today = date.today().isoformat()
    assert (
        crosswalk(coloured)
        == decided
        + (
            "Silver,,silver,exact,reviewed,ann,2026-01-01\r\n"
            f"Teal,Teal,green,exact,reviewed,bob,{today}\r\n"
            f'"Off\nWhite","Off\nWhite",white,exact,reviewed,bob,{today}\r\n'
        ).encode()
    )


def test_what_a_decision_needs_is_said(coloured: SmallFederation, tmp_path: Path) -> None:
    sheet = tmp_path / "codes.csv"
    sheet.write_text("crosswalk,source_code,standard_code\ncolour,Blue,blue\n", "utf-8")
    code, said = coloured.call("codes", "review", "cars", "--import", str(sheet))
    assert code == 2 and "A decision says who made it" in said and "codes.csv:2" in said

    sheet.write_text("code,means\nBlue,blue\n", "utf-8")
    code, said = coloured.call("codes", "review", "cars", "--import", str(sheet), "--reviewer", "Ann")
    assert code == 2 and "no column 'crosswalk'" in said

    code, said = coloured.call("codes", "review", "cars")
    assert code == 2 and "config.no-run" in said


def test_after_a_night_its_codes_are_reviewed_and_coverage_counts_records(coloured: SmallFederation) -> None:
    coloured.drop("cars", "cars.csv", (coloured.root / "adapters/cars/sample/cars.csv").read_bytes())
    coloured.run("--source", "cars")

    code, said = coloured.call("codes", "review", "cars")
    assert code == 0 and "3 codes of run" in said

    code, said = coloured.call("codes", "coverage", "cars", "--list", "colour", "--json")
    (told,) = json.loads(said)
    assert code == 0 and (told["country"], told["lines"], told["reviewed"], told["reached"]) == (
        "NZ",
        1,
        1,
        1,
    )
    assert (told["mapped"], told["unmapped"], told["share"]) == (1, 3, 0.25)
    assert "1 (25.0%)" in coloured.call("codes", "coverage", "cars")[1]


def test_a_code_is_compared_by_its_sound_in_any_script(coloured: SmallFederation) -> None:
    suggestions = Suggestions.of(coloured.root, load_standard(coloured.root / "standard"))

    assert plain("  Čérna, ČERVENÁ ") == "cerna cervena" and plain("Україна") == "ukraina"
    assert suggestions.for_code("Україна", "country")[0].code == "UA"
    assert suggestions.for_code("тёмно", None) == () and suggestions.for_code("—", "country") == ()
