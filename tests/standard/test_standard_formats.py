"""The standard in the formats of others: Arrow and Parquet, JSON Schema, data contracts."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import duckdb
import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.standard import (
    RecordType,
    Standard,
    arrow_schema,
    data_contract,
    field_ids_clause,
    json_schema,
    load_standard,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIELD_ID = b"PARQUET:field_id"


def ids(fields: pa.Schema | pa.StructType | list[pa.Field], prefix: str = "") -> Iterator[tuple[str, int]]:
    """Every field id by its path, list items and struct fields included."""
    for field in fields:
        name = f"{prefix}{field.name}"
        yield name, int(field.metadata[FIELD_ID])
        if pa.types.is_list(field.type):
            yield from ids([field.type.value_field], f"{name}.")
        if pa.types.is_struct(field.type):
            yield from ids([field.type.field(i) for i in range(field.type.num_fields)], f"{name}.")


def test_what_duckdb_writes_has_the_ids_of_the_arrow_schema(standard: Standard, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for record_type in standard.record_types.values():
            file = tmp_path / f"{record_type.name}.parquet"
            columns = ", ".join(
                f"NULL::{column.duckdb_type} AS {column.name}" for column in record_type.columns
            )
            clause = field_ids_clause(record_type)
            connection.execute(f"COPY (SELECT {columns}) TO '{file}' (FORMAT parquet, FIELD_IDS {clause})")
            written, expected = pq.read_schema(file), arrow_schema(record_type)
            assert dict(ids(written)) == dict(ids(expected))
            assert [(field.name, field.type) for field in written] == [(f.name, f.type) for f in expected]
            assert len({i for _, i in ids(expected)}) == len(list(ids(expected)))


def test_lists_and_structs_have_ids_of_their_own(small: Path) -> None:
    boat = load_standard(small).record_type("boat")
    assert field_ids_clause(boat) == (
        "{record_id: 1, name: 101, colour: 102, length: 103, built: 104, built_earliest: 105,"
        " built_latest: 106,"
        " crew: {__duckdb_field_id: 107, element: {__duckdb_field_id: 10107, name: 10701, rank: 10702}},"
        " flags: {__duckdb_field_id: 2, element: 10002}}"
    )
    assert list(ids(arrow_schema(boat)))[-6:] == [
        ("crew", 107),
        ("crew.element", 10107),
        ("crew.element.name", 10701),
        ("crew.element.rank", 10702),
        ("flags", 2),
        ("flags.element", 10002),
    ]


def test_only_required_columns_are_not_nullable(standard: Standard) -> None:
    for record_type in standard.record_types.values():
        schema = arrow_schema(record_type)
        assert {f.name for f in schema if not f.nullable} == {
            c.name for c in record_type.columns if c.required
        }


def test_every_json_schema_is_one(standard: Standard) -> None:
    for record_type in standard.record_types.values():
        schema = json_schema(standard, record_type)
        jsonschema.Draft202012Validator.check_schema(schema)
        json.dumps(schema)


def a_vehicle(vehicle: RecordType) -> dict[str, Any]:
    """The least record: every required column filled."""
    samples: dict[str, Any] = {
        "record_id": "0" * 32,
        "source_id": "xx-vehicles",
        "owner_country": "NZ",
        "export_id": "0" * 64,
        "source_row": 1,
        "mapping_version": "0" * 12,
        "confidentiality": "OFFICIAL_USE_ONLY",
        "permitted_purposes": ["locate_person_or_object"],
        "evaluation_scheme": "NONE",
        "review_due": "2031-01-01",
        "legal_hold": False,
        "status": "stolen",
    }
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).isoformat()
    defaults: dict[str, Any] = {"text": "x", "timestamp": moment, "list<code>": [], "list<text>": []}
    return {c.name: samples.get(c.name, defaults.get(c.type)) for c in vehicle.columns if c.required}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"plate": None, "colour": "red", "model_year": 1998}, True),
        ({"colour": "rosé"}, False),
        ({"model_year": 1700}, False),
        ({"plate": "AB 123"}, False),
        ({"status": None}, False),
        ({"owner": "somebody"}, False),
        ({"permitted_purposes": ["curiosity"]}, False),
    ],
)
def test_json_schema_refuses_what_the_standard_forbids(
    standard: Standard, change: dict[str, Any], good: bool
) -> None:
    vehicle = standard.record_type("vehicle")
    validator = jsonschema.Draft202012Validator(json_schema(standard, vehicle))
    assert validator.is_valid({**a_vehicle(vehicle), **change}) is good


def test_an_unverified_list_is_not_enforced(standard: Standard) -> None:
    schema = json_schema(standard, standard.record_type("incident"))
    assert "enum" not in schema["$defs"]["iccs"]
    assert "enum" in schema["$defs"]["country"]


def test_contracts_have_the_shape_of_odcs(standard: Standard) -> None:
    for record_type in standard.record_types.values():
        contract = data_contract(standard, record_type)
        assert (contract["apiVersion"], contract["kind"]) == ("v3.1.0", "DataContract")
        assert {"id", "version", "status"} <= set(contract)
        (table,) = contract["schema"]
        assert [p["name"] for p in table["properties"]] == [c.name for c in record_type.columns]
        assert [p["name"] for p in table["properties"] if p.get("primaryKey")] == ["record_id"]


def test_contracts_satisfy_the_published_schema(standard: Standard) -> None:
    model = pytest.importorskip(
        "open_data_contract_standard.model", reason="the published schema is not installed"
    )
    schema = json.loads(model.OpenDataContractStandard.json_schema())
    validator = jsonschema.Draft201909Validator(schema)
    for record_type in standard.record_types.values():
        contract = data_contract(standard, record_type)
        assert [error.message for error in validator.iter_errors(contract)] == []
        model.OpenDataContractStandard(**contract)


def test_a_contract_warns_where_the_standard_may_not_be_hard(standard: Standard) -> None:
    (table,) = data_contract(standard, standard.record_type("incident"))["schema"]
    checks = {p["name"]: p["quality"][0]["severity"] for p in table["properties"] if "quality" in p}
    assert checks["iccs_code"] == "warning"
    assert checks["incident_type"] == "error"
