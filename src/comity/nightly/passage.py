"""One export on its way through the night.

Invariant: an export has an error, or has been finished, or is still on its way; nothing of it is published before
all of it is finished.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.nightly.report import (
    AccountLine,
    ChangeLine,
    ErrorLine,
    ExportReport,
    Outcome,
    UnmappedLine,
    without_rare,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.adapters.part import Reading
    from comity.errors import ComityError
    from comity.mappings import normalise
    from comity.mappings.plan import Provenance
    from comity.nightly.isolation import Done
    from comity.nightly.pending import Waiting
    from comity.nightly.source import Source
    from comity.nightly.work import Finished

    Tell = Callable[[str, str, str], None]
    """Hears of progress: source, stage, detail."""


@dataclass
class Passage:
    """``outcomes``: by the number of the part, one for each mapping. ``blocks``, ``marks``: what validation says.

    ``worked``, ``cpu``, ``memory``: seconds of all its tasks, of processor, and the most bytes that one of them took.
    """

    source: Source
    waiting: Waiting
    folder: Path
    provenance: Provenance
    began: float = field(default_factory=time.monotonic)
    reading: Reading | None = None
    outcomes: dict[int, tuple[normalise.Outcome, ...]] = field(default_factory=dict)
    finished: Finished | None = None
    error: ComityError | None = None
    blocks: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    release: int | None = None
    seconds: float = 0.0
    worked: float = 0.0
    cpu: float = 0.0
    memory: int = 0

    @property
    def name(self) -> str:
        return self.source.source_id

    @property
    def outcome(self) -> Outcome:
        return "published" if self.release else "blocked" if self.blocks and not self.error else "failed"

    def fail(self, error: ComityError) -> None:
        """The first error is the cause; what follows from it is not told."""
        self.error = self.error or error

    def took(self, done: Done) -> None:
        """Count what a task of it took."""
        self.worked += done.seconds
        self.cpu += done.cpu
        self.memory = max(self.memory, done.memory)

    @property
    def unmapped(self) -> tuple[UnmappedLine, ...]:
        """Every code that no crosswalk has, also those that a report does not show."""
        return tuple(
            UnmappedLine(record_type, code.column, code.crosswalk, code.code, code.count, code.example_row)
            for record_type, code in (self.finished.unmapped if self.finished else ())
        )

    def report(self) -> ExportReport:
        """What became of it."""
        finished = self.finished
        accounts = tuple(
            AccountLine(
                a.record_type, a.rows_read, a.rows_accepted, a.rows_rejected, a.rows_not_selected, a.records
            )
            for a in (finished.accounts if finished else ())
        )
        return ExportReport(
            self.name,
            self.provenance.export_id,
            tuple(self.waiting.names),
            self.outcome,
            self.release,
            accounts,
            self.blocks,
            self.marks,
            without_rare(self.unmapped),
            self.reading.notes if self.reading else (),
            ErrorLine.of(self.error) if self.error else None,
            self.seconds,
            self.cpu,
            self.memory,
            tuple(
                ChangeLine(
                    c.record_type,
                    c.added,
                    c.changed_by_source,
                    c.changed_by_mapping,
                    c.withdrawn,
                    dict(c.columns),
                )
                for c in (finished.changes if finished and self.release else ())
            ),
        )
