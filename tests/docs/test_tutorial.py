"""The tutorial, done as its reader does it: every command is called, every file is written where the page says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from comity.cli.main import cli
from tests.docs.codes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
EXPORT = "Fahrraddiebstahl.csv"
SAMPLE = ROOT / "adapters" / "de-berlin-bicycles" / "sample" / EXPORT
REAL = sorted((ROOT.parent / "shared" / "exports" / "de-berlin-bicycles").glob("*.csv"))
_STEP = re.compile(r"(?:^`([\w./-]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.slow


def called(line: str) -> str:
    """What a command of Comity says; it must not fail."""
    result = CliRunner().invoke(cli, shlex.split(line)[1:], standalone_mode=False, catch_exceptions=False)
    assert result.return_value in (0, None), (line, result.output)
    return result.output


def test_every_command_works_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said: dict[str, str] = {}
    for name, language, text in _STEP.findall(PAGE):
        if name:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "latin-1" if name.endswith(EXPORT) else "utf-8", newline="")
        for line in text.splitlines() if language == "sh" else ():
            if line.startswith("cd "):
                monkeypatch.chdir(line[3:])
                shutil.copyfile(REAL[0] if REAL else SAMPLE, EXPORT)
            elif line.startswith("comity "):
                found = re.search(r"\b[0-9a-f]{32}\b", said.get("sql", ""))
                said[line.split()[1]] = called(line.replace("RECORD_ID", found[0] if found else ""))
            else:
                subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", line], check=True, stdout=subprocess.DEVNULL
                )

    assert "release 1" in said["run"]
    assert EXPORT in said["trace"] and "ANGELEGT_AM" in said["trace"]
