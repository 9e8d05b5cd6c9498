"""What a worker process does: read an export, normalise a part of it, finish it.

Invariant: a worker writes files below the folder it is given and nothing else; it never touches the ledger, a release
or another source. Every task takes and gives plain data, so it runs in any process on any machine.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from comity.errors import ComityError, ReadError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile, Part, Reading
    from comity.mappings.normalise import Limits, Outcome, Rows
    from comity.mappings.plan import Plan, Provenance
    from comity.mappings.staged import Numbering
    from comity.mappings.text_results import TextResults
    from comity.mappings.unmapped import UnmappedCode
    from comity.nightly.rows_again import Earlier
    from comity.standard import RecordType
    from comity.store.publication import Account, StagedChanges, StagedFile


@dataclass(frozen=True)
class Finished:
    """One export, normalised: what is to be published, and what was refused."""

    files: tuple[StagedFile, ...]
    accounts: tuple[Account, ...]
    rejects: tuple[tuple[Path, int], ...]
    unmapped: tuple[tuple[str, UnmappedCode], ...]
    changes: tuple[StagedChanges, ...] = ()


def read_task(adapter: Adapter, files: tuple[ExportFile, ...], into: Path) -> Reading:
    """The archived files of one export, read into parts."""
    from comity.adapters.export import read_export

    into.mkdir(parents=True, exist_ok=True)
    with explained("reading the export", into):
        return read_export(adapter, files, into)


def snapshot_task(adapter: Adapter, into: Path) -> ExportFile:
    """The result of a database query as a file with the same bytes for the same rows."""
    from comity.adapters.database import snapshot

    into.mkdir(parents=True, exist_ok=True)
    with explained("reading the database", into):
        return snapshot(adapter, into)


def normalise_task(
    adapter: Adapter,
    plans: tuple[Plan, ...],
    reading: Reading,
    numbers: Sequence[int],
    provenance: Provenance,
    run_id: str,
    into: Path,
    limits: Limits,
) -> tuple[tuple[Outcome, ...], ...]:
    """The parts of those numbers, one after the other, each through every mapping of its source.

    A part takes the memory that the one before had, which costs less than asking for new, and what a mapping made of
    its texts.
    """
    from comity.mappings.normalise import connect
    from comity.mappings.staged import Numbering
    from comity.mappings.text_results import TextResults

    numbering = Numbering()
    known = [(plan, TextResults(plan, provenance) if plan.simple else None) for plan in plans]
    with explained("normalising", into), connect(limits) as connection:
        return tuple(
            _normalise_part(connection, adapter, known, numbering, reading, number, provenance, run_id, into)
            for number in numbers
        )


def _normalise_part(
    connection: duckdb.DuckDBPyConnection,
    adapter: Adapter,
    plans: Sequence[tuple[Plan, TextResults | None]],
    numbering: Numbering,
    reading: Reading,
    number: int,
    provenance: Provenance,
    run_id: str,
    into: Path,
) -> tuple[Outcome, ...]:
    from comity.adapters.csv_plain import read_plain
    from comity.mappings.normalise import normalise
    from comity.mappings.staged import stage_rows

    part = reading.parts[number]
    with explained("normalising", part.path):
        rows = stage_rows(connection, rows_of(adapter, reading, part), read_plain(part, adapter), numbering)
        outcomes = tuple(
            normalise(connection, plan, rows, provenance, run_id, into / f"{plan.name}-{number:05d}", texts)
            for plan, texts in plans
        )
        rows.release(connection)
        return outcomes


def rows_of(adapter: Adapter, reading: Reading, part: Part) -> Rows:
    """A part as SQL."""
    from comity.adapters.csv_plain import plain_cells
    from comity.adapters.scan import raw_sql, scan_sql
    from comity.adapters.stretch import lay_down
    from comity.mappings.normalise import Rows

    files = tuple((file.first_row, file.name) for file in reading.files)
    refused = raw_sql(part, adapter, "SELECT source_row FROM refused")
    cells = partial(plain_cells, part, adapter)
    return Rows(scan_sql(part, adapter), refused, part.rows, files, cells, partial(lay_down, part))


def finish_task(
    adapter: Adapter,
    plans: tuple[Plan, ...],
    record_types: tuple[RecordType, ...],
    reading: Reading,
    outcomes: tuple[tuple[Outcome, ...], ...],
    previous: tuple[tuple[Path, ...], ...],
    provenance: Provenance,
    run_id: str,
    into: Path,
    limits: Limits,
    earlier: Earlier | None = None,
) -> Finished:
    """Settle duplicates, account for every row, carry over what the last release knows. ``outcomes``: part by plan.

    ``earlier``: exports that may have to be read again, to tell who changed a record.
    """
    from comity.mappings.duplicates import settle_duplicates
    from comity.mappings.normalise import connect
    from comity.nightly.rows_again import RowsAgain
    from comity.store.merge import merge
    from comity.store.publication import Account

    files: list[StagedFile] = []
    changes: list[StagedChanges] = []
    rows_again = RowsAgain(adapter, earlier or {}, into, {provenance.export_id: reading})
    accounts: list[Account] = []
    rejects: list[tuple[Path, int]] = []
    unmapped: list[tuple[str, UnmappedCode]] = []
    with explained("finishing the export", into), connect(limits) as connection:
        rows = [rows_of(adapter, reading, part) for part in reading.parts]
        for index, plan in enumerate(plans):
            parts = [(rows[number], outcomes[number][index]) for number in range(len(rows))]
            settled = settle_duplicates(connection, plan, parts, provenance, run_id)
            account = Account(
                run_id,
                adapter.source,
                provenance.export_id,
                plan.record_type,
                reading.rows_read,
                sum(outcome.accepted for outcome in settled),
                sum(outcome.rejected for outcome in settled) + reading.rows_refused,
                sum(outcome.not_selected for outcome in settled) + reading.rows_not_selected,
                sum(outcome.records for outcome in settled),
            )
            accounts.append(account)
            staged = tuple(
                stage(outcome.records_path, outcome.records, plan.record_type, adapter)
                for outcome in settled
                if outcome.records_path is not None and outcome.records
            )
            merged = merge(
                staged,
                previous[index],
                kind=adapter.delivery.kind,
                record_type=record_types[index],
                into=into,
                memory_limit=limits.memory,
                cells=rows_again.cells(plan, record_types[index]) if earlier else None,
            )
            files += merged.files
            changes += [merged.changes] if merged.changes else []
            rejects += _rejects(connection, plan, reading, settled, account, provenance, run_id, into)
            unmapped += [(plan.record_type, code) for code in _together(settled)]
    return Finished(tuple(files), tuple(accounts), tuple(rejects), tuple(unmapped), tuple(changes))


def stage(path: Path, rows: int, record_type: str, adapter: Adapter) -> StagedFile:
    """A finished file with its size and hash."""
    from comity.store.publication import StagedFile

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return StagedFile(
        record_type, adapter.source, adapter.owner.country, path, rows, path.stat().st_size, digest
    )


def _together(outcomes: tuple[Outcome, ...]) -> list[UnmappedCode]:
    """The unmapped codes of all parts, each once."""
    codes: dict[tuple[str, str, str], UnmappedCode] = {}
    for code in (code for outcome in outcomes for code in outcome.unmapped):
        key = (code.column, code.crosswalk, code.code)
        known = codes.get(key)
        if known is not None:
            first = min(known.example_row, code.example_row)
            code = replace(code, count=known.count + code.count, example_row=first)
        codes[key] = code
    return list(codes.values())


def _rejects(
    connection: object,
    plan: Plan,
    reading: Reading,
    outcomes: tuple[Outcome, ...],
    account: Account,
    provenance: Provenance,
    run_id: str,
    into: Path,
) -> list[tuple[Path, int]]:
    """One file with the rows that the reader refused and those that the mapping refused; and how many entries."""
    from comity.mappings.normalise import COPY_OPTIONS
    from comity.mappings.text_steps import sql_text

    selects = [
        f"SELECT * FROM read_parquet({sql_text(str(outcome.rejects_path))})"
        for outcome in outcomes
        if outcome.rejects_path is not None
    ]
    if reading.refused is not None and reading.rows_refused:
        selects.append(
            f"SELECT {sql_text(run_id)} AS run_id, {sql_text(plan.source)} AS source_id, "
            f"{sql_text(provenance.export_id)} AS export_id, {sql_text(plan.record_type)} AS record_type, file, "
            "source_row, line, byte_offset, true AS row_rejected, CAST(NULL AS BIGINT) AS kept_row, raw, "
            '[struct_pack(code := code, "column" := CAST(NULL AS VARCHAR), found := CAST(NULL AS VARCHAR), '
            f"message := message)] AS reasons FROM read_parquet({sql_text(str(reading.refused))})"
        )
    if not selects:
        return []
    path = into / f"{plan.name}.rejects.parquet"
    sql = f"SELECT * FROM ({' UNION ALL BY NAME '.join(selects)}) ORDER BY source_row"
    entries = connection.execute(  # type: ignore[attr-defined]
        f"COPY ({sql}) TO {sql_text(str(path))} ({COPY_OPTIONS})"
    ).fetchall()[0][0]
    told = connection.execute(  # type: ignore[attr-defined]
        f"SELECT count(*) FILTER (row_rejected) FROM read_parquet({sql_text(str(path))})"
    ).fetchall()[0][0]
    if told != account.rows_rejected:
        raise StoreError(
            "mapping.rows-do-not-add-up",
            f"The rejects of '{plan.source}' to '{plan.record_type}' do not add up: a fault of Comity",
            found=f"{account.rows_rejected} rows rejected, {told} in the rejects file",
            remedy="report it with the mapping; nothing of this source is published",
        )
    return [(path, int(entries))] if entries else []


@contextmanager
def explained(what: str, place: Path) -> Iterator[None]:
    """Whatever goes wrong in a worker becomes a ComityError: it is one source's failure and says what it was."""
    from comity.store.failure import storing

    try:
        with storing(what, place):
            yield
    except (ComityError, MemoryError):  # of memory, the process that has the task tells more
        raise
    except Exception as fault:
        raise ReadError(
            "nightly.fault",
            f"Something failed that Comity did not foresee while {what}",
            file=place,
            found=f"{type(fault).__name__}: {fault}".splitlines()[0],
            remedy="the other sources go on; report it with this message",
        ) from fault
