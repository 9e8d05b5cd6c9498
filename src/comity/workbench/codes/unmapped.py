"""The codes of a source that no crosswalk has: of its last run, or of a file that is tried now.

Invariant: each code stands once for its record type, column and crosswalk, the commonest first; nothing is written.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from comity.config.settings import Settings


@dataclass(frozen=True)
class Unmapped:
    """``count`` rows have the code; ``example_row`` is the first of them."""

    record_type: str
    column: str
    crosswalk: str
    code: str
    count: int
    example_row: int


def of_last_run(settings: Settings, source: str) -> tuple[str | None, tuple[Unmapped, ...]]:
    """The last run that read an export of the source, and its unmapped codes; None when no run did."""
    for path in sorted((settings.data_dir / "runs").glob("*/report.json"), reverse=True):
        report = json.loads(path.read_text("utf-8"))
        exports = [each for each in report["exports"] if each["source_id"] == source and each["accounts"]]
        if exports:
            every = path.with_name("unmapped.json")
            told = json.loads(every.read_text("utf-8")).get(source, ()) if every.exists() else ()
            lines = (Unmapped(**{k: line[k] for k in Unmapped.__dataclass_fields__}) for line in told)
            return path.parent.name, _together(lines)
    return None, ()


def of_files(root: Path, source_id: str, paths: Sequence[Path], into: Path) -> tuple[Unmapped, ...]:
    """Those of one export in ``paths``, or of the whole sample when there are none."""
    from comity.adapters.part import ExportFile
    from comity.mappings.normalise import Limits
    from comity.nightly.sample import RECEIVED_AT, sample_exports
    from comity.nightly.source import adapter_folders, load_source
    from comity.nightly.trial import try_export
    from comity.standard import load_standard
    from comity.workbench.preview import sha256_of

    standard = load_standard(root / "standard")
    folder = adapter_folders(root)[source_id]
    source = load_source(root, folder, standard, review=True)
    exports: Iterable[tuple[ExportFile, ...]] = (
        [tuple(ExportFile(path.name, path, sha256_of(path), path.stat().st_size) for path in paths)]
        if paths
        else sample_exports(source.adapter, folder / "sample", into)
    )
    found = []
    for number, files in enumerate(exports):
        here = into / f"export-{number}"
        trial = try_export(source, standard, files, RECEIVED_AT, here, Limits("512MB", 1, here / "spill"))
        found += [
            Unmapped(record_type, each.column, each.crosswalk, each.code, each.count, each.example_row)
            for record_type, each in trial.finished.unmapped
        ]
    return _together(found)


def _together(lines: Iterable[Unmapped]) -> tuple[Unmapped, ...]:
    groups: dict[tuple[str, str, str, str], list[Unmapped]] = defaultdict(list)
    for line in lines:
        groups[line.record_type, line.column, line.crosswalk, line.code].append(line)
    summed = [
        Unmapped(*key, sum(each.count for each in group), group[0].example_row)
        for key, group in groups.items()
    ]
    return tuple(sorted(summed, key=lambda each: (-each.count, each.crosswalk, each.code, each.column)))
