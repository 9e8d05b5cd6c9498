"""One part of an export through one plan: records and rejects as files, and every row accounted for.

Invariant: rows of the part = accepted + rejected + not selected. The records are written by one COPY; the rejects by
a second one over the same steps, only when the counts differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.errors import MappingError, StoreError
from comity.mappings.check_digit import install_macros
from comity.mappings.lookup import fill_lookups
from comity.mappings.text_steps import sql_text

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from comity.mappings.plan import Plan, Provenance

COPY_OPTIONS = "FORMAT parquet, COMPRESSION zstd"


@dataclass(frozen=True)
class Limits:
    """What one worker's DuckDB may use: memory in DuckDB's words, threads, and a folder to spill to."""

    memory: str
    threads: int
    spill: Path


@dataclass(frozen=True)
class Rows:
    """One part of an export as SQL: ``scan`` with the fields, ``raw`` with source_row and raw text, ``count`` of rows.

    ``files``: the first row and the name of every file of the export, so that a reject names its file.
    """

    scan: str
    raw: str
    count: int
    files: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class UnmappedCode:
    """A code that no crosswalk line has: how often, and the first row with it."""

    column: str
    crosswalk: str
    code: str
    count: int
    example_row: int


@dataclass(frozen=True)
class Outcome:
    """What became of the rows. ``records_path`` and ``rejects_path`` are None when there are none."""

    rows: int
    accepted: int
    rejected: int
    not_selected: int
    records: int
    records_path: Path | None
    rejects_path: Path | None
    unmapped: tuple[UnmappedCode, ...] = ()


def connect(limits: Limits) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB within the limits, with the macros of the mappings."""
    import duckdb

    limits.spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "memory_limit": limits.memory,
            "threads": limits.threads,
            "temp_directory": str(limits.spill),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    install_macros(connection)
    return connection


def normalise(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    rows: Rows,
    provenance: Provenance,
    run_id: str,
    into: Path,
) -> Outcome:
    """Write ``into``.records.parquet and, if any row was refused, ``into``.rejects.parquet."""
    for branch in plan.branches:
        if branch.lookups:
            fill_lookups(connection, plan.distinct_sql(branch, rows.scan), branch.lookups)
    records_path = into.with_name(into.name + ".records.parquet")
    sql = plan.record_sql(rows.scan, provenance)
    records = _copy(connection, sql, records_path, f", FIELD_IDS {plan.field_ids}")
    accepted, rejected = records, rows.count - records
    if not plan.simple:
        accepted, rejected, counted = connection.execute(plan.tally_sql(rows.scan)).fetchall()[0]
        if counted != records:
            raise _do_not_add_up(plan, f"{records} records written, {counted} counted")
    rejects_path = None
    if rejected or (not plan.simple and rows.count):
        rejects_path = into.with_name(into.name + ".rejects.parquet")
        entries = _write_rejects(connection, plan, rows, provenance, run_id, records_path, rejects_path)
        if entries != rejected:
            raise _do_not_add_up(plan, f"{rejected} rows rejected, {entries} reject entries")
    not_selected = rows.count - accepted - rejected
    if min(accepted, rejected, not_selected) < 0:
        raise _do_not_add_up(plan, f"{rows.count} rows: {accepted} accepted, {rejected} rejected")
    return Outcome(
        rows.count,
        accepted,
        rejected,
        not_selected,
        records,
        records_path if records else None,
        rejects_path,
        _unmapped(connection, plan, rows, records_path),
    )


def _copy(connection: duckdb.DuckDBPyConnection, sql: str, path: Path, options: str = "") -> int:
    found = connection.execute(f"COPY ({sql}) TO {sql_text(str(path))} ({COPY_OPTIONS}{options})").fetchall()
    return int(found[0][0])


def _write_rejects(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    rows: Rows,
    provenance: Provenance,
    run_id: str,
    records: Path,
    path: Path,
) -> int:
    """One entry a row; returns how many of the rows became no record at all."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE refused AS SELECT source_row, "
        "list_distinct(flatten(list(reasons))) AS reasons, bool_or(stops) AS stops "
        f"FROM ({plan.reject_sql(rows.scan)}) GROUP BY source_row"
    )
    stopped = connection.execute("SELECT source_row, reasons FROM refused WHERE stops LIMIT 1").fetchall()
    if stopped:
        row, reasons = stopped[0]
        raise MappingError(
            "mapping.policy-stop",
            f"The mapping of '{plan.source}' to '{plan.record_type}' says stop",
            found=f"row {row}: {reasons[0]['column']}: {reasons[0]['message']}",
            remedy="extend the crosswalk or correct the mapping, then run again",
        )
    other = "true"
    if not plan.simple:
        other = f"source_row NOT IN (SELECT source_row FROM read_parquet({sql_text(str(records))}))"
    _copy(
        connection,
        reject_columns(
            plan.source, plan.record_type, provenance.export_id, run_id, rows,
            "refused", f"({other})", "CAST(NULL AS BIGINT)",
        ),
        path,
    )  # fmt: skip
    count = connection.execute(f"SELECT count(*) FROM refused WHERE {other}").fetchall()
    connection.execute("DROP TABLE refused")
    return int(count[0][0])


def reject_columns(
    source: str,
    record_type: str,
    export_id: str,
    run_id: str,
    rows: Rows,
    table: str,
    row_rejected: str,
    kept_row: str,
) -> str:
    """The SELECT of a rejects file from ``table`` (source_row, reasons): the columns that every reject has."""
    file = (
        "CASE "
        + " ".join(
            f"WHEN source_row >= {first} THEN {sql_text(name)}"
            for first, name in sorted(rows.files, reverse=True)
        )
        + " END"
        if rows.files
        else "NULL"
    )
    return (
        f"SELECT {sql_text(run_id)} AS run_id, {sql_text(source)} AS source_id, {sql_text(export_id)} AS export_id, "
        f"{sql_text(record_type)} AS record_type, CAST({file} AS VARCHAR) AS file, source_row, "
        "CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS byte_offset, "
        f"{row_rejected} AS row_rejected, {kept_row} AS kept_row, raw, reasons "
        f"FROM {table} LEFT JOIN ({rows.raw}) AS raws USING (source_row) ORDER BY source_row"
    )


def _unmapped(
    connection: duckdb.DuckDBPyConnection, plan: Plan, rows: Rows, records: Path
) -> tuple[UnmappedCode, ...]:
    found: list[UnmappedCode] = []
    for branch in plan.branches:
        if not branch.findings:
            continue
        flags = ", ".join(sql_text(f"{finding.column}:unmapped") for finding in branch.findings)
        flagged = connection.execute(
            f"SELECT count(*) FROM read_parquet({sql_text(str(records))}) WHERE list_has_any(quality_flags, [{flags}])"
        ).fetchall()[0][0]
        if not flagged and plan.simple:
            continue
        for finding in branch.findings:
            for code, count, row in connection.execute(
                plan.finding_sql(branch, finding, rows.scan)
            ).fetchall():
                found.append(UnmappedCode(finding.column, finding.crosswalk, str(code), count, row))
    return tuple(found)


def _do_not_add_up(plan: Plan, found: str) -> StoreError:
    return StoreError(
        "mapping.rows-do-not-add-up",
        f"The rows of '{plan.source}' to '{plan.record_type}' do not add up: a fault of Comity, nothing is published",
        found=found,
        remedy="report it with the mapping; the export stays in the inbox",
    )
