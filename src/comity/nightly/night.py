"""The night: take what is new, normalise it in worker processes, validate it, publish what passed.

Invariant: one source's failure is its own; the coordinator alone writes the ledger; every release holds the whole of
a source's export or none of it; and every row of every export is accounted for before anything is published.

The night goes in rounds. In each, every source gives its oldest export that waits, and each round is one release, so
that three daily exports found in one night are three states that can be asked for.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.nightly.finding import find
from comity.nightly.normalising import Normalising
from comity.nightly.outline import Sources
from comity.nightly.passage import Passage
from comity.nightly.publishing import publish_round
from comity.nightly.report import ErrorLine, ExportReport, NightReport, write_report, write_unmapped
from comity.nightly.signals.watch import Watch
from comity.nightly.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.config.settings import Settings
    from comity.mappings.normalise import Limits
    from comity.nightly.finding import Found
    from comity.nightly.judge import Judge
    from comity.nightly.outline import Outline
    from comity.nightly.passage import Tell
    from comity.nightly.pending import Waiting
    from comity.nightly.report import UnmappedLine
    from comity.nightly.source import Source
    from comity.store.store import Store

    Replay = Callable[[Store, Sources, tuple[Outline, ...]], Found]
    """What to take instead of what waits in the inbox."""


def run_night(
    settings: Settings,
    only: tuple[str, ...] = (),
    tell: Tell = lambda *_: None,
    *,
    countries: tuple[str, ...] = (),
    retry_failed: bool = False,
    replay: Replay | None = None,
) -> NightReport:
    """One run over every source, or over ``only`` those, or those of ``countries``. ``retry_failed``: of those, the
    ones of which something failed in the last run. ``replay``: the exports to take instead of what waits in the inbox.
    ``tell`` hears of progress.
    """
    from comity.mappings.normalise import Limits
    from comity.nightly.retry import failed_sources
    from comity.store.layout import Layout
    from comity.store.store import Store

    began = time.monotonic()
    whole = not (only or countries or retry_failed)
    nothing = False
    if retry_failed:
        only = failed_sources(settings, only)
        nothing = not only
    sources = Sources(settings.federation, Layout.at(settings.data_dir).outlines_file)
    outlines, broken = ((), ()) if nothing else sources.outlines(only, countries)
    store = Store.open(settings.data_dir, settings.ledger_url, standard=sources.standard)
    store.sweep()
    run_id = store.begin_run()
    staging = store.layout.staging_of(run_id)
    limits = Limits(settings.memory_limit, 1, staging / "spill")
    status = "failed"
    try:
        with Watch(settings, sources, outlines, store, run_id, tell) as watch:
            with Workers.of(settings, staging, watch.tell) as workers:
                found = (
                    replay(store, sources, outlines)
                    if replay
                    else find(store, sources, outlines, staging, workers, watch.tell, whole=whole)
                )
                releases, exports = _rounds(sources, store, run_id, found.queues, workers, limits, watch.tell)
            iceberg = _iceberg(settings, store, watch.tell)
            report = NightReport(
                run_id,
                releases,
                (*found.failed, *exports),
                tuple(found.skipped),
                tuple(found.not_set_up),
                tuple((name, ErrorLine.of(error)) for name, error in broken),
                time.monotonic() - began,
                iceberg,
                held=tuple(found.held),
                stale=tuple(found.stale),
                left_alone=found.left_alone,
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


def _rounds(
    sources: Sources,
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
    judge: Judge | None = None
    normalising: Normalising | None = None
    changed: set[str] = set()
    unmapped: dict[str, list[UnmappedLine]] = {}
    while queues := {name: rest for name, queue in queues.items() if (rest := _due(queue, name in changed))}:
        if normalising is None or judge is None:
            from comity.nightly.judge import Judge

            normalising = Normalising(workers, store, sources.standard, run_id, limits, tell)
            judge = Judge(sources.federation(), store, workers, limits, run_id)
        passages = [_passage(sources.source(name), queue.pop(0), staging) for name, queue in queues.items()]
        normalising.run(passages)
        if release := publish_round(store, run_id, passages, judge, tell):
            releases.append(release)
        changed |= {passage.name for passage in passages if passage.release}
        reports += [passage.report() for passage in passages]
        for passage in passages:
            unmapped.setdefault(passage.name, []).extend(passage.unmapped)
    if judge is not None:
        judge.write_results(run_id, staging)
        write_unmapped(unmapped, store.layout.runs / run_id)
    return tuple(releases), tuple(reports)


def _due(queue: list[Waiting], changed: bool) -> list[Waiting]:
    """What of a source is still to be taken: exports published before only when something was laid over them."""
    first = next((i for i, waiting in enumerate(queue) if changed or not waiting.again), len(queue))
    return queue[first:]


def _passage(source: Source, waiting: Waiting, staging: Path) -> Passage:
    from comity.mappings.plan import Provenance

    received = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    folder = staging / source.source_id / waiting.export_id[:16]
    return Passage(source, waiting, folder, Provenance(waiting.export_id, received, source.mapping_version))
