"""Which records a purge takes away: those that are named, and what cannot be without them.

Invariant: a record whose columns must name another one (an alert its subject, a link both its ends) goes with that one,
and what stands under legal hold keeps the records that it names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comity.errors import StoreError
from comity.store.progress_bar import no_progress_bar
from comity.store.purge_plan import Target
from comity.store.view_sql import identifier, literals, parquet_scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import duckdb

    from comity.store.store import Store

NAMES_ANOTHER = ("_record_id", "_record_ids")
"""What the names of columns end with that name other records."""
_Found = list[tuple[Target, list[str]]]


def find(
    store: Store,
    *,
    record_ids: Sequence[str] = (),
    keys: Sequence[tuple[str, str]] = (),
    past: date | None = None,
) -> list[Target]:
    """The records meant: by id, by source and key, or those whose ``purge_after`` is before ``past``; and those that
    cannot be without them. In every release that is kept.
    """
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
    with _reader() as duck:
        types = {name: _needed(store, name) for name in _types(store)}
        found = [
            t for kind in types for t in _select(duck, store, kind, types[kind], " OR ".join(where), values)
        ]
        return _with_dependants(duck, store, types, found)


def look_up(store: Store, record_ids: Sequence[str]) -> list[Target]:
    """These records alone."""
    where = "list_contains(?::VARCHAR[], record_id)"
    with _reader() as duck:
        found = [
            t for kind in _types(store) for t in _select(duck, store, kind, [], where, [list(record_ids)])
        ]
    return [target for target, _ in found]


def _with_dependants(
    duck: duckdb.DuckDBPyConnection, store: Store, types: Mapping[str, list[str]], found: _Found
) -> list[Target]:
    known = {target.record_id: (target, names) for target, names in found}
    reached, meant = [target.record_id for target, _ in found if not target.held], list(known)
    while reached:
        more: _Found = []
        for kind, columns in types.items():
            if columns:
                where = " OR ".join(f"list_contains(?::VARCHAR[], {identifier(c)})" for c in columns)
                more += _select(duck, store, kind, columns, where, [reached] * len(columns))
        fresh = {target.record_id: (target, names) for target, names in more if target.record_id not in known}
        known |= fresh
        reached = list(fresh)
    held = [target.record_id for target, _ in known.values() if target.held]
    while held:
        names = set(known[held.pop()][1])
        for record_id in names & known.keys():
            target, named = known[record_id]
            if not target.held:
                known[record_id] = replace(target, held=True), named
                held.append(record_id)
    # What is meant and may go, and what names it; with what stands in the way.
    reached = [record_id for record_id in meant if not known[record_id][0].held]
    goes: set[str] = set()
    while reached:
        goes.update(reached)
        reached = [i for i, (_, names) in known.items() if i not in goes and not goes.isdisjoint(names)]
    return [target for record_id, (target, _) in known.items() if target.held or record_id in goes]


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
            remedy="its owner ends the hold first; what it names stays with it; nothing was removed",
        )


def _types(store: Store) -> list[str]:
    from sqlalchemy import select

    from comity.store.tables import files

    with store.ledger.reading() as connection:
        return sorted(connection.execute(select(files.c.record_type).distinct()).scalars())


def _needed(store: Store, record_type: str) -> list[str]:
    """The columns that must name another record."""
    known = store.standard.record_types.get(record_type) if store.standard else None
    return [c.name for c in known.columns if c.required and c.name.endswith(NAMES_ANOTHER)] if known else []


def _reader() -> duckdb.DuckDBPyConnection:
    import duckdb

    duck = duckdb.connect(config={"threads": 1})
    no_progress_bar(duck)
    return duck


def _select(
    duck: duckdb.DuckDBPyConnection,
    store: Store,
    record_type: str,
    named: Sequence[str],
    where: str,
    values: Sequence[Any],
) -> _Found:
    """The records of one type, each with the records that its columns ``named`` name."""
    from sqlalchemy import select

    from comity.store.tables import files

    with store.ledger.reading() as connection:
        listed = connection.execute(
            select(files.c.path, files.c.end_release).where(files.c.record_type == record_type)
        ).all()
    paths = [store.layout.root / row.path for row in listed]
    current = [str(store.layout.root / row.path) for row in listed if row.end_release is None]
    now = f"list_contains({literals(current)}::VARCHAR[], filename)"
    others = ", ".join(map(identifier, named))
    rows = duck.execute(
        "SELECT record_id, any_value(source_id), any_value(source_key),"
        " list(DISTINCT [export_id, source_row::VARCHAR]),"
        f" coalesce(bool_or(legal_hold) FILTER ({now}), bool_or(legal_hold), false),"
        f" list_distinct(flatten(list([{others}]::VARCHAR[])))"
        f" FROM {parquet_scan(paths)} WHERE {where} GROUP BY record_id ORDER BY record_id",
        list(values),
    ).fetchall()
    return [
        (Target(record_id, record_type, source, key, tuple((e, int(r)) for e, r in made), held), names)
        for record_id, source, key, made, held, names in rows
    ]
