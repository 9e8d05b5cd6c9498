"""Reading the folder ``standard/``.

Invariant: what ``load_standard`` returns is consistent: every code list that a column names exists, and every
field id is used once in its record type. Anything else is an error with its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import RootModel

from comity.config.yaml_file import place_of, read_yaml, validate_model
from comity.errors import StandardError
from comity.standard.code_list import CodeList, read_code_list
from comity.standard.column import COLUMN_IDS, ENVELOPE_IDS
from comity.standard.column_checker import ColumnChecker
from comity.standard.files import CodeListEntry, EnvelopeFile, RecordTypeFile, StandardFile
from comity.standard.record_type import RecordType, Standard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from comity.standard.column import Column

CodeListIndex = RootModel[dict[str, CodeListEntry]]


def load_standard(root: Path) -> Standard:
    """The standard in the folder ``root``."""
    content, places = read_yaml(root / "standard.yaml")
    head = validate_model(content or {}, StandardFile, root / "standard.yaml", places)
    code_lists = _load_code_lists(root / "code_lists")
    identity, account = _load_envelope(root / "envelope.yaml", code_lists)
    _refuse_unlisted(
        root / "record_types", "*.yaml", set(head.record_types), root / "standard.yaml", "record type"
    )
    record_types = {
        name: _load_record_type(root / "record_types" / f"{name}.yaml", identity, account, code_lists)
        for name in head.record_types
    }
    return Standard(
        head.version, head.title, head.description.strip(), record_types, code_lists, (*identity, *account)
    )


def _load_code_lists(folder: Path) -> dict[str, CodeList]:
    content, places = read_yaml(folder / "index.yaml")
    index = validate_model(content or {}, CodeListIndex, folder / "index.yaml", places).root
    _refuse_unlisted(folder, "*.csv", set(index), folder / "index.yaml", "code list")
    return {
        name: read_code_list(folder / f"{name}.csv", entry.version, entry.title, entry.origin)
        for name, entry in index.items()
    }


def _refuse_unlisted(folder: Path, pattern: str, listed: set[str], index: Path, what: str) -> None:
    for path in sorted(folder.glob(pattern)):
        if path.stem not in listed:
            raise StandardError(
                "standard.unlisted-file",
                f"The {what} '{path.stem}' is not listed in {index.name}",
                file=path,
                remedy=f"list it in {index}, or move the file away",
            )


def _load_envelope(
    path: Path, code_lists: Mapping[str, CodeList]
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    content, places = read_yaml(path)
    file = validate_model(content or {}, EnvelopeFile, path, places)
    check = ColumnChecker(path, places, code_lists, ENVELOPE_IDS, {}, {})
    return (
        tuple(
            replace(c, envelope=True)
            for c in check.columns(file.identity, ("identity",), file.origin, "none")
        ),
        tuple(
            replace(c, envelope=True) for c in check.columns(file.account, ("account",), file.origin, "none")
        ),
    )


def _load_record_type(
    path: Path, identity: tuple[Column, ...], account: tuple[Column, ...], code_lists: Mapping[str, CodeList]
) -> RecordType:
    content, places = read_yaml(path)
    file = validate_model(content or {}, RecordTypeFile, path, places)
    if file.record != path.stem:
        line, column = place_of(places, ("record",))
        raise StandardError(
            "standard.wrong-file-name",
            "A record type's file bears its name",
            file=path,
            line=line,
            column=column,
            found=file.record,
            remedy=f"call the file {file.record}.yaml, or write 'record: {path.stem}'",
        )
    taken = {field_id: column.name for column in (*identity, *account) for field_id in column.ids()}
    names = {column.name: "the envelope" for column in (*identity, *account)}
    check = ColumnChecker(path, places, code_lists, COLUMN_IDS, taken, names)
    own = check.columns(file.columns, ("columns",), file.origin, file.sensitivity)
    live = tuple(column for column in own if not column.retired)
    return RecordType(
        file.record,
        file.title,
        file.description.strip(),
        file.origin,
        (*identity, *live, *account),
        tuple(column for column in own if column.retired),
    )
