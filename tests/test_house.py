"""The house: data flows one way, the engine names no country, and starting is light."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "comity"

# room → the rooms that it may import; errors and config are open to all
MAY_IMPORT = {
    "config": set(),
    "standard": set(),
    "mappings": {"standard"},
    "adapters": {"mappings", "standard"},
    "validation": {"standard"},
    "store": {"standard"},
    "nightly": {"adapters", "mappings", "standard", "validation", "store"},
    "workbench": {"adapters", "mappings", "standard", "validation", "store", "nightly", "query"},
    "query": {"store", "standard", "mappings", "adapters"},
    "catalog": {"adapters", "mappings", "standard", "validation", "store", "nightly", "query"},
    "linking": {"search", "query", "store", "standard", "mappings"},
    "search": {"query", "store", "standard", "mappings"},
}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_go_one_way(room: str) -> None:
    wrong = []
    for path in (SOURCE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                parts = name.split(".")
                rooms = {"cli", *MAY_IMPORT} - MAY_IMPORT[room] - {room, "config"}
                if parts[0] == "comity" and len(parts) > 1 and parts[1] in rooms:
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")

    assert not wrong


def test_the_engine_names_no_source_and_no_country() -> None:
    sources = {path.parent.name for path in (ROOT / "adapters").glob("*/adapter.yaml")}
    with (ROOT / "standard" / "code_lists" / "country.csv").open(encoding="utf-8") as file:
        countries = {row["label"] for row in csv.DictReader(file)}
    text = "\n".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))

    assert len(sources) >= 15 and len(countries) > 240
    assert not [source for source in sources if source in text]
    named = [name for name in countries if name in text]
    assert not [name for name in named if re.search(rf"\b{re.escape(name)}\b", text)]


PYTHON = [path for room in ("src", "tests", "bench") for path in sorted((ROOT / room).rglob("*.py"))]


def test_every_file_fits_on_a_few_screens() -> None:
    assert {str(path.relative_to(ROOT)): lines for path in PYTHON if (lines := _lines(path)) > 350} == {}


def _lines(path: Path) -> int:
    return path.read_text("utf-8").count("\n")


def test_every_module_of_the_engine_says_what_it_is_for() -> None:
    engine = [path for path in PYTHON if SOURCE in path.parents]

    assert [str(path) for path in engine if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_no_file_holds_an_address_of_a_package_registry() -> None:
    kept = [
        path
        for room in ("src", "tests", "bench", "docs", "adapters", "mappings", "standard", "validation")
        for path in (ROOT / room).rglob("*")
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".txt"}
    ]
    kept += [
        ROOT / name for name in ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run", "README.md")
    ]

    registry = re.compile(r"https?://[^\s)]*(?:" + "py" + r"pi|pythonhosted|/simple/)")
    assert [str(path) for path in kept if registry.search(path.read_text("utf-8"))] == []


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom comity.cli.main import cli\n"
        "try: cli.main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'duckdb', 'pyarrow', 'sqlalchemy', 'great_expectations', 'pydantic', 'rich', 'numpy', 'lxml'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "Usage:" in shown
    assert shown.endswith("heavy: []\n")
