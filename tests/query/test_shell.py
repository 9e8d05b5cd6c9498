"""The shell: questions from a pipe end with the first error, a person at the keyboard goes on."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from comity.query.shell import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = (sys.executable, "-c", "from comity.cli.main import main; main()")


def _piped(data: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "--data", str(data), "shell", *options], input=text, capture_output=True, text=True
    )


def test_piped_questions_are_answered_without_prompts(data: Path) -> None:
    said = _piped(
        data,
        """.format csv
-- how many; of all
SELECT count(*) AS n
FROM vehicle;
.format json
SELECT 'a;b' AS a; .tables
""",
    )
    assert said.stdout.startswith("n\n9\n")
    # What follows on the line of a question is part of the next one.
    assert said.returncode == 1
    assert "query.bad-sql" in said.stderr


def test_the_last_question_needs_no_semicolon(data: Path) -> None:
    said = _piped(
        data, "CREATE TEMP TABLE a AS FROM vehicle;\nSELECT count(*) AS n FROM a", "--format", "csv"
    )
    assert (said.returncode, said.stdout.splitlines()[-2:]) == (0, ["n", "9"])


def test_an_error_ends_a_pipe(data: Path) -> None:
    said = _piped(data, "SELECT 1 AS a;\nSELECT nosuch;\nSELECT 2 AS a;\n", "--format", "csv")
    assert (said.returncode, said.stdout) == (1, "a\n1\n")
    assert "[query.unknown-column]" in said.stderr
    assert "Traceback" not in said.stderr


def test_dot_commands(data: Path) -> None:
    said = _piped(data, ".format csv\n.tables\n.schema accounting\n.help\n.quit\nSELECT 1;\n")
    assert said.returncode == 0
    lines = said.stdout.splitlines()
    assert lines[0] == "name,records,description"
    assert any(line.startswith("vehicle,9,") for line in lines)
    assert any(line.startswith("rejects,,") for line in lines)
    assert "column,type,description" in lines
    assert any(line.startswith("rows_not_selected,BIGINT,") for line in lines)
    assert lines[-1].startswith("  .quit")


@pytest.mark.parametrize(
    ("command", "code", "named"),
    [
        (".table", "query.unknown-command", ".tables"),
        (".schema vehicel", "query.unknown-name", "'vehicle'"),
        (".schema", "query.unknown-name", "needs a name"),
        (".format parquet", "query.unknown-format", "csv"),
    ],
)
def test_a_wrong_command_names_the_right_ones(data: Path, command: str, code: str, named: str) -> None:
    said = _piped(data, command + "\n")
    assert said.returncode == 1
    assert f"[{code}]" in said.stderr
    assert named in said.stderr


def test_where_a_question_ends() -> None:
    lines = [
        "SELECT ';' -- ;\n",
        ', "a;" /* ;\n',
        "*/ ;\n",
        ".help\n",
        "SELECT\n",
        None,
        "SELECT 2;\n",
        "SELECT 3",
    ]
    assert list(statements(lines)) == [
        "SELECT ';' -- ;\n, \"a;\" /* ;\n*/ ;\n", ".help", "SELECT 2;\n", "SELECT 3"
    ]  # fmt: skip


def _reached_by_ctrl_c() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which whoever started the tests may have taken from them


class Terminal:
    """A person at a keyboard, who waits for the prompt before every line."""

    def __init__(self, data: Path, home: Path) -> None:
        self.person, screen = pty.openpty()
        self.program = subprocess.Popen(
            [*PROGRAM, "--data", str(data), "shell"],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            env={**os.environ, "HOME": str(home), "TMPDIR": str(home), "TERM": "dumb"},
            start_new_session=True,
            preexec_fn=_reached_by_ctrl_c,
        )
        os.close(screen)

    def until(self, text: str) -> str:
        """What is shown up to ``text``."""
        shown = b""
        while text.encode() not in shown:
            ready, _, _ = select.select([self.person], [], [], 60)
            assert ready, f"{text!r} never came, only: {shown!r}"
            shown += os.read(self.person, 4096)
        return shown.decode()

    def type(self, text: str) -> None:
        os.write(self.person, text.encode())

    def interrupt(self, text: str) -> str:
        """Ctrl-C, again when nothing came of it, until ``text`` is shown: between the prompt and the wait
        for a key there is a moment in which an interrupt is noted and not yet acted on.
        """
        shown = b""
        for _ in range(12):
            self.type("\x03")
            while text.encode() not in shown and select.select([self.person], [], [], 5)[0]:
                shown += os.read(self.person, 4096)
            if text.encode() in shown:
                return shown.decode()
        raise AssertionError(f"{text!r} never came, only: {shown!r}")


@pytest.fixture
def terminal(data: Path, tmp_path: Path) -> Iterator[Callable[[], Terminal]]:
    opened: list[Terminal] = []

    def open_terminal() -> Terminal:
        opened.append(Terminal(data, tmp_path))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.program.kill()
        each.program.wait()
        os.close(each.person)


def test_a_person_is_prompted_and_goes_on_after_an_error(
    terminal: Callable[[], Terminal], tmp_path: Path
) -> None:
    person = terminal()
    assert "Comity, release 2" in person.until("comity> ")
    person.type("SELECT count(*) AS n\n")
    person.until("...> ")
    person.type("FROM vehicle;\n")
    assert "\r\n9\r\n" in person.until("comity> ")
    person.type("SELECT nosuch;\n")
    assert "query.unknown-column" in person.until("comity> ")
    person.type(".format csv\n")
    person.until("comity> ")
    person.type("SELECT 1 AS a;\n")
    assert "\r\na\r\n1\r\n" in person.until("comity> ")
    person.type("\x04")
    assert person.program.wait(60) == 0
    history = tmp_path / ".comity_history"
    assert "SELECT nosuch;" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600


def test_an_interrupt_stops_the_question_and_not_the_shell(terminal: Callable[[], Terminal]) -> None:
    person = terminal()
    person.until("comity> ")
    person.type("SELECT\n")
    person.until("...> ")
    person.interrupt("comity> ")  # drops what was begun
    # Longer than anybody waits: it ends by the interrupt or not at all.
    person.type(".format csv\n")
    person.until("comity> ")
    person.type("SELECT range AS n FROM range(1000000000000);\n")
    person.until("\r\n1000\r\n")
    assert "query.interrupted" in person.interrupt("query.interrupted")
    person.type("SELECT 40 + 2 AS answer;\n")
    assert "42" in person.until("42")
