"""Finding links over the last release, and publishing them as a release of their own.

Invariant: a pair that a person has decided on is neither asked again nor written as possible; decisions stay as long as
both records do. With ``fresh_only``, pairs found before stay while both records are there, and tier two looks only at
pairs with a record that is new or that its source has changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.linking.exact import RULES, exact_pairs
from comity.linking.learn import model_folder
from comity.linking.published import connected, link_files, open_store, publish, read_links
from comity.linking.records import DIFFERENT, LINKED, POSSIBLE, SAME
from comity.store.view_sql import literal, parquet_scan

if TYPE_CHECKING:
    import duckdb

    from comity.config.settings import Settings
    from comity.store.store import Store

_PAIRS = (
    "record_type VARCHAR, from_id VARCHAR, to_id VARCHAR, weight DOUBLE, reasons VARCHAR[], rules VARCHAR[]"
)


@dataclass(frozen=True)
class Found:
    """``exact``, ``likely``: pairs of each tier; ``possible``: links written; ``release``: None when none changed."""

    exact: int
    likely: int
    possible: int
    decided: int
    release: int | None


def find_links(settings: Settings, *, likely: bool, fresh_only: bool) -> Found:
    """Tier one, and tier two when ``likely``, over the last release."""
    store = open_store(settings)
    with connected(settings) as connection:
        read_links(connection, store)
        connection.execute(f"CREATE TEMP TABLE pairs ({_PAIRS})")
        exact = sum(_exact(connection, store, record_type) for record_type in LINKED)
        found = _likely(connection, settings, store, fresh_only) if likely else 0
        _renew(connection, keep=fresh_only or not likely)
        release = publish(connection, store)
        count = dict(connection.execute("SELECT role, count(*) FROM links GROUP BY role").fetchall())
    return Found(exact, found, count.get(POSSIBLE, 0), count.get(SAME, 0) + count.get(DIFFERENT, 0), release)


def _exact(connection: duckdb.DuckDBPyConnection, store: Store, record_type: str) -> int:
    paths = [str(file.path) for file in store.files(record_type)]
    if not paths or record_type not in {rule.record_type for rule in RULES}:
        return 0
    table = f"of_{record_type}"
    if record_type == "person":
        from comity.linking.features import make_features

        make_features(connection, paths, table)
    else:
        connection.execute(
            f"CREATE TEMP VIEW {table} AS SELECT *, record_id AS unique_id FROM {parquet_scan(paths)}"
        )
    number = exact_pairs(connection, record_type, table, "exact")
    connection.execute("INSERT INTO pairs FROM exact")
    return number


def _likely(connection: duckdb.DuckDBPyConnection, settings: Settings, store: Store, fresh_only: bool) -> int:
    """Tier two, over the features that tier one made."""
    from comity.linking.likely import likely_pairs
    from comity.linking.model import Model

    if not store.files("person"):
        return 0
    model = Model.load(model_folder(settings))
    fresh = None
    since = max((file.begin_release for file in link_files(store)), default=None)
    if fresh_only and since is not None:
        fresh = "fresh"
        moment = next(release.published_at for release in store.releases() if release.number == since)
        connection.execute(
            "CREATE TEMP TABLE fresh AS SELECT unique_id FROM of_person_changed "
            f"WHERE changed_at > TIMESTAMPTZ {literal(moment.isoformat())}"
        )
    number = likely_pairs(connection, model, "of_person", "likely", fresh=fresh)
    connection.execute("INSERT INTO pairs FROM likely")
    return number


def _renew(connection: duckdb.DuckDBPyConnection, *, keep: bool) -> None:
    """``links`` from what was decided, what was found now, and, to ``keep`` them, those found before."""
    kept = f"role <> '{POSSIBLE}'" if not keep else "true"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT record_type, from_id, to_id, max(weight) AS weight, "
        "list_sort(list_distinct(flatten(list(reasons)))) AS reasons FROM pairs GROUP BY ALL"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE renewed AS "
        f"SELECT * FROM links WHERE ({kept}) AND NOT (role = '{POSSIBLE}' "
        "AND (from_id, to_id) IN (SELECT (from_id, to_id) FROM found)) UNION ALL "
        f"SELECT found.record_type, found.from_id, found.to_id, '{POSSIBLE}', found.weight, found.reasons, "
        "CASE WHEN found.weight >= 10 THEN 'probable' ELSE 'possible' END, NULL, NULL, NULL, "
        "coalesce(links.first_seen, now()), CASE WHEN links.weight = found.weight AND links.reasons = found.reasons "
        "THEN links.last_changed ELSE now() END FROM found LEFT JOIN links USING (from_id, to_id) "
        f"WHERE links.role IS NULL OR links.role = '{POSSIBLE}'"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE links AS FROM renewed")
