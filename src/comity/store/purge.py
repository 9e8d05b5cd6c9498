"""Removing records for good: from every release, the archive, and all that was derived from either.

Invariant: every other record stays readable in every release that is kept. A purge that was interrupted goes on where
it was, at the next purge or at the beginning of the next run, until nothing is left; its proof is what a scan of the
whole data folder found before and after, and holds no mark in clear.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from comity.errors import StoreError
from comity.store.chronicle import running
from comity.store.failure import storing
from comity.store.layout import sync
from comity.store.lock import holding, is_held
from comity.store.purge_bytes import blacken, has_mark
from comity.store.purge_find import NAMES_ANOTHER
from comity.store.purge_plan import PurgePlan, is_mark, is_word, plan_file, unfinished
from comity.store.purge_scan import emptied, files_below, gone, holds, owners, scan
from comity.store.rewrite import count_again, swap, without

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from comity.store.purge_plan import Target
    from comity.store.store import Store

_BESIDE = ".purge.part"


def purge(store: Store, targets: Sequence[Target], reason: str, requested_by: str) -> dict[str, Any]:
    """Purge ``targets``, in which none is under legal hold; the proof."""
    now = datetime.now(UTC)
    plan = PurgePlan(
        f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}", reason, requested_by, now.isoformat(), tuple(targets)
    )
    with _alone(store):
        _check_quiet(store)
        plan.write(store.layout)
        return _finish(store, plan)


def resume(store: Store) -> list[dict[str, Any]]:
    """Finish every purge that was interrupted; their proofs."""
    if not (store.layout.root / "purge").exists():
        return []
    with _alone(store):
        return [_finish(store, plan) for plan in unfinished(store.layout)]


def _alone(store: Store) -> AbstractContextManager[None]:
    return holding(store.layout.purge_lock, store.wait_seconds)


def _finish(store: Store, plan: PurgePlan) -> dict[str, Any]:
    """Do what is left of a purge: each step looks for what is there, so that doing it twice does nothing.

    The old files stay until everything that readers go by, views and Iceberg tables, names the new ones.
    """
    layout = store.layout
    _say(store, plan, "running")
    with storing("purging records", layout.root), holding(layout.publish_lock, store.wait_seconds):
        if not plan.before:
            plan.before = scan(store, plan)
            plan.write(layout)
        for step in (_rewrite, _drop_exports, _clear_reports, _forget):
            step(store, plan)
            plan.write(layout)
    store.refresh_views()
    _derived(store, plan)
    _sweep(store)
    _clean_ledger(store)
    proof = _proof(store, plan)
    _say(store, plan, proof["status"], proof)
    plan_file(layout, plan.purge_id).unlink(missing_ok=True)
    sync(plan_file(layout, plan.purge_id).parent)
    return proof


def _say(store: Store, plan: PurgePlan, status: str, proof: dict[str, Any] | None = None) -> None:
    """Keep in the ledger how far a purge is; the plan alone may be there when it was killed."""
    from comity.store.tables import purges

    told = {
        "reason": plan.reason,
        "requested_by": plan.requested_by,
        "requested_at": datetime.fromisoformat(plan.requested_at),
        "finished_at": datetime.now(UTC) if proof else None,
        "status": status,
        "proof": json.dumps(proof, sort_keys=True) if proof else None,
    }
    here = purges.c.purge_id == plan.purge_id
    with store.ledger.writing("keeping the proof of a purge") as connection:
        if not connection.execute(purges.update().where(here).values(**told)).rowcount:
            connection.execute(purges.insert().values(purge_id=plan.purge_id, **told))


def proofs(store: Store) -> list[dict[str, Any]]:
    """Every purge with its proof, the last one first."""
    from sqlalchemy import select

    from comity.store.tables import purges

    with store.ledger.reading() as connection:
        rows = connection.execute(select(purges).order_by(purges.c.requested_at.desc())).mappings().all()
    return [{**row, "proof": json.loads(row["proof"]) if row["proof"] else None} for row in rows]


def _check_quiet(store: Store) -> None:
    """A run may hold the records in its hands, and would publish them again."""
    with store.ledger.reading() as connection:
        alive = [run for run in running(connection) if is_held(store.layout.run_lock(run))]
    if alive:
        raise StoreError(
            "store.run-at-work",
            "Nothing is purged while a run is at work",
            found=", ".join(alive),
            remedy="wait for its end and purge then; nothing was removed",
        )


def _rewrite(store: Store, plan: PurgePlan) -> None:
    """Every listed file that holds a record, written anew and listed in its place."""
    from sqlalchemy import select

    from comity.store.tables import changes, files, rejects_files

    layout, whose = store.layout, owners(store)
    types = {target.record_type for target in plan.targets}
    of_type = {files: types | _naming_others(store), changes: types}
    for table in (files, changes, rejects_files):
        statement = select(table.c.path).where(table.c.path.is_not(None))
        if table in of_type:
            statement = statement.where(table.c.record_type.in_(of_type[table]))
        with store.ledger.reading() as connection:
            paths = [layout.root / path for path in connection.execute(statement).scalars()]
        for path in paths:
            if not holds(path, plan, whose(path)):
                continue
            new, rows = without(path, gone(plan, whose(path)), emptied(plan))
            with store.ledger.writing("listing a file that was written anew") as connection:
                swap(connection, layout, table, path, new, rows)
                count_again(connection)
            plan.done[table.name] = plan.done.get(table.name, 0) + 1


def _naming_others(store: Store) -> set[str]:
    """The record types whose records name other records."""
    known = store.standard.record_types if store.standard else {}
    return {n for n, kind in known.items() if any(c.name.endswith(NAMES_ANOTHER) for c in kind.columns)}


def _drop_exports(store: Store, plan: PurgePlan) -> None:
    """The exports that the records came from, and any other file of their sources in which a mark stands."""
    from sqlalchemy import select

    from comity.store.tables import export_files, seen_files

    sources = {target.source_id for target in plan.targets}
    exports, whose = {export_id for export_id, _ in plan.rows}, owners(store)
    with store.ledger.reading() as connection:
        known = connection.execute(
            select(export_files.c.export_id, export_files.c.sha256).where(
                export_files.c.source_id.in_(sources)
            )
        ).all()
    dropped = set(plan.done.get("archive", []))
    for export_id, sha256 in known:
        path = store.archived(sha256)
        # What cannot be looked into may hold it.
        if export_id in exports or (path.exists() and has_mark(path, plan.marks(whose(path))) is not False):
            dropped.add(sha256)
    plan.done["archive"] = sorted(dropped)
    plan.write(store.layout)
    for sha256 in dropped:
        store.archived(sha256).unlink(missing_ok=True)
    for path in files_below(store.layout.archive):
        # A run that was killed archived it, and did not come to say of which source it is.
        if whose(path) is None and has_mark(path, plan.marks()):
            path.unlink()
    inbox = 0
    for source in sources:
        for path in files_below(store.layout.inbox / source):
            # The same bytes would go into the archive again at the next run.
            if _sha256(path) in dropped or has_mark(path, plan.marks({source})):
                path.unlink()
                inbox += 1
    plan.done["inbox"] = plan.done.get("inbox", 0) + inbox
    with store.ledger.writing("forgetting files of the inbox") as connection:
        connection.execute(seen_files.delete().where(seen_files.c.sha256.in_(dropped)))


def _clear_reports(store: Store, plan: PurgePlan) -> None:
    """What runs wrote beside the releases: the lists of records that break a rule, and texts in which a mark stands."""
    runs, count = store.layout.runs, 0
    for begun in runs.rglob(f".*{_BESIDE}"):
        begun.unlink()
    for folder in runs.glob("*/conformance-with-values"):
        shutil.rmtree(folder)
    for path in files_below(runs):
        if not holds(path, plan):
            continue
        count += 1
        beside = path.with_name(f".{path.name}{_BESIDE}")
        if path.suffix == ".parquet":
            new, _ = without(path, gone(plan), emptied(plan), beside)
            path.unlink() if new is None else new.replace(path)
        else:
            blacken(path, plan.marks(), beside)
    plan.done["runs"] = plan.done.get("runs", 0) + count


def _forget(store: Store, plan: PurgePlan) -> None:
    from comity.store.tables import reviews

    with store.ledger.writing("forgetting reviews") as connection:
        connection.execute(reviews.delete().where(reviews.c.record_id.in_(plan.record_ids)))


def _derived(store: Store, plan: PurgePlan) -> None:
    """What can be made again is made again, or removed: the index of names, what was learnt of them, the Iceberg
    tables.
    """
    shutil.rmtree(store.layout.root / "index", ignore_errors=True)
    if any(target.record_type == "person" for target in plan.targets):
        shutil.rmtree(store.layout.root / "links", ignore_errors=True)
    if (store.layout.root / "iceberg").exists():
        from comity.store.iceberg import rebuild

        rebuild(store)


def _sweep(store: Store) -> None:
    from comity.store.sweep import sweep

    sweep(store.layout, store.ledger, store.standard, store.wait_seconds)


def _clean_ledger(store: Store) -> None:
    """Free pages of the ledger hold what was deleted until they are written anew."""
    from comity.store.tables import metadata

    full = store.ledger.engine.dialect.name == "postgresql"
    with store.ledger.engine.connect() as plain, storing("cleaning the ledger", store.ledger.place):
        raw = plain.execution_options(isolation_level="AUTOCOMMIT")
        if full:
            for name in sorted(metadata.tables):
                raw.exec_driver_sql(f"VACUUM FULL {name}")
        else:
            driver: Any = raw.connection.driver_connection
            driver.execute("VACUUM")


def _proof(store: Store, plan: PurgePlan) -> dict[str, Any]:
    after = scan(store, plan)
    left = sorted(name for name, told in after.items() if told["found"])
    return {
        "purge_id": plan.purge_id,
        "reason": plan.reason,
        "requested_by": plan.requested_by,
        "requested_at": plan.requested_at,
        "records": [
            {
                "record_type": target.record_type,
                "source_id": target.source_id,
                "record_id_sha256": hashlib.sha256(target.record_id.encode()).hexdigest(),
                "source_key_sha256": hashlib.sha256(target.source_key.encode()).hexdigest(),
                "key_looked_for": is_mark(target.source_key),
                "key_looked_for_everywhere": is_mark(target.source_key) and is_word(target.source_key),
            }
            for target in plan.targets
        ],
        "before": plan.before,
        "after": after,
        "removed": plan.done,
        "marks_left_in": left,
        "status": "marks left" if left else "gone",
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
