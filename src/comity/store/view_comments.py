"""What the columns of the reports mean, as the comments that any DuckDB client shows.

Invariant: every column of every report has a line here; a name means the same wherever it stands, unless its
view says otherwise.
"""

from __future__ import annotations

_EVERYWHERE = {
    "run_id": "The run, named by the moment at which it began",
    "source_id": "The national database as we receive it",
    "export_id": "One delivery of a source: a hash of its bytes",
    "record_type": "The record type of the standard",
    "owner_country": "The country that owns the source",
    "kind": "What a delivery holds: full, delta or window",
    "mapping_version": "A hash of everything that determines what the mapping makes",
    "outcome": "What became of it",
    "message": "Why, in words",
    "received_at": "When it was taken from the inbox",
    "records": "Number of records",
    "release": "Number of the release",
    "published_at": "When readers first saw it",
    "authority": "Who answers for the source",
    "title": "The source in a few words",
    "description": "What the source holds",
    "due": "How often an export is due",
    "licence": "Under which terms it is shared",
    "attribution": "Who is to be named when it is used",
    "last_export_id": "The last export that a run met",
    "last_received_at": "When that export was taken from the inbox",
    "last_run_id": "The run that met it",
    "last_outcome": "What became of it: published, normalised, blocked or failed",
    "last_message": "Why, in words",
    "published_release": "The release that brought what is published now",
    "rows_read": "Rows of the export: accepted + rejected + not selected",
    "rows_accepted": "Rows that became at least one record",
    "rows_rejected": "Rows that could not become a record; each is in rejects",
    "rows_not_selected": "Rows that the mapping leaves out by rule",
    "list": "Name of the code list",
    "version": "Version of the list",
    "code": "The code as records hold it",
    "label": "What the code means",
    "status": "verified, partly_verified, unverified, or own",
    "parent": "The broader code",
    "evidence": "What the code rests on",
    "attributes": "What else the list says of the code, as JSON",
    "file": "The file as it was delivered",
    "source_row": "The row of the export, counted from 1 over all its files",
    "line": "The line of the file at which the row begins",
    "byte_offset": "The byte of the file at which the row begins",
    "row_rejected": "Whether the whole row was refused; false: only some of what it would have become",
    "kept_row": "Of a duplicate: the row that was kept in its place",
    "raw": "The row as it was delivered",
    "reasons": "Every reason: its code, the column, what was found, a message",
    "rule_id": "The rule of the suite",
    "expectation_type": "The expectation of Great Expectations",
    "column_name": "The column that the rule is about",
    "severity": "critical blocks the source, warning marks it, info is only recorded",
    "violated": "Rows that break the rule",
    "denominator": "Rows that the rule was applied to",
    "percent": "Violated rows in a hundred",
    "observed": "What was measured, where a rule is not about single rows",
}
_IN = {
    ("exports", "outcome"): "What became of it: published, normalised, blocked or failed",
    ("quality", "outcome"): "pass, fail, error or not_applicable",
    ("releases", "records"): "Number of records in the whole release",
    ("releases", "run_id"): "The run that published it",
    ("sources", "records"): "Records that are published now",
    ("accounting", "records"): "Records that the rows became",
}


def about(view: str, column: str) -> str:
    return _IN.get((view, column)) or _EVERYWHERE[column]
