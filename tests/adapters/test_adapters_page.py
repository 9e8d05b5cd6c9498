"""The page on adapters: every example on it works, and every key of an adapter stands on it."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from comity.adapters import formats
from comity.adapters.adapter import Adapter, check_adapter, load_adapter
from comity.adapters.database import snapshot
from comity.adapters.export import read_export
from comity.standard import load_standard
from tests.adapters.exports import assert_adds_up, make_file, rows
from tests.adapters.sheets import xlsx

if TYPE_CHECKING:
    from comity.adapters.part import ExportFile

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adapters.md").read_text("utf-8")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$|^(\| row \|.*?)\n(?!\|)", re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str, str, str]]:
    """Adapter, reader, export, and the table of its rows, in the order of the page."""
    found, blocks = [], {}
    for language, text, table in _BLOCK.findall(PAGE + "\n"):
        blocks[language or "table"] = text or table
        if table:
            found.append((blocks["yaml"], blocks.pop("python", ""), blocks["text"], table))
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: " ".join(example[0].split())[:60])
def test_an_example_gives_the_rows_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: tuple[str, str, str, str]
) -> None:
    written, reader, text, table = example
    adapter = _adapter(tmp_path, written)
    if reader:
        (adapter.folder / "reader.py").write_text(reader, "utf-8")

    reading = read_export(adapter, [_export(tmp_path, adapter, text, monkeypatch)], tmp_path / "parts")

    header, _, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert header == ["row", *(field.name for field in adapter.fields)]
    assert [[_shown(cell) for cell in row] for row in rows(reading, adapter)] == lines
    assert_adds_up(reading, adapter)


def test_the_page_has_an_example_of_every_format() -> None:
    shown = "".join(written for written, *_ in examples())

    assert {name for name in formats.BY_TYPE if f"type: {name}" not in shown} == {"ndjson", "parquet"}


def test_the_whole_adapter_is_whole(tmp_path: Path) -> None:
    written = examples()[0][0]

    check_adapter(_adapter(tmp_path, written), load_standard(ROOT / "standard"))

    assert set(yaml.safe_load(written)) == {
        field.alias or name for name, field in Adapter.model_fields.items()
    }


def test_every_key_stands_on_the_page() -> None:
    keys = {field.alias or name for model in _models(Adapter) for name, field in model.model_fields.items()}
    told = set(
        re.findall(
            r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE)) + " ".join(e[0] for e in examples())
        )
    )

    assert keys - told - {"count", "unit"} == set()  # the two are parts of a text: 5 years


def _models(model: type[BaseModel], seen: frozenset[Any] = frozenset()) -> set[type[BaseModel]]:
    """A model and those inside it."""
    inside = {model}
    for field in model.model_fields.values():
        for kind in _kinds(field.annotation):
            if kind not in seen | inside:
                inside |= _models(kind, seen | inside)
    return inside


def _kinds(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for each in get_args(annotation) for kind in _kinds(each)]


def _adapter(tmp_path: Path, written: str) -> Adapter:
    whole = yaml.safe_load(examples()[0][0])
    content = whole | yaml.safe_load(written)
    if "source:" not in written:
        content |= {"source": "aa-things"}
    folder = tmp_path / content["source"]
    folder.mkdir()
    (folder / "adapter.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return load_adapter(folder)


def _export(tmp_path: Path, adapter: Adapter, text: str, monkeypatch: pytest.MonkeyPatch) -> ExportFile:
    """The export as its format has it: what the page shows of it is text."""
    format = adapter.formats[0]
    if format.type == "database":
        with sqlite3.connect(tmp_path / "things.sqlite") as connection:
            connection.executescript(text)
        monkeypatch.setenv("THINGS_URL", f"sqlite:///{tmp_path}/things.sqlite")
        return snapshot(adapter, tmp_path / "snapshot")
    if format.type == "spreadsheet":
        cells = [[cell.strip() or None for cell in line.split("|")] for line in text.splitlines()]
        return make_file(tmp_path / "export", xlsx([["cover"]], cells, names=("Cover", "Data")))
    if isinstance(format, formats.FixedWidthFormat):
        assert format.record_length is not None
        text = "".join(line.ljust(format.record_length) for line in text.splitlines())
    return make_file(tmp_path / "export", text.encode(getattr(format, "encoding", None) or "utf-8"))


def _shown(cell: Any) -> str:
    if isinstance(cell, list):
        return ", ".join(cell)
    return "NULL" if cell is None else str(cell)
