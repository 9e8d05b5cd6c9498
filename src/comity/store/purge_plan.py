"""What is to be purged, and by which marks it is known wherever it lies.

Invariant: a record under legal hold is never in a plan; a plan is on the disk, for its owner alone, before the first
byte is removed, and is gone when the purge is done: it is the last place where the marks stand.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from comity.errors import StoreError
from comity.store.layout import PRIVATE, make_folder, sync
from comity.store.progress_bar import no_progress_bar
from comity.store.view_sql import literals, parquet_scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from comity.store.layout import Layout
    from comity.store.store import Store

# A shorter key would be found everywhere.
_SHORTEST = 6
_CODECS = (
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "cp1250",
    "cp1251",
    "cp1256",
    "cp874",
    "cp932",
    "big5",
    "cp037",
)


@dataclass(frozen=True)
class Target:
    """One record: its id and key, and every row of every export that it was made from."""

    record_id: str
    record_type: str
    source_id: str
    source_key: str
    rows: tuple[tuple[str, int], ...]
    held: bool


@dataclass
class PurgePlan:
    """``before``: what the scan found before anything was removed; ``done``: what was removed so far."""

    purge_id: str
    reason: str
    requested_by: str
    requested_at: str
    targets: tuple[Target, ...]
    before: dict[str, Any] = field(default_factory=dict)
    done: dict[str, Any] = field(default_factory=dict)

    @property
    def record_ids(self) -> list[str]:
        return sorted(target.record_id for target in self.targets)

    @property
    def rows(self) -> set[tuple[str, int]]:
        return {(export_id, int(row)) for target in self.targets for export_id, row in target.rows}

    @property
    def texts(self) -> list[str]:
        """The marks that are looked for in bytes: ids, and keys that are long enough to mean one record."""
        keys = {target.source_key for target in self.targets if len(target.source_key) >= _SHORTEST}
        return self.record_ids + sorted(keys)

    @property
    def marks(self) -> list[bytes]:
        found: set[bytes] = set()
        for text in self.texts:
            for codec in _CODECS:
                try:
                    found.add(text.encode(codec))
                except UnicodeEncodeError:
                    continue
        return sorted(found)

    def write(self, layout: Layout) -> None:
        """Keep the plan on the disk until the purge is done."""
        path = plan_file(layout, self.purge_id)
        make_folder(path.parent)
        beside = path.with_suffix(".new")
        beside.touch(PRIVATE)
        beside.write_text(json.dumps(asdict(self)), "utf-8")
        sync(beside)
        beside.replace(path)
        sync(path.parent)


def plan_file(layout: Layout, purge_id: str) -> Path:
    return layout.root / "purge" / f"{purge_id}.json"


def unfinished(layout: Layout) -> list[PurgePlan]:
    """The plans of purges that a crash interrupted."""
    plans = []
    for path in sorted((layout.root / "purge").glob("*.json")):
        read = json.loads(path.read_text("utf-8"))
        targets = tuple(
            Target(**{**target, "rows": tuple((e, int(r)) for e, r in target["rows"])})
            for target in read["targets"]
        )
        plans.append(PurgePlan(**{**read, "targets": targets}))
    return plans


def find(
    store: Store,
    *,
    record_ids: Sequence[str] = (),
    keys: Sequence[tuple[str, str]] = (),
    past: date | None = None,
) -> list[Target]:
    """The records meant: by id, by source and key, or those whose ``purge_after`` is before ``past``.

    In every release that is kept. A link to or from a record goes with it.
    """
    import duckdb

    where: list[str] = []
    values: list[Any] = []
    if record_ids:
        where.append("list_contains(?::VARCHAR[], record_id)")
        values.append(list(record_ids))
    if keys:
        where.append("list_contains(?::VARCHAR[], source_id || chr(10) || source_key)")
        values.append([f"{source}\n{key}" for source, key in keys])
    if past is not None:
        where.append("purge_after < ?")
        values.append(past)
    with duckdb.connect(config={"threads": 1}) as duck:
        no_progress_bar(duck)
        found = [t for kind in _types(store) for t in _select(duck, store, kind, " OR ".join(where), values)]
        ids = [target.record_id for target in found if not (past and target.held)]
        if "link" in _types(store) and ids:
            ends = "list_contains(?::VARCHAR[], from_record_id) OR list_contains(?::VARCHAR[], to_record_id)"
            known = {target.record_id for target in found}
            links = _select(duck, store, "link", ends, [ids, ids])
            found += [target for target in links if target.record_id not in known]
    return found


def check_found(
    targets: Sequence[Target], record_ids: Sequence[str], keys: Sequence[tuple[str, str]]
) -> None:
    """Raise when a record that was named is not there, or may not go."""
    here = {t.record_id for t in targets}
    missing = [i for i in record_ids if i not in here]
    missing += [f"{s} {k}" for s, k in keys if (s, k) not in {(t.source_id, t.source_key) for t in targets}]
    if missing:
        raise StoreError(
            "store.unknown-record",
            "No release holds that record",
            found=", ".join(missing),
            remedy="look for its record_id with `comity sql`; nothing was removed",
        )
    held = [target.record_id for target in targets if target.held]
    if held:
        raise StoreError(
            "store.legal-hold",
            "A record under legal hold may not be purged",
            found=", ".join(held),
            remedy="its owner ends the hold first; nothing was removed",
        )


def _types(store: Store) -> list[str]:
    from sqlalchemy import select

    from comity.store.tables import files

    with store.ledger.reading() as connection:
        return sorted(connection.execute(select(files.c.record_type).distinct()).scalars())


def _select(
    duck: duckdb.DuckDBPyConnection, store: Store, record_type: str, where: str, values: Sequence[Any]
) -> list[Target]:
    from sqlalchemy import select

    from comity.store.tables import files

    with store.ledger.reading() as connection:
        listed = connection.execute(
            select(files.c.path, files.c.end_release).where(files.c.record_type == record_type)
        ).all()
    paths = [store.layout.root / row.path for row in listed]
    current = [str(store.layout.root / row.path) for row in listed if row.end_release is None]
    now = f"list_contains({literals(current)}::VARCHAR[], filename)"
    rows = duck.execute(
        "SELECT record_id, any_value(source_id), any_value(source_key),"
        " list(DISTINCT [export_id, source_row::VARCHAR]),"
        f" coalesce(bool_or(legal_hold) FILTER ({now}), bool_or(legal_hold), false)"
        f" FROM {parquet_scan(paths)} WHERE {where} GROUP BY record_id ORDER BY record_id",
        list(values),
    ).fetchall()
    return [
        Target(record_id, record_type, source, key, tuple((e, int(r)) for e, r in made), held)
        for record_id, source, key, made, held in rows
    ]
