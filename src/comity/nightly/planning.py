"""What a run would do, source by source, without doing any of it.

Invariant: nothing is written, archived or asked of a database; what the plan says of a source is decided by the same
function as in the run (``pending.choose``). Files that no run has met are read once, for their hash.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from comity.errors import ComityError, StoreError
from comity.nightly.left_alone import LeftAlone, left_alone
from comity.nightly.outline import Sources
from comity.nightly.overdue import StaleLine, stale_line
from comity.nightly.pending import Past, choose, hash_of, inbox_files
from comity.nightly.report import ErrorLine
from comity.nightly.retry import failed_sources
from comity.store.layout import Layout

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.nightly.inbox import InboxFile
    from comity.nightly.mapping_change import MappingChange
    from comity.nightly.outline import Outline

Action = Literal["run", "ask", "skip", "held", "not set up", "broken"]
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Intent:
    """One source: what a run would do with it and why. ``exports``: the files of each export that it would take.

    ``ask``: its database would be asked, and only then is it known whether anything is new. ``stale``: it is overdue.
    ``alters``: what a changed mapping would alter, where that was asked for.
    """

    source_id: str
    owner_country: str
    action: Action
    why: str
    exports: tuple[tuple[str, ...], ...] = ()
    stale: StaleLine | None = None
    error: ErrorLine | None = None
    alters: tuple[str, ...] = ()


@dataclass(frozen=True)
class NightPlan:
    """Every source, in the order of their names. ``left_alone``: what lies in the inbox and no run takes."""

    intents: tuple[Intent, ...]
    left_alone: tuple[LeftAlone, ...] = ()

    @property
    def broken(self) -> bool:
        return any(intent.error is not None for intent in self.intents)

    @property
    def something_to_do(self) -> bool:
        return any(intent.action in ("run", "ask") for intent in self.intents)

    @property
    def exit_code(self) -> int:
        """As other planners have it: 0 nothing to do, 2 something to do, 1 an error."""
        return 1 if self.broken else 2 if self.something_to_do else 0

    def as_json(self) -> str:
        body = {**asdict(self), "exit_code": self.exit_code}
        return json.dumps(body, ensure_ascii=False, indent=2)


def plan_night(
    settings: Settings,
    only: tuple[str, ...] = (),
    countries: tuple[str, ...] = (),
    *,
    retry_failed: bool = False,
    mapping_changes: bool = False,
) -> NightPlan:
    """The plan over every source, or over ``only`` those, or those of ``countries``."""
    layout = Layout.at(settings.data_dir)
    past = _past(settings)
    sources = Sources(settings.federation, layout.outlines_file)
    whole = not (only or countries or retry_failed)
    if retry_failed:
        only = failed_sources(settings, only)
        if not only:
            return NightPlan(())
    outlines, broken = sources.outlines(only, countries)
    intents = [_intent(layout, past, outline, datetime.now(UTC)) for outline in outlines]
    if mapping_changes:
        intents = [_with_changes(settings, sources, intent) for intent in intents]
    intents += [
        Intent(name, "", "broken", error.message, error=ErrorLine.of(error)) for name, error in broken
    ]
    alone = left_alone(layout.inbox, outlines, sources.folders if whole else None)
    return NightPlan(tuple(sorted(intents, key=lambda intent: intent.source_id)), alone)


def _past(settings: Settings) -> Past:
    from comity.store.store import Store

    try:
        return Past.of(Store.open(settings.data_dir, settings.ledger_url, writable=False))
    except StoreError as error:
        if error.code not in ("store.no-ledger", "store.older-ledger"):
            raise
        # Nothing was ever run here; or the next run brings the ledger up to date first.
        if error.code == "store.older-ledger" and "none" not in (error.found or ""):
            raise
        return Past()


def _intent(layout: Layout, past: Past, outline: Outline, now: datetime) -> Intent:
    name, country = outline.source_id, outline.owner_country
    if (hold := past.holds.get(name)) is not None:
        return Intent(name, country, "held", hold.text(), stale=_stale(past, outline, (), now))
    if outline.delivery.database is not None:
        stale = _stale(past, outline, (), now)
        missing = [v for v in _VARIABLE.findall(outline.delivery.database.url) if v not in os.environ]
        if missing and name not in past.versions:
            return Intent(name, country, "not set up", f"{missing[0]} is not set")
        if missing:
            from comity.adapters.database_url import missing_secret

            # It was read before, so that a run fails: it may not be forgotten in silence.
            error = missing_secret(missing[0], name)
            return Intent(name, country, "broken", error.message, stale=stale, error=ErrorLine.of(error))
        return Intent(name, country, "ask", "the database is asked every time", stale=stale)
    try:
        files = inbox_files(layout, past, outline, hash_of)
    except ComityError as error:
        return Intent(name, country, "broken", error.message, error=ErrorLine.of(error))
    choice = choose(past, outline, files)
    taken = tuple(tuple(file.path.name for file in delivery.files) for delivery, _ in choice.exports)
    stale = _stale(past, outline, files, now)
    return Intent(name, country, "run" if taken else "skip", choice.why, taken, stale)


def _stale(past: Past, outline: Outline, files: tuple[InboxFile, ...], now: datetime) -> StaleLine | None:
    return stale_line(
        outline.source_id, outline.delivery.due, past.received.get(outline.source_id), newest(files), now
    )


def newest(files: tuple[InboxFile, ...]) -> float | None:
    """When the newest of them was changed, in seconds since 1970."""
    return max((file.path.stat().st_mtime for file in files), default=None)


def _with_changes(settings: Settings, sources: Sources, intent: Intent) -> Intent:
    """What the changed mapping would alter in the last published export, a line for each record type."""
    if intent.why != "mapping changed":
        return intent
    from tempfile import TemporaryDirectory

    from comity.mappings.normalise import Limits
    from comity.nightly.mapping_change import mapping_change
    from comity.nightly.workers import Workers
    from comity.store.store import Store

    store = Store.open(settings.data_dir, settings.ledger_url, writable=False)
    source = sources.source(intent.source_id)
    with TemporaryDirectory(prefix="comity-plan-") as folder, Workers(settings.jobs) as workers:
        limits = Limits(settings.memory_limit, 1, Path(folder) / "spill")
        try:
            change = mapping_change(store, source, sources.standard, Path(folder), limits, workers=workers)
        except ComityError as error:
            return replace(intent, action="broken", error=ErrorLine.of(error))
    return intent if change is None else replace(intent, alters=_lines(change))


def _lines(change: MappingChange) -> tuple[str, ...]:
    told = [
        f"{each.record_type}: {each.altered:,} records would change: {each.added:,} added, {each.removed:,} removed, "
        f"{each.changed:,} changed"
        for each in change.records
    ]
    told += [
        f"{each.record_type}: {each.code}{f' {each.column}' if each.column else ''}: {each.before:,} rejected rows "
        f"become {each.after:,}"
        for each in change.reasons
    ]
    return tuple(told)
