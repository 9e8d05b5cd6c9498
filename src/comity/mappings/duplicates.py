"""Records of one export that have the same key.

Invariant: after this every record_id of the export stands once. By the mapping's rule all but one are rejected, each
pointing at the row that is kept, or they are numbered; either way no row is lost. Which one is first is decided by
the export alone: by row, and within a row by branch and element.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comity.mappings.normalise import COPY_OPTIONS, Outcome, Rows, fill_lookups, reject_columns
from comity.mappings.record_file import BATCH, drop_records
from comity.mappings.record_ids import halves, suspected
from comity.mappings.text_steps import sql_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb
    from numpy.typing import NDArray

    from comity.mappings.plan import Plan, Provenance


def settle_duplicates(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    parts: Sequence[tuple[Rows, Outcome]],
    provenance: Provenance,
    run_id: str,
) -> tuple[Outcome, ...]:
    """The outcomes of all parts, file by file, after the rule was applied; files with duplicates are written anew."""
    parts = [(rows, file) for rows, outcome in parts for file in outcome.by_file()]
    files = [outcome.records_path for _, outcome in parts if outcome.records_path is not None]
    if not _find(connection, files):
        return tuple(outcome for _, outcome in parts)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE items (filename VARCHAR, position BIGINT, branch INTEGER, element BIGINT)"
    )
    for rows, outcome in parts:
        if outcome.records_path is not None:
            _find_items(connection, plan, rows, outcome.records_path, provenance)
    _rank(connection, plan)
    settled = []
    for rows, outcome in parts:
        path = outcome.records_path
        if path is None or not _count(
            connection, f"repeated_rows WHERE nr > 1 AND filename = {sql_text(str(path))}"
        ):
            settled.append(outcome)
        elif plan.duplicates == "number":
            _number(connection, plan, path)
            settled.append(outcome)
        else:
            settled.append(_reject(connection, plan, rows, outcome, path, provenance, run_id))
    return tuple(settled)


def _find(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> bool:
    """Fill ``repeated``: filename, position, record_id and source_row of every record whose id stands again."""
    several, concerned = suspected(files)
    if not concerned:
        return False
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE suspects "
        "(filename VARCHAR, position BIGINT, record_id VARCHAR, source_row BIGINT)"
    )
    for path in concerned:
        _find_suspects(connection, path, several)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE repeated AS SELECT * EXCLUDE (times) FROM "
        "(SELECT *, count(*) OVER (PARTITION BY record_id) AS times FROM suspects) WHERE times > 1"
    )
    return _count(connection, "repeated") > 0


def _find_suspects(connection: duckdb.DuckDBPyConnection, path: Path, several: NDArray[Any]) -> None:
    """Add to ``suspects`` the records of one file whose ids may stand again."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    begin = 0
    with pq.ParquetFile(path) as written:
        for batch in written.iter_batches(BATCH, columns=["record_id", "source_row"]):
            at = np.flatnonzero(np.isin(halves(batch.column("record_id")), several))
            if len(at):
                connection.register(
                    "found", batch.take(pa.array(at)).append_column("position", pa.array(begin + at))
                )
                connection.execute(
                    f"INSERT INTO suspects SELECT {sql_text(str(path))}, position, record_id, source_row FROM found"
                )
                connection.unregister("found")
            begin += batch.num_rows


def _find_items(
    connection: duckdb.DuckDBPyConnection, plan: Plan, rows: Rows, path: Path, provenance: Provenance
) -> None:
    """Add to ``items`` which branch and element made each record of a row that gave one key more than once.

    A file does not say it and need not keep the order, so those rows are normalised again; their records are told
    apart by content, and records of one content may stand for one another.
    """
    crowded = (
        f"SELECT source_row FROM repeated WHERE filename = {sql_text(str(path))} "
        "GROUP BY record_id, source_row HAVING count(*) > 1"
    )
    if plan.simple or not _count(connection, f"({crowded})"):
        return
    rows.lay_down()
    scan = f"SELECT * FROM ({rows.scan}) WHERE source_row IN ({crowded})"
    fill_lookups(connection, plan, scan)
    again = (
        "SELECT record_id, source_row, hash(struct_pack(*columns(* EXCLUDE (branch, element)))) AS digest, "
        f"branch, element FROM ({plan.record_sql(scan, provenance, numbered=True)})"
    )
    stored = (
        "SELECT record_id, source_row, hash(struct_pack(*columns(* EXCLUDE (file_row_number)))) AS digest, "
        f"file_row_number AS position FROM read_parquet({sql_text(str(path))}, file_row_number = true) "
        f"WHERE source_row IN ({crowded})"
    )
    alike = "row_number() OVER (PARTITION BY record_id, source_row, digest ORDER BY {}) AS alike"
    connection.execute(
        f"INSERT INTO items SELECT {sql_text(str(path))}, position, branch, element FROM "
        f"(SELECT *, {alike.format('position')} FROM ({stored})) JOIN "
        f"(SELECT *, {alike.format('branch, element')} FROM ({again})) "
        "USING (record_id, source_row, digest, alike)"
    )


def _rank(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Fill ``repeated_rows``: filename, position, record_id, source_row, nr (1 is kept), kept_row."""
    order = "DESC" if plan.duplicates == "keep_last" else "ASC"
    places = ", ".join(f"{name} {order}" for name in ("source_row", "branch", "element", "position"))
    window = f"OVER (PARTITION BY record_id ORDER BY {places})"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE repeated_rows AS SELECT filename, position, record_id, source_row, "
        f"row_number() {window} AS nr, first_value(source_row) {window} AS kept_row "
        "FROM repeated LEFT JOIN items USING (filename, position)"
    )


def _number(connection: duckdb.DuckDBPyConnection, plan: Plan, path: Path) -> None:
    key = "r.source_key || '#' || d.nr"
    _rewrite(
        connection,
        plan,
        path,
        f"SELECT r.* EXCLUDE (file_row_number) REPLACE ("
        "CASE WHEN d.nr IS NULL THEN r.record_id "
        f"ELSE left(sha256({sql_text(plan.key_prefix)} || {key}), 32) END AS record_id, "
        f"CASE WHEN d.nr IS NULL THEN r.source_key ELSE {key} END AS source_key) "
        f"FROM read_parquet({sql_text(str(path))}, file_row_number = true) r LEFT JOIN "
        f"(SELECT position, nr FROM repeated_rows WHERE nr > 1 AND filename = {sql_text(str(path))}) d "
        "ON d.position = r.file_row_number",
    )


def _reject(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    rows: Rows,
    outcome: Outcome,
    path: Path,
    provenance: Provenance,
    run_id: str,
) -> Outcome:
    dropped = f"repeated_rows WHERE nr > 1 AND filename = {sql_text(str(path))}"
    places = connection.sql(f"SELECT position FROM {dropped}").fetchnumpy()["position"]
    records = drop_records(path, plan.shape, places)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE refused AS SELECT source_row, min(kept_row) AS kept_row, "
        "[struct_pack(code := 'mapping.duplicate-key', \"column\" := 'source_key', found := CAST(NULL AS VARCHAR), "
        f"message := 'the key stands more than once; the rule {plan.duplicates} kept row ' || min(kept_row))] "
        "AS reasons "
        f"FROM {dropped} GROUP BY source_row"
    )
    # A row that gave other records too stays accepted, and the loss of one is still told.
    lost = f"source_row NOT IN (SELECT source_row FROM read_parquet({sql_text(str(path))}))"
    newly = _count(connection, f"refused WHERE {lost}")
    entries = reject_columns(
        connection, plan.source, plan.record_type, provenance.export_id, run_id, rows, f"({lost})", "kept_row"
    )
    if outcome.rejects_path is not None:
        # A row may stand there already with another item's reasons: one entry a row.
        before = f"SELECT * FROM read_parquet({sql_text(str(outcome.rejects_path))})"
        entries = (
            "SELECT run_id, source_id, export_id, record_type, any_value(file) AS file, source_row, "
            "any_value(line) AS line, any_value(byte_offset) AS byte_offset, bool_or(row_rejected) AS row_rejected, "
            "any_value(kept_row) AS kept_row, any_value(raw) AS raw, flatten(list(reasons)) AS reasons "
            f"FROM ({before} UNION ALL BY NAME ({entries})) "
            "GROUP BY run_id, source_id, export_id, record_type, source_row ORDER BY source_row"
        )
    rejects_path = path.with_name(path.name.replace(".records.", ".refused."))
    connection.execute(f"COPY ({entries}) TO {sql_text(str(rejects_path))} ({COPY_OPTIONS})")
    if outcome.rejects_path is not None:
        outcome.rejects_path.unlink()
    return replace(
        outcome,
        accepted=outcome.accepted - newly,
        rejected=outcome.rejected + newly,
        records=records,
        records_path=path if records else None,
        rejects_path=rejects_path,
    )


def _rewrite(connection: duckdb.DuckDBPyConnection, plan: Plan, path: Path, sql: str) -> int:
    beside = path.with_suffix(".new")
    options = f"{COPY_OPTIONS}, FIELD_IDS {plan.field_ids}"
    written = connection.execute(f"COPY ({sql}) TO {sql_text(str(beside))} ({options})").fetchall()[0][0]
    beside.replace(path)
    return int(written)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
