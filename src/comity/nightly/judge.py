"""Validating what a round has normalised, before any of it is published.

Invariant: every source and record type of the round has a verdict; an error of the engine is a fault of ours and
blocks as such, never as bad data. The work itself is done by the workers (``judging``), one task an export.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comity.errors import ComityError
from comity.nightly.isolation import Bounds, make_ready, run_isolated
from comity.nightly.judging import Case, judge_task, suites_task
from comity.store.layout import make_folder
from comity.validation.broken import broken_folder
from comity.validation.gate import blocks, marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from comity.mappings.normalise import Limits
    from comity.nightly.judging import Verdict, Wanted
    from comity.nightly.passage import Passage
    from comity.nightly.source import Federation
    from comity.nightly.workers import Workers
    from comity.standard import RecordType
    from comity.store.publication import StoredFile
    from comity.store.store import Store
    from comity.validation.result import CheckResult, SuiteResult
    from comity.validation.suite import Suite


class Judge:
    """One run's validation: it keeps the results of every round for the page and the view ``quality``, and beside them
    which records break which rule.
    """

    def __init__(
        self, federation: Federation, store: Store, workers: Workers, limits: Limits, run_id: str
    ) -> None:
        from comity.validation.run import codes_of

        self.federation, self.store, self.workers, self.limits = federation, store, workers, limits
        self.run_id, self.folder = run_id, store.layout.runs / run_id / "quality"
        self.codes = codes_of(federation.standard)
        self.suites: dict[Wanted, Suite | ComityError] = {}
        self.results: list[tuple[str, str, str, SuiteResult]] = []
        make_ready(judge_task)

    def judge(self, passages: Sequence[Passage]) -> None:
        """Give every passage of a round its blocks and marks, or the error that kept it from being judged.

        What is blocked is not published, so nobody's reference leads to it: whoever may have counted on it is judged
        again without it, until nobody else is blocked.
        """
        self._load_suites(passages)
        judged = there = [passage for passage in passages if passage.error is None]
        while judged:
            self._judge(judged, self._related(there, passages))
            lost = [passage for passage in there if passage.blocks or passage.error]
            there = [passage for passage in there if passage not in lost]
            types = {plan.record_type for passage in lost for plan in passage.source.plans}
            judged = [passage for passage in there if types and self._refers(passage) & types]
            again = {(passage.name, passage.provenance.export_id) for passage in judged}
            self.results = [result for result in self.results if result[:2] not in again]

    def _load_suites(self, passages: Sequence[Passage]) -> None:
        """Here and not on a cluster, whose workers need not see the federation; a suite may ask DuckDB anything."""
        pairs = {(passage.name, plan.record_type) for passage in passages for plan in passage.source.plans}
        wanted = sorted(pairs - self.suites.keys())
        try:
            self._load("all sources", wanted)
        except ComityError:
            # Whatever ended that process, a kill or one of the suites: each source has another try, of its own.
            for passage in passages:
                try:
                    self._load(passage.name, [pair for pair in wanted if pair[0] == passage.name])
                except ComityError as error:
                    passage.fail(error)
        for passage in passages:
            for plan in passage.source.plans:
                if isinstance(found := self.suites.get((passage.name, plan.record_type)), ComityError):
                    passage.fail(found)

    def _load(self, whose: str, wanted: Sequence[Wanted]) -> None:
        if wanted:
            bounds = Bounds(whose, self.limits.spill.parent, self.workers.seconds, self.workers.memory)
            arguments = (self.federation.standard, self.federation.root / "validation", tuple(wanted))
            self.suites |= run_isolated(bounds, suites_task, arguments).value

    def _judge(
        self, passages: Sequence[Passage], related: dict[str, tuple[RecordType, tuple[Path, ...]]]
    ) -> None:
        published: dict[tuple[str, str], list[StoredFile]] = {}
        for stored in self.store.files():
            published.setdefault((stored.source_id, stored.record_type), []).append(stored)
        limits = replace(self.limits, threads=max(1, self.workers.jobs // len(passages)))
        doing: dict[Future[Any], Passage] = {}
        for passage in passages:
            passage.blocks, passage.marks = (), ()
            cases = tuple(
                Case(
                    self._suite(passage.name, plan.record_type),
                    self.federation.standard.record_types[plan.record_type],
                    tuple(_paths(passage, plan.record_type)),
                    tuple(file.path for file in published.get((passage.name, plan.record_type), ())),
                )
                for plan in passage.source.plans
            )
            wanted = self._refers(passage)
            into = passage.folder / "judged"
            make_folder(into)
            future = self.workers.submit(
                passage.name, passage.folder, passage.worked, judge_task, cases,
                {name: files for name, files in related.items() if name in wanted},
                self.codes, into, replace(limits, spill=passage.folder / "spill"),
            )  # fmt: skip
            doing[future] = passage
        verdicts: dict[str, tuple[Verdict, ...]] = {}
        while doing:
            for future in self.workers.wait(set(doing)):
                passage = doing.pop(future)
                try:
                    done = future.result()
                except ComityError as error:
                    passage.fail(error)
                except Exception as fault:
                    passage.fail(self.workers.explain(passage.name, fault))
                else:
                    passage.took(done)
                    verdicts[passage.name] = done.value
        for passage in passages:
            for verdict in verdicts.get(passage.name, ()):
                self._keep(passage, verdict)

    def _keep(self, passage: Passage, verdict: Verdict) -> None:
        export_id, result = passage.provenance.export_id, verdict.result
        self.results.append((passage.name, export_id, result.record_type, result))
        broken = broken_folder(self.folder) / f"{passage.name}.{result.record_type}.{export_id[:12]}.parquet"
        broken.unlink(missing_ok=True)  # of an earlier verdict
        if verdict.broken is not None:
            make_folder(broken.parent)
            shutil.move(verdict.broken, broken)
        told = [
            (check, f"{result.record_type}: {check.rule_id}: {_counted(check)}") for check in _wrong(result)
        ]
        passage.blocks += tuple(text for check, text in told if blocks(check))
        passage.marks += tuple(text for check, text in told if marks(check) and not blocks(check))

    def write_results(self, run_id: str, staging: Path) -> None:
        """The run's results: a table for the view ``quality``, JSON, and one offline page."""
        import pyarrow.parquet as pq

        from comity.validation.page import write_results
        from comity.validation.result import quality_table

        make_folder(self.folder)
        write_results(run_id, self.results, self.folder)
        path = staging / "quality.parquet"
        pq.write_table(quality_table(run_id, self.results), path)
        self.store.record_quality(run_id, path)

    def _suite(self, source_id: str, record_type: str) -> Suite:
        suite = self.suites[source_id, record_type]
        assert not isinstance(suite, ComityError)  # such a passage is not judged
        return suite

    def _refers(self, passage: Passage) -> set[str]:
        """The record types that a rule over the passage's records looks for."""
        known = set(self.federation.standard.record_types)
        rules = [
            rule
            for plan in passage.source.plans
            for rule in self._suite(passage.name, plan.record_type).rules
        ]
        if any("record_type_column" in rule.kwargs for rule in rules):
            return known
        return known & {rule.kwargs.get("record_type") for rule in rules}

    def _related(
        self, there: Sequence[Passage], round_: Sequence[Passage]
    ) -> dict[str, tuple[RecordType, tuple[Path, ...]]]:
        """For every record type the files that the federation would hold: those of this round that are still
        ``there``, and the last release's of every other source.
        """
        fresh = {passage.name for passage in there}
        paths: dict[str, list[Path]] = {
            plan.record_type: [] for passage in round_ for plan in passage.source.plans
        }
        for passage in there:
            for file in passage.finished.files if passage.finished else ():
                paths.setdefault(file.record_type, []).append(file.path)
        for stored in self.store.files():
            if stored.source_id not in fresh:
                paths.setdefault(stored.record_type, []).append(stored.path)
        types = self.federation.standard.record_types
        return {name: (types[name], tuple(files)) for name, files in paths.items() if name in types}


def _paths(passage: Passage, record_type: str) -> Iterable[Path]:
    files = passage.finished.files if passage.finished else ()
    return (file.path for file in files if file.record_type == record_type)


def _wrong(result: SuiteResult) -> list[CheckResult]:
    return [check for check in result.checks if check.outcome in ("fail", "error")]


def _counted(check: CheckResult) -> str:
    if check.outcome == "error":
        return f"could not be judged: {check.observed}"
    if check.violated is not None and check.denominator:
        return f"{check.violated:,} of {check.denominator:,} records"
    return str(check.observed or "failed")
