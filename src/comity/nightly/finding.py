"""What there is to do in a night: for every source what waits, or why nothing does.

Invariant: what is to be taken is in the archive when this returns; a source that is held is not looked at; one that
cannot be looked at fails alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.errors import ComityError
from comity.nightly.inbox import InboxFile
from comity.nightly.left_alone import LeftAlone, left_alone
from comity.nightly.overdue import StaleLine, stale_line
from comity.nightly.pending import Past, Waiting, as_waiting, choose, inbox_files
from comity.nightly.planning import newest
from comity.nightly.report import ErrorLine, ExportReport
from comity.nightly.work import snapshot_task
from comity.store.layout import make_folder

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path
    from typing import Any

    from comity.nightly.outline import Outline, Sources
    from comity.nightly.passage import Tell
    from comity.nightly.source import Source
    from comity.nightly.workers import Workers
    from comity.store.store import Store


@dataclass
class Found:
    """What waits, by source; and why of some sources nothing does."""

    queues: dict[str, list[Waiting]] = field(default_factory=dict)
    failed: list[ExportReport] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    not_set_up: list[tuple[str, str]] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)
    stale: list[StaleLine] = field(default_factory=list)
    left_alone: tuple[LeftAlone, ...] = ()


def find(
    store: Store,
    sources: Sources,
    outlines: tuple[Outline, ...],
    staging: Path,
    workers: Workers,
    tell: Tell,
    *,
    whole: bool = False,
) -> Found:
    """Look into every inbox, and ask every database, all of them side by side. ``whole``: of all sources, so that a
    folder of none is told of.
    """
    found, past = Found(), Past.of(store)
    describe(store, outlines)
    asked: dict[str, Future[Any]] = {}
    for outline in outlines:
        if outline.delivery.database is not None and outline.source_id not in past.holds:
            asked[outline.source_id] = _ask(sources, outline.source_id, staging, workers)
    for outline in outlines:
        name = outline.source_id
        files: tuple[InboxFile, ...] = ()
        try:
            if (hold := past.holds.get(name)) is not None:
                found.held.append((name, hold.text()))
            else:
                if name in asked:
                    files = (_asked(store, asked[name]),)
                else:
                    make_folder(store.layout.inbox / name)
                    files = inbox_files(store.layout, past, outline, store.archive)
                choice = choose(past, outline, files)
                if choice.exports:
                    found.queues[name] = [as_waiting(store, *each) for each in choice.exports]
                    record_mappings(store, sources.source(name))
                else:
                    found.skipped.append(name)
        except ComityError as error:
            found.queues.pop(name, None)
            # Most installations read only some of the databases; but one that was read before must not fall silent.
            if error.code == "read.missing-secret" and name not in past.versions:
                found.not_set_up.append((name, error.message))
                continue
            tell(name, "failed", error.message)
            found.failed.append(_not_found(name, error))
        received = past.received.get(name)
        dropped = newest(files) if name not in asked else None
        if name not in found.queues and (
            stale := stale_line(name, outline.delivery.due, received, dropped, datetime.now(UTC))
        ):
            found.stale.append(stale)
    found.left_alone = left_alone(store.layout.inbox, outlines, sources.folders if whole else None)
    return found


def _ask(sources: Sources, name: str, staging: Path, workers: Workers) -> Future[Any]:
    into = staging / name / "snapshot"
    make_folder(into)
    return workers.submit(name, into, 0.0, snapshot_task, sources.source(name).adapter, into)


def _asked(store: Store, future: Future[Any]) -> InboxFile:
    snapshot = future.result().value
    return InboxFile(snapshot.path, store.archive(snapshot.path), snapshot.size)


def describe(store: Store, outlines: tuple[Outline, ...]) -> None:
    """Keep what the federation says of its sources today."""
    store.record_sources(
        {
            outline.source_id: {"owner_country": outline.owner_country, **outline.described}
            for outline in outlines
        }
    )


def record_mappings(store: Store, source: Source) -> None:
    """Keep the rules of a source's mappings by their version."""
    for plan in source.plans:
        store.record_mapping(source.mapping_version, source.source_id, plan.record_type, plan.rules)


def _not_found(name: str, error: ComityError) -> ExportReport:
    """The export itself could not be had: a database that does not answer, a file that cannot be read."""
    return ExportReport(name, "", (), "failed", None, (), (), (), (), (), ErrorLine.of(error), 0.0)
