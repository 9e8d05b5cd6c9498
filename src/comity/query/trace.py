"""The way back of one record: release, file, export, row, raw cells, and the rule behind every column.

Invariant: the row is read again from the archived bytes, whose hash is the export's, and the rules are
those of the record's own mapping version; what cannot be shown any more is said in ``notes``, never
guessed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from comity.errors import ComityError, QueryError
from comity.query.failure import asking
from comity.query.trace_row import RawRow, read_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from comity.config.settings import Settings
    from comity.query.trace_item import Item
    from comity.store import Store


# What the engine and the owner's agreement fill, as long as no mapping does.
ENVELOPE_RULES = {
    "record_id": "a hash of owner_country, source_id, the record type and source_key",
    "source_id": "adapter.yaml: source",
    "source_key": "the key of the mapping",
    "owner_country": "adapter.yaml: owner",
    "export_id": "a hash of the export's bytes",
    "source_row": "where the row stands in the export",
    "mapping_version": "a hash of all that determines what the same bytes become",
    "first_seen": "when an export first brought this record_id",
    "last_changed": "when an export or a mapping last changed its content",
    **dict.fromkeys(
        (
            *("confidentiality", "handling_codes", "handling_conditions", "permitted_purposes"),
            *("recipients_allow", "recipients_deny", "evaluation_scheme", "source_grade"),
            *("information_grade", "sensitive_categories"),
        ),
        "adapter.yaml: handling",
    ),
    **dict.fromkeys(("review_due", "purge_after"), "adapter.yaml: retention, from the day of receipt"),
    "legal_hold": "false as long as nobody sets one",
    "quality_flags": "what the rules of the columns could not understand",
}


@dataclass(frozen=True)
class TracedColumn:
    """``rule``: what made the value, ``by`` whom; ``read``: the source fields it was made from, with their raw
    values.
    """

    name: str
    value: Any
    by: Literal["mapping", "federation"]
    rule: str | None
    read: dict[str, Any]


@dataclass(frozen=True)
class Trace:
    record_id: str
    record_type: str
    source_id: str
    release: int
    in_releases: str
    first_seen: str
    last_changed: str
    stored_file: str
    export_id: str
    export: dict[str, Any]
    export_files: tuple[dict[str, Any], ...]
    mapping_version: str
    row: RawRow | None
    columns: tuple[TracedColumn, ...]
    notes: tuple[str, ...]

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, default=str)


def trace(settings: Settings, record_id: str, release: int | None = None) -> Trace:
    """Follow the record with that id, as it is in ``release`` (the last one by default), back to its
    source.
    """
    from comity.query.federation import open_federation
    from comity.store import Store

    with open_federation(settings, release) as federation:
        number = federation.release
        with federation.connect() as connection, asking():
            record_type, path, record = _find(connection, federation.record_types, record_id)
    store = Store.open(settings.data_dir, settings.ledger_url, writable=False)
    stored = next(file for file in store.files(record_type, release=number) if file.path == path)
    export, files = _export(store, record["source_id"], record["export_id"])
    rules = _rules(store, record["mapping_version"], record_type)
    notes = [] if rules else [f"the ledger has no rules of mapping version {record['mapping_version']}"]
    row: RawRow | None = None
    item: Item | None = None
    try:
        row, item = read_row(settings.federation, store, record_type, record, files, notes)
    except ComityError as error:
        notes.append(f"the row cannot be shown: {error.message} [{error.code}]")
    ends = f"to {stored.end_release - 1}" if stored.end_release else "on"
    return Trace(
        record_id=record_id,
        record_type=record_type,
        source_id=record["source_id"],
        release=number,
        in_releases=f"from {stored.begin_release} {ends}",
        first_seen=record["first_seen"],
        last_changed=record["last_changed"],
        stored_file=stored.path.relative_to(store.layout.root).as_posix(),
        export_id=record["export_id"],
        export=export,
        export_files=tuple(files),
        mapping_version=record["mapping_version"],
        row=row,
        columns=tuple(
            _column(name, value, rules, row, item)
            for name, value in record.items()
            if value not in (None, []) or _rule_of(name, rules, item) is not None
        ),
        notes=tuple(notes),
    )


def _find(
    connection: DuckDBPyConnection, record_types: tuple[str, ...], record_id: str
) -> tuple[str, Path, dict[str, Any]]:
    """The record's type, the file that holds it, and its columns."""
    from comity.store.view_sql import identifier, parquet_scan

    for record_type in record_types:
        view = identifier(record_type)
        # DuckDB renders the record: every type becomes JSON in one place.
        found = connection.execute(
            f"SELECT to_json(record)::VARCHAR, source_id, owner_country FROM {view} AS record WHERE record_id = ?",
            [record_id],
        ).fetchall()
        if found:
            text, source_id, owner_country = found[0]
            listed = connection.execute(
                "SELECT path FROM ledger.files WHERE record_type = ? AND source_id = ? AND owner_country = ?",
                [record_type, source_id, owner_country],
            ).fetchall()
            scan = parquet_scan([row[0] for row in listed])
            path = connection.execute(
                f"SELECT filename FROM {scan} WHERE record_id = ?", [record_id]
            ).fetchall()[0][0]
            return record_type, Path(path), json.loads(text)
    raise QueryError(
        "query.unknown-record",
        "No record of this release has that id",
        found=record_id,
        remedy="take the record_id of a record, for example from: comity sql 'SELECT record_id FROM person LIMIT 1'",
    )


def _export(store: Store, source_id: str, export_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How the export was delivered and what became of it, the run that published it first."""
    from sqlalchemy import select

    from comity.store.tables import export_files, exports

    with store.ledger.reading() as connection:
        rows = connection.execute(
            select(exports.c.run_id, exports.c.kind, exports.c.received_at, exports.c.outcome)
            .where(exports.c.source_id == source_id, exports.c.export_id == export_id)
            .order_by(exports.c.outcome != "published", exports.c.run_id)
        ).mappings()
        export = next((dict(row) for row in rows), {})
        files = connection.execute(
            select(export_files.c.name, export_files.c.sha256, export_files.c.size)
            .where(export_files.c.source_id == source_id, export_files.c.export_id == export_id)
            .order_by(export_files.c.position)
        ).mappings()
        return export, [dict(row) for row in files]


def _rules(store: Store, mapping_version: str, record_type: str) -> dict[str, dict[str, Any]]:
    from sqlalchemy import select

    from comity.store.tables import mappings

    with store.ledger.reading() as connection:
        text = connection.execute(
            select(mappings.c.rules).where(
                mappings.c.mapping_version == mapping_version, mappings.c.record_type == record_type
            )
        ).scalar()
    return dict(json.loads(text)) if text else {}


def _rule_of(name: str, rules: dict[str, dict[str, Any]], item: Item | None) -> dict[str, Any] | None:
    """The mapping's rule for a column; of a row that becomes several kinds of record, the one for this kind."""
    # A partial date is written as one rule and stored as three columns.
    rule = rules.get(name) or rules.get(name.removesuffix("_earliest").removesuffix("_latest"))
    if rule is None or item is None or "branches" not in rule:
        return rule
    branch: dict[str, Any] | None = rule["branches"].get(str(item.branch))
    return branch


def _column(
    name: str, value: Any, rules: dict[str, dict[str, Any]], row: RawRow | None, item: Item | None
) -> TracedColumn:
    rule = _rule_of(name, rules, item)
    if rule is None:
        key = f"the key of the mapping: {', '.join(item.key)}" if item and name == "source_key" else None
        return TracedColumn(name, value, "federation", key or ENVELOPE_RULES.get(name), {})
    cells = {**row.cells, **row.item} if row else {}
    # Without its item, a field of an item is the whole list that the row has.
    read = {field: cells.get(field, cells.get(field.split(".")[0])) for field in rule["from"]}
    return TracedColumn(name, value, "mapping", str(rule["rule"]), read)
