"""Rows, rejects, quality and freshness of every country over the last nights.

Invariant: it is all from the ledger and the results that the store keeps, so a chart of an old night shows what was
known then; a night in which a country delivered nothing is a gap, not a zero.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from comity.store.store import Store

NIGHTS = 60
Values = dict[str, tuple[float | None, ...]]
"""Country → a value for each night; None where there is none."""


@dataclass(frozen=True)
class History:
    """``rows``: read, the widest record type of each export. ``rejects``: percent of the rows, all record types
    together. ``quality``: percent of the checks that hold. ``age``: days since the country's stalest source was
    published.
    """

    nights: tuple[datetime, ...]
    rows: Values
    rejects: Values
    quality: Values
    age: Values

    @property
    def countries(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.rows) | set(self.age)))


def history(store: Store, until: str, nights: int = NIGHTS) -> History:
    """The last ``nights`` runs up to the run ``until``."""
    from sqlalchemy import select

    from comity.store import tables
    from comity.store.found import is_links

    with store.ledger.reading("reading the history of runs") as connection:
        newest_first = connection.execute(
            select(tables.runs.c.run_id, tables.runs.c.started_at)
            .where(tables.runs.c.run_id <= until)
            .order_by(tables.runs.c.run_id.desc())
            .limit(nights)
        )
        runs = [(str(run_id), started) for run_id, started in reversed(newest_first.fetchall())]
        owners = {
            str(source): str(country)
            for source, country in connection.execute(
                select(tables.sources.c.source_id, tables.sources.c.owner_country)
            )
            if not is_links(source)  # what the federation finds itself is no delivery of the country
        }
        places = {run_id: place for place, (run_id, _) in enumerate(runs)}
        rows, rejects = _accounts(connection, places, owners)
        ages = _ages(connection, runs, owners)
        files = connection.execute(
            select(tables.quality_files.c.path).where(tables.quality_files.c.run_id.in_(list(places)))
        )
        paths = [str(store.layout.root / path) for path in files.scalars()]
    return History(tuple(at for _, at in runs), rows, rejects, _quality(paths, places, owners), ages)


def _accounts(
    connection: Connection, places: Mapping[str, int], owners: Mapping[str, str]
) -> tuple[Values, Values]:
    from sqlalchemy import func, select

    from comity.store.tables import accounts as a

    found = connection.execute(
        select(
            a.c.run_id,
            a.c.source_id,
            func.max(a.c.rows_read),
            func.sum(a.c.rows_read),
            func.sum(a.c.rows_rejected),
        )
        .where(a.c.run_id.in_(list(places)))
        .group_by(a.c.run_id, a.c.source_id, a.c.export_id)
    )
    read: dict[tuple[str, int], float] = defaultdict(float)
    all_read: dict[tuple[str, int], float] = defaultdict(float)
    rejected: dict[tuple[str, int], float] = defaultdict(float)
    for run_id, source, widest, together, refused in found:
        if source not in owners:
            continue
        key = owners[source], places[run_id]
        read[key] += widest
        all_read[key] += int(together)
        rejected[key] += int(refused)
    shares = {key: 100 * rejected[key] / rows for key, rows in all_read.items() if rows}
    return _by_country(read, len(places)), _by_country(shares, len(places))


def _ages(connection: Connection, runs: Sequence[tuple[str, datetime]], owners: Mapping[str, str]) -> Values:
    """Days since the stalest source of a country was published, when each run had ended."""
    from sqlalchemy import select

    from comity.store.tables import exports, releases

    published: dict[str, dict[str, datetime]] = defaultdict(dict)
    for source, run_id, at in connection.execute(
        select(exports.c.source_id, exports.c.run_id, releases.c.published_at)
        .join(releases, releases.c.run_id == exports.c.run_id)
        .where(exports.c.outcome == "published")
        .order_by(exports.c.run_id, releases.c.release)
    ):
        published[source][run_id] = at
    oldest: dict[tuple[str, int], float] = {}
    for source, times in published.items():
        if source not in owners:
            continue
        ids = sorted(times)
        for place, (run_id, started) in enumerate(runs):
            before = bisect_right(ids, run_id)
            if before == 0:
                continue
            days = max((started - times[ids[before - 1]]).total_seconds(), 0) / 86_400
            key = owners[source], place
            oldest[key] = max(oldest.get(key, 0.0), days)
    return _by_country(oldest, len(runs))


def _quality(paths: list[str], places: Mapping[str, int], owners: Mapping[str, str]) -> Values:
    if not paths:
        return {}
    import duckdb

    with duckdb.connect() as reader:
        found = reader.execute(
            "SELECT run_id, source_id, count(*) FILTER (outcome = 'pass'), "
            "count(*) FILTER (outcome <> 'not_applicable') FROM read_parquet($1, union_by_name = true) "
            "GROUP BY ALL",
            [paths],
        ).fetchall()
    held: dict[tuple[str, int], int] = defaultdict(int)
    judged: dict[tuple[str, int], int] = defaultdict(int)
    for run_id, source, good, all_ in found:
        key = owners.get(source, "?"), places[run_id]
        held[key] += good
        judged[key] += all_
    return _by_country({key: 100 * held[key] / count for key, count in judged.items() if count}, len(places))


def _by_country(values: Mapping[tuple[str, int], float], nights: int) -> Values:
    countries = sorted({country for country, _ in values})
    return {country: tuple(values.get((country, place)) for place in range(nights)) for country in countries}
