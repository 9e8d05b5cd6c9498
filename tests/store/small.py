"""A small federation's night, made by hand: staged files of synthetic vehicles, and stores to publish them in."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from comity.standard import RecordType, Standard, field_ids_clause, load_standard
from comity.store import Account, ArchivedFile, Publication, Release, StagedFile, Store
from comity.store.view_sql import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPORT = "e" * 64
VERSION = "aaaaaaaaaaaa"


@cache
def standard() -> Standard:
    return load_standard(Path(__file__).parents[2] / "standard")


@cache
def little() -> Standard:
    """A standard of few record types, for views that are quickly built."""
    whole = standard()
    few = {name: whole.record_types[name] for name in ("vehicle", "person")}
    return replace(whole, record_types=few, code_lists={})


def open_store(
    data: Path, ledger_url: str | None = None, wait_seconds: float = 10, whole: bool = False
) -> Store:
    """A store with the little standard, or the ``whole`` one."""
    return Store.open(data, ledger_url, standard=standard() if whole else little(), wait_seconds=wait_seconds)


def write_records(
    path: Path,
    rows: int,
    *,
    record_type: RecordType | None = None,
    source: str = "aa-cars",
    country: str = "AA",
    changed: Mapping[str, str] | None = None,
    leave_out: tuple[str, ...] = (),
    first: int = 0,
) -> Path:
    """A Parquet file of ``rows`` records; ``changed`` gives SQL over ``i`` for columns that shall differ."""
    record_type = record_type or standard().record_types["vehicle"]
    values = {
        "record_id": f"md5('{source}' || i)",
        "source_id": f"'{source}'",
        "source_key": "i::VARCHAR",
        "owner_country": f"'{country}'",
        "plate": "'AB' || i",
        "export_id": f"'{EXPORT}'",
        "source_row": "i + 1",
        "mapping_version": f"'{VERSION}'",
        "first_seen": "TIMESTAMPTZ '2026-01-01 00:00:00+00'",
        "last_changed": "TIMESTAMPTZ '2026-01-01 00:00:00+00'",
        **(changed or {}),
    }
    columns = [column for column in record_type.columns if column.name not in leave_out]
    selected = ", ".join(
        f"CAST({values.get(c.name, '[]' if c.is_list and c.required else 'NULL')} AS {c.duckdb_type}) AS {c.name}"
        for c in columns
    )
    ids = ", ".join(f"{c.name}: {c.field_id}" for c in columns if not c.is_list)
    ids = field_ids_clause(record_type) if not leave_out else f"{{{ids}}}"
    with duckdb.connect() as duck:
        duck.execute("SET enable_progress_bar = false")
        records = f"SELECT {selected} FROM range({first}, {first + rows}) t(i)"
        duck.execute(f"COPY ({records}) TO {literal(path)} (FORMAT parquet, FIELD_IDS {ids})")
    return path


def staged(
    path: Path, rows: int, source: str = "aa-cars", country: str = "AA", kind: str = "vehicle"
) -> StagedFile:
    content = path.read_bytes()
    return StagedFile(kind, source, country, path, rows, len(content), hashlib.sha256(content).hexdigest())


def publication(
    store: Store, run_id: str, rows: int, source: str = "aa-cars", country: str = "AA"
) -> Publication:
    """One source with ``rows`` vehicles, staged in the run's folder."""
    path = store.layout.staging_of(run_id) / f"{source}.parquet"
    write_records(path, rows, source=source, country=country)
    files = (staged(path, rows, source, country),) if rows else ()
    account = Account(run_id, source, EXPORT, "vehicle", rows, rows, 0, 0, rows)
    return Publication(source, country, EXPORT, VERSION, files, (account,))


def record_export(store: Store, run_id: str, source: str = "aa-cars", outcome: str = "normalised") -> None:
    store.record_export(
        run_id,
        source,
        EXPORT,
        [ArchivedFile("cars.csv", EXPORT, 10)],
        kind="full",
        received_at=None,
        mapping_version=VERSION,
        outcome=outcome,
    )


def publish(store: Store, rows: Mapping[str, int]) -> Release:
    """One whole run: source → number of vehicles; a source's first two letters are its country."""
    run_id = store.begin_run()
    for source in rows:
        record_export(store, run_id, source)
    release = store.publish(
        run_id, [publication(store, run_id, n, source, source[:2].upper()) for source, n in rows.items()]
    )
    store.end_run(run_id, "ok")
    return release


def shown(views: Path, question: str = "SELECT count(*) FROM views.vehicle") -> int:
    """What a plain DuckDB reads through a views file."""
    with duckdb.connect() as duck:
        duck.execute(f"ATTACH '{views}' AS views (READ_ONLY)")
        return int(duck.execute(question).fetchall()[0][0])
