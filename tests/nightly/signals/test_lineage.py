"""Events of OpenLineage: by the published shapes, one end for every start, lineage from the mappings' own rules."""

from __future__ import annotations

import importlib
import pkgutil
import uuid
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import attr
import cattrs
import pytest
from openlineage.client import generated

from comity.nightly.signals.facets import PRODUCER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.nightly.told import Told


@cache
def published_facets() -> dict[str, type]:
    """Address of a schema → the class that the project's own client generates from it."""
    found: dict[str, type] = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for kind in vars(importlib.import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(kind, type) and attr.has(kind) and hasattr(kind, "_get_schema"):
                found[kind._get_schema()] = kind
    return found


def facets_of(thing: Any) -> Iterator[dict[str, Any]]:
    if isinstance(thing, dict):
        if "_schemaURL" in thing:
            yield thing
        for value in thing.values():
            yield from facets_of(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from facets_of(value)


def structured(content: dict[str, Any], kind: type) -> Any:
    """Raises when a key is unknown or missing, or a value is of another type."""
    converter = cattrs.Converter(forbid_extra_keys=True)
    for plain in (str, int, bool):
        converter.register_structure_hook(plain, _exactly)
    return converter.structure(content, kind)


def _exactly(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def test_every_facet_has_the_shape_that_its_schema_publishes(told: Told) -> None:
    known = published_facets()
    seen = set()
    for facet in facets_of(told.lines("openlineage.jsonl")):
        content = {key: value for key, value in facet.items() if not key.startswith("_")}
        assert facet["_producer"] == PRODUCER
        structured(content, known[facet["_schemaURL"]])
        seen.add(known[facet["_schemaURL"]].__name__)

    assert {
        "SchemaDatasetFacet",
        "ColumnLineageDatasetFacet",
        "DataQualityAssertionsDatasetFacet",
        "InputStatisticsInputDatasetFacet",
        "OutputStatisticsOutputDatasetFacet",
        "ErrorMessageRunFacet",
        "ParentRunFacet",
    } <= seen


def test_the_check_of_shapes_can_fail() -> None:
    kind = published_facets()[
        "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json"
        "#/$defs/OutputStatisticsOutputDatasetFacet"
    ]

    structured({"rowCount": 3}, kind)
    for wrong in ({"rowCount": "3"}, {"rows": 3}):
        with pytest.raises(cattrs.BaseValidationError):
            structured(wrong, kind)


def test_every_event_says_what_an_event_must_say(told: Told) -> None:
    for event in told.lines("openlineage.jsonl"):
        assert set(event) == {
            "eventType", "eventTime", "producer", "schemaURL", "run", "job", "inputs", "outputs"
        }  # fmt: skip
        assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
        uuid.UUID(event["run"]["runId"])
        for dataset in (*event["inputs"], *event["outputs"]):
            assert {"namespace", "name", "facets"} <= set(dataset) <= {
                "namespace", "name", "facets", "inputFacets", "outputFacets"
            }  # fmt: skip


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
    (done,) = [
        e
        for e in told.lines("openlineage.jsonl")
        if e["eventType"] == "COMPLETE" and e["job"]["name"] == "cars"
    ]
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
    (judged,) = [
        e
        for e in told.lines("openlineage.jsonl")
        if e["eventType"] == "COMPLETE" and e["job"]["name"] == "cars.validate"
    ]
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
