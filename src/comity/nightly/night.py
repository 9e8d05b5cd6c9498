"""The night: take what is new, normalise it in worker processes, validate it, publish what passed.

Invariant: one source's failure is its own; the coordinator alone writes the ledger; every release holds the whole of
a source's export or none of it; and every row of every export is accounted for before anything is published.
"""

from __future__ import annotations

import multiprocessing
import shutil
import time
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.errors import ComityError, ReadError
from comity.nightly.pending import Waiting, find_waiting
from comity.nightly.report import AccountLine, ErrorLine, ExportReport, NightReport, UnmappedLine, write_report
from comity.nightly.source import Federation, Source, load_federation
from comity.nightly.work import finish_task, normalise_task, read_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from comity.adapters.part import Reading
    from comity.config.settings import Settings
    from comity.mappings.normalise import Limits, Outcome
    from comity.mappings.plan import Provenance
    from comity.nightly.judge import Judge
    from comity.nightly.work import Finished
    from comity.store.store import Store

Tell = "Callable[[str, str, str], None]"


@dataclass
class _Export:
    """One export on its way through the night."""

    source: Source
    waiting: Waiting
    folder: Path
    provenance: Provenance
    began: float = field(default_factory=time.monotonic)
    reading: Reading | None = None
    outcomes: dict[int, tuple[Outcome, ...]] = field(default_factory=dict)
    finished: Finished | None = None
    error: ComityError | None = None
    blocks: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    release: int | None = None
    seconds: float = 0.0


def run_night(
    settings: Settings, only: tuple[str, ...] = (), tell: Callable[[str, str, str], None] = lambda *_: None
) -> NightReport:
    """One run over every source (or ``only`` those). ``tell(source, stage, detail)`` hears of progress."""
    from comity.store.store import Store

    began = time.monotonic()
    federation = load_federation(settings.federation, only)
    store = Store.open(settings.data_dir, settings.ledger_url, standard=federation.standard)
    store.sweep()
    run_id = store.begin_run()
    status = "failed"
    try:
        report = _Night(settings, store, federation, run_id, tell).run(began)
        status = "succeeded" if report.succeeded else "partly failed"
        write_report(report, store.layout.runs / run_id)
        return report
    finally:
        shutil.rmtree(store.layout.staging_of(run_id), ignore_errors=True)
        store.end_run(run_id, status)


class _Night:
    def __init__(
        self,
        settings: Settings,
        store: Store,
        federation: Federation,
        run_id: str,
        tell: Callable[[str, str, str], None],
    ) -> None:
        from comity.mappings.normalise import Limits

        self.store, self.federation, self.run_id, self.tell = store, federation, run_id, tell
        self.staging = store.layout.staging_of(run_id)
        self.limits = Limits(settings.memory_limit, 1, self.staging / "spill")
        self.jobs = settings.jobs
        self.judge: Judge | None = None

    def run(self, began: float) -> NightReport:
        """Round by round: in each, the next oldest export of every source; each round is one release."""
        reports: list[ExportReport] = []
        releases: list[int] = []
        queues: dict[str, list[Waiting]] = {}
        skipped: list[str] = []
        sources = {source.source_id: source for source in self.federation.sources}
        with self._executor() as executor:
            for source in self.federation.sources:
                self._describe(source)
                try:
                    queue = list(find_waiting(self.store, source, self.staging, executor))
                except ComityError as error:
                    reports.append(self._failed_to_find(source, error))
                    continue
                if queue:
                    queues[source.source_id] = queue
                else:
                    skipped.append(source.source_id)
            while queues:
                exports = [self._begin(sources[name], queue.pop(0)) for name, queue in queues.items()]
                queues = {name: queue for name, queue in queues.items() if queue}
                self._normalise(exports, executor)
                release = self._validate_and_publish(exports)
                if release is not None:
                    releases.append(release)
                reports += [self._report(export) for export in exports]
        if self.judge is not None:
            self.judge.write_results(self.store, self.run_id, self.staging)
        broken = tuple((name, ErrorLine.of(error)) for name, error in self.federation.broken)
        return NightReport(
            self.run_id, tuple(releases), tuple(reports), tuple(skipped), broken, time.monotonic() - began
        )

    def _executor(self) -> Executor:
        # Spawned, not forked: DuckDB and Arrow run threads, and a fork would copy their locks.
        return ProcessPoolExecutor(self.jobs, mp_context=multiprocessing.get_context("spawn"))

    def _describe(self, source: Source) -> None:
        adapter = source.adapter
        self.store.layout.inbox_of(source.source_id) if hasattr(self.store.layout, "inbox_of") else None
        self.store.record_source(
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
            self.store.record_mapping(source.mapping_version, source.source_id, plan.record_type, plan.rules)

    def _begin(self, source: Source, waiting: Waiting) -> _Export:
        from comity.mappings.plan import Provenance

        received = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        folder = self.staging / source.source_id / waiting.export_id[:16]
        provenance = Provenance(waiting.export_id, received, source.mapping_version)
        return _Export(source, waiting, folder, provenance)

    # Normalising: read, then every part, then finish; tasks of all sources share the workers.

    def _normalise(self, exports: list[_Export], executor: Executor) -> None:
        doing: dict[Future[Any], tuple[_Export, str, int]] = {}

        def start(export: _Export, what: str, number: int, call: Callable[..., Any], *args: Any) -> None:
            try:
                doing[executor.submit(call, *args)] = (export, what, number)
            except (BrokenProcessPool, RuntimeError) as error:
                export.error = _worker_died(error)

        for export in exports:
            self.tell(export.source.source_id, "reading", ", ".join(export.waiting.names))
            adapter = export.source.adapter
            start(export, "read", 0, read_task, adapter, export.waiting.files, export.folder / "parts")
        while doing:
            done, _ = wait(doing, return_when=FIRST_COMPLETED)
            for future in done:
                export, what, number = doing.pop(future)
                try:
                    result = future.result()
                except ComityError as error:
                    export.error = export.error or error
                    self.tell(export.source.source_id, "failed", error.message)
                    continue
                except BrokenProcessPool as error:
                    export.error = export.error or _worker_died(error)
                    continue
                if export.error is not None:
                    continue
                if what == "read":
                    export.reading = result
                    self._start_parts(export, start)
                elif what == "part":
                    export.outcomes[number] = result
                    self._part_done(export, start)
                else:
                    export.finished = result
                    shutil.rmtree(export.folder / "parts", ignore_errors=True)
                    self.tell(export.source.source_id, "normalised", "")

    def _start_parts(self, export: _Export, start: Callable[..., None]) -> None:
        reading = export.reading
        assert reading is not None  # set just before
        self.tell(export.source.source_id, "normalising", f"{reading.rows_read:,} rows")
        (export.folder / "records").mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(reading.parts):
            start(
                export, "part", number, normalise_task, export.source.adapter, export.source.plans, reading, part,
                number, export.provenance, self.run_id, export.folder / "records", self.limits,
            )  # fmt: skip
        if not reading.parts:
            self._part_done(export, start)

    def _part_done(self, export: _Export, start: Callable[..., None]) -> None:
        reading = export.reading
        assert reading is not None
        self.tell(export.source.source_id, "part", f"{len(export.outcomes)}/{len(reading.parts)}")
        if len(export.outcomes) < len(reading.parts):
            return
        plans = export.source.plans
        record_types = tuple(self.federation.standard.record_types[plan.record_type] for plan in plans)
        previous = tuple(
            tuple(file.path for file in self.store.files(plan.record_type, export.source.source_id)) for plan in plans
        )
        outcomes = tuple(export.outcomes[number] for number in range(len(reading.parts)))
        start(
            export, "finish", 0, finish_task, export.source.adapter, plans, record_types, reading, outcomes, previous,
            export.provenance, self.run_id, export.folder / "records", self.limits,
        )  # fmt: skip

    # Validating and publishing: the coordinator's own work.

    def _validate_and_publish(self, exports: list[_Export]) -> int | None:
        from comity.nightly.judge import Judge
        from comity.store.publication import Publication

        ready = [export for export in exports if export.error is None and export.finished is not None]
        if ready and self.judge is None:
            self.judge = Judge(self.federation, self.store, self.limits)
        publications = []
        for export in ready:
            try:
                self._check_volume(export)
                self.tell(export.source.source_id, "validating", "")
            except ComityError as error:
                export.error = error
        ready = [export for export in ready if export.error is None]
        if self.judge is not None:
            verdicts = self.judge.judge([(e.source, e.provenance.export_id, e.finished) for e in ready if e.finished])
            for export, verdict in zip(ready, verdicts, strict=True):
                export.blocks, export.marks, export.error = verdict.blocks, verdict.marks, verdict.error
        for export in exports:
            self._record(export)
        for export in ready:
            if export.error is None and not export.blocks and export.finished is not None:
                publications.append(
                    Publication(
                        export.source.source_id,
                        export.source.adapter.owner.country,
                        export.provenance.export_id,
                        export.source.mapping_version,
                        export.finished.files,
                        export.finished.accounts,
                    )
                )
        release = self._publish(exports, publications)
        for export in exports:
            export.seconds = time.monotonic() - export.began
            outcome = "published" if export.release else "blocked" if export.blocks else "failed"
            self.tell(export.source.source_id, outcome, f"release {export.release}" if export.release else "")
        return release

    def _publish(self, exports: list[_Export], publications: list[Any]) -> int | None:
        """All of the round in one release; if the store refuses one source's part, the others are published without it."""
        refused: dict[str, ComityError] = {}
        while publications:
            try:
                release = self.store.publish(self.run_id, publications).number
                published = {item.source_id for item in publications}
                for export in exports:
                    if export.source.source_id in published:
                        export.release = release
                return release
            except ComityError as error:
                alone = [item for item in publications if item.source_id in error.message]
                if error.code != "store.empty-replacement" or not alone:
                    raise
                refused[alone[0].source_id] = error
                publications.remove(alone[0])
            finally:
                for export in exports:
                    if export.source.source_id in refused and export.error is None:
                        export.error = refused[export.source.source_id]
                        self._record(export)
        return None

    def _check_volume(self, export: _Export) -> None:
        """An empty export, or one out of the adapter's bounds, never replaces data."""
        volume, reading = export.source.adapter.volume, export.reading
        rows = reading.rows_read if reading else 0
        if rows < volume.minimum_rows or (volume.maximum_rows is not None and rows > volume.maximum_rows):
            raise ReadError(
                "read.unusual-volume",
                f"The export of '{export.source.source_id}' has {rows:,} rows, which is not its normal volume",
                file=", ".join(export.waiting.names),
                found=f"normal: {volume.minimum_rows:,} to {volume.maximum_rows or 'any number':,}"
                if volume.maximum_rows
                else f"normal: at least {volume.minimum_rows:,}",
                remedy="ask the owner whether the export is whole; if it is, change 'volume' in adapter.yaml",
            )

    def _record(self, export: _Export) -> None:
        from comity.store.publication import ArchivedFile

        files = [ArchivedFile(file.name, file.sha256, file.size) for file in export.waiting.files]
        outcome = "failed" if export.error else "blocked" if export.blocks else "normalised"
        message = export.error.text() if export.error else "; ".join(export.blocks) or None
        self.store.record_export(
            self.run_id,
            export.source.source_id,
            export.provenance.export_id,
            files,
            kind=export.source.adapter.delivery.kind,
            received_at=datetime.fromisoformat(export.provenance.received_at),
            mapping_version=export.source.mapping_version,
            outcome=outcome,
            message=message,
        )
        if export.finished is not None:
            if export.error or export.blocks:
                self.store.record_accounts(export.finished.accounts)
            for path, rows in export.finished.rejects:
                if path.exists():
                    self.store.record_rejects(
                        self.run_id, export.source.source_id, export.provenance.export_id, path, rows
                    )

    def _report(self, export: _Export) -> ExportReport:
        finished = export.finished
        accounts = tuple(
            AccountLine(a.record_type, a.rows_read, a.rows_accepted, a.rows_rejected, a.rows_not_selected, a.records)
            for a in (finished.accounts if finished else ())
        )
        unmapped = tuple(
            UnmappedLine(record_type, code.column, code.crosswalk, code.code, code.count, code.example_row)
            for record_type, code in (finished.unmapped if finished else ())
        )
        return ExportReport(
            export.source.source_id,
            export.provenance.export_id,
            tuple(export.waiting.names),
            "published" if export.release else "blocked" if export.blocks else "failed",
            export.release,
            accounts,
            export.blocks,
            export.marks,
            unmapped,
            export.reading.notes if export.reading else (),
            ErrorLine.of(export.error) if export.error else None,
            export.seconds,
        )

    def _failed_to_find(self, source: Source, error: ComityError) -> ExportReport:
        self.tell(source.source_id, "failed", error.message)
        return ExportReport(
            source.source_id, "", (), "failed", None, (), (), (), (), (), ErrorLine.of(error), 0.0
        )


def _worker_died(error: BaseException) -> ComityError:
    return ReadError(
        "nightly.worker-died",
        "A worker process died, perhaps killed for its memory",
        found=str(error),
        remedy="run again with fewer jobs (--jobs) or a lower memory limit; nothing of this source was published",
    )
