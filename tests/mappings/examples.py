"""Examples of mappings on a page: a rule, cells, and what becomes of them, as text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comity.errors import MappingError
from comity.mappings.compile import compile_source
from comity.mappings.context import Context
from tests.mappings.small import CROSSWALK, SOURCE, Envelope, SourceField, standard, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.mappings.plan import Plan

ID = "number of the row"


def plain(cell: str) -> str | None:
    return cell.replace("\\|", "|").strip("`") or None


def shown(value: Any) -> str | None:
    if isinstance(value, list):
        items = [
            {k: v for k, v in item.items() if v is not None} if isinstance(item, dict) else item
            for item in value
        ]
        return json.dumps(items, ensure_ascii=False) if items else None
    if isinstance(value, bool | float):
        return str(value).lower().removesuffix(".0")
    return None if value is None else str(value)


def placed(records: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    place, row = 0, 0
    for record in records:
        place = place + 1 if record["source_row"] == row else 0
        row = record["source_row"]
        yield place, record


def having(columns: list[str]) -> str:
    """The first record type of the standard with those columns."""
    types = [name for name in standard().record_types if name not in ("specimen", "demanding", "part")]
    return next(
        name
        for name in types
        if set(columns) <= {column.name for column in standard().record_types[name].columns}
    )


def rule_mapping(yaml: str) -> str:
    """A mapping of nothing but those columns."""
    columns = re.findall(r"^(\w+):", yaml, re.MULTILINE)
    indented = re.sub(r"^", "  ", yaml, flags=re.MULTILINE)
    return f"record: {having(columns)}\nkey: ['{ID}']\nfields:\n{indented}"


def crosswalks_in(page: str) -> dict[str, str]:
    """The crosswalks that a page shows, by name, without their header."""
    return {
        name: text.removeprefix(CROSSWALK)
        for name, text in re.findall(r"`(\w+)\.csv`:\n\n```csv\n(.*?)```", page, re.DOTALL)
    }


def compiled(
    folder: Path, mapping: str, known: list[SourceField], whole: bool, crosswalks: dict[str, str]
) -> Plan:
    """The plan; an example without a table reads whatever fields it names."""
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
