"""One part of an export through one plan: records and rejects as files, and every row accounted for.

Invariant: rows of the part = accepted + rejected + not selected. The records are written by one COPY; the rejects by
a second one over the same steps, only when the counts differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from comity.errors import MappingError, StoreError
from comity.mappings.by_text import ByText
from comity.mappings.check_digit import install_macros
from comity.mappings.lookup import fill_lookup
from comity.mappings.record_file import BATCH, constant_columns, write_records
from comity.mappings.rules_sql import set_aside_sql
from comity.mappings.staged import Staged, stage_rows
from comity.mappings.text_steps import cells_as_json, sql_text
from comity.mappings.unmapped import UnmappedCode, counted_in_rows, counted_in_texts, unmapped_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import duckdb
    import pyarrow as pa
    from numpy.typing import NDArray

    from comity.mappings.plan import Plan, Provenance
    from comity.mappings.text_results import TextResults

COPY_OPTIONS = "FORMAT parquet, COMPRESSION zstd"


@dataclass(frozen=True)
class Limits:
    """What one worker's DuckDB may use: memory in DuckDB's words, threads, and a folder to spill to."""

    memory: str
    threads: int
    spill: Path


@dataclass(frozen=True)
class Rows:
    """One part of an export as SQL: ``scan`` with the fields, ``count`` of rows once they are staged.

    ``raw``: source_row and raw text of the rows that stand in the table ``refused``.

    ``files``: the first row and the name of every file of the export, so that a reject names its file.
    ``cells``: source_row and the cells of some rows, where they can be had for less than reading the part again.
    ``lay_down``: writes what ``scan`` reads, if that is not there yet; whoever gives no ``cells`` has done it.
    """

    scan: str
    raw: str
    count: int
    files: tuple[tuple[int, str], ...]
    cells: Callable[[NDArray[Any]], pa.Table | None] = lambda rows: None
    lay_down: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Outcome:
    """What became of the rows. ``records_path`` and ``rejects_path`` are None when there are none.

    ``repeated``: of the records, those in a file of their own, ``repeated_path``, because their key may stand in the
    part again; so whatever becomes of them, the others need not be written anew.
    """

    rows: int
    accepted: int
    rejected: int
    not_selected: int
    records: int
    records_path: Path | None
    rejects_path: Path | None
    unmapped: tuple[UnmappedCode, ...] = ()
    repeated: int = 0
    repeated_path: Path | None = None

    def by_file(self) -> tuple[Outcome, ...]:
        """The same as an outcome for each file of records; of a row in ``repeated_path``, one record was made."""
        if self.repeated_path is None:
            return (self,)
        apart = self.repeated
        return (
            replace(
                self, rows=self.rows - apart, accepted=self.accepted - apart, records=self.records - apart,
                repeated=0, repeated_path=None,
            ),
            Outcome(apart, apart, 0, 0, apart, self.repeated_path, None),
        )  # fmt: skip


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
    connection.execute("SET enable_progress_bar = false")  # the night shows its own
    # Lookups and crosswalks are small and the export is not, which the optimizer cannot know of a temporary table:
    # turned round, a join would keep the whole export in memory.
    connection.execute("SET disabled_optimizers = 'build_side_probe_side,join_order'")
    install_macros(connection)
    return connection


def normalise(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    rows: Rows | Staged,
    provenance: Provenance,
    run_id: str,
    into: Path,
    texts: TextResults | None = None,
) -> Outcome:
    """Write ``into``.records.parquet and, if any row was refused, ``into``.rejects.parquet.

    ``texts``: what the plan makes of the texts of the parts before, numbered as in ``rows``.
    """
    staged = rows if isinstance(rows, Staged) else stage_rows(connection, rows)
    rows = staged.rows
    records_path = into.with_name(into.name + ".records.parquet")
    scan: str | None = rows.scan
    repeated, repeated_path = 0, into.with_name(into.name + ".repeated.records.parquet")
    if plan.simple:
        by_text = ByText(connection, plan, staged, provenance, texts)
        constants = by_text.texts.constants(connection)
        records = write_records(plan, constants, by_text.batches(), records_path, lambda: by_text.once)
        if by_text.repeated:
            repeated = write_records(plan, constants, by_text.repeated, repeated_path)
            records += repeated
        accepted, rejected = records, rows.count - records
        scan = by_text.apart()
        of_texts, counted = counted_in_texts(
            by_text.branch, by_text.by_field, by_text.texts.made, by_text.staged
        )
    else:
        of_texts, counted = frozenset[int](), {}
        fill_lookups(connection, plan, rows.scan)
        constants = constant_columns(connection, plan, provenance)
        records = write_records(
            plan, constants, _batches(connection, plan, rows.scan, provenance), records_path
        )
        accepted, rejected, tallied = connection.execute(plan.tally_sql(rows.scan)).fetchall()[0]
        if tallied != records:
            raise _do_not_add_up(plan, f"{records} records written, {tallied} counted")
    rejects_path: Path | None = None
    if scan is not None:
        sql = set_aside_sql(plan, scan) if plan.simple else plan.set_aside_sql(scan)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE set_aside AS {sql}")
        if any(place not in of_texts for branch in plan.branches for place in range(len(branch.findings))):
            counted |= counted_in_rows(connection, of_texts)
        if rejected or not plan.simple:
            rejects_path = into.with_name(into.name + ".rejects.parquet")
            entries = _write_rejects(connection, plan, rows, provenance, run_id, records_path, rejects_path)
            if entries != rejected:
                raise _do_not_add_up(plan, f"{rejected} rows rejected, {entries} reject entries")
        connection.execute("DROP TABLE set_aside")
    not_selected = rows.count - accepted - rejected
    if min(accepted, rejected, not_selected) < 0:
        raise _do_not_add_up(plan, f"{rows.count} rows: {accepted} accepted, {rejected} rejected")
    return Outcome(
        rows.count,
        accepted,
        rejected,
        not_selected,
        records,
        records_path if records > repeated else None,
        rejects_path,
        unmapped_codes(plan, counted),
        repeated,
        repeated_path if repeated else None,
    )


def _batches(
    connection: duckdb.DuckDBPyConnection, plan: Plan, scan: str, provenance: Provenance
) -> Iterator[dict[str, pa.Array]]:
    """The records of a mapping that may make several of a row."""
    sql = plan.record_sql(scan, provenance, varying=True)
    for batch in connection.sql(sql).to_arrow_reader(BATCH):
        yield dict(zip(batch.schema.names, batch.columns, strict=True))


def fill_lookups(connection: duckdb.DuckDBPyConnection, plan: Plan, scan: str) -> None:
    """Every lookup of ``plan``, from the distinct texts of ``scan``."""
    for branch in plan.branches:
        for text, lookups in groupby(sorted(branch.lookups, key=attrgetter("text")), attrgetter("text")):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE texts AS {plan.texts_sql(branch, text, scan)}")
            for lookup in lookups:
                fill_lookup(connection, lookup, "SELECT text FROM texts")


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
        "CREATE OR REPLACE TEMP TABLE refused AS SELECT source_row, stops, "
        # Each reason once, in the order of the row's items, which list_distinct would not keep.
        "list_filter(listed, lambda x, i: list_position(listed, x) = i) AS reasons FROM ("
        "SELECT source_row, bool_or(stops) AS stops, flatten(list(reasons ORDER BY branch, element)) AS listed "
        "FROM set_aside WHERE is_rejected GROUP BY source_row)"
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
    entries = reject_columns(
        connection,
        plan.source,
        plan.record_type,
        provenance.export_id,
        run_id,
        rows,
        f"({other})",
        "CAST(NULL AS BIGINT)",
    )
    connection.execute(f"COPY ({entries}) TO {sql_text(str(path))} ({COPY_OPTIONS})")
    count = connection.execute(f"SELECT count(*) FROM refused WHERE {other}").fetchall()
    connection.execute("DROP TABLE refused")
    return int(count[0][0])


def reject_columns(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    record_type: str,
    export_id: str,
    run_id: str,
    rows: Rows,
    row_rejected: str,
    kept_row: str,
) -> str:
    """The SELECT of a rejects file from ``refused`` (source_row, reasons): the columns that every reject has."""
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
    raw, some = (
        rows.raw,
        rows.cells(connection.sql("SELECT source_row FROM refused").fetchnumpy()["source_row"]),
    )
    if some is not None:
        connection.register("refused_cells", some)
        raw = cells_as_json(some.column_names[1:], "refused_cells")
    return (
        f"SELECT {sql_text(run_id)} AS run_id, {sql_text(source)} AS source_id, {sql_text(export_id)} AS export_id, "
        f"{sql_text(record_type)} AS record_type, CAST({file} AS VARCHAR) AS file, source_row, "
        "CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS byte_offset, "
        f"{row_rejected} AS row_rejected, {kept_row} AS kept_row, raw, reasons "
        f"FROM refused LEFT JOIN ({raw}) AS raws USING (source_row) ORDER BY source_row"
    )


def _do_not_add_up(plan: Plan, found: str) -> StoreError:
    return StoreError(
        "mapping.rows-do-not-add-up",
        f"The rows of '{plan.source}' to '{plan.record_type}' do not add up: a fault of Comity, nothing is published",
        found=found,
        remedy="report it with the mapping; the export stays in the inbox",
    )
