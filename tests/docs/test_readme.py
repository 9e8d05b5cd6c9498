"""What README and the pages show is what happens: their commands run, their samples have the program's own form."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest
from bench.demo import QUESTIONS

from comity.cli.summary import HEAD
from tests.docs.codes import ROOT
from tests.nightly.small import SmallFederation, samples

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str, text: str = README) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for found, block in fenced if found == language]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as a reader has it after `make demo` installed it, and README's commands already called."""
    folder = tmp_path_factory.mktemp("clone")
    for room in ("adapters", "mappings", "standard", "validation"):
        (folder / room).symlink_to(ROOT / room)
    binary = folder / ".venv" / "bin" / "comity"
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!{sys.executable}\nfrom comity.cli.main import main\nmain()\n")
    binary.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def called(clone: Path) -> str:
    commands = [block for block in blocks("sh") if not block.startswith("make ")]
    assert commands
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", "\n".join(commands)], cwd=clone, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_run_one_after_the_other(called: str) -> None:
    assert "release 1" in called
    assert "SELECT" in called  # of `mapping show --sql`
    assert re.search(r"\(\d+ rows\)", called)


def test_the_questions_in_sql_have_answers(clone: Path, called: str) -> None:
    questions = [each for block in blocks("sql") for each in block.split(";") if "SELECT" in each]

    with duckdb.connect(str(clone / "data" / "current.duckdb"), read_only=True) as connection:
        answers = [connection.execute(question).fetchall() for question in questions]

    assert answers and all(answers)


def test_the_first_thing_it_says_is_how_to_try_it() -> None:
    first = README.split("```sh\n")[1].split("```")[0]

    assert re.findall(r"^make \w+", first, re.MULTILINE) == ["make demo", "make test"]
    assert README.index("```sh") < 30


def sample() -> list[str]:
    """The block that shows what the demo prints."""
    (block,) = [each for each in blocks("") if each.startswith("source ")]
    return block.splitlines()


def test_the_sample_of_the_demo_has_the_columns_of_the_summary_and_adds_up() -> None:
    head, *lines = sample()[: sample().index("…")]

    assert re.split(r"  +", head) == [name for name in HEAD if name]
    for line in lines:
        read, accepted, rejected, not_selected, _ = (
            int(number.replace(",", "")) for number in re.findall(r"(?<=  )[\d,]+(?=  |$)", line)
        )
        assert read == accepted + rejected + not_selected


def test_the_sample_shows_questions_that_the_demo_asks() -> None:
    asked = [line for line in sample() if line.endswith("?") or line.split(" (")[0].endswith("?")]

    assert asked and set(asked) <= {title for title, _ in QUESTIONS}


def test_the_sources_of_the_sample_are_those_of_the_repository() -> None:
    named = {line.split()[0] for line in sample()[1 : sample().index("…")] if not line.startswith(" ")}

    assert named <= {path.parent.name for path in (ROOT / "adapters").glob("*/adapter.yaml")}


def test_the_error_that_the_index_of_errors_shows_is_what_the_terminal_says(tmp_path: Path) -> None:
    (shown,) = blocks("", (ROOT / "docs" / "errors" / "README.md").read_text("utf-8"))
    federation, source = SmallFederation(tmp_path), shown.partition(":")[0]
    federation.add(source)
    name, content = next(iter(samples(source).items()))
    federation.drop(source, name, content.replace(b'"summary"', b'"sumary"'))

    assert shown in federation.run().said
