"""One night, watched: every stage is logged, its end is reported and told.

Invariant: nothing here fails the night. A report or signal that could not be made or sent becomes one line of
``NightReport.undelivered``, which the summary shows; and a night that ends with an error is told as well.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.nightly.freshness import freshness
from comity.nightly.report import write_report
from comity.nightly.reports.stored import read_checks
from comity.nightly.reports.write import write_reports
from comity.nightly.signals.hide import hide_for
from comity.nightly.signals.lineage import NAME as LINEAGE
from comity.nightly.signals.lineage import Lineage
from comity.nightly.signals.log import NightLog
from comity.nightly.signals.mail import send_mail
from comity.nightly.signals.metrics import NAME as METRICS
from comity.nightly.signals.metrics import metrics_text, write_metrics
from comity.nightly.signals.post import NotSent, post_json
from comity.nightly.signals.sender import Sender
from comity.nightly.signals.trouble import ended_early, trouble_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from comity.config.settings import Settings
    from comity.nightly.freshness import Freshness
    from comity.nightly.outline import Outline, Sources
    from comity.nightly.passage import Tell
    from comity.nightly.report import ExportReport, NightReport
    from comity.nightly.signals.trouble import Trouble
    from comity.store.store import Store


class Watch:
    """Used as a context around the work of a run. ``tell``: give it to the night instead of the caller's."""

    def __init__(
        self,
        settings: Settings,
        sources: Sources,
        outlines: tuple[Outline, ...],
        store: Store,
        run_id: str,
        tell: Tell,
    ) -> None:
        self.settings, self.store, self.run_id = settings, store, run_id
        self.folder = store.layout.runs / run_id
        self.hide = hide_for(
            settings, [each.delivery.database.url for each in outlines if each.delivery.database is not None]
        )
        self._tell, self._began, self._finished = tell, time.monotonic(), False
        self._countries = {each.source_id: each.owner_country for each in outlines}
        self._undelivered: list[str] = []
        signals = settings.signals
        stream = sys.stderr if signals.log == "json" else None
        self.log = NightLog(self.folder / "log.jsonl", run_id, self.hide, stream)
        self._sender = (
            Sender(signals.openlineage_url, signals.openlineage_token) if signals.openlineage_url else None
        )
        self.lineage = Lineage(
            signals.openlineage_namespace,
            sources.standard,
            sources.when_needed(outlines),
            run_id,
            self.folder / LINEAGE,
            self.hide,
            self._sender,
        )

    def __enter__(self) -> Watch:
        self.log.tell("begin", sources=len(self._countries))
        self._try("lineage", self.lineage.begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._finished:
            self._try("signals", lambda: self._ended_early(error))
        self.log.close()

    def tell(self, source: str, stage: str, detail: str) -> None:
        """Hears of progress, logs it, and passes it on."""
        if stage != "part":
            self.log.tell(stage, source, detail)
            self._try("lineage", lambda: self.lineage.tell(source, stage))
        self._tell(source, stage, detail)

    def finish(self, report: NightReport) -> NightReport:
        """Write and send what is to be told of ``report``; the same, with what could not be."""
        self._finished = True
        now = datetime.now(UTC)
        fresh: tuple[Freshness, ...] = ()
        with suppress(Exception):  # a ledger that cannot be read any more is told by the run's own end
            fresh = freshness(self.store, now)
        countries = {each.source_id: each.owner_country for each in fresh} | self._countries
        self._log_end(report, fresh)
        write_reports(self.store, report, self._try)
        self._try("lineage", lambda: self.lineage.end(report, read_checks(self.folder)))
        trouble = trouble_of(report, fresh, countries, socket.gethostname(), self.hide)
        self._send(trouble)
        self._try("metrics", lambda: self._metrics(report, fresh, 0 if report.succeeded else 1))
        return self._told(report)

    def _told(self, report: NightReport) -> NightReport:
        found = (*self._undelivered, self.log.trouble, self.lineage.trouble)
        report = replace(report, undelivered=tuple(self.hide(each) for each in found if each))
        for each in report.undelivered:
            self.log.tell("undelivered", None, each)
        if report.undelivered:
            self._try("report", lambda: write_report(report, self.folder))
        return report

    def _ended_early(self, error: BaseException) -> None:
        trouble = ended_early(self.run_id, error, socket.gethostname(), self.hide)
        self.log.tell("failed", None, trouble.ended or "", code=getattr(error, "code", None))
        self._try("lineage", lambda: self.lineage.end_early(trouble.ended or ""))
        if not isinstance(error, KeyboardInterrupt):  # whoever pressed it knows
            self._send(trouble)
        self._try("metrics", lambda: self._metrics(None, freshness(self.store, datetime.now(UTC)), 1))
        for each in self._undelivered:
            self.log.tell("undelivered", None, each)

    def _log_end(self, report: NightReport, fresh: tuple[Freshness, ...]) -> None:
        for export in report.exports:
            self._log_export(export)
        for name, error in report.broken:
            self.log.tell("broken", name, error.message, code=error.code, place=error.place)
        for each in fresh:
            if each.stale:
                self.log.tell(
                    "stale", each.source_id, each.text(), overdue_seconds=each.overdue.total_seconds()
                )
        self.log.tell(
            "end",
            succeeded=report.succeeded,
            seconds=round(report.seconds, 3),
            releases=", ".join(map(str, report.releases)),
        )

    def _log_export(self, export: ExportReport) -> None:
        for account in export.accounts:
            self.log.tell(
                "account",
                export.source_id,
                export=export.export_id,
                record_type=account.record_type,
                rows_read=account.rows_read,
                rows_accepted=account.rows_accepted,
                rows_rejected=account.rows_rejected,
                rows_not_selected=account.rows_not_selected,
                records=account.records,
                release=export.release,
            )
        for mark in export.marks:
            self.log.tell("marked", export.source_id, mark)
        if export.error is not None:
            error = export.error
            self.log.tell("error", export.source_id, error.message, code=error.code, place=error.place)

    def _send(self, trouble: Trouble) -> None:
        signals = self.settings.signals
        if self._sender is not None and (why := self._sender.close()):
            self._undelivered.append(why)
        if not trouble:
            return
        if signals.webhook is not None:
            webhook = signals.webhook
            self._try("webhook", lambda: post_json(webhook, trouble.as_json(), signals.webhook_token))
        if signals.mail_to:
            self._try("mail", lambda: send_mail(signals, trouble, trouble.host))

    def _metrics(self, report: NightReport | None, fresh: tuple[Freshness, ...], status: int) -> None:
        text = metrics_text(
            report,
            fresh,
            ended=time.time(),
            seconds=time.monotonic() - self._began,
            exit_status=status,
            undelivered=len(self._undelivered),
        )
        write_metrics(self.folder / METRICS, text, 0o600)
        if self.settings.signals.metrics_file is not None:
            write_metrics(self.settings.signals.metrics_file, text)

    def _try(self, what: str, call: Callable[[], object]) -> None:
        try:
            call()
        except NotSent as error:
            self._undelivered.append(f"{what}: {error}")
        except OSError as error:
            self._undelivered.append(f"{what}: {error.strerror or type(error).__name__}")
        except Exception as error:  # told, and the night goes on
            self._undelivered.append(f"{what}: a fault of Comity, {type(error).__name__}: {error}")
