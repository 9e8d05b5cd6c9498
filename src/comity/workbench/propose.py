"""A proposal for a source nobody has described: what is looked at, what comes out, what a person must decide.

Invariant: nothing is written before the whole proposal stands, and no file that exists is replaced unless that was
asked for; only the standard and the federation's crosswalks are read beside the export.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.errors import ConfigError, nearest
from comity.workbench.derived import derived_rules
from comity.workbench.draft import Database, Owner, adapter_yaml, crosswalk_csv, mapping_yaml, suite_yaml
from comity.workbench.known_codes import known_codes
from comity.workbench.look import Export, look_at_files
from comity.workbench.match import Matched, Proposal, match_fields, record_types
from comity.workbench.rules import Written, rules_for
from comity.workbench.schemas import FOLDER, mark_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comity.standard import RecordType, Standard
    from comity.workbench.layout import Layout


@dataclass(frozen=True)
class Draft:
    """``files``: path in the federation → content. ``rules``: field → its proposal and what fills the column.

    ``undecided``: path → how many TODO stand in it; ``rare``: crosswalk → codes that too few rows have to be written.
    """

    source: str
    record: str
    export: Export
    matched: Matched
    rules: Mapping[str, tuple[Proposal, Written]]
    files: Mapping[str, str]
    undecided: Mapping[str, int]
    rare: Mapping[str, int]


def propose(
    paths: Sequence[Path], owner: Owner, standard: Standard, root: Path, *, record: str | None = None,
    database: tuple[str, str] | None = None, layout: Layout | None = None,
) -> Draft:  # fmt: skip
    """The proposal for ``paths``, or for the ``database``'s URL and query; ``layout``: the owner's description of fixed
    width. Nothing is written.
    """
    _check(owner, standard, record)
    variable = f"{owner.source.upper().replace('-', '_')}_URL"
    if database is not None:
        from comity.workbench.sheet import read_query

        table = read_query(*database, owner.source)
        export = Export((table,), table.fields, (), (), 0, 0)
    else:
        with tempfile.TemporaryDirectory(prefix="comity-") as folder:
            export = look_at_files(paths, Path(folder), layout)
    known = known_codes(standard, root, owner.source)
    language = next((each.language for each in export.encodings if each.language), None)
    matched = match_fields(
        export.fields,
        standard,
        known,
        named=export.table.named,
        record=record,
        language=language,
        files=export.file_rows,
    )
    shape = standard.record_types[matched.record]
    rules = _rules(matched, shape, known)
    files: dict[str, str] = {}
    rare: dict[str, int] = {}
    for _, written in rules.values():
        if written.crosswalk is not None:
            name, code_list, counted = written.crosswalk
            meant = known.beside(code_list, counted, matched.language)
            text, _, left = crosswalk_csv(counted, code_list, meant, standard)
            files[f"mappings/{owner.source}/{name}.csv"] = text
            if left:
                rare[name] = left
    columns = _constants(shape, rules, owner)
    named = Database(variable, database[1]) if database else None
    files = {
        f"adapters/{owner.source}/adapter.yaml": adapter_yaml(export, matched, owner, shape, named),
        f"mappings/{owner.source}/{matched.record}.yaml": mapping_yaml(
            export, matched, owner, shape, rules, columns, derived_rules(shape, rules, matched, owner.country)
        ),
        **files,
        f"validation/sources/{owner.source}.yaml": suite_yaml(owner, shape, rules, matched, export.rows),
    }
    undecided = {path: count for path, text in files.items() if (count := todo_count(text))}
    return Draft(owner.source, matched.record, export, matched, rules, files, undecided, rare)


def todo_count(text: str) -> int:
    """How many TODO stand in a file, comments left out."""
    return sum(line.count("TODO") for line in text.splitlines() if not line.lstrip().startswith("#"))


def write_draft(draft: Draft, root: Path, *, force: bool = False) -> list[Path]:
    """The files below ``root``. Raises ConfigError when one exists, unless ``force``."""
    taken = [path for path in draft.files if (root / path).exists()]
    if taken and not force:
        raise ConfigError(
            "workbench.file-exists",
            "The proposal would replace what somebody wrote, so nothing is written",
            file=root / taken[0],
            found=f"{len(taken)} of {len(draft.files)} files exist",
            remedy="give another name or another folder with --into, or --force to replace them",
        )
    written = []
    for path, text in draft.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
        if str(path).endswith(".yaml"):
            mark_file(root, root / path, root / FOLDER)
        written.append(root / path)
    (root / "adapters" / draft.source / "sample").mkdir(exist_ok=True)
    return written


def _check(owner: Owner, standard: Standard, record: str | None) -> None:
    import re

    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", owner.source):
        raise ConfigError(
            "workbench.bad-source-name",
            "A source's name has small letters, digits and dashes",
            found=owner.source,
            remedy="begin with the owner's country, for example 'aa-stolen-bicycles'",
        )
    countries = standard.code_lists["country"]
    if owner.country not in countries.codes:
        raise ConfigError(
            "config.unknown-code",
            f"The code list 'country' has no code '{owner.country}'",
            remedy=countries.remedy(owner.country.upper()),
        )
    if record is not None and record not in record_types():
        raise ConfigError(
            "workbench.no-proposal-for-type",
            f"No fields can be proposed for the record type '{record}'",
            remedy=nearest(record, record_types()),
        )


def _rules(matched: Matched, shape: RecordType, known: Any) -> dict[str, tuple[Proposal, Written]]:
    """Field → rule; a column that an earlier field fills already is not filled again."""
    found: dict[str, tuple[Proposal, Written]] = {}
    filled: set[str] = set()
    order = sorted((each for each in matched.proposals if each.column), key=lambda each: -each.confidence)
    for proposal in order:
        written = rules_for(proposal, shape, matched.seen[proposal.field], known)
        rules = {column: rule for column, rule in written.rules.items() if column not in filled}
        if not rules:
            continue
        filled |= set(rules)
        found[proposal.field] = (proposal, replace(written, rules=rules))
    return {each.field: found[each.field] for each in matched.proposals if each.field in found}


def _constants(
    shape: RecordType, rules: Mapping[str, tuple[Proposal, Written]], owner: Owner
) -> dict[str, tuple[str, Any]]:
    """Columns that no field fills: those that the standard requires, and what is known of the owner."""
    filled = {column for _, written in rules.values() for column in written.rules}
    found: dict[str, tuple[str, Any]] = {}
    for column in shape.columns:
        if (
            column.envelope
            or column.name in filled
            or (column.partial_date and column.partial_date != column.name)
        ):
            continue
        if column.name == "reporting_agency" and owner.authority:
            found[column.name] = ("the owner", {"constant": owner.authority})
        elif column.name == "country":
            found[column.name] = ("the owner's country", {"constant": owner.country})
        elif column.required:
            hint = f"; comity standard codes {column.code_list}" if column.code_list else ""
            found[column.name] = (
                f"required, and no field says it: {column.description}{hint}",
                {"constant": "TODO"},
            )
    return found
