"""A record type as a data contract of the Open Data Contract Standard 3.1.

Invariant: a contract says nothing that the standard does not say; what ODCS has no word for (field id, code
list, origin, unit) stands in ``customProperties``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comity.standard.column import Column
    from comity.standard.record_type import RecordType, Standard

_LOGICAL = {
    "text": "string",
    "code": "string",
    "integer": "integer",
    "bigint": "integer",
    "decimal": "number",
    "double": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def data_contract(standard: Standard, record_type: RecordType) -> dict[str, Any]:
    """The contract of one record type, ready to be written as YAML."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:comity:standard:{record_type.name}",
        "name": record_type.title,
        "version": standard.version,
        "status": "draft" if standard.version.startswith("0.") else "active",
        "description": {
            "purpose": record_type.description,
            "limitations": f"Absence from the data is not clearance. Column origin: {record_type.origin}.",
        },
        "schema": [
            {
                "name": record_type.name,
                "physicalName": record_type.name,
                "physicalType": "view",
                "logicalType": "object",
                "businessName": record_type.title,
                "description": record_type.description,
                "dataGranularityDescription": "one row for each record of one source",
                "properties": [_property(standard, column) for column in record_type.columns],
            }
        ],
    }


def _property(standard: Standard, column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, **_types(standard, column)}
    found["description"] = column.description
    found["required"] = column.required
    if column.name == "record_id":
        found.update(primaryKey=True, primaryKeyPosition=1, unique=True)
    if column.name == "owner_country":
        found.update(partitioned=True, partitionKeyPosition=1)
    found["classification"] = column.sensitivity
    found["customProperties"] = [
        {"property": key, "value": value}
        for key, value in (
            ("fieldId", column.field_id),
            ("codeList", column.code_list),
            ("partialDate", column.partial_date),
            ("unit", column.unit),
            ("origin", column.origin),
        )
        if value is not None
    ]
    if quality := _quality(standard, column):
        found["quality"] = quality
    return found


def _types(standard: Standard, column: Column) -> dict[str, Any]:
    if column.fields:
        inner = [_property(standard, field) for field in column.fields]
        item: dict[str, Any] = {"logicalType": "object", "properties": inner}
        return {"logicalType": "array", "physicalType": column.duckdb_type, "items": item}
    if column.is_list:
        item = {"logicalType": "string", "physicalType": "VARCHAR", **_options(column)}
        return {"logicalType": "array", "physicalType": column.duckdb_type, "items": item}
    return {"logicalType": _LOGICAL[column.type], "physicalType": column.duckdb_type, **_options(column)}


def _options(column: Column) -> dict[str, Any]:
    options = {
        key: getattr(column, key)
        for key in ("pattern", "minimum", "maximum")
        if getattr(column, key) is not None
    }
    return {"logicalTypeOptions": options} if options else {}


def _quality(standard: Standard, column: Column) -> list[dict[str, Any]]:
    """ODCS checks of one column. A list with recalled codes may only warn."""
    if column.code_list is None or column.is_list:
        return []
    code_list = standard.code_list(column.code_list)
    return [
        {
            "name": f"{column.name} is a code of {code_list.name}",
            "type": "library",
            "dimension": "conformity",
            "metric": "invalidValues",
            "arguments": {"validValues": list(code_list.codes)},
            "mustBe": 0,
            "unit": "rows",
            "severity": "error" if code_list.hard else "warning",
        }
    ]
