"""A source as the catalogue shows it: whose it is, on what terms, how fresh, and what its fields are.

Invariant: who owns it and what is published is what the ledger says of the release; fields, handling and what is left
out are what the adapter and the mappings of today say, and where these do not load, that is said instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from comity.errors import ComityError
from comity.query.failure import asking

if TYPE_CHECKING:
    from collections.abc import Mapping as Said
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from comity.mappings.mapping import Mapping
    from comity.nightly.freshness import Freshness


_WORD, _QUOTED = re.compile(r"[\w.]+"), re.compile(r"'[^']*'")
# What the release says of a source, in the order in which it is asked below.
_TOLD = (
    *(
        "source_id",
        "owner_country",
        "authority",
        "title",
        "description",
        "kind",
        "due",
        "licence",
        "attribution",
    ),
    *("last_outcome", "last_received", "release", "records"),
)


@dataclass(frozen=True)
class SourceField:
    """``path``: with the list that it stands in, as a mapping names it."""

    path: str
    description: str
    sensitivity: str


@dataclass(frozen=True)
class SourceEntry:
    """``used``: field → what else the mappings take it for, a key or a condition. ``ignored``: field → why no
    mapping uses it. ``handling``: the owner's conditions, key → codes or sentence. ``notes``: what could not be read of
    adapter and mappings.
    """

    source_id: str
    owner_country: str
    authority: str
    title: str
    description: str
    kind: str
    due: str
    licence: str
    attribution: str
    last_outcome: str
    last_received: datetime | None
    release: int | None
    records: int
    freshness: Freshness
    fields: tuple[SourceField, ...] = ()
    used: Said[str, str] | None = None
    ignored: Said[str, str] | None = None
    handling: Said[str, str] | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its title, or its id when it has none."""
        return self.title or self.source_id

    @property
    def published(self) -> str:
        """How often it is due and when it was last published, for a page that may be read any day."""
        at = self.freshness.last_published
        return f"{self.freshness.due}, " + (f"last published {at:%Y-%m-%d}" if at else "never published")


def read_sources(
    connection: DuckDBPyConnection, root: Path, now: datetime | None = None
) -> tuple[SourceEntry, ...]:
    """Every source that the release knows, by country and name; ``now`` is when its freshness is judged."""
    from comity.nightly.freshness import freshness_of
    from comity.nightly.source import adapter_folders

    with asking():
        rows = connection.execute(
            """SELECT source_id, coalesce(owner_country, ''), coalesce(authority, ''), coalesce(title, ''),
                      coalesce(description, ''), coalesce(kind, ''), coalesce(due, ''), coalesce(licence, ''),
                      coalesce(attribution, ''), coalesce(last_outcome, ''), last_received_at, published_release,
                      records, last_published
               FROM sources LEFT JOIN (
                 SELECT source_id, max(published_at) AS last_published FROM exports
                 JOIN releases USING (run_id) WHERE outcome = 'published' GROUP BY ALL) USING (source_id)
               ORDER BY owner_country, source_id"""
        ).fetchall()
    folders = adapter_folders(root)
    now = now or datetime.now(UTC)
    return tuple(
        SourceEntry(
            **dict(zip(_TOLD, row, strict=False)),
            freshness=freshness_of(row[0], row[1] or "", row[6], row[13], now),
            **_described(root, folders.get(row[0]), row[0]),
        )
        for row in rows
    )


def _described(root: Path, folder: Path | None, source_id: str) -> dict[str, Any]:
    from comity.adapters.adapter import HANDLING_LISTS, load_adapter
    from comity.mappings.mapping import load_mappings

    if folder is None:
        return {"notes": ("the federation has no adapter of this source any more",)}
    told: dict[str, Any] = {}
    notes = []
    try:
        adapter = load_adapter(folder)
        told["fields"] = tuple(_fields(adapter.fields))
        handling = {name: getattr(adapter.handling, name) for name in HANDLING_LISTS}
        handling["handling_conditions"] = adapter.handling.handling_conditions
        told["handling"] = {
            name: value if isinstance(value, str) else ", ".join(value)
            for name, value in handling.items()
            if value
        }
    except ComityError as error:
        notes.append(f"its adapter does not load: {error.message} [{error.code}]")
    try:
        own = root / "mappings" / source_id
        # A package that announces an adapter keeps its mappings beside it.
        files = load_mappings(own if own.is_dir() else folder / "mappings")
        told["used"] = _used([file.mapping for file in files])
        told["ignored"] = _ignored([dict(file.mapping.ignored) for file in files])
    except ComityError as error:
        notes.append(f"a mapping does not load: {error.message} [{error.code}]")
    return {**told, "notes": tuple(notes)}


def _used(mappings: list[Mapping]) -> dict[str, str]:
    """What decides which rows become records, and by what their owner knows them."""
    keys: dict[str, dict[str, None]] = {}
    conditions: dict[str, dict[str, None]] = {}
    for mapping in mappings:
        for branch in mapping.branches():
            for name in branch.key or ():
                keys.setdefault(name, {})[mapping.record] = None
            for name in _WORD.findall(_QUOTED.sub("", branch.where.sql)) if branch.where else ():
                conditions.setdefault(name, {})[mapping.record] = None
    told: dict[str, list[str]] = {}
    for label, found in (("key of", keys), ("selects rows for", conditions)):
        for name, records in found.items():
            told.setdefault(name, []).append(f"{label} {', '.join(records)}")
    return {name: "; ".join(said) for name, said in told.items()}


def _ignored(said: list[dict[str, str]]) -> dict[str, str]:
    """What one mapping leaves out another may use: the reasons of those that leave it out, each once."""
    names = dict.fromkeys(name for each in said for name in each)
    return {name: "; ".join(dict.fromkeys(each[name] for each in said if name in each)) for name in names}


def _fields(fields: Any, before: str = "") -> list[SourceField]:
    found = []
    for field in fields:
        path = f"{before}{field.name}"
        found.append(SourceField(path, field.description, field.sensitivity))
        found += _fields(field.records, f"{path}.")
    return found
