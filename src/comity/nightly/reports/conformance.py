"""What the exports of one country failed in a run: by rule with counts, and row by row.

Invariant: without ``values`` nothing of it is a value of a record: it holds rules, columns, files, row numbers and
counts, so that it may be sent to the owner by any way. Rows are never held in memory; a cell that a spreadsheet would
take for a formula is written as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.mappings.text_steps import sql_text
from comity.store.progress_bar import no_progress_bar

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from comity.nightly.report import ExportReport, NightReport
    from comity.nightly.reports.stored import Checks
    from comity.store.store import Store

_COLUMNS = (
    "source", "file", "row", "line", "record_type", "what", "rule", "column", "explanation",
)  # fmt: skip
_VALUES = ("found", "raw")


@dataclass(frozen=True)
class RuleLine:
    """One rule that rows of one export failed. ``of``: rows or records that it was asked of. ``first_row``: an example.

    ``what``: ``rejected`` (no record was made of the row), ``broken`` (its record breaks a rule of the suite).
    """

    source: str
    record_type: str
    what: str
    rule: str
    column: str
    explanation: str
    severity: str
    rows: int
    of: int
    first_row: int | None


@dataclass(frozen=True)
class Conformance:
    """``exports``: what the country delivered in the run. ``lines``: the worst first."""

    run_id: str
    country: str
    exports: tuple[ExportReport, ...]
    lines: tuple[RuleLine, ...]


def conformance(
    store: Store,
    folder: Path,
    report: NightReport,
    checks: Checks,
    country: str,
    sources: set[str],
    rows: Path | None = None,
    *,
    values: bool = False,
) -> Conformance:
    """The report of ``country``, which owns ``sources``; every row goes to the CSV file ``rows``."""
    import duckdb

    exports = tuple(export for export in report.exports if export.source_id in sources)
    with duckdb.connect(config={"memory_limit": "512MB", "threads": 1}) as reader:
        no_progress_bar(reader)
        _rejected(reader, _rejects_files(store, report.run_id, sources))
        _broken(reader, folder, sources)
        lines = [*_rejected_lines(reader, exports), *_broken_lines(reader, exports, checks)]
        if rows is not None:
            _write_rows(reader, rows, values)
    order = {"critical": 0, "rejected": 1, "warning": 2, "info": 3}
    lines.sort(key=lambda line: (order.get(line.severity, 4), -line.rows, line.source, line.rule))
    return Conformance(report.run_id, country, exports, tuple(lines))


def _rejects_files(store: Store, run_id: str, sources: set[str]) -> list[str]:
    from sqlalchemy import select

    from comity.store.tables import rejects_files as files

    question = select(files.c.path).where(files.c.run_id == run_id, files.c.source_id.in_(sorted(sources)))
    with store.ledger.reading("reading which rows were rejected") as connection:
        return [str(store.layout.root / path) for path in connection.execute(question).scalars()]


def _rejected(reader: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """The view ``rejected``: a line a reason of a row."""
    listed = ", ".join(sql_text(file) for file in files)
    rows = (
        "SELECT source_id, export_id, record_type, file, source_row, line, row_rejected, raw, "
        "unnest(reasons) AS reason "
        f"FROM read_parquet([{listed}], union_by_name = true)"
        if files
        else "SELECT '' AS source_id, '' AS export_id, '' AS record_type, '' AS file, 0 AS source_row, 0 AS line, "
        "true AS row_rejected, '' AS raw, {'code': '', 'column': '', 'found': '', 'message': ''} AS reason WHERE false"
    )
    reader.execute(
        "CREATE TEMP VIEW rejected AS SELECT source_id, export_id, record_type, file, source_row, line, row_rejected, "
        'reason.code AS rule, reason."column" AS column_name, reason.message AS explanation, '
        f"CAST(reason.found AS VARCHAR) AS found, CAST(raw AS VARCHAR) AS raw FROM ({rows})"
    )


def _broken(reader: duckdb.DuckDBPyConnection, folder: Path, sources: set[str]) -> None:
    """The view ``broken``: a line a rule that a record breaks."""
    from comity.validation.broken import broken_folder

    files = [
        str(path)
        for path in sorted(broken_folder(folder / "quality").glob("*.parquet"))
        if path.name.split(".")[0] in sources
    ]
    listed = ", ".join(sql_text(file) for file in files)
    rows = (
        "SELECT split_part(parse_filename(filename), '.', 1) AS source_id, export_id, "
        "split_part(parse_filename(filename), '.', 2) AS record_type, source_row, rule_id AS rule "
        f"FROM read_parquet([{listed}], filename = true, union_by_name = true)"
        if files
        else "SELECT '' AS source_id, '' AS export_id, '' AS record_type, 0 AS source_row, '' AS rule WHERE false"
    )
    reader.execute(f"CREATE TEMP VIEW broken AS {rows}")


def _rejected_lines(reader: duckdb.DuckDBPyConnection, exports: tuple[ExportReport, ...]) -> list[RuleLine]:
    read = {
        (export.source_id, export.export_id, account.record_type): account.rows_read
        for export in exports
        for account in export.accounts
    }
    found = reader.execute(
        "SELECT source_id, export_id, record_type, rule, coalesce(column_name, ''), "
        "min_by(explanation, source_row), count(DISTINCT source_row), min(source_row) "
        "FROM rejected WHERE row_rejected GROUP BY ALL"
    ).fetchall()
    return [
        RuleLine(
            source, record_type, "rejected", rule, column, told or "", "rejected", rows,
            read.get((source, export_id, record_type), 0), first,
        )
        for source, export_id, record_type, rule, column, told, rows, first in found
    ]  # fmt: skip


def _broken_lines(
    reader: duckdb.DuckDBPyConnection, exports: tuple[ExportReport, ...], checks: Checks
) -> list[RuleLine]:
    first = {
        (source, export_id, record_type, rule): row
        for source, export_id, record_type, rule, row in reader.execute(
            "SELECT source_id, export_id, record_type, rule, min(source_row) FROM broken GROUP BY ALL"
        ).fetchall()
    }
    lines = []
    for export in exports:
        for record_type, judged in checks.get((export.source_id, export.export_id), {}).items():
            for check in judged:
                if check["outcome"] != "fail":
                    continue
                rule = check["rule_id"]
                row = first.get((export.source_id, export.export_id, record_type, rule))
                told = check.get("description") or ""
                lines.append(
                    RuleLine(
                        export.source_id, record_type, "broken", rule, check.get("column") or "", told,
                        check["severity"], check.get("violated") or 0, check.get("denominator") or 0, row,
                    )
                )  # fmt: skip
    return lines


def _write_rows(reader: duckdb.DuckDBPyConnection, path: Path, values: bool) -> None:
    """Every row that failed, in the order of the export."""
    given = "".join(f", {_plain(name)}" for name in _VALUES) if values else ""
    empty = "".join(f", NULL AS {name}" for name in _VALUES) if values else ""
    beside = path.with_name(path.name + ".part")
    beside.touch(0o600)
    names = ", ".join(f'"{name}"' for name in (*_COLUMNS, *(_VALUES if values else ())))
    reader.execute(
        f"""COPY (SELECT {names} FROM (
              SELECT source_id AS source, {_plain("file")}, source_row AS row, line, record_type,
                     CASE WHEN row_rejected THEN 'rejected' ELSE 'part of it refused' END AS what, rule,
                     column_name AS "column", explanation{given}
              FROM rejected
              UNION ALL
              SELECT source_id, NULL, source_row, NULL, record_type, 'broken', rule, NULL, NULL{empty} FROM broken
            ) ORDER BY source, row, record_type, rule) TO {sql_text(str(beside))}
            (FORMAT csv, HEADER, USE_TMP_FILE false)"""
    )
    beside.replace(path)


def _plain(name: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"CASE WHEN regexp_matches({name}, '^[=+@\\t\\r-]') THEN '''' || {name} ELSE {name} END AS {name}"
