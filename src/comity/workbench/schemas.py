"""The JSON Schemas of a federation: which file of a person's each is for, and the line by which an editor finds it.

Invariant: every file that a person writes has one schema, made of the standard and the readers at hand, and the same
standard and readers give the same bytes.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from comity.config.settings import SETTINGS
from comity.workbench.model_schema import DIALECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.standard import Standard
    from comity.workbench.model_schema import Schema

FOLDER = "schemas"
_LINE = re.compile(r"^# yaml-language-server: \$schema=.*\n")
_NUMBERS = ("jobs",)


@dataclass(frozen=True)
class SchemaFile:
    """``name`` of the schema, and the files below the federation's root that it is for."""

    name: str
    files: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"{self.name}.schema.json"


SCHEMA_FILES = (
    SchemaFile("adapter", ("adapters/*/adapter.yaml",)),
    SchemaFile("mapping", ("mappings/*/*.yaml",)),
    SchemaFile("suite", ("validation/*.yaml", "validation/sources/*.yaml")),
    SchemaFile("record_type", ("standard/record_types/*.yaml",)),
    SchemaFile("envelope", ("standard/envelope.yaml",)),
    SchemaFile("standard", ("standard/standard.yaml",)),
    SchemaFile("code_lists", ("standard/code_lists/index.yaml",)),
    SchemaFile("settings", ("comity.toml",)),
    SchemaFile("check", ("adapters/*/check.yaml",)),
)


def schemas(standard: Standard) -> dict[str, Schema]:
    """Name of the file → schema."""
    from comity.workbench.adapter_schema import adapter_schema
    from comity.workbench.check.finding import AcceptanceFile
    from comity.workbench.mapping_schema import mapping_schema
    from comity.workbench.model_schema import model_schema
    from comity.workbench.standard_schema import (
        code_lists_schema,
        envelope_schema,
        record_type_schema,
        standard_schema,
    )
    from comity.workbench.suite_schema import suite_schema

    made = (
        adapter_schema(standard),
        mapping_schema(standard),
        suite_schema(standard),
        record_type_schema(standard),
        envelope_schema(standard),
        standard_schema(),
        code_lists_schema(),
        settings_schema(),
        model_schema(AcceptanceFile),
    )
    return {each.file: schema for each, schema in zip(SCHEMA_FILES, made, strict=True)}


def settings_schema() -> Schema:
    """The schema of ``comity.toml``."""
    properties = {
        name: {"type": "integer", "minimum": 1} if name in _NUMBERS else {"type": "string"}
        for name in SETTINGS
    }
    return {
        "$schema": DIALECT,
        "description": "Where a federation's content and its data live.",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"description": SETTINGS[name], **each} for name, each in properties.items()},
    }


def as_text(schema: Schema) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def write_schemas(standard: Standard, folder: Path) -> list[Path]:
    """Every schema as a file in ``folder``, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas(standard).items():
        (folder / name).write_text(as_text(schema), "utf-8")
        written.append(folder / name)
    return written


def written_files(root: Path) -> Iterator[tuple[Path, SchemaFile]]:
    """Every YAML file below ``root`` that a person writes, with its schema."""
    for schema in SCHEMA_FILES:
        for pattern in schema.files:
            yield from ((path, schema) for path in sorted(root.glob(pattern)) if path.suffix == ".yaml")


def editor_line(schema: SchemaFile, file: Path, folder: Path) -> str:
    """The line on top of ``file`` by which an editor finds its schema in ``folder``."""
    mark = "#:schema" if file.suffix == ".toml" else "# yaml-language-server: $schema"
    path = Path(os.path.relpath(folder / schema.file, file.parent)).as_posix()
    return f"{mark}{' ' if file.suffix == '.toml' else '='}{path}\n"


def schema_of(file: Path | PurePosixPath) -> SchemaFile:
    """The schema that is for ``file``, a path below the federation's root."""
    (found,) = [
        each for each in SCHEMA_FILES if any(PurePosixPath(file).match(pattern) for pattern in each.files)
    ]
    return found


def mark_file(root: Path, path: Path, folder: Path) -> bool:
    """Put the editor's line on top of ``path``; whether the file was another before.

    A file that only a link brings here belongs to someone else and is left as it is.
    """
    if not path.resolve().is_relative_to(root.resolve()):
        return False
    text = path.read_text("utf-8")
    schema = schema_of(PurePosixPath(path.relative_to(root).as_posix()))
    marked = editor_line(schema, path, folder) + _LINE.sub("", text)
    if marked != text:
        path.write_text(marked, "utf-8")
    return marked != text
