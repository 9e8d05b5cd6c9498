"""Every check of a source, in one go.

Invariant: the store is not opened, nothing is written but below ``into``, and a source that does not load is a finding
and stops no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import ComityError
from comity.mappings.context import Context
from comity.nightly.source import adapter_folders, envelope_of, load_source
from comity.workbench.check.adapter_check import check_adapter
from comity.workbench.check.crosswalk_check import check_crosswalks
from comity.workbench.check.evaluation import Sample
from comity.workbench.check.finding import FILE, Finding, accept, of_error
from comity.workbench.check.mapping_check import check_mapping
from comity.workbench.check.suite_check import Facts, check_suites, facts_of
from comity.workbench.codes.uses import mapping_folder

if TYPE_CHECKING:
    from pathlib import Path

    from comity.standard import Standard


def check_source(root: Path, source_id: str, standard: Standard, into: Path) -> tuple[Finding, ...]:
    """What is found in one source, with what its ``check.yaml`` accepts."""
    folder = adapter_folders(root)[source_id]
    try:
        found = _check(root, source_id, standard, into)
        return accept(found, folder / FILE)
    except ComityError as error:
        return (of_error(error, folder),)


def check_general_suites(root: Path, standard: Standard) -> tuple[Finding, ...]:
    """Rules of the record types' suites that no source of the federation can break."""
    facts: dict[str, list[Facts]] = {}
    for folder in adapter_folders(root).values():
        try:
            source = load_source(root, folder, standard)
            of_source = facts_of(source, mapping_folder(root, source.source_id), standard)
        except ComityError:
            continue
        for record_type, each in of_source.items():
            facts.setdefault(record_type, []).append(each)
    found: list[Finding] = []
    for record_type, known in sorted(facts.items()):
        try:
            found += check_suites(standard, root / "validation", record_type, known, None)
        except ComityError as error:
            found.append(of_error(error, root / "validation"))
    return tuple(found)


def _check(root: Path, source_id: str, standard: Standard, into: Path) -> list[Finding]:
    folder = adapter_folders(root)[source_id]
    source = load_source(root, folder, standard)
    mappings = mapping_folder(root, source_id)
    adapter = source.adapter
    context = Context(source_id, standard, adapter.source_fields, envelope_of(adapter), mappings)
    found: list[Finding] = []
    sample_folder = folder / "sample"
    if not sample_folder.is_dir():
        return [_no_sample(folder)]
    with Sample(source, sample_folder, into) as sample:
        if sample.empty:
            return [_no_sample(folder)]
        paths = sorted(mappings.glob("*.yaml"))
        used = frozenset(
            str(name).split(".")[0]
            for plan in source.plans
            for rule in plan.rules.values()
            for name in rule["from"]  # type: ignore[attr-defined]
        )
        sums = {plan.name: sample.sums(plan) for plan in source.plans}
        found += check_adapter(adapter, sample, [each for own in sums.values() for each in own], used)
        for path in paths:
            found += check_mapping(path, context, sample, sums[path.stem])
        found += check_crosswalks(context, paths, sample, into)
    for record_type, facts in facts_of(source, mappings, standard).items():
        found += check_suites(standard, root / "validation", record_type, [facts], source_id)
    return found


def _no_sample(folder: Path) -> Finding:
    return Finding(
        "error", "config.no-sample", "sample", "The source has no sample that its adapter finds",
        "put a small synthetic export into the folder 'sample' beside adapter.yaml", folder / "sample",
    )  # fmt: skip
