"""The night: take what is new, normalise it in worker processes, validate it, publish what passed.

Invariant: one source's failure is its own; the coordinator alone writes the ledger; every release holds the whole of
a source's export or none of it; and every row of every export is accounted for before anything is published.

The night goes in rounds. In each, every source gives its oldest export that waits, and each round is one release, so
that three daily exports found in one night are three states that can be asked for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.errors import ComityError
from comity.nightly.normalising import Normalising
from comity.nightly.passage import Passage
from comity.nightly.pending import Waiting, find_waiting
from comity.nightly.publishing import publish_round
from comity.nightly.report import ErrorLine, ExportReport, NightReport, write_report
from comity.nightly.signals.watch import Watch
from comity.nightly.source import Federation, Source, load_federation
from comity.nightly.workers import Workers

if TYPE_CHECKING:
    from pathlib import Path

    from comity.config.settings import Settings
    from comity.mappings.normalise import Limits
    from comity.nightly.judge import Judge
    from comity.nightly.passage import Tell
    from comity.store.store import Store


def run_night(settings: Settings, only: tuple[str, ...] = (), tell: Tell = lambda *_: None) -> NightReport:
    """One run over every source, or over ``only`` those. ``tell`` hears of progress."""
    from comity.mappings.normalise import Limits
    from comity.store.store import Store

    began = time.monotonic()
    federation = load_federation(settings.federation, only)
    store = Store.open(settings.data_dir, settings.ledger_url, standard=federation.standard)
    store.sweep()
    run_id = store.begin_run()
    staging = store.layout.staging_of(run_id)
    limits = Limits(settings.memory_limit, 1, staging / "spill")
    status = "failed"
    try:
        with Watch(settings, federation, store, run_id, tell) as watch:
            with Workers.of(settings, staging) as workers:
                found = _find(federation, store, staging, workers, watch.tell)
                releases, exports = _rounds(
                    federation, store, run_id, found.queues, workers, limits, watch.tell
                )
            iceberg = _iceberg(settings, store, watch.tell)
            report = NightReport(
                run_id,
                releases,
                (*found.failed, *exports),
                tuple(found.skipped),
                tuple(found.not_set_up),
                tuple((name, ErrorLine.of(error)) for name, error in federation.broken),
                time.monotonic() - began,
                iceberg,
            )
            status = "succeeded" if report.succeeded else "partly failed"
            write_report(report, store.layout.runs / run_id)
            return watch.finish(report)
    finally:
        store.end_run(run_id, status)  # clears the staging too


def _iceberg(settings: Settings, store: Store, tell: Tell) -> tuple[ErrorLine, ...]:
    """Bring the Iceberg tables to the last release. A failure is told, and fails nothing: the release stands."""
    if not settings.iceberg:
        return ()
    from comity.store.iceberg import keep_in_step

    errors = keep_in_step(store)
    for error in errors:
        tell("iceberg", "failed", error.message)
    return tuple(map(ErrorLine.of, errors))


@dataclass
class _Found:
    """What waits, by source; and why of some sources nothing does."""

    queues: dict[str, list[Waiting]] = field(default_factory=dict)
    failed: list[ExportReport] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    not_set_up: list[tuple[str, str]] = field(default_factory=list)


def _find(federation: Federation, store: Store, staging: Path, workers: Workers, tell: Tell) -> _Found:
    found = _Found()
    for source in federation.sources:
        name = source.source_id
        describe(store, source)
        try:
            waiting = find_waiting(store, source, staging, workers)
        except ComityError as error:
            # Most installations read only some of the databases; but one that was read before must not fall silent.
            if error.code == "read.missing-secret" and not store.published_versions(name):
                found.not_set_up.append((name, error.message))
                continue
            tell(name, "failed", error.message)
            found.failed.append(_not_found(source, error))
            continue
        if waiting:
            found.queues[name] = list(waiting)
        else:
            found.skipped.append(name)
    return found


def _rounds(
    federation: Federation,
    store: Store,
    run_id: str,
    queues: dict[str, list[Waiting]],
    workers: Workers,
    limits: Limits,
    tell: Tell,
) -> tuple[tuple[int, ...], tuple[ExportReport, ...]]:
    """Releases made, exports taken."""
    staging = store.layout.staging_of(run_id)
    releases: list[int] = []
    reports: list[ExportReport] = []
    sources = {source.source_id: source for source in federation.sources}
    normalising = Normalising(workers, store, federation.standard, run_id, limits, tell)
    judge: Judge | None = None
    changed: set[str] = set()
    while queues := {name: rest for name, queue in queues.items() if (rest := _due(queue, name in changed))}:
        passages = [_passage(sources[name], queue.pop(0), staging) for name, queue in queues.items()]
        normalising.run(passages)
        if judge is None:
            from comity.nightly.judge import Judge

            judge = Judge(federation, store, replace(limits, threads=workers.jobs), run_id)
        if release := publish_round(store, run_id, passages, judge, tell):
            releases.append(release)
        changed |= {passage.name for passage in passages if passage.release}
        reports += [passage.report() for passage in passages]
    if judge is not None:
        judge.write_results(run_id, staging)
    return tuple(releases), tuple(reports)


def _due(queue: list[Waiting], changed: bool) -> list[Waiting]:
    """What of a source is still to be taken: exports published before only when something was laid over them."""
    first = next((i for i, waiting in enumerate(queue) if changed or not waiting.again), len(queue))
    return queue[first:]


def describe(store: Store, source: Source) -> None:
    """Keep what the federation says of the source today, and the rules of its mappings by their version."""
    adapter = source.adapter
    store.record_source(
        source.source_id,
        adapter.owner.country,
        authority=adapter.owner.authority or None,
        title=adapter.title,
        description=adapter.description or None,
        kind=adapter.delivery.kind,
        due=adapter.delivery.due,
        licence=adapter.licence or None,
        attribution=adapter.attribution or None,
    )
    for plan in source.plans:
        store.record_mapping(source.mapping_version, source.source_id, plan.record_type, plan.rules)


def _passage(source: Source, waiting: Waiting, staging: Path) -> Passage:
    from comity.mappings.plan import Provenance

    received = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    folder = staging / source.source_id / waiting.export_id[:16]
    return Passage(source, waiting, folder, Provenance(waiting.export_id, received, source.mapping_version))


def _not_found(source: Source, error: ComityError) -> ExportReport:
    """The export itself could not be had: a database that does not answer, a file that cannot be read."""
    return ExportReport(
        source.source_id, "", (), "failed", None, (), (), (), (), (), ErrorLine.of(error), 0.0
    )
