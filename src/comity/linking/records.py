"""Pairs as link records of the standard, with the handling of both their ends.

Invariant: a link is never freer than the records it joins: of two levels of confidentiality the higher holds, of two
lists of purposes or recipients what both allow, of denials and handling codes all of them, of two dates of deletion the
earlier. A link belongs to the owner of its first record and goes when either record does.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from comity.store.found import source_of
from comity.store.publication import StagedFile
from comity.store.view_sql import identifier, literal, parquet_scan

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from comity.standard import Standard
    from comity.store.store import Store

POSSIBLE, SAME, DIFFERENT = "possible_same_as", "same_as", "not_same_as"
LINKED = ("person", "vehicle", "identity_document", "firearm")
_HANDLING = (
    "owner_country confidentiality handling_codes handling_conditions permitted_purposes recipients_allow "
    "recipients_deny sensitive_categories review_due purge_after legal_hold"
).split()


def make_ends(connection: duckdb.DuckDBPyConnection, store: Store, ids: str) -> None:
    """The table ``ends``: id and handling of every record of the last release that the SELECT ``ids`` names."""
    selects = []
    for record_type in LINKED:
        paths = [file.path for file in store.files(record_type)]
        if paths:
            selects.append(
                f"SELECT record_id, {', '.join(_HANDLING)} FROM {parquet_scan(paths)} "
                f"WHERE record_id IN ({ids})"
            )
    nothing = ", ".join(f"NULL AS {name}" for name in ("record_id", *_HANDLING))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE ends AS {' UNION ALL '.join(selects) or f'SELECT {nothing} WHERE false'}"
    )


def write_links(
    connection: duckdb.DuckDBPyConnection,
    standard: Standard,
    country: str,
    version: str,
    export_id: str,
    into: Path,
) -> StagedFile | None:
    """Write those rows of the table ``links`` whose first record ``country`` owns; None when there are none.

    ``links``: record_type, from_id, to_id, role, weight, reasons, certainty, confirmed_by, decided_on, note,
    first_seen, last_changed. A link of which an end is not in ``ends`` is left out.
    """
    from comity.standard import field_ids_clause

    record_type = standard.record_types["link"]
    ranks = standard.code_lists["confidentiality"].codes
    rank = (
        "CASE {} "
        + " ".join(
            f"WHEN {literal(code)} THEN {value.attributes.get('rank', 0)}" for code, value in ranks.items()
        )
        + " END"
    )
    one, other = rank.format("f.confidentiality"), rank.format("t.confidentiality")
    key = "l.from_id || '|' || l.to_id"
    values = {
        "record_id": f"left(sha256({literal(f'{country}|{source_of(country)}|link|')} || {key}), 32)",
        "source_id": literal(source_of(country)),
        "source_key": key,
        "owner_country": literal(country),
        "from_record_type": "l.record_type", "from_record_id": "l.from_id", "role": "l.role",
        "to_record_type": "l.record_type", "to_record_id": "l.to_id",
        "valid_from": "CAST(l.decided_on AS VARCHAR)", "valid_from_earliest": "l.decided_on",
        "valid_from_latest": "l.decided_on",
        "certainty": "l.certainty", "confirmed_by": "l.confirmed_by", "note": "l.note",
        "weight": "l.weight", "reasons": "l.reasons",
        "export_id": literal(export_id),
        "source_row": "row_number() OVER (ORDER BY l.from_id, l.to_id)",
        "mapping_version": literal(version),
        "first_seen": "l.first_seen", "last_changed": "l.last_changed",
        "confidentiality": f"CASE WHEN {one} >= {other} THEN f.confidentiality ELSE t.confidentiality END",
        "handling_codes": "list_sort(list_distinct(f.handling_codes || t.handling_codes))",
        "handling_conditions": "nullif(concat_ws(' ', f.handling_conditions, CASE WHEN t.handling_conditions "
        "IS DISTINCT FROM f.handling_conditions THEN t.handling_conditions END), '')",
        "permitted_purposes": "list_sort(list_intersect(f.permitted_purposes, t.permitted_purposes))",
        # An empty list of recipients means that none were named, not that none may have it: where two lists have
        # nobody in common, the two owners are left.
        "recipients_allow": "CASE WHEN len(f.recipients_allow) = 0 THEN t.recipients_allow "
        "WHEN len(t.recipients_allow) = 0 THEN f.recipients_allow "
        "WHEN list_has_any(f.recipients_allow, t.recipients_allow) "
        "THEN list_sort(list_intersect(f.recipients_allow, t.recipients_allow)) "
        "ELSE list_sort(list_distinct([f.owner_country, t.owner_country])) END",
        "recipients_deny": "list_sort(list_distinct(f.recipients_deny || t.recipients_deny))",
        "evaluation_scheme": "'NONE'",
        "sensitive_categories": "list_sort(list_distinct(f.sensitive_categories || t.sensitive_categories))",
        "review_due": "least(f.review_due, t.review_due)", "purge_after": "least(f.purge_after, t.purge_after)",
        "legal_hold": "f.legal_hold OR t.legal_hold",
    }  # fmt: skip
    selected = ", ".join(
        f"CAST({values.get(c.name, '[]' if c.is_list and c.required else 'NULL')} AS {c.duckdb_type}) "
        f"AS {identifier(c.name)}"
        for c in record_type.columns
    )
    path = into / f"{uuid.uuid4()}.parquet"
    rows = connection.execute(
        f"COPY (SELECT {selected} FROM links l JOIN ends f ON f.record_id = l.from_id "
        f"JOIN ends t ON t.record_id = l.to_id WHERE f.owner_country = {literal(country)} ORDER BY l.from_id, l.to_id) "
        f"TO {literal(path)} (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {field_ids_clause(record_type)})"
    ).fetchall()[0][0]
    if not rows:
        path.unlink()
        return None
    path.chmod(0o600)
    content = path.read_bytes()
    return StagedFile(
        "link", source_of(country), country, path, rows, len(content), hashlib.sha256(content).hexdigest()
    )
