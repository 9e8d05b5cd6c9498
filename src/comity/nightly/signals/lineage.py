"""OpenLineage events of a night: what was made of what, by which rules, and what was found.

Invariant: every run that has a START gets one COMPLETE or FAIL, also when the night ends early; the file holds every
event, and HTTP gets the same ones in the same order. Jobs: ``night``; below it one a source, and ``SOURCE.validate``,
whose assertions are about the records and not about the export.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from comity.nightly.signals import facets
from comity.nightly.signals.log import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from comity.nightly.report import ExportReport, NightReport
    from comity.nightly.reports.stored import Checks
    from comity.nightly.signals.hide import Hide
    from comity.nightly.source import Source
    from comity.standard import Standard

NAME = "openlineage.jsonl"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_ENDS = ("published", "blocked", "failed")


@dataclass
class _Passage:
    """One export on its way: when it began and ended."""

    run: str
    began: str
    ended: str | None = None


@dataclass
class Lineage:
    """``path``: the file of events. ``send`` gets each of them too, or is None."""

    namespace: str
    standard: Standard
    sources: Mapping[str, Source]
    run_id: str
    path: Path
    hide: Hide
    send: Callable[[dict[str, Any]], None] | None = None
    trouble: str | None = None
    _passages: dict[str, list[_Passage]] = field(default_factory=dict)

    def begin(self) -> None:
        """START of the night."""
        self._emit("START", moment(), "night", self._night, {}, job="DAG")

    def tell(self, source: str, stage: str) -> None:
        """Hears of every stage of every source; what else the night does is no job of its own."""
        if source not in self.sources:
            return
        passages = self._passages.setdefault(source, [])
        under_way = bool(passages) and passages[-1].ended is None
        if stage in _ENDS:
            if not under_way:  # it failed before it began, a database that does not answer
                self._start(source)
            passages[-1].ended = moment()
        elif not under_way:
            self._start(source)

    def end(self, report: NightReport, checks: Checks) -> None:
        """What became of every export, then of the night."""
        turn: dict[str, int] = {}
        for export in report.exports:
            number = turn.get(export.source_id, 0)
            turn[export.source_id] = number + 1
            self._end_export(export, number, checks.get((export.source_id, export.export_id), {}))
        state = "COMPLETE" if report.succeeded else "FAIL"
        message = (
            None if report.succeeded else "Some exports were not published: see the runs of their sources."
        )
        self._end(state, moment(), "night", self._night, message, job="DAG", parent=False)

    def end_early(self, message: str) -> None:
        """The night could not go on: whatever was under way has failed."""
        for source, passages in self._passages.items():
            for passage in passages:
                self._end("FAIL", passage.ended or moment(), source, passage.run, self.hide(message))
        self._end("FAIL", moment(), "night", self._night, self.hide(message), job="DAG", parent=False)

    @property
    def _night(self) -> str:
        return self._uuid("night")

    def _uuid(self, *of: object) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, (facets.PRODUCER, self.run_id, *of)))))

    def _start(self, source: str) -> None:
        passages = self._passages[source]
        passages.append(_Passage(self._uuid(source, len(passages)), moment()))
        known = self.sources.get(source)
        inputs = [self._export(known)] if known else []
        self._emit("START", passages[-1].began, source, passages[-1].run, self._below(), inputs=inputs)

    def _end_export(
        self, export: ExportReport, number: int, judged: Mapping[str, list[dict[str, Any]]]
    ) -> None:
        source = export.source_id
        passages = self._passages.setdefault(source, [])
        if number >= len(passages):
            self._start(source)
        passage, known = passages[number], self.sources.get(source)
        ended = passage.ended or moment()
        self._validated(export, number, judged, ended)
        good = export.outcome == "published"
        message = export.error.message if export.error else "; ".join(export.blocks)
        code = f" [{export.error.code}]" if export.error else ""
        self._end(
            "COMPLETE" if good else "FAIL",
            ended,
            source,
            passage.run,
            None if good else self.hide(f"{message}{code}"),
            inputs=[self._export(known, export)] if known else [],
            outputs=self._records(known, export) if known else [],
        )

    def _validated(
        self, export: ExportReport, number: int, judged: Mapping[str, list[dict[str, Any]]], ended: str
    ) -> None:
        if not judged:
            return
        job, run = f"{export.source_id}.validate", self._uuid(export.source_id, number, "validate")
        inputs = [
            self._dataset(f"{record_type}.{export.source_id}")
            | {"inputFacets": {"dataQualityAssertions": facets.assertions(checks)}}
            for record_type, checks in judged.items()
        ]
        self._emit("START", ended, job, run, self._below(), job="TEST")
        blocked = self.hide("; ".join(export.blocks)) if export.blocks else None
        state = "FAIL" if blocked else "COMPLETE"
        self._end(state, ended, job, run, blocked, job="TEST", inputs=inputs)

    def _dataset(self, name: str, **told: Any) -> dict[str, Any]:
        return {"namespace": self.namespace, "name": name, "facets": told}

    def _export(self, source: Source, export: ExportReport | None = None) -> dict[str, Any]:
        adapter = source.adapter
        told = {
            "schema": facets.export_schema(adapter.fields),
            "documentation": facets.documentation(adapter.title),
            "ownership": facets.ownership(adapter.owner.authority or adapter.owner.country),
        }
        if export is None or not export.export_id:
            return self._dataset(f"exports.{source.source_id}", **told)
        told["version"] = facets.dataset_version(export.export_id)
        dataset = self._dataset(f"exports.{source.source_id}", **told)
        if export.accounts:
            rows = max(account.rows_read for account in export.accounts)
            dataset["inputFacets"] = {
                "inputStatistics": facets.input_statistics(rows, files=len(export.files))
            }
        return dataset

    def _records(self, source: Source, export: ExportReport) -> list[dict[str, Any]]:
        """What was published: nothing of an export that was not."""
        if export.release is None:
            return []
        records = {account.record_type: account.records for account in export.accounts}
        found = []
        for plan in source.plans:
            kind = self.standard.record_types[plan.record_type]
            dataset = self._dataset(
                f"{plan.record_type}.{source.source_id}",
                schema=facets.record_schema(kind.columns),
                columnLineage=facets.column_lineage(plan, self.namespace, f"exports.{source.source_id}"),
                version=facets.dataset_version(str(export.release)),
            )
            statistics = facets.output_statistics(records.get(plan.record_type, 0))
            found.append(dataset | {"outputFacets": {"outputStatistics": statistics}})
        return found

    def _below(self) -> dict[str, Any]:
        return {"parent": facets.parent(self.namespace, "night", self._night)}

    def _end(
        self,
        state: str,
        at: str,
        name: str,
        run: str,
        message: str | None,
        *,
        parent: bool = True,
        **more: Any,
    ) -> None:
        told = self._below() if parent else {}
        if message:
            told["errorMessage"] = facets.error_message(message)
        self._emit(state, at, name, run, told, **more)

    def _emit(
        self,
        state: str,
        at: str,
        name: str,
        run: str,
        told: dict[str, Any],
        *,
        job: str = "JOB",
        inputs: Sequence[dict[str, Any]] = (),
        outputs: Sequence[dict[str, Any]] = (),
    ) -> None:
        event = {
            "eventType": state,
            "eventTime": at,
            "producer": facets.PRODUCER,
            "schemaURL": SCHEMA,
            "run": {"runId": run, "facets": {"processing_engine": facets.engine(version("comity")), **told}},
            "job": {"namespace": self.namespace, "name": name, "facets": {"jobType": facets.job_type(job)}},
            "inputs": list(inputs),
            "outputs": list(outputs),
        }
        try:
            with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
                file.write(json.dumps(event, ensure_ascii=True) + "\n")
        except OSError as error:
            self.trouble = self.trouble or f"lineage: {error.strerror or error}"
        if self.send is not None:
            self.send(event)
