"""What an edit of a source's adapter or mapping would alter, told before anything runs.

Invariant: the edited mapping reads the very bytes of the last published export, and the store is only read; whoever
calls it gives a folder for the trial's files, and removes it. Records are compared by record id and content.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from comity.adapters.part import ExportFile
from comity.errors import StoreError
from comity.nightly.record_compare import RecordDifference, compare_records
from comity.nightly.trial import Trial, try_export

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from comity.mappings.normalise import Limits
    from comity.nightly.source import Source
    from comity.nightly.workers import Workers
    from comity.standard import Standard
    from comity.store.publication import Account, PublishedExport
    from comity.store.store import Store


@dataclass(frozen=True)
class ReasonChange:
    """How many rows of an export are rejected for a reason, before and after."""

    record_type: str
    code: str
    column: str | None
    before: int
    after: int


@dataclass(frozen=True)
class MappingChange:
    """What the edit would alter. ``before`` and ``after``: accounts of the export's rows for each record type."""

    source_id: str
    export_id: str
    names: tuple[str, ...]
    before_version: str
    after_version: str
    records: tuple[RecordDifference, ...]
    before: tuple[Account, ...]
    after: tuple[Account, ...]
    reasons: tuple[ReasonChange, ...]

    @property
    def altered(self) -> int:
        """How many records would be added, removed or changed."""
        return sum(difference.altered for difference in self.records)

    @property
    def edited(self) -> bool:
        """Whether anything that determines a record was edited at all."""
        return self.before_version != self.after_version


def mapping_change(
    store: Store,
    source: Source,
    standard: Standard,
    into: Path,
    limits: Limits,
    *,
    workers: Workers | None = None,
    examples: int = 3,
    values: bool = False,
) -> MappingChange | None:
    """The edited ``source`` against what is published of it, over its last published export.

    None when nothing of it was ever published. Where the mapping is the published one, nothing is read and nothing is
    altered. Of a source whose exports are deltas or windows only the last one is compared. ``values`` shows personal
    values in the examples; otherwise they have their shapes.
    """
    published = store.last_published(source.source_id)
    if published is None:
        return None
    names = tuple(file.name for file in published.files)
    told = (source.source_id, published.export_id, names, published.mapping_version, source.mapping_version)
    if published.mapping_version == source.mapping_version:
        return MappingChange(*told, (), published.accounts, published.accounts, ())
    received_at = published.received_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    trial = try_export(
        source, standard, archived_files(store, published), received_at, into / "after", limits, workers
    )
    files = store.files(source_id=source.source_id)
    differences = _differences(
        standard,
        [(file.record_type, file.path) for file in files],
        [(file.record_type, file.path) for file in trial.finished.files],
        limits,
        published.export_id,
        examples,
        values,
    )
    rejects = store.reject_files(published.run_id, source.source_id, published.export_id)
    reasons = _reasons(rejects, [path for path, _ in trial.finished.rejects], limits)
    return MappingChange(*told, differences, published.accounts, trial.finished.accounts, reasons)


def compare_trials(
    before_source: Source,
    before: Trial,
    source: Source,
    after: Trial,
    standard: Standard,
    limits: Limits,
    *,
    export: tuple[str, tuple[str, ...]],
    examples: int = 3,
    values: bool = False,
) -> MappingChange:
    """Two mappings over the same export, neither of them published. ``export``: its id and the names of its files."""
    differences = _differences(
        standard,
        [(file.record_type, file.path) for file in before.finished.files],
        [(file.record_type, file.path) for file in after.finished.files],
        limits,
        None,
        examples,
        values,
    )
    reasons = _reasons(
        [path for path, _ in before.finished.rejects], [path for path, _ in after.finished.rejects], limits
    )
    return MappingChange(
        source.source_id,
        *export,
        before_source.mapping_version,
        source.mapping_version,
        differences,
        before.finished.accounts,
        after.finished.accounts,
        reasons,
    )


def archived_files(store: Store, published: PublishedExport) -> tuple[ExportFile, ...]:
    """The bytes of an export that was published, from the archive."""
    files = []
    for file in published.files:
        path = store.archived(file.sha256)
        if not path.exists():
            raise StoreError(
                "nightly.export-not-archived",
                f"The archive no longer has the file '{file.name}' of the last published export",
                file=path,
                remedy="it was purged or removed: wait for the next export, or compare over the sample with --sample",
            )
        files.append(ExportFile(file.name, path, file.sha256, file.size))
    return tuple(files)


def _differences(
    standard: Standard,
    before: Sequence[tuple[str, Path]],
    after: Sequence[tuple[str, Path]],
    limits: Limits,
    export_id: str | None,
    examples: int,
    values: bool,
) -> tuple[RecordDifference, ...]:
    from comity.mappings.normalise import connect
    from comity.store.failure import storing

    def paths(side: Sequence[tuple[str, Path]], name: str) -> list[Path]:
        return [path for record_type, path in side if record_type == name]

    with storing("comparing records", limits.spill), connect(limits) as connection:
        return tuple(
            compare_records(
                connection,
                standard.record_type(name),
                paths(before, name),
                paths(after, name),
                export_id=export_id,
                examples=examples,
                values=values,
            )
            for name in sorted({record_type for record_type, _ in (*before, *after)})
        )


def _reasons(before: Iterable[Path], after: Iterable[Path], limits: Limits) -> tuple[ReasonChange, ...]:
    """The reasons whose number of rows differs, the one that rejects more than before by most first."""
    old, new = (_count_reasons(tuple(paths), limits) for paths in (before, after))
    changes = [ReasonChange(*key, old[key], new[key]) for key in {*old, *new} if old[key] != new[key]]
    return tuple(sorted(changes, key=lambda each: (each.before - each.after, each.record_type, each.code)))


def _count_reasons(paths: tuple[Path, ...], limits: Limits) -> Counter[tuple[str, str, str | None]]:
    from comity.mappings.normalise import connect
    from comity.store.failure import storing
    from comity.store.view_sql import literals

    if not paths:
        return Counter()
    with storing("comparing rejects", limits.spill), connect(limits) as connection:
        found = connection.execute(
            "SELECT record_type, reason.code, reason.column, count(*) "
            f"FROM read_parquet({literals(paths)}, union_by_name = true), unnest(reasons) AS u(reason) GROUP BY ALL"
        ).fetchall()
    return Counter({(record_type, code, column): count for record_type, code, column, count in found})
