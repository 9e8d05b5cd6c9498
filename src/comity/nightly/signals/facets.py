"""The facets of OpenLineage events: what is told of a job, a run and a dataset.

Invariant: a facet is made of the federation's own words (columns, rules, sources) and of counts; no value of a record
is in one.

Source of the shapes: the OpenLineage specification 2-0-2 and its facets, each by the version that its ``_schemaURL``
names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from comity.adapters.field_spec import FieldSpec
    from comity.mappings.plan import Plan
    from comity.standard.column import Column

PRODUCER = "https://comity.invalid/openlineage"
"""A name, not a place: nothing is fetched from it."""
_SPEC = "https://openlineage.io/spec/facets"
_VERSIONS = {
    "ColumnLineageDatasetFacet": "1-2-0",
    "DataQualityAssertionsDatasetFacet": "1-1-0",
    "DatasetVersionDatasetFacet": "1-0-1",
    "DocumentationDatasetFacet": "1-1-0",
    "ErrorMessageRunFacet": "1-0-1",
    "InputStatisticsInputDatasetFacet": "1-0-0",
    "JobTypeJobFacet": "2-0-4",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "OwnershipDatasetFacet": "1-0-1",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
}
_SEVERITIES = {"critical": "error", "warning": "warn", "info": "info"}
_HASHED = re.compile(r'"(?:hash|sha256)"|\b(?:sha256|md5)\(')

Facet = dict[str, Any]


def _facet(kind: str, **content: Any) -> Facet:
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"{_SPEC}/{_VERSIONS[kind]}/{kind}.json#/$defs/{kind}",
    } | content


def job_type(what: str) -> Facet:
    return _facet("JobTypeJobFacet", processingType="BATCH", integration="COMITY", jobType=what)


def parent(namespace: str, job: str, run: str) -> Facet:
    return _facet("ParentRunFacet", run={"runId": run}, job={"namespace": namespace, "name": job})


def engine(version: str) -> Facet:
    return _facet("ProcessingEngineRunFacet", name="Comity", version=version)


def error_message(message: str) -> Facet:
    return _facet("ErrorMessageRunFacet", message=message, programmingLanguage="PYTHON")


def documentation(text: str) -> Facet:
    return _facet("DocumentationDatasetFacet", description=text)


def ownership(owner: str) -> Facet:
    return _facet("OwnershipDatasetFacet", owners=[{"name": owner, "type": "OWNER"}])


def dataset_version(version: str) -> Facet:
    return _facet("DatasetVersionDatasetFacet", datasetVersion=version)


def input_statistics(rows: int, size: int | None = None, files: int | None = None) -> Facet:
    counts = {"rowCount": rows, "size": size, "fileCount": files}
    return _facet("InputStatisticsInputDatasetFacet", **{k: v for k, v in counts.items() if v is not None})


def output_statistics(rows: int) -> Facet:
    return _facet("OutputStatisticsOutputDatasetFacet", rowCount=rows)


def export_schema(fields: Sequence[FieldSpec]) -> Facet:
    """The declared fields of an export, with those of the records inside it; every one is read as text."""
    return _facet("SchemaDatasetFacet", fields=[_field(field) for field in fields])


def _field(field: FieldSpec) -> dict[str, Any]:
    kind = "list of records" if field.records else "list of texts" if field.many else "text"
    told: dict[str, Any] = {"name": field.name, "type": kind}
    if field.description:
        told["description"] = field.description
    if field.records:
        told["fields"] = [_field(inner) for inner in field.records]
    return told


def record_schema(columns: Iterable[Column]) -> Facet:
    """The columns of a record type."""
    return _facet(
        "SchemaDatasetFacet",
        fields=[
            {"name": column.name, "type": column.duckdb_type, "description": column.description}
            for column in columns
            if not column.retired
        ],
    )


def column_lineage(plan: Plan, namespace: str, export: str) -> Facet:
    """For every column the fields of the export that it is made from, and by which rule."""
    fields: dict[str, Any] = {}
    for column, rule in plan.rules.items():
        branches: Any = rule.get("branches", {"1": rule})
        inputs = [
            _input(branch, name, namespace, export)
            for branch in branches.values()
            for name in branch.get("from", ())
        ]
        if inputs:
            fields[column] = {"inputFields": _each_once(inputs)}
    return _facet("ColumnLineageDatasetFacet", fields=fields)


def _input(rule: Mapping[str, Any], field: str, namespace: str, export: str) -> dict[str, Any]:
    text = str(rule.get("rule", ""))
    copied = text == f"copy of {field}"
    return {
        "namespace": namespace,
        "name": export,
        "field": field,
        "transformations": [
            {
                "type": "DIRECT",
                "subtype": "IDENTITY" if copied else "TRANSFORMATION",
                "description": text,
                "masking": bool(_HASHED.search(text)),
            }
        ],
    }


def _each_once(inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for each in inputs:
        if each not in kept:
            kept.append(each)
    return kept


def assertions(checks: Iterable[Mapping[str, Any]]) -> Facet:
    """The checks of a suite, as ``quality.json`` keeps them; one that had nothing to look at is not told."""
    told = []
    for check in checks:
        if check["outcome"] == "not_applicable":
            continue
        one: dict[str, Any] = {
            "assertion": check["type"],
            "success": check["outcome"] == "pass",
            "severity": _SEVERITIES.get(check["severity"], check["severity"]),
            "name": check["rule_id"],
        }
        if check.get("column"):
            one["column"] = check["column"]
        if check.get("threshold") is not None:
            one["expected"] = f"at least {check['threshold']:.2%} of the records"
        if check.get("violated") is not None and check.get("denominator"):
            one["actual"] = f"{check['violated']} of {check['denominator']} records violate it"
        told.append(one)
    return _facet("DataQualityAssertionsDatasetFacet", assertions=told)
