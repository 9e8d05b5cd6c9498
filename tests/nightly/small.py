"""A small federation: sources of the repository's own, under any name, with a data folder, called as a person does."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from comity.cli.main import main

ROOT = Path(__file__).parents[2]
VEHICLES = "nz-police-vehicles"  # UTF-8, eight columns by position, keeps the first of several equal keys
BICYCLES = "de-berlin-bicycles"  # Latin-1 with a header
NOTICES = "int-red-notices"  # JSON, the list under a path
CASES = "es-cases"  # XML
HOMICIDES = "co-statistics"  # spreadsheets
WANTED = "th-wanted"  # cp874 with a header


_MEASURE = """
import pathlib, resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
pathlib.Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
COMITY = (sys.executable, "-c", "from comity.cli.main import main; main()")


@dataclass(frozen=True)
class Night:
    """What one call of ``comity run`` gave: exit code, what the terminal said, and the report beside it."""

    code: int
    said: str
    report: dict[str, Any]

    def export(self, source: str) -> dict[str, Any]:
        """The report of the only export of ``source``."""
        (found,) = [each for each in self.report["exports"] if each["source_id"] == source]
        return dict(found)

    def error(self, source: str) -> dict[str, Any]:
        """Why ``source`` stopped: in reading, or because its configuration does not load."""
        broken = dict(self.report["broken"])
        error = broken.get(source) or self.export(source)["error"]
        assert error is not None, f"{source} did not stop"
        return dict(error)


class SmallFederation:
    """``root``: the content; ``data``: where its data lives."""

    def __init__(self, folder: Path) -> None:
        self.root, self.data = folder / "federation", folder / "data"
        (self.root / "validation").mkdir(parents=True)
        (self.root / "standard").symlink_to(ROOT / "standard")
        shutil.copytree(ROOT / "mappings" / "crosswalks", self.root / "mappings" / "crosswalks")

    def add(self, source: str, name: str | None = None, **replace: str) -> str:
        """A source of the repository under ``name``; in its adapter, ``replace`` gives keys another value."""
        name = name or source
        for room in ("adapters", "mappings"):
            ignored = shutil.ignore_patterns("sample", "golden")
            shutil.copytree(ROOT / room / source, self.root / room / name, ignore=ignored)
            for path in (self.root / room / name).glob("*.yaml"):
                text = path.read_text("utf-8").replace(f"source: {source}\n", f"source: {name}\n")
                path.write_text(text, "utf-8")
        for path in (self.root / "mappings" / name).glob("*.yaml"):
            self._judge_little(path.stem)
        for key, value in replace.items():
            self.edit(
                f"adapters/{name}/adapter.yaml",
                rf"(?m)^( *){key}:.*\n(?:\1 +.*\n)*",
                rf"\g<1>{key}: {value}\n",
            )
        return name

    def _judge_little(self, record_type: str) -> None:
        """Three of the standard's rules instead of seventy: judging is not what these nights are about."""
        lines = [
            f"  - {{severity: off, meta: {{id: {rule}, why: a night of a test}}}}\n"
            for rule in base_rules(record_type)[3:]
        ]
        suite = f"record: {record_type}\nexpectations:\n{''.join(lines)}"
        (self.root / "validation" / f"{record_type}.yaml").write_text(suite, "utf-8")

    def edit(self, file: str, pattern: str, new: str) -> Path:
        """A person changes one place of one file."""
        path = self.root / file
        text, count = re.subn(pattern, new, path.read_text("utf-8"), count=1)
        assert count == 1, f"nothing in {file} is '{pattern}'"
        path.write_text(text, "utf-8")
        return path

    def drop(self, source: str, name: str, content: bytes) -> Path:
        """A person puts a file into the inbox."""
        folder = self.data / "inbox" / source
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content)
        return path

    def drop_sample(self, source: str, name: str | None = None) -> None:
        """The sample of a repository's source, whole, for the source ``name``."""
        for path in (ROOT / "adapters" / source / "sample").iterdir():
            self.drop(name or source, path.name, path.read_bytes())

    def call(self, *arguments: str) -> tuple[int, str]:
        """A command of ``comity``: its exit code, and all that it printed."""
        said = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main(["--data", str(self.data), "--federation", str(self.root), *arguments])
            except SystemExit as ended:
                said.seek(0)
                return int(ended.code or 0), said.read()
        raise AssertionError("a command ends with an exit code")

    def run(self, *options: str, jobs: int = 1) -> Night:
        """One night. Its report is the newest; without a run there is none."""
        before = self._reports()
        code, said = self.call("run", "--jobs", str(jobs), *options)
        assert "Traceback" not in said
        new = sorted(self._reports() - before)
        return Night(code, said, json.loads(new[-1].read_text("utf-8")) if new else {})

    def run_as_a_plain_user(self, *options: str) -> tuple[int, str]:
        """One night in a process to which permissions apply, also where the tests run as root."""
        command = [*COMITY, "--data", str(self.data), "--federation", str(self.root), "run", "--jobs", "1"]
        if os.geteuid() == 0:
            if shutil.which("setpriv") is None:
                pytest.skip("root may do everything here, and there is no setpriv to give that up")
            command = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", *command]
        done = subprocess.run([*command, *options], capture_output=True, text=True)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def run_measured(self, *options: str) -> tuple[Night, int]:
        """One night in a process of its own: what came of it, and its highest memory in megabytes, workers' too."""
        before = self._reports()
        command = [*COMITY, "--data", str(self.data), "--federation", str(self.root), "run", "--jobs", "2"]
        with tempfile.TemporaryFile() as said, tempfile.NamedTemporaryFile("r") as used:
            # A process counts the memory of the one that it was forked from: a small one stands between.
            process = subprocess.run(
                [sys.executable, "-c", _MEASURE, used.name, *command, *options], stdout=said, stderr=said
            )
            kilobytes = int(used.read())
            said.seek(0)
            text = said.read().decode()
        assert "Traceback" not in text
        (new,) = self._reports() - before
        report = json.loads(new.read_text("utf-8"))
        return Night(process.returncode, text, report), kilobytes // 1024

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """What any DuckDB client sees."""
        with duckdb.connect(str(self.data / "current.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def records(self, record_type: str, source: str) -> list[str]:
        """The ids of all published records of a source."""
        sql = f"SELECT record_id FROM {record_type} WHERE source_id = '{source}' ORDER BY ALL"
        return [row[0] for row in self.ask(sql)]

    def accounts_add_up(self) -> bool:
        """For every export and record type: rows read = accepted + rejected + not selected = rows in the views."""
        sums = self.ask(
            "SELECT rows_read = rows_accepted + rows_rejected + rows_not_selected FROM accounting"
        )
        told = self.ask(
            "SELECT rows_rejected = (SELECT count(*) FROM rejects r WHERE r.row_rejected AND r.run_id = a.run_id "
            "AND r.export_id = a.export_id AND r.record_type = a.record_type AND r.source_id = a.source_id) "
            "FROM accounting a"
        )
        return bool(sums) and all(row[0] for row in (*sums, *told))

    def _reports(self) -> set[Path]:
        return set((self.data / "runs").glob("*/report.json"))


@cache
def base_rules(record_type: str) -> list[str]:
    """The ids of the rules that the standard itself makes."""
    from comity.standard import load_standard
    from comity.validation.base import base_suite

    return [rule.id for rule in base_suite(load_standard(ROOT / "standard"), record_type).rules]


FIELDS = ("plate", "colour", "make", "model", "year", "type", "date", "region")
CARS = (
    ("QQA101", "White", "Toyota", "HIACE", "2004", "Light Van", "2026-10-03", "Canterbury"),
    ("QQB202", "Silver", "Subaru", "LEGACY", "1996", "Stationwagon", "2026-09-14", "Waitemata"),
    ("QQC303", "Blue", "Ford", "FALCON", "1986", "Utility", "2026-11-03", "Waikato"),
)


def as_csv(header: tuple[str, ...] = FIELDS) -> bytes:
    """Three cars as delimited text."""
    return "".join(f"{','.join(row)}\n" for row in (header, *CARS)).encode()


def as_json() -> bytes:
    """Three cars, with a path to them: ``data.cars``."""
    return json.dumps({"data": {"cars": [dict(zip(FIELDS, car, strict=True)) for car in CARS]}}).encode()


def as_xml(prolog: str = "", cell: str = "") -> bytes:
    """Three cars, ``/export/car``; ``cell`` is put into every colour."""
    cars = ""
    for car in CARS:
        filled = {**dict(zip(FIELDS, car, strict=True)), "colour": f"{car[1]}{cell}"}
        cars += f"<car>{''.join(f'<{name}>{value}</{name}>' for name, value in filled.items())}</car>\n"
    return f'<?xml version="1.0"?>\n{prolog}<export>\n{cars}</export>\n'.encode()


def as_xlsx(sheet: str = "Cars", **cells: str) -> bytes:
    """Three cars on a sheet, and single ``cells`` anywhere."""
    from openpyxl import Workbook

    book, content = Workbook(), io.BytesIO()
    page = book.create_sheet(sheet, 0)
    for row in (FIELDS, *CARS):
        page.append(row)
    for place, value in cells.items():
        page[place] = value
    book.save(content)
    return content.getvalue()


def samples(source: str) -> dict[str, bytes]:
    """The files of a repository's sample by name."""
    return {
        path.name: path.read_bytes() for path in sorted((ROOT / "adapters" / source / "sample").iterdir())
    }
