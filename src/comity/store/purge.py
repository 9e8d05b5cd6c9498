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
from comity.store.lock import holding, is_held
from comity.store.purge_plan import PurgePlan, plan_file, unfinished
from comity.store.purge_scan import blacken, files_below, gone, has_mark, holds, scan
from comity.store.rewrite import count_again, swap, without

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from comity.store.purge_plan import Target
    from comity.store.store import Store


def purge(store: Store, targets: Sequence[Target], reason: str, requested_by: str) -> dict[str, Any]:
    """Purge ``targets``, in which none is under legal hold; the proof."""
    from comity.store.tables import purges

    now = datetime.now(UTC)
    plan = PurgePlan(
        f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}", reason, requested_by, now.isoformat(), tuple(targets)
    )
    _check_quiet(store)
    plan.write(store.layout)
    with store.ledger.writing("beginning a purge") as connection:
        connection.execute(
            purges.insert().values(
                purge_id=plan.purge_id,
                reason=reason,
                requested_by=requested_by,
                requested_at=now,
                status="running",
            )
        )
    return finish(store, plan)


def resume(store: Store) -> list[str]:
    """Finish every purge that was interrupted; their ids."""
    plans = unfinished(store.layout)
    for plan in plans:
        finish(store, plan)
    return [plan.purge_id for plan in plans]


def finish(store: Store, plan: PurgePlan) -> dict[str, Any]:
    """Do what is left of a purge: each step looks for what is there, so that doing it twice does nothing."""
    from comity.store.tables import purges

    layout = store.layout
    with storing("purging records", layout.root), holding(layout.publish_lock, store.wait_seconds):
        if not plan.before:
            plan.before = scan(layout, plan)
            plan.write(layout)
        _rewrite(store, plan)
        _drop_exports(store, plan)
        _clear_reports(store, plan)
        _forget(store, plan)
    store.refresh_views()
    _derived(store)
    _sweep(store)
    _clean_ledger(store)
    proof = _proof(store, plan)
    with store.ledger.writing("keeping the proof of a purge") as connection:
        connection.execute(
            purges.update()
            .where(purges.c.purge_id == plan.purge_id)
            .values(
                finished_at=datetime.now(UTC), status=proof["status"], proof=json.dumps(proof, sort_keys=True)
            )
        )
    plan_file(layout, plan.purge_id).unlink(missing_ok=True)
    return proof


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

    layout = store.layout
    types = {target.record_type for target in plan.targets}
    of_type = {files: files.c.record_type.in_(types), changes: changes.c.record_type.in_(types)}
    for table in (files, changes, rejects_files):
        statement = select(table.c.path).where(table.c.path.is_not(None))
        if table in of_type:
            statement = statement.where(of_type[table])
        with store.ledger.reading() as connection:
            paths = [layout.root / path for path in connection.execute(statement).scalars()]
        for path in paths:
            if not holds(path, plan):
                continue
            new, rows = without(path, gone(plan))
            with store.ledger.writing("listing a file that was written anew") as connection:
                swap(connection, layout, table, path, new, rows)
                count_again(connection)
            path.unlink()
            plan.done[table.name] = plan.done.get(table.name, 0) + 1


def _drop_exports(store: Store, plan: PurgePlan) -> None:
    """The exports that the records came from, and any other file of their sources in which a mark stands."""
    from sqlalchemy import select

    from comity.store.tables import export_files, seen_files

    sources = {target.source_id for target in plan.targets}
    exports = {export_id for export_id, _ in plan.rows}
    with store.ledger.reading() as connection:
        known = connection.execute(
            select(export_files.c.export_id, export_files.c.sha256).where(
                export_files.c.source_id.in_(sources)
            )
        ).all()
    dropped = set()
    for export_id, sha256 in known:
        path = store.archived(sha256)
        if path.exists() and (export_id in exports or has_mark(path, plan.marks)):
            path.unlink()
            dropped.add(sha256)
        elif export_id in exports:
            dropped.add(sha256)
    plan.done["archive"] = sorted(set(plan.done.get("archive", [])) | dropped)
    inbox = 0
    for source in sources:
        for path in files_below(store.layout.inbox / source):
            # The same bytes would go into the archive again at the next run.
            if _sha256(path) in dropped or has_mark(path, plan.marks):
                path.unlink()
                inbox += 1
    plan.done["inbox"] = plan.done.get("inbox", 0) + inbox
    with store.ledger.writing("forgetting files of the inbox") as connection:
        connection.execute(seen_files.delete().where(seen_files.c.sha256.in_(dropped)))


def _clear_reports(store: Store, plan: PurgePlan) -> None:
    """What runs wrote beside the releases: the lists of records that break a rule, and texts in which a mark stands."""
    count = 0
    for path in files_below(store.layout.runs):
        if not holds(path, plan):
            continue
        count += 1
        if path.suffix == ".parquet":
            new, _ = without(path, gone(plan))
            path.unlink() if new is None else new.replace(path)
        else:
            blacken(path, plan.marks)
    plan.done["runs"] = plan.done.get("runs", 0) + count


def _forget(store: Store, plan: PurgePlan) -> None:
    from comity.store.tables import reviews

    with store.ledger.writing("forgetting reviews") as connection:
        connection.execute(reviews.delete().where(reviews.c.record_id.in_(plan.record_ids)))


def _derived(store: Store) -> None:
    """What can be made again is made again, or removed: the index of names, the Iceberg tables."""
    shutil.rmtree(store.layout.root / "index", ignore_errors=True)
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
    plan.requested_at = str(plan.requested_at)
    after = _scan_after(store, plan)
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
                "key_looked_for": target.source_key in plan.texts,
            }
            for target in plan.targets
        ],
        "before": plan.before,
        "after": after,
        "removed": plan.done,
        "marks_left_in": left,
        "status": "marks left" if left else "gone",
    }


def _scan_after(store: Store, plan: PurgePlan) -> dict[str, dict[str, int]]:
    return scan(store.layout, plan)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
