"""A source's sample, run through its mapping without a store: what a golden output is held against.

Invariant: the same work as in the night (read, normalise, finish), so what a sample shows is what a night would do;
nothing is written but below ``into``.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.nightly.inbox import InboxFile, deliveries, waiting_files
from comity.nightly.source import adapter_folders, load_source
from comity.nightly.trial import try_export
from comity.nightly.work import snapshot_task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile
    from comity.nightly.work import Finished

RECEIVED_AT = "2026-01-01T00:00:00Z"
VOLATILE = ("mapping_version", "export_id", "first_seen", "last_changed", "review_due", "purge_after")


@dataclass(frozen=True)
class SampleRun:
    """One export of a sample. ``records`` and ``rejects`` by record type, as dictionaries without empty columns."""

    files: tuple[str, ...]
    finished: Finished
    records: dict[str, list[dict[str, Any]]]
    rejects: dict[str, list[dict[str, Any]]]


def run_sample(root: Path, source_id: str, into: Path, folder: Path | None = None) -> tuple[SampleRun, ...]:
    """Every export of the source's ``sample`` folder (or of ``folder``), each from an empty store, oldest first."""
    from comity.standard import load_standard

    standard = load_standard(root / "standard")
    adapter_folder = adapter_folders(root)[source_id]
    source = load_source(root, adapter_folder, standard)
    folder = folder or adapter_folder / "sample"
    runs = []
    for number, files in enumerate(sample_exports(source.adapter, folder, into)):
        runs.append(_run(source, standard, files, into / f"export-{number}"))
    return tuple(runs)


def _run(source: Any, standard: Any, files: tuple[ExportFile, ...], into: Path) -> SampleRun:
    from comity.mappings.normalise import Limits, connect
    from comity.mappings.text_steps import sql_text

    limits = Limits("512MB", 1, into / "spill")
    finished = try_export(source, standard, files, RECEIVED_AT, into, limits).finished
    files_of: dict[str, list[str]] = {plan.record_type: [] for plan in source.plans}
    for file in finished.files:
        files_of[file.record_type].append(str(file.path))
    rejects: dict[str, list[dict[str, Any]]] = {plan.record_type: [] for plan in source.plans}
    with connect(limits) as connection:
        records = {
            name: _rows(
                connection, f"read_parquet([{', '.join(map(sql_text, paths))}])", "source_row, record_id"
            )
            if paths
            else []
            for name, paths in files_of.items()
        }
        for path, _ in finished.rejects:
            for row in _rows(connection, f"read_parquet({sql_text(str(path))})", "source_row"):
                rejects[row["record_type"]].append(row)
    return SampleRun(tuple(each.name for each in files), finished, records, rejects)


def _rows(connection: Any, relation: str, order: str) -> list[dict[str, Any]]:
    """Rows as JSON values; NULL and empty lists are left out, so that a person can read what is there."""
    import json

    found = connection.execute(
        f"SELECT CAST(to_json(r) AS VARCHAR) FROM (SELECT * FROM {relation} ORDER BY {order}) r"
    )
    rows = [json.loads(row[0]) for row in found.fetchall()]
    return [
        {key: value for key, value in row.items() if value not in (None, []) and key not in VOLATILE}
        for row in rows
    ]


def sample_exports(adapter: Adapter, folder: Path, into: Path) -> Iterator[tuple[ExportFile, ...]]:
    """The files of every export in ``folder``, oldest first; of a database, the snapshot of the sample's script."""
    from comity.adapters.part import ExportFile

    if adapter.delivery.database is not None:
        with sample_database(adapter.delivery.database.url, folder, into):
            yield (snapshot_task(adapter, into / "snapshot"),)
        return
    paths = waiting_files(folder, adapter)
    files = tuple(InboxFile(path, _sha256(path), path.stat().st_size) for path in sorted(paths))
    for delivery in deliveries(files, together=adapter.delivery.together):
        yield tuple(ExportFile(file.path.name, file.path, file.sha256, file.size) for file in delivery.files)


@contextmanager
def sample_database(url: str, folder: Path, into: Path) -> Iterator[str]:
    """A SQLite database made of the sample's ``.sql`` script, where the variables in the adapter's URL point."""
    import sqlite3

    into.mkdir(parents=True, exist_ok=True)
    path = into / "sample.sqlite"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    scripts: Sequence[Path] = sorted(folder.glob("*.sql"))
    for script in scripts:
        connection.executescript(script.read_text("utf-8"))
    connection.close()
    names = re.findall(r"\$\{(\w+)\}", url)
    before = {name: os.environ.get(name) for name in names}
    try:
        os.environ.update(dict.fromkeys(names, f"sqlite:///{path}"))
        yield str(path)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
