"""One export run through a source's mapping without a store: what the night would make of it.

Invariant: the same work as in the night (read, normalise, finish) on the same bytes, from an empty store; nothing is
written but below ``into``, and no ledger is touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from comity.nightly.work import finish_task, normalise_task, read_task

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.part import ExportFile, Reading
    from comity.mappings.normalise import Limits
    from comity.nightly.source import Source
    from comity.nightly.work import Finished
    from comity.nightly.workers import Workers
    from comity.standard import Standard

TRIAL = "trial"


@dataclass(frozen=True)
class Trial:
    """What an export became: as it was read, and as it would be published."""

    reading: Reading
    finished: Finished


def try_export(
    source: Source,
    standard: Standard,
    files: tuple[ExportFile, ...],
    received_at: str,
    into: Path,
    limits: Limits,
    workers: Workers | None = None,
) -> Trial:
    """``files`` through every mapping of ``source``. ``received_at``: ISO, UTC. ``workers`` take parts side by side."""
    from comity.mappings.plan import Provenance

    export_id = files[0].sha256 if files else ""
    provenance = Provenance(export_id, received_at, source.mapping_version)
    reading = read_task(source.adapter, files, into / "parts")
    records = into / "records"
    records.mkdir(parents=True, exist_ok=True)
    shares = workers.shares(len(reading.parts)) if workers else [range(len(reading.parts))]
    tasks = [
        (source.adapter, source.plans, reading, numbers, provenance, TRIAL, records, limits)
        for numbers in shares
    ]
    if workers is None or len(tasks) < 2:
        done = [normalise_task(*task) for task in tasks]
    else:
        doing = [workers.submit(source.source_id, into, 0.0, normalise_task, *task) for task in tasks]
        done = [future.result().value for future in doing]
    outcomes = tuple(chain.from_iterable(done))
    finished = finish_task(
        source.adapter,
        source.plans,
        tuple(standard.record_types[plan.record_type] for plan in source.plans),
        reading,
        outcomes,
        ((),) * len(source.plans),
        provenance,
        TRIAL,
        records,
        limits,
    )
    return Trial(reading, finished)
