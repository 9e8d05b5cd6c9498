"""Every example in the pages of the store and of the queries works, over the samples of all sources."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comity.query.federation import open_federation
from comity.query.trace import trace
from comity.query.trace_text import trace_text

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.query.federation import Federation

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def _blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    return [block for kind, block in blocks if kind == language]


@pytest.fixture(scope="module")
def federation(night: Settings) -> Federation:
    return open_federation(night)


@pytest.mark.parametrize("question", _blocks("query.md", "sql"))
def test_a_question_of_the_page_has_an_answer(federation: Federation, question: str) -> None:
    assert len(federation.sql(question).fetchall()) > 0


@pytest.fixture
def shell(night: Settings, federation: Federation, tmp_path: Path) -> object:
    """A working folder with the files that the pages speak of, and the command in reach."""
    (tmp_path / "question.sql").write_text("SELECT count(*) FROM vehicle")
    (tmp_path / "plates.csv").write_text("plate\nQQA101\n")
    record = federation.sql("SELECT max(record_id) FROM vehicle").fetchall()[0][0]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    known = {"COMITY_DATA": str(night.data_dir), "COMITY_FEDERATION": str(ROOT), "PATH": path}

    def call(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("RECORD_ID", record)],
            cwd=tmp_path,
            env={**os.environ, **known},
            capture_output=True,
            text=True,
        )

    return call


@pytest.mark.parametrize(
    "script",
    [*_blocks("query.md", "sh"), *(block for block in _blocks("store.md", "sh") if "releases" in block)],
    ids=lambda script: script.partition("\n")[0],
)
def test_the_commands_of_the_pages_work(shell: object, script: str) -> None:
    if not (Path(sys.executable).parent / "comity").exists():
        pytest.skip("the command is not installed beside this Python")
    said = shell(script)  # type: ignore[operator]
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout


@pytest.mark.parametrize("program", _blocks("query.md", "python"))
def test_the_programs_of_the_page_work(night: Settings, program: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=night.data_dir.parent,
        env={**os.environ, "COMITY_FEDERATION": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout


def test_the_trace_of_the_page_is_a_real_one(night: Settings, federation: Federation) -> None:
    [shown] = [block for block in _blocks("query.md", "") if block.startswith("vehicle ")]
    record = shown.split()[1]
    told = [" ".join(line.split()) for line in trace_text(trace(night, record)).splitlines()]
    for line in shown.splitlines():
        begins = " ".join(line.split()).removesuffix("…").strip()
        # In the tests the file comes in an archive.
        begins = begins.replace("of stolen", "of stolenvehicles-2026-11-16.zip!/stolen")
        assert any(each.startswith(begins) for each in told), line


def test_the_reports_have_the_views_that_the_page_names(federation: Federation) -> None:
    text = (ROOT / "docs" / "query.md").read_text("utf-8")
    views = text[text.index("## The views") : text.index("## Questions")]
    named = set(re.findall(r"^\| `(\w+)` \|", views, re.M))
    shown = {row[0] for row in federation.sql("SHOW TABLES").fetchall()}
    assert named <= shown
    assert shown - named <= set(federation.record_types)


def test_the_tables_of_the_ledger_are_those_of_the_page() -> None:
    from comity.store.tables import metadata

    text = (ROOT / "docs" / "store.md").read_text("utf-8")
    ledger = text[text.index("## The ledger") : text.index("**SQLite**")]
    rows = [line.split("|")[1] for line in ledger.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(metadata.tables)
