"""Finding links over the last release, and publishing them as a release of their own.

Invariant: a pair that a person has decided on is neither asked again nor written as possible; decisions stay as long as
both records do. What tier one says is always of today. With ``fresh_only`` tier two looks only at pairs with a record
that it has not seen as it is now; what it said of all others, or of all when it is not asked, stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comity.linking.exact import RULES, exact_pairs
from comity.linking.learn import model_folder
from comity.linking.published import connected, open_store, publish, read_links
from comity.linking.records import DIFFERENT, LINKED, POSSIBLE, SAME
from comity.linking.seen import make_unseen, remember
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
    looked_at = store.releases()[-1].number
    with connected(settings) as connection:
        read_links(connection, store)
        connection.execute(f"CREATE TEMP TABLE pairs ({_PAIRS})")
        exact = sum(_exact(connection, store, record_type) for record_type in LINKED)
        found, again = _likely(connection, settings, store, fresh_only) if likely else (0, "false")
        _keep(connection, again)
        _renew(connection)
        release = publish(connection, store)
        if likely and store.files("person"):
            remember(model_folder(settings), looked_at)
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


def _likely(
    connection: duckdb.DuckDBPyConnection, settings: Settings, store: Store, fresh_only: bool
) -> tuple[int, str]:
    """Tier two, over the features of tier one: its number of pairs, and SQL for which links it looked at again."""
    from comity.linking.likely import likely_pairs
    from comity.linking.model import Model

    if not store.files("person"):
        return 0, "true"
    folder = model_folder(settings)
    model = Model.load(folder)
    fresh = "fresh" if fresh_only and make_unseen(connection, store, folder, "fresh") else None
    number = likely_pairs(connection, model, "of_person", "likely", fresh=fresh)
    connection.execute("INSERT INTO pairs FROM likely")
    return number, "from_id IN (FROM fresh) OR to_id IN (FROM fresh)" if fresh else "true"


def _keep(connection: duckdb.DuckDBPyConnection, again: str) -> None:
    """What tier two said before joins ``pairs``, where it did not look ``again``."""
    exact = ", ".join(literal(rule.reason) for rule in RULES)
    connection.execute(
        "INSERT INTO pairs SELECT record_type, from_id, to_id, weight, "
        f"list_filter(reasons, lambda reason: reason NOT IN ({exact})) AS likely, ['likely'] FROM links "
        f"WHERE role = '{POSSIBLE}' AND len(likely) > 0 AND NOT ({again})"
    )


def _renew(connection: duckdb.DuckDBPyConnection) -> None:
    """``links`` from what was decided and from ``pairs``; what is said as before is as old as it was."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT record_type, from_id, to_id, max(weight) AS weight, "
        "list_sort(list_distinct(flatten(list(reasons)))) AS reasons FROM pairs GROUP BY ALL"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE renewed AS SELECT * FROM links WHERE role <> '{POSSIBLE}' UNION ALL "
        f"SELECT found.record_type, found.from_id, found.to_id, '{POSSIBLE}', found.weight, found.reasons, "
        "CASE WHEN found.weight >= 10 THEN 'probable' ELSE 'possible' END, NULL, NULL, NULL, "
        "coalesce(links.first_seen, now()), CASE WHEN links.weight = found.weight AND links.reasons = found.reasons "
        "THEN links.last_changed ELSE now() END FROM found LEFT JOIN links USING (from_id, to_id) "
        f"WHERE links.role IS NULL OR links.role = '{POSSIBLE}'"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE links AS FROM renewed")
