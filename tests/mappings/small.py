"""A small standard and a way to run a mapping over a few rows, for the tests of the mapping compiler.

The record type ``specimen`` has a column of every type; a test maps one field to one of them and looks at what comes.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.mappings.compile import compile_source
from comity.mappings.context import Context, Envelope
from comity.mappings.duplicates import settle_duplicates
from comity.mappings.normalise import Limits, Outcome, Rows, connect, normalise
from comity.mappings.plan import Plan, Provenance
from comity.mappings.source_field import SourceField
from comity.standard import Column, RecordType, Standard, load_standard
from comity.standard.column import expand_partial_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

ROOT = Path(__file__).parents[2]
SOURCE = "test-source"
PROVENANCE = Provenance("e" * 64, "2026-01-31T12:00:00Z", "0123456789ab")
CROSSWALK = "source_code,label,standard_code,relation,status,reviewer,date\n"
# What is trimmed from the ends of every cell: Unicode's separators of space.
BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

_OWN = (
    Column("text", "text", 101),
    Column("code", "code", 102, code_list="colour"),
    Column("integer", "integer", 103, minimum=0, maximum=300),
    Column("bigint", "bigint", 104),
    Column("decimal", "decimal", 105),
    Column("double", "double", 106),
    Column("boolean", "boolean", 107),
    Column("day", "date", 108),
    Column("moment", "timestamp", 109),
    *expand_partial_date(Column("date", "partial_date", 110)),
    Column("texts", "list<text>", 113),
    Column("codes", "list<code>", 114, code_list="colour"),
    Column("structs", "list<struct>", 115, fields=(
        Column("name", "text", 11501),
        Column("kind", "code", 11502, code_list="name_type"),
        Column("year", "integer", 11503),
    )),
    Column("country", "code", 116, code_list="country"),
    Column("vin_status", "code", 117, code_list="vin_status"),
    Column("mrz_status", "code", 118, code_list="mrz_status"),
    Column("check_status", "code", 119, code_list="check_status"),
    Column("relation", "code", 120, code_list="map_relation"),
    Column("record_ref", "text", 121, pattern="^[0-9a-f]{32}$"),
    Column("record_ids", "list<text>", 122, pattern="^[0-9a-f]{32}$"),
    Column("bounded", "bigint", 123, minimum=-5, maximum=5),
)  # fmt: skip


@lru_cache
def standard() -> Standard:
    """The repository's standard, and three record types more: ``specimen``, ``demanding`` and ``part``."""
    whole = load_standard(ROOT / "standard")
    identity, account = whole.envelope[:4], whole.envelope[4:]

    def kind(name: str, *own: Column) -> RecordType:
        return RecordType(name, name.title(), "For tests.", "own", (*identity, *own, *account))

    demanding = tuple(replace(column, required=column.name in ("text", "code")) for column in _OWN)
    ours = {
        "specimen": kind("specimen", *_OWN),
        "demanding": kind("demanding", *demanding),
        "part": kind("part", *_OWN),
    }
    return replace(whole, record_types=whole.record_types | ours)


@dataclass(frozen=True)
class Result:
    """What rows became: records and rejects in the order of their rows, and the outcome that was told."""

    records: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    outcome: Outcome
    plan: Plan

    @property
    def reasons(self) -> list[str]:
        """``column:code`` of every reason, in order."""
        return [f"{reason['column']}:{reason['code']}" for row in self.rejects for reason in row["reasons"]]

    def column(self, name: str) -> list[Any]:
        return [record.get(name) for record in self.records]

    def flags(self) -> list[list[str]]:
        return [record["quality_flags"] for record in self.records]


def fields(*names: str | SourceField) -> tuple[SourceField, ...]:
    return tuple(SourceField(name) if isinstance(name, str) else name for name in names)


def records_field(name: str, *children: str | SourceField) -> SourceField:
    return SourceField(name, "records", fields(*children))


def write(folder: Path, mappings: Mapping[str, str], crosswalks: Mapping[str, str] | None = None) -> Path:
    """A mapping folder: ``mappings`` by file stem without ``source:``, ``crosswalks`` without their header."""
    place = folder / "mappings" / SOURCE
    place.mkdir(parents=True, exist_ok=True)
    for name, text in mappings.items():
        text = textwrap.dedent(text).strip("\n")
        (place / f"{name}.yaml").write_text(f"source: {SOURCE}\n{text}\n", "utf-8")
    for name, text in (crosswalks or {}).items():
        (place / f"{name}.csv").write_text(CROSSWALK + textwrap.dedent(text).lstrip("\n"), "utf-8")
    return place


def compile_all(
    folder: Path,
    mappings: Mapping[str, str] | str,
    known: Sequence[str | SourceField],
    crosswalks: Mapping[str, str] | None = None,
    envelope: Envelope | None = None,
) -> tuple[Plan, ...]:
    """The plans of a source with these mappings; one text alone is that of ``specimen``."""
    texts = {"specimen": mappings} if isinstance(mappings, str) else mappings
    place = write(folder, texts, crosswalks)
    context = Context(SOURCE, standard(), fields(*known), envelope or Envelope("NZ", "RESTRICTED"), place)
    return compile_source(context)


def run(
    folder: Path,
    mapping: str,
    rows: Iterable[Mapping[str, Any]],
    known: Sequence[str | SourceField] = ("id", "cell"),
    crosswalks: Mapping[str, str] | None = None,
    envelope: Envelope | None = None,
) -> Result:
    """The rows through one mapping, duplicates settled; a field that a row does not give is missing."""
    (plan,) = compile_all(folder, mapping, known, crosswalks, envelope)
    return run_plan(folder, plan, rows, known)


def run_plan(
    folder: Path, plan: Plan, rows: Iterable[Mapping[str, Any]], known: Sequence[str | SourceField]
) -> Result:
    with connect(Limits("512MB", 1, folder / "spill")) as connection:
        delivered = deliver(connection, list(rows), fields(*known))
        outcome = normalise(connection, plan, delivered, PROVENANCE, "run", folder / "out")
        settled = settle_duplicates(connection, plan, [(delivered, outcome)], PROVENANCE, "run")
        order = "source_row, source_key, record_id"
        records = _read(connection, [each.records_path for each in settled], order)
        rejects = _read(connection, [each.rejects_path for each in settled], "source_row")
    return Result(records, rejects, _together(settled), plan)


def deliver(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]], known: tuple[SourceField, ...]
) -> Rows:
    """The rows as a table ``export`` with the shapes that readers give: text, lists of text, lists of JSON."""
    import pyarrow as pa

    lists = pa.list_(pa.string())
    columns: dict[str, pa.Array] = {"source_row": pa.array(range(1, len(rows) + 1), pa.int64())}
    for field in known:
        cells = [row.get(field.name) for row in rows]
        if field.shape == "records":
            cells = [cell and [json.dumps(item, ensure_ascii=False) for item in cell] for cell in cells]
        columns[field.name] = pa.array(cells, pa.string() if field.shape == "text" else lists)
    connection.register("arrived", pa.table(columns))
    typed = ", ".join(
        f'CAST("{field.name}" AS JSON[]) AS "{field.name}"' for field in known if field.shape == "records"
    )
    replaced = f" REPLACE ({typed})" if typed else ""
    connection.execute(f"CREATE OR REPLACE TABLE export AS SELECT *{replaced} FROM arrived")
    raw = "SELECT source_row, 'row ' || source_row AS raw FROM export"
    return Rows("SELECT * FROM export", raw, len(rows), ((1, "export.csv"),))


def one(
    folder: Path,
    column: str,
    rule: str,
    *cells: str | None,
    crosswalks: Mapping[str, str] | None = None,
    known: Sequence[str] = ("id", "cell"),
) -> list[tuple[Any, list[str]]]:
    """For each cell the value of ``column`` by ``rule`` (YAML in one line) and the flags of the record."""
    mapping = f"record: specimen\nkey: [id]\nfields:\n  {column}: {rule}\n"
    unread = [name for name in known if name != "id" and name not in rule]
    mapping += "".join(f"ignored: {{{name}: not needed}}\n" for name in unread)
    rows = [{"id": str(number), "cell": cell} for number, cell in enumerate(cells, 1)]
    result = run(folder, mapping, rows, known, crosswalks)
    by_row = {record["source_row"]: record for record in result.records}
    assert len(by_row) == len(cells), result.rejects
    return [(by_row[nr].get(column), by_row[nr]["quality_flags"]) for nr in range(1, len(cells) + 1)]


def _together(settled: Sequence[Outcome]) -> Outcome:
    """The outcomes of one part's files as that of the part."""
    counts = ("rows", "accepted", "rejected", "not_selected", "records")
    return replace(settled[0], **{name: sum(getattr(each, name) for each in settled) for name in counts})  # type: ignore[arg-type]


def _read(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path | None], order: str
) -> list[dict[str, Any]]:
    there = [str(path) for path in paths if path is not None]
    if not there:
        return []
    return (
        connection.sql(f"SELECT * FROM read_parquet({there}) ORDER BY {order}").to_arrow_table().to_pylist()
    )
