"""Where every crosswalk is used: by which source, for which column, and so for which code list.

Invariant: a use is read from the mapping files themselves, so a crosswalk that no mapping names has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.config.yaml_file import read_yaml
from comity.errors import ComityError
from comity.mappings.crosswalk import Crosswalk, load_crosswalk
from comity.nightly.source import adapter_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.config.yaml_file import Location
    from comity.standard import Standard

SAME = "same"


@dataclass(frozen=True)
class Use:
    """A crosswalk as one column of one mapping uses it. ``code_list`` is None where it is used for its relations."""

    source: str
    record_type: str
    column: str
    crosswalk: str
    code_list: str | None
    file: Path
    location: Location


def crosswalk_uses(root: Path, standard: Standard, sources: tuple[str, ...] = ()) -> tuple[Use, ...]:
    """Every use in the federation, or in ``sources``; a mapping that cannot be read has none."""
    found: list[Use] = []
    for source in sources or tuple(sorted(adapter_folders(root))):
        for path in sorted(mapping_folder(root, source).glob("*.yaml")):
            try:
                content, _ = read_yaml(path)
            except ComityError:
                continue
            if isinstance(content, dict) and content.get("record") in standard.record_types:
                found += _uses(source, path, content, standard)
    return tuple(dict.fromkeys(found))


def mapping_folder(root: Path, source: str) -> Path:
    """Where the source's mappings and crosswalks lie: in the federation, or beside an adapter that is installed."""
    folder = root / "mappings" / source
    beside = adapter_folders(root)[source] / "mappings"
    return beside if not folder.is_dir() and beside.is_dir() else folder


def all_crosswalks(root: Path, uses: tuple[Use, ...]) -> dict[tuple[str, str], Crosswalk]:
    """(source, name) → crosswalk, of every use; one that cannot be read is left out."""
    found: dict[tuple[str, str], Crosswalk] = {}
    for use in uses:
        if use.crosswalk != SAME and (use.source, use.crosswalk) not in found:
            try:
                crosswalk = load_crosswalk(use.crosswalk, mapping_folder(root, use.source))
            except ComityError:
                continue
            found[use.source, use.crosswalk] = crosswalk
    return found


def _uses(source: str, path: Path, content: dict[str, Any], standard: Standard) -> Iterator[Use]:
    record = content["record"]
    blocks: list[tuple[Location, Any]] = [(("fields",), content.get("fields"))]
    blocks += [
        (("rows", index, "fields"), branch.get("fields"))
        for index, branch in enumerate(content.get("rows") or ())
        if isinstance(branch, dict)
    ]
    for at, fields in blocks:
        for column, rule in (fields or {}).items() if isinstance(fields, dict) else ():
            for name, take, location, inner in _codes(rule, (*at, column), None):
                code_list = _code_list(standard, record, column, inner) if take == "code" else None
                yield Use(source, record, column, name, code_list, path, location)


def _codes(rule: Any, at: Location, inner: str | None) -> Iterator[tuple[str, str, Location, str | None]]:
    """Every ``codes`` inside a rule, what is taken from it, and the field of a struct that it fills."""
    if isinstance(rule, dict):
        if isinstance(rule.get("codes"), str):
            yield rule["codes"], rule.get("take", "code"), (*at, "codes"), inner
        for key, value in rule.items():
            if key == "structs" and isinstance(value, list):
                for index, struct in enumerate(value):
                    for name, each in struct.items() if isinstance(struct, dict) else ():
                        yield from _codes(each, (*at, key, index, name), name)
            else:
                yield from _codes(value, (*at, key), inner)
    elif isinstance(rule, list):
        for index, value in enumerate(rule):
            yield from _codes(value, (*at, index), inner)


def _code_list(standard: Standard, record: str, column: str, inner: str | None) -> str | None:
    known = {each.name: each for each in standard.record_type(record).columns}
    found = known.get(column)
    if found is not None and inner is not None:
        found = next((field for field in found.fields if field.name == inner), None)
    return found.code_list if found is not None else None
