"""Every example of docs/mapping.md and docs/traps.md works."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from comity.errors import MappingError
from comity.mappings.compile import compile_source
from comity.mappings.context import Context
from tests.mappings.small import (
    CROSSWALK,
    ROOT,
    SOURCE,
    Envelope,
    SourceField,
    fields,
    run_plan,
    standard,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.mappings.plan import Plan

TEXT = (ROOT / "docs" / "mapping.md").read_text("utf-8")
PAGES = {"mapping": TEXT, "traps": (ROOT / "docs" / "traps.md").read_text("utf-8")}
ID = "number of the row"


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
    ("place", "yaml", "table"), examples(), ids=lambda value: value if re.fullmatch(r"\w+ \d+", str(value)) else ""
)
def test_an_example_does_what_it_says(tmp_path: Path, place: str, yaml: str, table: list[list[str]]) -> None:
    headers = table[0] if table else []
    left = headers.index("→") if table else 0
    whole = re.search(r"^record:", yaml, re.MULTILINE) is not None
    rows = list(_rows(table, left))
    known = _fields(rows, [name for name in headers[:left] if name != "row"])
    mapping = re.sub(r"^source: .*\n", "", yaml)
    if not whole:
        columns = re.findall(r"^(\w+):", yaml, re.MULTILINE)
        indented = re.sub(r"^", "  ", yaml, flags=re.MULTILINE)
        mapping = f"record: {_having(columns)}\nkey: ['{ID}']\nfields:\n{indented}"
        known.append(SourceField(ID))
        rows = [row | {ID: str(number)} for number, row in enumerate(rows)]
    plan = _compiled(tmp_path, mapping, known, whole)
    if not table:
        return

    result = run_plan(tmp_path, plan, rows, known)

    records = {(record["source_row"], place): record for place, record in _placed(result.records)}
    number = place_in_row = 0
    for line in table[1:]:
        starts = not whole or line[0].strip("`") == str(number + 1)
        number, place_in_row = (number + 1, 0) if starts else (number, place_in_row + 1)
        expected = dict(zip(headers[left + 1 :], line[left + 1 :], strict=True))
        record = records.get((number, place_in_row))
        if expected.get("rejected"):
            assert record is None
            assert _plain(expected["rejected"]) in {reason.partition(":")[2] for reason in result.reasons}
            continue
        assert record is not None, result.rejects
        shown = record | {"flags": ", ".join(record["quality_flags"]) or None, "rejected": None}
        assert {name: _plain(cell) for name, cell in expected.items()} == {
            name: _shown(shown[name]) for name in expected
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
            name: _plain(cell)
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


def _plain(cell: str) -> str | None:
    return cell.replace("\\|", "|").strip("`") or None


def _shown(value: Any) -> str | None:
    if isinstance(value, list):
        items = [
            {k: v for k, v in item.items() if v is not None} if isinstance(item, dict) else item
            for item in value
        ]
        return json.dumps(items, ensure_ascii=False) if items else None
    if isinstance(value, bool | float):
        return str(value).lower().removesuffix(".0")
    return None if value is None else str(value)


def _placed(records: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    place, row = 0, 0
    for record in records:
        place = place + 1 if record["source_row"] == row else 0
        row = record["source_row"]
        yield place, record


def _having(columns: list[str]) -> str:
    """The first record type of the standard with those columns."""
    types = [name for name in standard().record_types if name not in ("specimen", "demanding", "part")]
    return next(
        name
        for name in types
        if set(columns) <= {column.name for column in standard().record_types[name].columns}
    )


def _compiled(folder: Path, mapping: str, known: list[SourceField], whole: bool) -> Plan:
    """The plan; an example without a table reads whatever fields it names."""
    crosswalks = {
        name: text.removeprefix(CROSSWALK)
        for name, text in re.findall(r"`(\w+)\.csv`:\n\n```csv\n(.*?)```", TEXT, re.DOTALL)
    }
    place = write(folder, {"example": mapping}, crosswalks)
    ours = standard()
    if not whole:
        types = {
            name: replace(kind, columns=tuple(replace(column, required=False) for column in kind.columns))
            for name, kind in ours.record_types.items()
        }
        ours = replace(ours, record_types=types)
    fixed = bool(known)
    envelope = Envelope("NZ", "RESTRICTED")
    while True:
        try:
            return compile_source(Context(SOURCE, ours, tuple(known), envelope, place))[0]
        except MappingError as error:
            missing = re.search(r"The source has no field '(.+)'", error.message)
            if fixed or missing is None or SourceField(missing[1]) in known:
                raise
            known.append(SourceField(missing[1]))
