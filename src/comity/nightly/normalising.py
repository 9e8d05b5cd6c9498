"""Normalising the exports of one round: every task of every source shares the workers.

Invariant: a failed task fails its own export and no other, and what that export had written is removed at once; an
export is finished when all its parts are.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from comity.errors import ComityError
from comity.nightly.rows_again import earlier_exports
from comity.nightly.work import finish_task, normalise_task, read_task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from comity.mappings.normalise import Limits
    from comity.nightly.passage import Passage, Tell
    from comity.nightly.workers import Workers
    from comity.standard import Standard
    from comity.store.store import Store


class Normalising:
    """Read, then every part, then finish; the next step of an export starts when the last one is done."""

    def __init__(
        self, workers: Workers, store: Store, standard: Standard, run_id: str, limits: Limits, tell: Tell
    ) -> None:
        self.workers, self.store, self.standard = workers, store, standard
        self.run_id, self.limits, self.tell = run_id, limits, tell
        self.doing: dict[Future[Any], tuple[Passage, Callable[[Passage, Any], None]]] = {}

    def run(self, passages: Sequence[Passage]) -> None:
        """Until every passage is finished or has failed."""
        for passage in passages:
            self.tell(passage.name, "reading", ", ".join(passage.waiting.names))
            passage.folder.mkdir(parents=True, exist_ok=True)
            parts = passage.folder / "parts"
            self._start(
                passage, self._was_read, read_task, passage.source.adapter, passage.waiting.files, parts
            )
        while self.doing:
            for future in self.workers.wait(set(self.doing)):
                passage, then = self.doing.pop(future)
                try:
                    result = future.result()
                except ComityError as error:
                    self._failed(passage, error)
                except Exception as fault:
                    self._failed(passage, self.workers.explain(passage.name, fault))
                else:
                    passage.took(result)
                    if passage.error is None:
                        then(passage, result.value)

    def _start(
        self, passage: Passage, then: Callable[[Passage, Any], None], call: Callable[..., Any], *args: Any
    ) -> None:
        future = self.workers.submit(passage.name, passage.folder, passage.worked, call, *args)
        self.doing[future] = (passage, then)

    def _limits(self, passage: Passage) -> Limits:
        """What an export spills counts as its own disk, and goes with it."""
        return replace(self.limits, spill=passage.folder / "spill")

    def _failed(self, passage: Passage, error: ComityError) -> None:
        if passage.error is None:
            self.tell(passage.name, "failed", error.message)
        passage.fail(error)
        # Others may need the space now; and the steps of this export that still run end without their folder.
        shutil.rmtree(passage.folder, ignore_errors=True)

    def _was_read(self, passage: Passage, reading: Any) -> None:
        passage.reading = reading
        self.tell(passage.name, "normalising", f"{reading.rows_read:,} rows")
        records = passage.folder / "records"
        records.mkdir(parents=True, exist_ok=True)
        for numbers in self.workers.shares(len(reading.parts)):
            self._start(
                passage,
                partial(self._parts_done, numbers),
                normalise_task, passage.source.adapter, passage.source.plans, reading, numbers,
                passage.provenance, self.run_id, records, self._limits(passage),
            )  # fmt: skip
        if not reading.parts:
            self._finish(passage)

    def _parts_done(self, numbers: Sequence[int], passage: Passage, outcomes: Any) -> None:
        passage.outcomes.update(zip(numbers, outcomes, strict=True))
        parts = len(passage.reading.parts) if passage.reading else 0
        self.tell(passage.name, "part", f"{len(passage.outcomes)}/{parts}")
        if len(passage.outcomes) == parts:
            self._finish(passage)

    def _finish(self, passage: Passage) -> None:
        plans = passage.source.plans
        record_types = tuple(self.standard.record_types[plan.record_type] for plan in plans)
        stored = self.store.files(source_id=passage.name)
        previous = tuple(
            tuple(file.path for file in stored if file.record_type == plan.record_type) for plan in plans
        )
        earlier = earlier_exports(self.store, passage.source, stored)
        outcomes = tuple(passage.outcomes[number] for number in sorted(passage.outcomes))
        self._start(
            passage, self._finished, finish_task, passage.source.adapter, plans, record_types, passage.reading,
            outcomes, previous, passage.provenance, self.run_id, passage.folder / "records", self._limits(passage),
            earlier,
        )  # fmt: skip

    def _finished(self, passage: Passage, finished: Any) -> None:
        passage.finished = finished
        shutil.rmtree(passage.folder / "parts", ignore_errors=True)
        self.tell(passage.name, "normalised", "")
