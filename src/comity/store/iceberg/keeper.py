"""Bringing the tables to what the ledger says.

Invariant: afterwards a table's last snapshots are those of the last releases that changed its record type, file for
file, or the outcome says why not. A table that is behind gets one snapshot for each release that it lacks, all in one
commit; a table that says anything else than the ledger is built again and put in place in one step. One table's
failure is its own.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from comity.errors import ComityError, StoreError
from comity.store.failure import storing
from comity.store.iceberg.catalogue import LedgerCatalogue
from comity.store.iceberg.history import History
from comity.store.iceberg.hook import failed
from comity.store.iceberg.place import (
    SCHEMA_PROPERTY,
    fingerprint,
    folder,
    hint_of,
    hinted,
    lock,
    prepare,
    remove,
    remove_others,
    write_hint,
)
from comity.store.iceberg.snapshot import release_of
from comity.store.iceberg.table import advance, build, difference, live_files, reachable
from comity.store.layout import make_folder
from comity.store.ledger import WAIT_SECONDS
from comity.store.lock import holding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table

    from comity.standard import RecordType
    from comity.store.store import Store

Action = Literal["in step", "created", "advanced", "rebuilt", "out of step", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one table. ``release``: the last one that changed it; ``snapshots``: how many it keeps;
    ``reason``: why it was built again, or is out of step; ``removed``: files of metadata that nobody needs.
    """

    record_type: str
    action: Action
    release: int | None = None
    snapshots: int = 0
    files: int = 0
    rows: int = 0
    reason: str | None = None
    removed: int = 0
    error: ComityError | None = None


def sync(
    store: Store,
    record_types: Iterable[str] | None = None,
    *,
    thorough: bool = False,
    check: bool = False,
    anew: bool = False,
    wait_seconds: float = WAIT_SECONDS,
) -> list[Outcome]:
    """Bring the tables of ``record_types`` (all by default) in step.

    ``thorough``: compare every kept snapshot with the ledger, not only the current one, and clear away every file
    of metadata that no snapshot needs. ``check``: only say. ``anew``: build every table again.
    """
    # It warns of every nested column of every file, whose bounds are left out on purpose.
    logging.getLogger("pyiceberg").setLevel(logging.ERROR)
    assert store.standard is not None  # only a store that is opened without one to look after has none
    names = list(record_types) if record_types is not None else list(store.standard.record_types)
    chosen = [store.standard.record_type(name) for name in names]
    make_folder(folder(store.layout))
    with holding(lock(store.layout), wait_seconds):
        with storing("opening the Iceberg catalogue", store.ledger.place):
            catalogue = LedgerCatalogue(store.layout, store.ledger)
        history = History(store.layout, store.ledger)
        return [
            _Keeper(store, catalogue, history, record_type).keep(thorough or anew, check, anew)
            for record_type in chosen
        ]


def rebuild(store: Store, record_types: Iterable[str] | None = None) -> list[Outcome]:
    """Build tables again from the ledger as it is now, and remove every other file of theirs: old snapshots,
    manifests and metadata with all that they say. A purge calls this once the ledger names the rewritten files;
    ``derived_files`` lists what is then left to look through.
    """
    outcomes = sync(store, record_types, anew=True)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return outcomes


def follow(store: Store) -> None:
    """Bring the tables to files that are others than before though no release is new; nothing where there are none."""
    if not folder(store.layout).exists():
        return
    for outcome in sync(store, thorough=True):
        if outcome.error is not None:
            raise outcome.error


class _Keeper:
    """Keeps one table."""

    def __init__(
        self, store: Store, catalogue: LedgerCatalogue, history: History, record_type: RecordType
    ) -> None:
        self.layout, self.catalogue, self.history = store.layout, catalogue, history
        self.record_type, self.name = record_type, record_type.name
        self.releases = history.releases(self.name)

    def keep(self, thorough: bool, check: bool, anew: bool) -> Outcome:
        try:
            with storing(f"keeping the Iceberg table {self.name} in step", self.layout.root):
                return self._keep(thorough, check, anew)
        except ComityError as error:
            return Outcome(self.name, "failed", error=error)
        except Exception as error:  # pyiceberg fails in ways of its own, and no other table must suffer
            return Outcome(self.name, "failed", error=failed(error, self.name))

    def _keep(self, thorough: bool, check: bool, anew: bool) -> Outcome:
        prepare(self.layout, self.name)
        table, live, reason = (None, {}, None) if anew else self._look(thorough)
        if table is None or reason is not None:
            return self._build(reason, check, anew)
        shown = self._shown(table)
        pending = [release for release in self.releases if release.number > (shown or 0)]
        if not pending and table.properties.get(SCHEMA_PROPERTY) == fingerprint(self.record_type):
            return self._finish(table, "in step", None, thorough and not check, set())
        behind = f"{len(pending)} releases behind" if pending else "made for an earlier standard"
        if check:
            return replace(self._described(table, "out of step"), reason=behind)
        unneeded = advance(table, live, self.record_type, pending, self.history)
        return self._finish(table, "advanced", behind, thorough, unneeded)

    def _look(self, thorough: bool) -> tuple[Table | None, dict[str, DataFile], str | None]:
        """The table, the files that it shows, and why it cannot be brought on but must be built again."""
        try:
            table = self.catalogue.table(self.name)
            if table is None:
                return None, {}, None
            if table.location() != self.catalogue.table_location(self.name):
                return table, {}, "the data folder was moved"
            current = table.current_snapshot()
            live = live_files(table, current)
            reason = self._contradiction(table, live)
            kept = (
                [snapshot for snapshot in table.metadata.snapshots if snapshot is not current]
                if thorough
                else []
            )
            for snapshot in kept if reason is None else ():
                number = release_of(snapshot)
                known = next((r for r in self.releases if number == (r.number, r.run_id)), None)
                if number is not None and number[0] < self.history.first:
                    reason = f"release {number[0]} has expired"
                    break
                if known is None:
                    continue  # older than what a new table would keep
                if other := difference(live_files(table, snapshot), self.history.files(self.name, known)):
                    reason = f"the snapshot of release {known.number}: {other}"
            return table, live, reason
        except ComityError:
            raise
        except Exception as error:
            return None, {}, f"its metadata cannot be read ({type(error).__name__})"

    def _contradiction(self, table: Table, live: dict[str, DataFile]) -> str | None:
        """What the current snapshot says other than the ledger."""
        current = table.current_snapshot()
        if current is None:
            return None
        said = release_of(current)
        if said is None:
            return "another program has written to it"
        number, run_id = said
        last = self.releases[-1].number if self.releases else 0
        if number > last:
            return f"it shows release {number}, the ledger ends at release {last} for this record type"
        known = next((release for release in self.releases if release.number == number), None)
        if known is None:
            return f"it shows release {number}, which is too old to go on from or changed nothing here"
        if known.run_id != run_id:
            return f"its release {number} is by another run than the ledger's"
        return difference(live, self.history.files(self.name, known))

    def _build(self, reason: str | None, check: bool, anew: bool) -> Outcome:
        why = reason or (None if anew else "there is no table")
        if check:
            return Outcome(self.name, "out of step", reason=why)
        table = self._built()
        return self._finish(table, "rebuilt" if reason or anew else "created", why, True, set())

    def _built(self) -> Table:
        """The table anew; without the oldest releases where today's columns cannot be read from their files."""
        releases = self.releases
        while True:
            try:
                return build(self.catalogue, self.record_type, releases, self.history)
            except StoreError as error:
                if error.code != "store.iceberg-unreadable-file" or len(releases) < 2:
                    raise
                releases = releases[1:]

    def _finish(
        self, table: Table, action: Action, reason: str | None, thorough: bool, unneeded: set[str]
    ) -> Outcome:
        """Lead readers to the table, then clear away what it no longer needs."""
        if action != "in step" or hinted(self.layout, self.name) != hint_of(table.metadata_location):
            write_hint(self.layout, self.name, table.metadata_location)
        if thorough:
            removed = remove_others(self.layout, self.name, reachable(table))
        else:
            removed = remove(self.layout, self.name, unneeded)
        return replace(self._described(table, action), reason=reason, removed=removed)

    def _described(self, table: Table, action: Action) -> Outcome:
        current = table.current_snapshot()
        total = current.summary.additional_properties if current and current.summary else {}
        return Outcome(
            self.name,
            action,
            self._shown(table),
            len(table.metadata.snapshots),
            int(total.get("total-data-files", 0)),
            int(total.get("total-records", 0)),
        )

    def _shown(self, table: Table) -> int | None:
        current = table.current_snapshot()
        said = release_of(current) if current else None
        return said[0] if said else None
