"""Rules that run on distinct texts give what the mapping's one statement gives, whatever repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from comity.mappings.normalise import Limits, connect, fill_lookups, normalise
from comity.mappings.record_file import drop_records
from comity.mappings.staged import Numbering, stage_rows
from comity.mappings.text_results import TextResults
from comity.mappings.unmapped import counted_in_rows, unmapped_codes
from tests.mappings.small import PROVENANCE, compile_all, deliver, fields, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from comity.mappings.plan import Plan

MAPPING = """
record: demanding
key: [id]
fields:
  text: {join: [id, state]}
  code: {from: state, apply: [lower], codes: colour, unmapped: reject}
  date: {from: born, date: ["%d.%m.%Y", "%Y"]}
  codes: {from: items, split: ",", codes: colour}
  integer: {from: size, integer: true, zero_is_missing: true}
  structs: [{name: state, kind: {constant: alias}}]
"""
COLOURS = """
r,,red,exact,approved,,2026-01-01
g,,green,exact,approved,,2026-01-01
"""
KNOWN = ("id", "state", "born", "items", "size")


def test_the_records_are_those_of_the_statement(tmp_path: Path) -> None:
    rows = [
        {
            "id": f"{number}" if number % 97 else None,
            "state": "lost" if number % 50 == 0 else ("r", " G ", "R")[number % 3],
            # More of them than are taken for few, and twice as many rows.
            "born": f"{1 + number % 28:02}.{1 + number % 12:02}.{1900 + number % 90}"
            if number % 7
            else "soon",
            "items": ("r,g", "g,?", None, "g, r,,g")[number % 4],
            "size": (None, "0", "170", "999", "x")[number % 5],
        }
        for number in range(10_000)
    ]
    mapping = MAPPING.replace("structs: [", "structs: {structs: [").replace("alias}}]", "alias}}]}")
    (plan,) = compile_all(tmp_path, mapping, KNOWN, {"colour": COLOURS})
    with connect(Limits("512MB", 2, tmp_path / "spill")) as connection:
        delivered = deliver(connection, rows, fields(*KNOWN))
        staged = stage_rows(connection, delivered)
        outcome = normalise(connection, plan, staged, PROVENANCE, "run", tmp_path / "out")
        fill_lookups(connection, plan, delivered.scan)
        stated = plan.record_sql(delivered.scan, PROVENANCE)
        made = connection.sql(f"SELECT * FROM ({stated}) ORDER BY source_row").to_arrow_table().to_pylist()
        connection.execute(f"CREATE TEMP TABLE set_aside AS {plan.set_aside_sql(delivered.scan)}")
        unmapped = unmapped_codes(plan, counted_in_rows(connection))
        written = connection.sql(f"SELECT * FROM '{outcome.records_path}' ORDER BY source_row")
        records = written.to_arrow_table().to_pylist()

    assert set(staged.repeating) == {"state", "born", "items", "size"}
    assert 0 < outcome.rejected < outcome.accepted == len(records)
    assert records == made
    assert outcome.unmapped == unmapped
    assert [(each.code, each.count, each.example_row) for each in unmapped] == [
        ("lost", 200, 1),
        ("?", 2500, 2),
    ]
    assert len({tuple(record["quality_flags"]) for record in records}) > 5


def test_what_reads_no_field_is_looked_up_too(tmp_path: Path) -> None:
    mapping = """
    record: demanding
    key: [id]
    fields: {text: state, code: {constant: red}, date: {sql: "'01.05.2020'", date: "%d.%m.%Y"}}
    """
    rows = [{"id": "1", "state": "r"}, {"id": "2", "state": "g"}]

    records = run(tmp_path, mapping, rows, ("id", "state")).records

    assert [(record["text"], record["date"]) for record in records] == [
        ("r", "2020-05-01"),
        ("g", "2020-05-01"),
    ]


def test_a_text_is_worked_out_once_in_all_parts(tmp_path: Path) -> None:
    """Later parts bring texts that are new, none that are, and none that stood before."""
    plan, parts = _parts_of_five(tmp_path)
    with connect(Limits("512MB", 1, tmp_path / "spill")) as connection:
        numbering, texts, alone, together = Numbering(), TextResults(plan, PROVENANCE), [], []
        for number, rows in enumerate(parts):
            delivered = deliver(connection, rows, fields(*KNOWN))
            outcome = normalise(connection, plan, delivered, PROVENANCE, "run", tmp_path / f"a{number}")
            alone.append((_read(connection, outcome.records_path), outcome.rejected, outcome.unmapped))
            staged = stage_rows(connection, delivered, numbering=numbering)
            outcome = normalise(connection, plan, staged, PROVENANCE, "run", tmp_path / f"b{number}", texts)
            together.append((_read(connection, outcome.records_path), outcome.rejected, outcome.unmapped))

    assert together == alone
    assert [len(records) for records, _, _ in alone] == [3000, 2000, 3000, 3000, 2000]
    assert numbering.begun == {"size": 1}
    assert texts.made["state"]["code"].to_pylist() == [None, "red", "green", "red", "green", None]


def test_the_example_of_an_unmapped_code_is_its_first_row_in_whatever_order_rows_are_read(
    tmp_path: Path,
) -> None:
    plan, (_, rows, *_) = _parts_of_five(tmp_path)
    with connect(Limits("512MB", 1, tmp_path / "spill")) as connection:
        delivered = deliver(connection, rows[:30], fields(*KNOWN))
        read = connection.sql(f"{delivered.scan} ORDER BY source_row DESC").to_arrow_table()
        staged = stage_rows(connection, delivered, read)
        outcome = normalise(connection, plan, staged, PROVENANCE, "run", tmp_path / "out")

    assert "state" in staged.repeating
    assert [(each.code, each.count, each.example_row) for each in outcome.unmapped] == [("lost", 10, 3)]


def _parts_of_five(folder: Path) -> tuple[Plan, list[list[dict[str, str | None]]]]:
    mapping = """
    record: demanding
    key: [id]
    fields:
      text: {join: [id, state, size]}
      code: {from: state, apply: [lower], codes: colour, unmapped: reject}
      date: {from: born, date: "%d.%m.%Y"}
      integer: {from: size, integer: true}
    ignored: {items: not asked here}
    """
    (plan,) = compile_all(folder, mapping, KNOWN, {"colour": COLOURS})
    parts = [
        [
            {
                "id": f"{part} {number}",
                "state": states[number % len(states)],
                "born": f"{1 + number % 28:02}.{1 + number % 12:02}.{years[0] + number % years[1]}",
                "size": str(sizes + number % 700),
            }
            for number in range(3000)
        ]
        for part, (states, years, sizes) in enumerate(
            [
                (("r", "g", "R"), (1900, 7), 0),
                (("r", " g", "lost"), (1900, 7), 0),
                (("g", "r"), (1903, 7), 300),
                (("r",), (1800, 7), 900),
                (("g", "lost", "r"), (1803, 7), 900),
            ]
        )
    ]
    return plan, parts


def _read(connection: duckdb.DuckDBPyConnection, path: Path | None) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (
        connection.sql(f"SELECT * FROM '{path}' ORDER BY source_row").to_arrow_table().to_pylist()
    )
    return found


def test_a_file_has_no_text_that_none_of_its_records_has(tmp_path: Path) -> None:
    """A purge writes the files anew whose records it removes, and no other may remember them."""
    plan, parts = _parts_of_five(tmp_path)
    for number in range(0, 3000, 500):
        parts[1][number]["id"] = parts[1][number + 2][
            "id"
        ]  # both stand twice, so they go to a file of their own
        parts[1][number]["size"] = "777"
        parts[1][number + 1] |= {"state": "lost", "size": "778"}  # and this one is refused
        parts[1][number + 3] |= {"id": None, "born": "30.09.1750"}
    outcomes = []
    with connect(Limits("512MB", 1, tmp_path / "spill")) as connection:
        numbering, texts = Numbering(), TextResults(plan, PROVENANCE)
        for number, rows in enumerate(parts[:3]):
            delivered = deliver(connection, rows, fields(*KNOWN))
            staged = stage_rows(connection, delivered, numbering=numbering)
            outcome = normalise(connection, plan, staged, PROVENANCE, "run", tmp_path / f"{number}", texts)
            outcomes.append(outcome)
    dropped = outcomes[1].repeated_path
    assert dropped is not None
    drop_records(dropped, plan.shape, np.array([0]))

    for outcome in outcomes:
        for path in filter(None, (outcome.records_path, outcome.repeated_path)):
            for column, kept, told in _dictionaries(path):
                assert kept == told, (path.name, column)
    assert outcomes[1].repeated == 8


def _dictionaries(path: Path) -> Iterator[tuple[str, set[str | None], set[str | None]]]:
    """Of every column of text that has a dictionary: what is in it, and what the records have."""
    metadata = pq.read_metadata(path).row_group(0)
    columns = [metadata.column(place) for place in range(metadata.num_columns)]
    names = [
        column.path_in_schema
        for column in columns
        if column.has_dictionary_page and column.physical_type == "BYTE_ARRAY"
    ]
    table = pq.ParquetFile(path, read_dictionary=names).read()
    for name in names:
        column = table.column(name.partition(".")[0]).combine_chunks()
        column = column if pa.types.is_dictionary(column.type) else column.flatten()
        if pa.types.is_dictionary(column.type):
            yield name, set(column.dictionary.to_pylist()), set(column.to_pylist()) - {None}
