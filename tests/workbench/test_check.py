"""`comity adapter check`: what a sample never exercises, and what can never fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.nightly.small import SmallFederation

MAPPING = "mappings/cars/vehicle.yaml"


def check(federation: SmallFederation, *options: str) -> tuple[int, list[dict[str, Any]]]:
    code, said = federation.call("adapter", "check", "cars", "--json", *options)
    assert not federation.data.exists()
    return code, json.loads(said)


def found(told: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (each["code"].removeprefix("check."), each["subject"]) for each in told if each["severity"] != "info"
    }


def test_each_part_that_the_sample_never_needs_is_found_at_its_place(cars: SmallFederation) -> None:
    cars.edit(
        MAPPING, "  status_date: .*", '  status_date: {from: date, date: ["%Y-%m-%d", "%d/%m/%Y", "%m.%Y"]}'
    )
    cars.edit(MAPPING, "  status_region: region", "  status_region:\n    first_of: [region, model]")
    cars.edit(MAPPING, r"    missing: \{.*\}", "    missing: {Toyota: unknown, Trailer: unknown}")
    cars.edit(
        MAPPING,
        "colour: {from: colour, codes: colour}",
        "colour: {from: colour, apply: [lower, squeeze], codes: colour}",
    )
    cars.edit(MAPPING, "fields:", "where: {sql: \"make <> ''\", reason: a test}\nfields:")
    (cars.root / "mappings/cars/shade.csv").write_bytes((cars.root / "mappings/cars/colour.csv").read_bytes())

    code, told = check(cars)

    assert code == 1
    subjects = found(told)
    assert ("date-format-unexercised", "vehicle.status_date %m.%Y") in subjects
    assert not any("%d/%m/%Y" in subject for _, subject in subjects), "row 4 needs it"
    assert ("branch-unexercised", "vehicle.status_region model") in subjects
    assert ("word-unexercised", "vehicle.make missing Trailer") in subjects
    assert ("word-unexercised", "vehicle.make missing Toyota") not in subjects
    assert ("where-unexercised", "vehicle") in subjects
    assert ("crosswalk-unused", "shade.csv") in subjects
    assert ("crosswalk-line-unreachable", "colour.csv White") in subjects, "it is lower case by then"
    (form,) = [each for each in told if each["code"] == "check.date-format-unexercised"]
    line = (cars.root / MAPPING).read_text("utf-8").splitlines()[form["line"] - 1]
    assert line[form["column"] - 1 :].startswith('"%m.%Y"') and form["remedy"]


def test_columns_formats_and_suites_that_say_nothing_are_found(cars: SmallFederation) -> None:
    cars.edit("adapters/cars/sample/cars.csv", r"(?s).*", "A1,White,,X,2004,Van,2026-10-03,Otago\n")
    (cars.root / "validation/sources").mkdir()
    rules = [
        ("not_be_null", "column: status", "t.constant"),
        ("not_be_null", "column: colour", "t.colour"),
        ("be_in_set", "column: status, value_set: [stolen, found]", "t.within"),
        ("not_be_in_set", "column: colour, value_set: [white]", "t.can-fail"),
        ("match_regex", 'column: vin, regex: "^[A-Z]"', "t.never-filled"),
    ]
    lines = [
        f"  - {{type: expect_column_values_to_{kind}, kwargs: {{{kwargs}}}, severity: warning, "
        f"meta: {{id: {name}, why: a test of rules}}}}\n"
        for kind, kwargs, name in rules
    ]
    suite = f"source: cars\nrecord: vehicle\nexpectations:\n{''.join(lines)}"
    (cars.root / "validation/sources/cars.yaml").write_text(suite, "utf-8")

    _, told = check(cars)

    subjects = found(told)
    assert {
        ("column-never-filled", "vehicle.make"),
        ("field-never-filled", "make"),
        ("no-rejected-row", "sample"),
    } <= subjects
    assert {subject for code, subject in subjects if code == "expectation-cannot-fail"} == {
        "t.constant", "t.within", "t.never-filled",
    }  # fmt: skip
    (never,) = [each for each in told if each["subject"] == "t.constant"]
    assert never["file"].endswith("cars.yaml") and never["line"] == 4


def test_a_finding_is_accepted_with_a_reason_until_it_is_gone(cars: SmallFederation) -> None:
    code, told = check(cars)
    assert code == 1
    codes = sorted({each["code"] for each in told if each["severity"] != "info"})
    accepted = cars.root / "adapters/cars/check.yaml"
    lines = [f'  - {{finding: {each}, of: "*", why: a small sample of a test}}' for each in codes]
    accepted.write_text("\n".join(["accepted:", *lines, ""]), "utf-8")

    assert check(cars)[0] == 0
    code, said = cars.call("adapter", "check", "cars")
    assert code == 0 and "accepted" in said and "may stay" not in said
    assert "may stay: a small sample of a test" in cars.call("adapter", "check", "cars", "--all")[1]

    accepted.write_text("\n".join(["accepted:", *lines, lines[0].replace('"*"', "nothing"), ""]), "utf-8")
    code, told = check(cars)
    assert code == 1 and [
        each["code"] for each in told if not each["accepted"] and each["severity"] != "info"
    ] == ["check.accepted-in-vain"]


def test_a_source_that_does_not_load_is_a_finding_with_its_place(cars: SmallFederation) -> None:
    cars.edit(MAPPING, "  model: model\n", "")

    code, said = cars.call("adapter", "check", "cars")

    assert code == 1 and "mapping.field-forgotten" in said and "found" not in said.splitlines()[0]
    assert f"{MAPPING}:" in said
