"""Events of OpenLineage: by the published shapes, one end for every start, lineage from the mappings' own rules."""

from __future__ import annotations

import copy
import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cattrs
import pytest

from comity.nightly.signals import facets
from tests.nightly.signals.published import read_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.nightly.told import Told

SPEC = os.environ.get("OPENLINEAGE_SPEC", "")
"""The folder ``spec`` of a copy of the project's repository, where there is one."""


def facets_of(thing: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every facet with the name under which it stands."""
    inside = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for name, value in inside:
        if isinstance(value, dict) and "_schemaURL" in value:
            yield str(name), value
        yield from facets_of(value)


def test_every_event_is_one_that_the_published_classes_read(told: Told) -> None:
    events = told.lines("openlineage.jsonl")
    for event in copy.deepcopy(events):
        read_event(event)

    # The night of these tests tells of everything that can be told.
    assert {facet["_schemaURL"].rpartition("/")[2] for _, facet in facets_of(events)} == set(facets._VERSIONS)


WRONG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an unknown key": lambda event: event.update(more=1),
    "a key that is missing": lambda event: event["job"].pop("name"),
    "no state of a run": lambda event: event.update(eventType="ENDED"),
    "a run without a UUID": lambda event: event["run"].update(runId="20260101T000000Z-abcd"),
    "a day without a time": lambda event: event.update(eventTime="2026-01-01"),
    "a text for a number": lambda event: rows(event).update(rowCount="4"),
    "an unknown key of a facet": lambda event: rows(event).update(rows=4),
    "a version that was never published": lambda event: rows(event).update(
        _schemaURL=rows(event)["_schemaURL"].replace("/1-", "/9-")
    ),
    "a facet where it does not belong": lambda event: event["run"]["facets"].update(statistics=rows(event)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_check_of_events_finds(told: Told, wrong: str) -> None:
    event = completed(told, "cars")
    read_event(copy.deepcopy(event))
    WRONG[wrong](event)
    with pytest.raises((cattrs.BaseValidationError, KeyError, ValueError)):
        read_event(event)


@pytest.mark.skipif(not SPEC, reason="OPENLINEAGE_SPEC names no folder with OpenLineage's JSON Schemas")
def test_every_event_conforms_to_the_json_schemas_themselves(told: Told) -> None:
    from jsonschema import Draft202012Validator, FormatChecker
    from referencing import Registry, Resource

    documents = [json.loads(path.read_text("utf-8")) for path in Path(SPEC).rglob("*.json")]
    schemas = {document["$id"]: document for document in documents if "$id" in document}
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    formats = FormatChecker()
    formats.checks("date-time", ValueError)(lambda text: datetime.fromisoformat(text).tzinfo is not None)

    def check(schema: dict[str, Any], told: dict[str, Any]) -> None:
        Draft202012Validator(schema, registry=registry, format_checker=formats).validate(told)

    for event in told.lines("openlineage.jsonl"):
        check({"$ref": event["schemaURL"]}, event)
        for name, facet in facets_of(event):
            schema = schemas[facet["_schemaURL"].partition("#")[0]]
            assert name in schema["properties"]
            check(schema, {name: facet})


def completed(told: Told, job: str) -> dict[str, Any]:
    [found] = [
        event
        for event in told.lines("openlineage.jsonl")
        if (event["eventType"], event["job"]["name"]) == ("COMPLETE", job)
    ]
    return found


def rows(event: dict[str, Any]) -> dict[str, Any]:
    return event["outputs"][0]["outputFacets"]["outputStatistics"]


def test_every_run_that_starts_ends_once_after_it_started(told: Told) -> None:
    states: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for event in told.lines("openlineage.jsonl"):
        key = event["job"]["name"], event["run"]["runId"]
        states.setdefault(key, []).append((event["eventType"], event["eventTime"]))

    ends = {job: [state for state, _ in told] for (job, _), told in states.items()}
    assert ends == {
        "night": ["START", "FAIL"],
        "cars": ["START", "COMPLETE"],
        "cars.validate": ["START", "COMPLETE"],
        "small": ["START", "FAIL"],
        "register": ["START", "FAIL"],
    }
    assert all(started[1] <= ended[1] for started, ended in states.values())


def test_a_failed_source_says_why_and_claims_no_records(told: Told) -> None:
    (failed,) = [
        e for e in told.lines("openlineage.jsonl") if e["eventType"] == "FAIL" and e["job"]["name"] == "small"
    ]

    assert "read.unusual-volume" in failed["run"]["facets"]["errorMessage"]["message"]
    assert failed["outputs"] == []


def test_columns_lead_back_to_the_fields_that_their_rules_read(told: Told) -> None:
    done = completed(told, "cars")
    (export,), (records,) = done["inputs"], done["outputs"]

    assert (export["name"], records["name"]) == ("exports.cars", "vehicle.cars")
    assert export["inputFacets"]["inputStatistics"]["rowCount"] == 5
    assert records["outputFacets"]["outputStatistics"]["rowCount"] == 4
    lineage = records["facets"]["columnLineage"]["fields"]
    (copied,) = lineage["model"]["inputFields"]
    assert (copied["name"], copied["field"]) == ("exports.cars", "model")
    assert copied["transformations"][0]["subtype"] == "IDENTITY"
    assert lineage["make"]["inputFields"][0]["transformations"][0]["subtype"] == "TRANSFORMATION"
    fields = {field["name"] for field in export["facets"]["schema"]["fields"]}
    columns = {field["name"] for field in records["facets"]["schema"]["fields"]}
    assert set(lineage) <= columns
    assert {each["field"] for told in lineage.values() for each in told["inputFields"]} <= fields


def test_assertions_are_about_the_records_and_agree_with_the_view_quality(told: Told) -> None:
    judged = completed(told, "cars.validate")
    (records,) = judged["inputs"]

    assert records["name"] == "vehicle.cars"
    said = {(a["name"], a["success"]) for a in records["inputFacets"]["dataQualityAssertions"]["assertions"]}
    kept = told.federation.ask(
        "SELECT rule_id, outcome = 'pass' FROM quality WHERE outcome <> 'not_applicable'"
    )
    assert said == set(kept) and said


def test_over_http_go_the_same_events_in_the_same_order(told: Told) -> None:
    assert [body for _, _, body in told.lineage.requests] == told.lines("openlineage.jsonl")
    assert {path for path, _, _ in told.lineage.requests} == {"/api/v1/lineage"}
