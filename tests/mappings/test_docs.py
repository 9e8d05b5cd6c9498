"""Every example of docs/mapping.md and docs/traps.md works."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.mappings.examples import ID, compiled, crosswalks_in, placed, plain, rule_mapping, shown
from tests.mappings.small import ROOT, SourceField, fields, run_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = (ROOT / "docs" / "mapping.md").read_text("utf-8")
PAGES = {"mapping": TEXT, "traps": (ROOT / "docs" / "traps.md").read_text("utf-8")}


def examples() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Page, line and YAML of every example, and the table behind it if it has an arrow."""
    for page, text in PAGES.items():
        yield from _examples_of(page, text)


def _examples_of(page: str, text: str) -> Iterator[tuple[str, str, list[list[str]]]]:
    for match in re.finditer(r"```yaml\n(.*?)```\n\n((?:\|[^\n]*\n)*)", text, re.DOTALL):
        table = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in match[2].splitlines()
        ]
        arrow = bool(table) and "→" in table[0]
        line = text[: match.start()].count("\n") + 1
        yield f"{page} {line}", match[1], [table[0], *table[2:]] if arrow else []


@pytest.mark.parametrize(
    ("place", "yaml", "table"),
    list(examples()),
    ids=lambda value: value if re.fullmatch(r"\w+ \d+", str(value)) else "",
)
def test_an_example_does_what_it_says(tmp_path: Path, place: str, yaml: str, table: list[list[str]]) -> None:
    headers = table[0] if table else []
    left = headers.index("→") if table else 0
    whole = re.search(r"^record:", yaml, re.MULTILINE) is not None
    rows = list(_rows(table, left))
    known = _fields(rows, [name for name in headers[:left] if name != "row"])
    mapping = re.sub(r"^source: .*\n", "", yaml)
    if not whole:
        mapping = rule_mapping(yaml)
        known.append(SourceField(ID))
        rows = [row | {ID: str(number)} for number, row in enumerate(rows)]
    plan = compiled(tmp_path, mapping, known, whole, crosswalks_in(TEXT))
    if not table:
        return

    result = run_plan(tmp_path, plan, rows, known)

    records = {(record["source_row"], place): record for place, record in placed(result.records)}
    number = place_in_row = 0
    for line in table[1:]:
        starts = not whole or line[0].strip("`") == str(number + 1)
        number, place_in_row = (number + 1, 0) if starts else (number, place_in_row + 1)
        expected = dict(zip(headers[left + 1 :], line[left + 1 :], strict=True))
        record = records.get((number, place_in_row))
        if expected.get("rejected"):
            assert record is None
            assert plain(expected["rejected"]) in {reason.partition(":")[2] for reason in result.reasons}
            continue
        assert record is not None, result.rejects
        told = record | {"flags": ", ".join(record["quality_flags"]) or None, "rejected": None}
        assert {name: plain(cell) for name, cell in expected.items()} == {
            name: shown(told[name]) for name in expected
        }


def _rows(table: list[list[str]], left: int) -> Iterator[dict[str, Any]]:
    """The export's rows: several lines of one row number are one row."""
    seen = set()
    for line in table[1:]:
        if table[0][0] == "row":
            if line[0] in seen:
                continue
            seen.add(line[0])
        cells = {
            name: plain(cell)
            for name, cell in zip(table[0][:left], line[:left], strict=True)
            if name != "row"
        }
        yield {name: json.loads(cell) if cell and cell[:2] == "[{" else cell for name, cell in cells.items()}


def _fields(rows: list[dict[str, Any]], names: list[str]) -> list[SourceField]:
    known = []
    for name in names:
        lists = [row[name] for row in rows if isinstance(row.get(name), list)]
        children = fields(*dict.fromkeys(key for items in lists for item in items for key in item))
        known.append(SourceField(name, "records", children) if lists else SourceField(name))
    return known
