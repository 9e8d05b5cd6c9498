"""``comity releases``, ``rejects``, ``store`` and ``trace`` on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.store import Store
    from tests.query.conftest import Said

    Comity = Callable[..., Said]


def test_releases_are_listed_last_first(comity: Comity, data: Path) -> None:
    said = comity(data, "releases")
    assert said.code == 0
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert "9 records" in lines[0] and "7 records" in lines[1]
    listed = json.loads(comity(data, "releases", "--json").out)
    assert [(release["number"], release["records"]) for release in listed] == [(2, 9), (1, 7)]


def test_a_store_without_a_release_says_so(comity: Comity, tmp_path: Path) -> None:
    small.open_store(tmp_path)
    assert comity(tmp_path, "releases").out == "Nothing has been published yet.\n"
    assert json.loads(comity(tmp_path, "releases", "--json").out) == []


def _reject(store: Store, source: str, rows: list[tuple[int, str, str, str | None]]) -> str:
    """A run in which rows (number, code, message, column) of one source were rejected."""
    run_id = store.begin_run()
    path = store.layout.staging_of(run_id) / "rejects.parquet"
    store.record_source(source, source[:2].upper())
    reasons = [[{"code": code, "column": column, "message": message}] for _, code, message, column in rows]
    columns = {
        "run_id": [run_id] * len(rows),
        "source_id": [source] * len(rows),
        "record_type": ["vehicle"] * len(rows),
        "source_row": [row[0] for row in rows],
        "raw": ["secret;cell"] * len(rows),
        "reasons": pa.array(reasons),
    }
    pq.write_table(pa.table(columns), path)
    store.record_rejects(run_id, source, small.EXPORT, path, len(rows))
    store.end_run(run_id, "succeeded")
    return run_id


def test_rejects_are_grouped_by_reason(comity: Comity, tmp_path: Path) -> None:
    store = small.open_store(tmp_path)
    assert comity(tmp_path, "rejects").code == 2  # no run has ended yet
    first = _reject(
        store, "aa-cars", [(9, "mapping.key-missing", "every field of the key is empty", "source_key")]
    )
    assert "mapping.key-missing" in comity(tmp_path, "rejects").out
    again = [(row, "mapping.required-missing", "a column is empty", "make") for row in (7, 3)]
    _reject(store, "aa-cars", [*again, (1, "read.column-count", "9 cells, not 8", None)])
    _reject(store, "bb-cars", [(5, "read.column-count", "9 cells, not 8", None)])
    said = comity(tmp_path, "rejects")
    lines = said.out.splitlines()
    assert len(lines) == 3  # of the last run of each source
    assert "aa-cars" in lines[0] and " 2 " in lines[0] and "mapping.required-missing make" in lines[0]
    assert "(first: row 3, 7)" in lines[0]
    assert "secret" not in said.out
    assert comity(tmp_path, "rejects", "--source", "bb-cars").out.splitlines() == [lines[2]]
    assert "mapping.key-missing" in comity(tmp_path, "rejects", "--run", first).out
    assert comity(tmp_path, "rejects", "--run", "another").out == "No rejected rows.\n"
    mistyped = comity(tmp_path, "rejects", "--source", "aa-cras")
    assert mistyped.code == 2 and "did you mean 'aa-cars'?" in mistyped.err


def test_a_message_of_a_reject_commands_no_terminal(comity: Comity, tmp_path: Path) -> None:
    _reject(small.open_store(tmp_path), "aa-cars", [(1, "read.x", "a\x1b[31mred\nnext", None)])
    assert "read.x: a␤[31mred␤next (first: row 1)\n" in comity(tmp_path, "rejects").out


def test_a_sweep_says_what_it_removed(comity: Comity, tmp_path: Path) -> None:
    store = small.open_store(tmp_path)
    small.publish(store, {"aa-cars": 3})
    assert comity(tmp_path, "store", "sweep").out == "0 files removed.\n"
    (store.layout.rejects / "stray.parquet").write_bytes(b"x")
    assert comity(tmp_path, "store", "sweep").out == "1 file removed.\n"


def test_views_of_any_release_are_written_for_other_programs(
    comity: Comity, data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "one.duckdb"
    said = comity(data, "store", "views", "--release", "1", "--output", str(path))
    assert (said.code, said.out) == (0, f"Written: {path}\n")
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM vehicle").fetchall() == [(7,)]
    assert comity(data, "store", "views", "--release", "1").code == 2
    assert comity(data, "store", "views").code == 0


@pytest.mark.parametrize("command", [("sweep",), ("views",), ("views", "--output", "x.duckdb")])
def test_a_mistyped_folder_is_not_made(comity: Comity, tmp_path: Path, command: tuple[str, ...]) -> None:
    said = comity(tmp_path / "daat", "store", *command)
    assert said.code == 1
    assert "store.no-data-folder" in said.err
    assert not (tmp_path / "daat").exists()


@pytest.mark.slow
def test_trace_on_the_command_line(comity: Comity, night: object) -> None:
    data = night.data_dir  # type: ignore[attr-defined]
    query = "SELECT any_value(record_id) FROM vehicle WHERE source_id = 'us-vehicles'"
    record = comity(data, "sql", query, "--format", "csv").out.splitlines()[1]
    said = comity(data, "trace", record)
    assert said.code == 0
    assert said.out.startswith(f"vehicle {record}\n")
    assert json.loads(comity(data, "trace", record, "--json").out)["record_id"] == record
    unknown = comity(data, "trace", "nobody")
    assert unknown.code == 2
    assert "query.unknown-record" in unknown.err


def test_an_ending_that_says_no_format_is_no_table_by_chance(
    comity: Comity, data: Path, tmp_path: Path
) -> None:
    said = comity(data, "sql", "SELECT 1", "--output", str(tmp_path / "answer.xls"))

    assert said.code == 2 and "query.unknown-format" in said.err and "did you mean 'xlsx'?" in said.err
    assert list(tmp_path.iterdir()) == []
    assert comity(data, "sql", "SELECT 1", "--output", str(tmp_path / "answer.txt")).code == 0
