"""Lines of crosswalks that are never used, or never can be.

Invariant: a line is met when a row of the sample asks for its code; it can never be met when the rule's own steps turn
its very code into something else.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comity.config.yaml_file import read_yaml, validate_model
from comity.errors import ComityError
from comity.mappings.compile import compile_mapping
from comity.mappings.crosswalk import load_crosswalk
from comity.mappings.mapping import Mapping, MappingFile
from comity.mappings.text_steps import sql_name, sql_text
from comity.workbench.check.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from comity.mappings.context import Context
    from comity.mappings.crosswalk import Crosswalk
    from comity.workbench.check.evaluation import Sample

_SHOWN = 5
_OTHER_STEPS = {"extract", "split", "pad", "replace"}


def check_crosswalks(
    context: Context, paths: Sequence[Path], sample: Sample, into: Path
) -> Iterator[Finding]:
    """Crosswalks that no rule names, lines that no row of the sample meets, lines that no row ever can."""
    emptied = replace(context, folder=_emptied(context.folder, into))
    met: dict[str, set[str]] = {}
    unreachable: dict[str, set[str]] = {}
    reachable: dict[str, set[str]] = {}
    for path in paths:
        file = MappingFile(path)
        plan, _ = compile_mapping(file, emptied)
        for (_, name), codes in sample.met_codes(plan).items():
            met.setdefault(name, set()).update(codes)
        for name, codes, lost in _never(path, file, context, emptied, sample):
            unreachable.setdefault(name, set()).update(lost)
            reachable.setdefault(name, set()).update(codes - lost)
    for name in sorted({path.stem for path in context.folder.glob("*.csv")} | set(met)):
        if name.startswith("same "):
            continue
        crosswalk = load_crosswalk(name, context.folder)
        place = f"{name}.csv"
        if name not in met:
            yield Finding(
                "warning", "check.crosswalk-unused", place, f"No rule of the source uses the crosswalk {place}",
                "name it in a rule with 'codes:', or remove the file", crosswalk.path,
            )  # fmt: skip
            continue
        own = crosswalk.path.parent == context.folder
        never = unreachable.get(name, set()) - reachable.get(name, set()) - met[name] if own else set()
        yield from _lines(crosswalk, place, never)
        left = [code for code in crosswalk.codes if code not in met[name] and code not in never]
        # The lines of a crosswalk that sources share are for all of them together.
        if left and own:
            shown = ", ".join(left[:_SHOWN]) + ("…" if len(left) > _SHOWN else "")
            yield Finding(
                "info", "check.crosswalk-lines-unexercised", place,
                f"{len(left)} of {len(crosswalk.codes)} lines of {place} are met by no row of the sample: {shown}",
                "nothing needs to be done; a code list is larger than a sample", crosswalk.path,
                crosswalk.lines[left[0]],
            )  # fmt: skip


def _lines(crosswalk: Crosswalk, place: str, never: set[str]) -> Iterator[Finding]:
    for code in crosswalk.codes:
        if code in never:
            yield Finding(
                "warning", "check.crosswalk-line-unreachable", f"{place} {code}",
                f"No row can ever meet the line '{code}' of {place}: the steps of the rule turn it into something else",
                "write the code as it is after the rule's steps, or remove the line", crosswalk.path,
                crosswalk.lines[code], 1,
            )  # fmt: skip


def _emptied(folder: Path, into: Path) -> Path:
    """Mappings with crosswalks that have no line: then every code that is asked for is told as unmapped."""
    target = into / "emptied" / "source"
    for source, copy in ((folder, target), (folder.parent / "crosswalks", target.parent / "crosswalks")):
        copy.mkdir(parents=True)
        for path in source.glob("*.csv") if source.is_dir() else ():
            head = path.read_text("utf-8-sig").partition("\n")[0]
            (copy / path.name).write_text(head + "\n", "utf-8")
    for path in folder.glob("*.yaml"):
        shutil.copy(path, target)
    return target


def _never(
    path: Path, file: MappingFile, context: Context, emptied: Context, sample: Sample
) -> Iterator[tuple[str, set[str], set[str]]]:
    """Of every rule that reads one field by a crosswalk: its codes, and those that do not come out of its steps."""
    content, _ = read_yaml(path)
    if content.get("rows") or content.get("each"):
        return
    texts = {field.name for field in context.fields if field.shape == "text"}
    for column, rule in content["fields"].items():
        if not isinstance(rule, dict) or rule.get("from") not in texts or rule.get("codes", "same") == "same":
            continue
        if _OTHER_STEPS & set(rule):
            continue  # the code is a part of the cell, or made of it
        codes = set(load_crosswalk(rule["codes"], context.folder).codes)
        came = _asked(file, content, column, str(rule["from"]), codes, emptied, sample, context)
        if came is not None:
            yield rule["codes"], codes, codes - came


def _asked(
    file: MappingFile,
    content: dict[str, Any],
    column: str,
    field: str,
    codes: set[str],
    emptied: Context,
    sample: Sample,
    context: Context,
) -> set[str] | None:
    """The codes that the rule asks for when the field holds each of ``codes``."""
    whole = MappingFile.__new__(MappingFile)
    whole.path, whole.places = file.path, file.places
    try:
        bare = {key: value for key, value in content.items() if key != "where"}
        whole.mapping = validate_model(bare, Mapping, file.path, file.places)
        plan, _ = compile_mapping(whole, emptied)
    except ComityError:
        return None
    types = {"text": "VARCHAR", "list": "VARCHAR[]", "records": "JSON[]"}
    cells = ", ".join(
        f"code AS {sql_name(each.name)}"
        if each.name == field
        else f"CAST(NULL AS {types[each.shape]}) AS {sql_name(each.name)}"
        for each in context.fields
    )
    listed = ", ".join(f"({sql_text(code)})" for code in sorted(codes))
    scan = f"SELECT row_number() OVER () AS source_row, {cells} FROM (VALUES {listed}) AS v(code)"
    met = sample.met_codes(plan, scan)
    return set().union(*(found for (name, _), found in met.items() if name == column))
