"""Some rows of an export as they came and as they would be published, side by side.

Invariant: the same work as in the night, in a folder that is the caller's; the store is not even opened. A row that is
shown has everything that became of it: its records, its flags, its rejections with their reasons.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from comity.adapters.part import ExportFile
from comity.nightly.sample import RECEIVED_AT, sample_exports
from comity.nightly.source import adapter_folders, load_source
from comity.nightly.trial import Trial, try_export
from comity.store.view_sql import literals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from comity.adapters.adapter import Adapter
    from comity.nightly.source import Source

Which = Literal["some", "rejected", "flagged"]
_BY_LINE = ("csv", "ndjson")
_HEAD = 16 * 2**20  # bytes of a file that is too large to be read on every save


@dataclass(frozen=True)
class Cell:
    """One column of a record: the raw cells that its rule reads, its value, and what the mapping says of it."""

    column: str
    raw: tuple[tuple[str, str | None], ...]
    value: str | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """A record that a row became. ``unused``: raw cells that no rule of this mapping reads."""

    record_type: str
    source_key: str
    cells: tuple[Cell, ...]
    unused: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Refusal:
    """Why a row, or one of the records that it could be, was refused."""

    record_type: str
    code: str
    column: str | None
    found: str | None
    message: str


@dataclass(frozen=True)
class Row:
    """One row: its cells by field, or its raw text where it could not be read; and what became of it."""

    number: int
    cells: dict[str, str | None]
    raw: str | None
    records: tuple[Made, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True)
class Preview:
    """Rows of one export. ``counts``: record type → rows accepted, rejected, not selected, and records."""

    names: tuple[str, ...]
    rows_read: int
    counts: tuple[tuple[str, int, int, int, int], ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def previews(
    root: Path,
    source_id: str,
    paths: Sequence[Path],
    into: Path,
    *,
    count: int = 6,
    numbers: Sequence[int] = (),
    which: Which = "some",
) -> Iterator[Preview]:
    """The files in ``paths`` as one export, or every export of the sample; ``numbers`` are the rows to show."""
    from comity.mappings.normalise import Limits, connect
    from comity.standard import load_standard

    standard = load_standard(root / "standard")
    folder = adapter_folders(root)[source_id]
    source = load_source(root, folder, standard)
    notes: list[str] = []
    exports = (
        iter((tuple(_file(path, source.adapter, into, notes) for path in paths),))
        if paths
        else sample_exports(source.adapter, folder / "sample", into)
    )
    for number, files in enumerate(exports):
        here = into / f"export-{number}"
        limits = Limits("512MB", 1, here / "spill")
        trial = try_export(source, standard, files, RECEIVED_AT, here, limits)
        with connect(limits) as connection:
            rows = _rows(connection, source, trial, count, numbers, which)
        counts = tuple(
            (each.record_type, each.rows_accepted, each.rows_rejected, each.rows_not_selected, each.records)
            for each in trial.finished.accounts
        )
        names = tuple(file.name for file in files)
        yield Preview(names, trial.reading.rows_read, counts, rows, (*notes, *trial.reading.notes))


def _file(path: Path, adapter: Adapter, into: Path, notes: list[str]) -> ExportFile:
    """The file, or only its head where it is large and cut at a line end without harm."""
    size = path.stat().st_size
    by_line = all(
        format.type in _BY_LINE
        and not getattr(format, "encoding", "").lower().startswith(("utf-16", "utf-32"))
        for format in adapter.formats
    )
    if size > 4 * _HEAD and by_line:
        with path.open("rb") as whole:
            head = whole.read(_HEAD)
        into.mkdir(parents=True, exist_ok=True)
        path_of_head = into / path.name
        path_of_head.write_bytes(head[: head.rfind(b"\n") + 1] or head)
        notes.append(f"only the first {_HEAD // 2**20} MB of {path.name} were read")
        return ExportFile(path.name, path_of_head, sha256_of(path_of_head), path_of_head.stat().st_size)
    return ExportFile(path.name, path, sha256_of(path), size)


def sha256_of(path: Path) -> str:
    """The hash that names an export file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows(
    connection: DuckDBPyConnection,
    source: Source,
    trial: Trial,
    count: int,
    numbers: Sequence[int],
    which: Which,
) -> tuple[Row, ...]:
    records = {
        kind: f"read_parquet({literals(paths)})"
        for kind in dict.fromkeys(file.record_type for file in trial.finished.files)
        if (paths := [file.path for file in trial.finished.files if file.record_type == kind])
    }
    paths = [path for path, _ in trial.finished.rejects]
    rejects = f"read_parquet({literals(paths)}, union_by_name = true)" if paths else None
    chosen = tuple(numbers) or _choose(connection, records, rejects, trial.reading.rows_read, count, which)
    if not chosen:
        return ()
    among = f"source_row IN ({', '.join(map(str, chosen))})"
    cells = _cells(connection, source, trial, among)
    made = {
        kind: _as_json(connection, f"SELECT * FROM {relation} WHERE {among} ORDER BY source_row, record_id")
        for kind, relation in records.items()
    }
    refused = _as_json(connection, f"SELECT * FROM {rejects} WHERE {among}") if rejects else []
    return tuple(
        Row(
            number,
            cells.get(number, {}),
            next((each["raw"] for each in refused if each["source_row"] == number), None),
            tuple(
                _made(source, kind, record, cells.get(number, {}))
                for kind, found in made.items()
                for record in found
                if record["source_row"] == number
            ),
            tuple(_refusals(refused, number)),
        )
        for number in chosen
        if number in cells or any(each["source_row"] == number for each in refused)
    )


def _choose(
    connection: DuckDBPyConnection,
    records: dict[str, str],
    rejects: str | None,
    rows_read: int,
    count: int,
    which: Which,
) -> tuple[int, ...]:
    """The first row of every reason and of every flag; with ``some``, the first rows of the export before them."""
    reasons = "SELECT min(source_row) AS row FROM {}, unnest(reasons) AS u(reason) GROUP BY reason.code, reason.column"
    flags = "SELECT min(source_row) AS row FROM {}, unnest(quality_flags) AS u(flag) GROUP BY flag"
    selects = [flags.format(relation) for relation in records.values()] if which != "rejected" else []
    if rejects and which != "flagged":
        selects.append(reasons.format(rejects))
    found = []
    if selects:
        told = connection.execute(f"SELECT DISTINCT row FROM ({' UNION ALL '.join(selects)}) ORDER BY row")
        found = [row[0] for row in told.fetchall()]
    first = list(range(1, min((count + 1) // 2, rows_read) + 1)) if which == "some" else []
    chosen = dict.fromkeys([*first, *found])
    if which == "some":
        chosen |= dict.fromkeys(range(1, min(count, rows_read) + 1))
    return tuple(sorted(list(chosen)[:count]))


def _cells(
    connection: DuckDBPyConnection, source: Source, trial: Trial, among: str
) -> dict[int, dict[str, str | None]]:
    from comity.adapters.scan import scan_sql

    cells: dict[int, dict[str, str | None]] = {}
    for part in trial.reading.parts:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {scan_sql(part, source.adapter)}")
        for row in _as_json(connection, f"SELECT * FROM staged WHERE {among}"):
            number = int(row.pop("source_row"))
            cells[number] = {name: _text(value) for name, value in row.items()}
    return cells


def _made(source: Source, kind: str, record: dict[str, Any], cells: dict[str, str | None]) -> Made:
    plan = next(plan for plan in source.plans if plan.record_type == kind)
    flags: dict[str, list[str]] = {}
    for flag in record.get("quality_flags") or ():
        column, _, reason = flag.partition(":")
        flags.setdefault(column, []).append(reason)
    # What the key is made of is used too: it stands before the columns.
    told, used = [], {name for branch in plan.branches for name in branch.rules[0].fields}
    for column, rule in plan.rules.items():
        names = [str(name) for name in rule["from"]]  # type: ignore[attr-defined]
        tops = list(dict.fromkeys(name if name in cells else name.split(".")[0] for name in names))
        used |= set(tops)
        value = _text(record.get(column))
        # Which item of a list a record was made of is not known here, so a field inside one is only named.
        raw = tuple((name, cells.get(name, "(inside a list)")) for name in names)
        if value is not None or column in flags or any(text is not None for _, text in raw) or not raw:
            told.append(Cell(column, raw, value, tuple(flags.pop(column, ()))))
    told += [Cell(column, (), _text(record.get(column)), tuple(rest)) for column, rest in flags.items()]
    unused = tuple((name, text) for name, text in cells.items() if name not in used and text is not None)
    return Made(kind, str(record["source_key"]), tuple(told), unused)


def _refusals(refused: list[dict[str, Any]], number: int) -> Iterator[Refusal]:
    for entry in refused:
        if entry["source_row"] != number:
            continue
        for reason in entry["reasons"]:
            yield Refusal(
                entry["record_type"], reason["code"], reason["column"], reason["found"], reason["message"]
            )


def _as_json(connection: DuckDBPyConnection, select: str) -> list[dict[str, Any]]:
    rows = connection.execute(f"SELECT CAST(to_json(r) AS VARCHAR) FROM ({select}) AS r").fetchall()
    return [json.loads(row[0]) for row in rows]


def _text(value: Any) -> str | None:
    if value is None or value == []:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
