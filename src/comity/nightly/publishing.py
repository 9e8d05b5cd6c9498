"""Judging and publishing what one round has normalised: the coordinator's own work.

Invariant: what is published passed its suites and its volume; the whole round is one release, or, where the store
refuses one source, one release without that source. What failed is recorded with its reason all the same.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from comity.errors import ComityError, ReadError
from comity.store.publication import ArchivedFile, Publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.nightly.judge import Judge
    from comity.nightly.passage import Passage, Tell
    from comity.store.store import Store


def publish_round(
    store: Store, run_id: str, passages: Sequence[Passage], judge: Judge, tell: Tell
) -> int | None:
    """The number of the release, or None when nothing passed."""
    told = [passage for passage in passages if passage.error is not None]
    for passage in passages:
        if passage.error is None:
            _check_volume(passage)
    ready = [passage for passage in passages if passage.error is None and passage.finished is not None]
    for passage in ready:
        tell(passage.name, "validating", "")
    judge.judge(ready)
    _mind_holds(store, ready)
    for passage in passages:
        record(store, run_id, passage)
    release = _publish(store, run_id, [p for p in ready if p.error is None and not p.blocks])
    for passage in passages:
        passage.seconds = time.monotonic() - passage.began
        if passage not in told:
            why = passage.error.message if passage.error else "; ".join(passage.blocks)
            tell(passage.name, passage.outcome, f"in release {passage.release}" if passage.release else why)
    return release


def _mind_holds(store: Store, passages: Sequence[Passage]) -> None:
    """A source that was held while the night worked on it is not published."""
    holds = {hold.source_id: hold for hold in store.holds()}
    for passage in passages:
        if (hold := holds.get(passage.name)) is not None:
            passage.blocks += (hold.text(),)


def _publish(store: Store, run_id: str, passages: list[Passage]) -> int | None:
    while passages:
        try:
            number = store.publish(run_id, [_publication(passage) for passage in passages]).number
        except ComityError as error:
            refused = [passage for passage in passages if passage.name in error.message.split()]
            if error.code not in ("store.empty-replacement", "store.published-meanwhile") or not refused:
                raise
            for passage in refused:
                passage.fail(error)
                record(store, run_id, passage)
                passages.remove(passage)
            continue
        for passage in passages:
            passage.release = number
        return number
    return None


def _publication(passage: Passage) -> Publication:
    assert passage.finished is not None  # only what is finished is ready
    return Publication(
        passage.name,
        passage.source.adapter.owner.country,
        passage.provenance.export_id,
        passage.source.mapping_version,
        passage.finished.files,
        passage.finished.accounts,
        changes=passage.finished.changes,
    )


def _check_volume(passage: Passage) -> None:
    """An empty export, or one out of the adapter's bounds, never replaces data."""
    volume, rows = passage.source.adapter.volume, passage.reading.rows_read if passage.reading else 0
    most = volume.maximum_rows
    if rows < volume.minimum_rows or (most is not None and rows > most):
        normal = (
            f"at least {volume.minimum_rows:,}" if most is None else f"{volume.minimum_rows:,} to {most:,}"
        )
        passage.fail(
            ReadError(
                "read.unusual-volume",
                f"The export of '{passage.name}' has {rows:,} rows, which is not its normal volume",
                file=", ".join(passage.waiting.names),
                found=f"normal: {normal}",
                remedy="ask the owner whether the export is whole; if it is, change 'volume' in adapter.yaml",
            )
        )


def record(store: Store, run_id: str, passage: Passage) -> None:
    """Keep what became of the export: its outcome, its accounts where it is not published, its rejects."""
    message = passage.error.text() if passage.error else "; ".join(passage.blocks) or None
    stopped = passage.error is not None or bool(passage.blocks)
    store.record_export(
        run_id,
        passage.name,
        passage.provenance.export_id,
        [ArchivedFile(file.name, file.sha256, file.size) for file in passage.waiting.files],
        kind=passage.source.adapter.delivery.kind,
        received_at=datetime.fromisoformat(passage.provenance.received_at),
        mapping_version=passage.source.mapping_version,
        outcome=("failed" if passage.error else "blocked") if stopped else "normalised",
        message=message,
    )
    if passage.finished is None:
        return
    if stopped:
        store.record_accounts(passage.finished.accounts)
    for path, rows in passage.finished.rejects:
        if path.exists():  # taken into the store once
            store.record_rejects(run_id, passage.name, passage.provenance.export_id, path, rows)
