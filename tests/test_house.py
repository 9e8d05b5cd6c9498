"""The house: data flows one way, the engine names no country, and starting is light."""

from __future__ import annotations

import ast
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
    "query": {"store", "standard", "mappings", "adapters"},
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
    text = "\n".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))

    assert not [source for source in sources if source in text]


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
