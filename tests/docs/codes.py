"""The error codes that the program can give, read from its source, and those that ``docs/errors`` explains."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
AREAS = (
    "check", "config", "mapping", "nightly", "query", "read", "standard", "store", "validation", "workbench",
)  # fmt: skip
_CODE = re.compile(rf"(?:{'|'.join(AREAS)})\.[a-z0-9]+(?:-[a-z0-9]+)*")
_IN_SQL = re.compile(rf"'({_CODE.pattern})'")
_ENDINGS = (".yaml", ".csv", ".toml", ".json", ".parquet", ".sqlite", ".md", ".py")


@cache
def codes_in_source() -> dict[str, str]:
    """Code → the first file that gives it. A code is a text of its own, or a text inside SQL."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                for code in [text] if _CODE.fullmatch(text) else _IN_SQL.findall(text):
                    if not code.endswith(_ENDINGS):
                        found.setdefault(code, str(path.relative_to(ROOT)))
    return found


def page_of(area: str) -> Path:
    return ROOT / "docs" / "errors" / f"{area}.md"


def documented(area: str) -> list[tuple[str, ...]]:
    """The rows of the area's page: code, when, what to do."""
    rows = [line for line in page_of(area).read_text("utf-8").splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in row.strip("|").split(" | ")) for row in rows]
