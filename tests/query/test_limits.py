"""A question that runs away ends at a limit, says which, and leaves the connection alive."""

from __future__ import annotations

import io
from queue import Queue
from typing import TYPE_CHECKING, cast

import duckdb
import pytest

from comity.cli.stop import stopping
from comity.config.settings import Settings
from comity.errors import ConfigError, QueryError
from comity.query.federation import ask, open_federation
from comity.query.limits import Limits, limits_of, within
from comity.query.output import output_file, write
from tests.query.test_guard import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.query.federation import Federation
    from tests.query.conftest import Said

    Comity = Callable[..., Said]

LIMITS = Limits("100MB", 0.3, 100_000_000)
ENDLESS = (
    "SELECT count(*) FROM range(10_000_000) a, range(10_000_000) b WHERE hash(a.range + b.range) = 7",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "SELECT sum(x) FROM generate_series(1, 1_000_000_000_000) AS g(x)",
    "FROM query('SELECT max(md5(range::VARCHAR)) FROM range(1_000_000_000_000)')",
    "FROM range(1_000_000_000_000)",
)
BOMBS = (
    "SELECT repeat('x', 3_000_000_000) AS t",
    "SELECT list(range) FROM range(1_000_000_000)",
    "SELECT range(2_000_000_000) AS l",
    "SELECT string_agg(repeat('x', 1_000_000)) FROM range(10_000)",
)


def _code(data: Path, query: str, limits: Limits) -> str:
    """The code of the error that the question ends with; the connection answers the next one."""
    with (
        open_federation(Settings(data, ROOT), limits=limits) as federation,
        federation.connect() as connection,
    ):
        with pytest.raises(QueryError) as error, within(connection, limits):
            answer = ask(connection, query)
            assert answer is not None
            write(answer, "csv", io.BytesIO() if "FROM range(1_0" not in query[:20] else _Nowhere())
        assert error.value.remedy
        assert connection.execute("SELECT 42").fetchall() == [(42,)]
        return error.value.code


class _Nowhere(io.BytesIO):
    def write(self, text: object) -> int:
        return 0


@pytest.mark.parametrize("query", ENDLESS)
def test_a_question_without_end_is_stopped(data: Path, query: str) -> None:
    assert _code(data, query, LIMITS) == "query.timed-out"


@pytest.mark.parametrize("query", BOMBS)
def test_a_question_that_wants_all_memory_is_stopped(data: Path, query: str) -> None:
    assert _code(data, query, Limits("100MB", 30, 100_000_000)) == "query.out-of-memory"


def test_temporary_files_are_bounded(data: Path) -> None:
    query = "SELECT i, md5(i::VARCHAR) AS h FROM range(3_000_000) t(i) ORDER BY h"
    assert _code(data, query, Limits("40MB", 60, 1_000_000)) == "query.out-of-memory"
    assert limits_of(Settings(data, ROOT, query_memory="1GB")).spill == 10_000_000_000


def test_the_command_line_stops_a_question(comity: Comity, data: Path) -> None:
    said = comity(data, "sql", "--timeout", "0.2", ENDLESS[0])
    assert said.code == 2
    assert "[query.timed-out]" in said.err and "0.2 seconds" in said.err
    said = comity(data, "sql", "--memory", "50MB", BOMBS[0])
    assert (said.code, "[query.out-of-memory]" in said.err) == (2, True)
    assert "--memory" in said.err
    said = comity(data, "sql", "--memory", "much", "SELECT 1")
    assert (said.code, "2GB" in said.err) == (2, True)


def test_the_shell_goes_on_after_a_limit(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from comity.query.shell import run_shell

    out = io.BytesIO()
    with open_federation(Settings(data, ROOT)) as federation, federation.connect() as connection:
        lines = [f"{ENDLESS[0]};\n", "SELECT 42 AS n;\n"]
        assert run_shell(connection, lines, out, interactive=True, form="csv", limits=LIMITS) == 0
    assert out.getvalue().endswith(b"n\n42\n")


def test_limits_come_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from comity.config.settings import load_settings

    monkeypatch.setenv("COMITY_QUERY_MEMORY", "3GB")
    monkeypatch.setenv("COMITY_QUERY_TIMEOUT", "90s")
    assert limits_of(load_settings(start=tmp_path)) == Limits("3GB", 90.0, 30_000_000_000)
    assert limits_of(load_settings(start=tmp_path), "1GB", 0).seconds is None
    monkeypatch.setenv("COMITY_QUERY_TIMEOUT", "soon")
    with pytest.raises(ConfigError) as error:
        load_settings(start=tmp_path)
    assert "query_timeout" in error.value.message


def test_a_question_that_no_interrupt_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside one function over a long text DuckDB does not look whether it was interrupted."""
    monkeypatch.setattr("comity.query.limits._PATIENCE", 0.0)
    given_up: Queue[QueryError] = Queue()

    with duckdb.connect() as connection, within(connection, Limits(None, 0.01), given_up.put):
        error = given_up.get(timeout=10)

    assert error.code == "query.timed-out" and "0.01 seconds" in error.message


def test_a_process_that_is_given_up_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Opened:
        closed = False

        def close(self) -> None:
            self.closed = True

    opened, ended = Opened(), []
    monkeypatch.setattr("comity.cli.stop.os._exit", ended.append)

    with output_file(tmp_path / "answer.csv") as file:
        file.write(b"half")
        [begun] = tmp_path.iterdir()
        stopping(cast("Federation", opened))(QueryError("query.timed-out", "Too long"))
        assert list(tmp_path.iterdir()) == []
        begun.touch()  # for the test, whose process goes on

    assert (ended, opened.closed) == ([2], True) and "query.timed-out" in capsys.readouterr().err
