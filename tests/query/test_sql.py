"""``comity sql``: one question, an answer in any format, and errors that point at the analyst's own text."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.query.conftest import Said

    Comity = Callable[..., Said]

PROGRAM = (sys.executable, "-c", "from comity.cli.main import main; main()")


def test_an_answer_is_a_table(comity: Comity, data: Path) -> None:
    said = comity(data, "sql", "SELECT owner_country, count(*) AS cars FROM vehicle GROUP BY 1 ORDER BY 1")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "owner_country  cars", "─────────────  ────", "AA                5", "BB                4", "(2 rows)"
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_format_to_the_screen_and_to_a_file_is_the_same(
    comity: Comity, data: Path, tmp_path: Path, form: str
) -> None:
    query = "SELECT plate, first_seen FROM vehicle ORDER BY plate, source_id"
    shown = comity(data, "sql", query, "--format", form)
    path = tmp_path / "answer"
    quiet = comity(data, "sql", query, "--format", form, "--output", str(path))
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert path.read_text("utf-8") == shown.out
    assert path.stat().st_mode & 0o777 == 0o600


def test_parquet_goes_to_a_file_and_to_a_pipe(comity: Comity, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    assert comity(data, "sql", "FROM vehicle", "--output", str(path)).code == 0  # the ending says it all
    assert pq.read_table(path).num_rows == 9
    piped = subprocess.run(
        [*PROGRAM, "--data", str(data), "sql", "SELECT plate FROM vehicle", "--format", "parquet"],
        capture_output=True,
        check=True,
    )
    assert pq.read_table(io.BytesIO(piped.stdout)).num_rows == 9


def test_parquet_is_not_written_to_a_screen(
    comity: Comity, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    said = comity(data, "sql", "SELECT 1 AS n", "--format", "parquet")
    assert (said.code, said.out) == (2, "")
    assert "query.binary-to-terminal" in said.err


def test_an_ending_says_the_format(comity: Comity, data: Path, tmp_path: Path) -> None:
    for name, begins in (("a.csv", "n\n1"), ("a.JSON", "[\n"), ("a.txt", "n\n─")):
        assert comity(data, "sql", "SELECT 1 AS n", "--output", str(tmp_path / name)).code == 0
        assert (tmp_path / name).read_text("utf-8").startswith(begins)


def test_a_reader_that_stops_early_is_no_error(data: Path) -> None:
    program = subprocess.Popen(
        [*PROGRAM, "--data", str(data), "sql", "FROM range(10_000_000)", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None and program.stderr is not None
    program.stdout.readline()
    program.stdout.close()
    assert program.stderr.read() == b""
    assert program.wait() == 0


def test_a_question_from_a_file_or_from_standard_input(
    comity: Comity, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "question.sql"
    file.write_text("SELECT count(*) AS n\n-- of all\nFROM vehicle;\n", "utf-8")
    assert comity(data, "sql", f"@{file}", "--format", "csv").out == "n\n9\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 2 AS n"))
    assert comity(data, "sql", "-", "--format", "csv").out == "n\n2\n"
    assert "query.unreadable-query" in comity(data, "sql", "@nowhere.sql").err


def test_of_several_statements_the_last_is_answered(comity: Comity, data: Path) -> None:
    said = comity(
        data, "sql",
        "CREATE TEMP TABLE found AS SELECT * FROM vehicle WHERE owner_country = 'AA'; SELECT count(*) AS n FROM found;",
        "--format", "csv",
    )  # fmt: skip
    assert said.out == "n\n5\n"


def test_a_statement_that_only_prepares_others_shows_nothing(comity: Comity, data: Path) -> None:
    for query in ("CREATE TEMP VIEW a AS SELECT 1", "SET VARIABLE x = 1", "BEGIN"):
        said = comity(data, "sql", query)
        assert (said.code, said.out, said.err) == (0, "", "")


def test_an_older_release_is_asked_by_its_number(comity: Comity, data: Path) -> None:
    query = "SELECT count(*) AS n, (SELECT max(release) FROM releases) AS release FROM vehicle"
    assert comity(data, "sql", query, "--format", "csv").out == "n,release\n9,2\n"
    assert comity(data, "sql", query, "--format", "csv", "--release", "1").out == "n,release\n7,1\n"
    said = comity(data, "sql", query, "--release", "3")
    assert said.code == 1 and "store.unknown-release" in said.err


def test_a_file_of_ones_own_is_read_when_it_is_named(comity: Comity, data: Path, tmp_path: Path) -> None:
    own = tmp_path / "plates.csv"
    own.write_text("plate,why\nAB1,seen\n")
    query = f"SELECT count(*) AS n FROM vehicle JOIN read_csv('{own}') USING (plate)"
    assert "query.not-allowed" in comity(data, "sql", query).err
    assert comity(data, "sql", query, "--read", str(own), "--format", "csv").out == "n\n2\n"
    assert "query.unreadable-file" in comity(data, "sql", query, "--read", "nowhere.csv").err


@pytest.mark.parametrize(
    ("query", "code", "place", "named"),
    [
        ("SELCT 1", "query.bad-sql", "SQL:1:1", "SELCT"),
        ("SELECT 'open", "query.bad-sql", "SQL:1:8", "unterminated"),
        ("SELECT 1;\n\nSELECT FROM vehicle WHER x", "query.bad-sql", "SQL:3", "syntax error"),
        ("SELECT count(*) FROM vehicel", "query.unknown-name", "SQL:1:22", '"vehicle"'),
        ("SELECT plate,\n  colr\nFROM vehicle", "query.unknown-column", "SQL:2:3", '"colour"'),
        ("SELECT '日本', colr FROM vehicle", "query.unknown-column", "SQL:1:14", '"colour"'),
        ("SELECT\tcolr FROM vehicle", "query.unknown-column", "SQL:1:8", '"colour"'),
        (f"SELECT {'plate, ' * 60}colr FROM vehicle", "query.unknown-column", "SQL:1:428", '"colour"'),
        ("CREATE TEMP TABLE a AS SELECT 1;\n  SELECT colr FROM vehicle", "query.unknown-column", "SQL:2:10", "colour"),
        ("SELECT vehicle.colr FROM vehicle", "query.unknown-column", "SQL:1:8", "did you mean colour"),
        ("SELECT nosuch(plate) FROM vehicle", "query.unknown-name", "SQL:1:8", "nosuch"),
        ("", "query.bad-sql", None, "no statement"),
        (" ; -- nothing", "query.bad-sql", None, "no statement"),
    ],
)  # fmt: skip
def test_an_error_points_at_the_place_and_names_what_was_meant(
    comity: Comity, data: Path, query: str, code: str, place: str | None, named: str
) -> None:
    said = comity(data, "sql", query)
    assert said.code == 2
    assert said.out == ""
    assert f"[{code}]" in said.err
    assert named in said.err
    if place:
        assert f"  at     {place}" in said.err
    assert "Traceback" not in said.err


def test_an_error_while_answering_has_no_false_place(comity: Comity, data: Path) -> None:
    said = comity(data, "sql", "SELECT plate::INTEGER FROM vehicle")
    assert "[query.failed]" in said.err
    assert "Could not convert string 'AB0'" in said.err
    assert "  at  " not in said.err


@pytest.mark.parametrize(
    "command", [["sql", "SELECT 1"], ["shell"], ["trace", "f" * 32], ["rejects"], ["releases"]]
)
@pytest.mark.parametrize("exists", [True, False], ids=["empty", "missing"])
def test_asking_where_nothing_was_published_makes_nothing(
    comity: Comity, tmp_path: Path, command: list[str], exists: bool
) -> None:
    data = tmp_path / "data"
    if exists:
        data.mkdir()
    said = comity(data, *command)
    assert said.code in (1, 2)
    assert "query.nothing-published" in said.err or "store.no-ledger" in said.err
    assert str(data) in said.err
    assert not data.exists() or list(data.iterdir()) == []


def test_a_published_file_that_is_gone_is_named(comity: Comity, tmp_path: Path) -> None:
    store = small.open_store(tmp_path)
    small.publish(store, {"aa-cars": 3})
    store.files()[0].path.unlink()
    said = comity(tmp_path, "sql", "SELECT count(plate) FROM vehicle")
    assert said.code == 2
    assert "query.unreadable-file" in said.err
    assert store.files()[0].path.name in said.err


def test_a_damaged_views_file_says_how_to_write_it_anew(comity: Comity, tmp_path: Path) -> None:
    store = small.open_store(tmp_path)
    small.publish(store, {"aa-cars": 3})
    store.layout.views_file.write_bytes(b"no database")
    said = comity(tmp_path, "sql", "SELECT 1")
    assert said.code == 2
    assert "comity store views" in said.err
    assert comity(tmp_path, "store", "views").code == 0
    assert json.loads(
        comity(tmp_path, "sql", "SELECT count(*) AS n FROM vehicle", "--format", "json").out
    ) == [{"n": 3}]
