"""Finding links over the last release, and publishing them as a release of their own.

Invariant: a pair that a person has decided on is neither asked again nor written as possible; decisions stay as long as
both records do. With ``fresh_only``, pairs found before stay while both records are there, and tier two looks only at
pairs with a record that is new or that its source has changed since.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.errors import QueryError
from comity.linking.exact import RULES, exact_pairs
from comity.linking.records import (
    DIFFERENT,
    LINKED,
    POSSIBLE,
    SAME,
    is_links,
    make_ends,
    source_of,
    write_links,
)
from comity.store.progress_bar import no_progress_bar
from comity.store.view_sql import literal, literals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from comity.config.settings import Settings
    from comity.store.publication import StoredFile
    from comity.store.store import Store

MODEL_FOLDER = "links"
_PAIRS = (
    "record_type VARCHAR, from_id VARCHAR, to_id VARCHAR, weight DOUBLE, reasons VARCHAR[], rules VARCHAR[]"
)
_LINKS = (
    "record_type VARCHAR, from_id VARCHAR, to_id VARCHAR, role VARCHAR, weight DOUBLE, reasons VARCHAR[], "
    "certainty VARCHAR, confirmed_by VARCHAR, decided_on DATE, note VARCHAR, first_seen TIMESTAMPTZ, "
    "last_changed TIMESTAMPTZ"
)


@dataclass(frozen=True)
class Found:
    """``exact``, ``likely``: pairs of each tier; ``possible``: links written; ``release``: None when none changed."""

    exact: int
    likely: int
    possible: int
    decided: int
    release: int | None


@dataclass(frozen=True)
class Decision:
    """Two records are the same or are not, said by somebody, for a reason."""

    from_id: str
    to_id: str
    same: bool
    by: str
    why: str


def model_folder(settings: Settings) -> Path:
    """Where the trained model lies."""
    return settings.data_dir / MODEL_FOLDER


def find_links(settings: Settings, *, likely: bool, fresh_only: bool) -> Found:
    """Tier one, and tier two when ``likely``, over the last release."""
    store = open_store(settings)
    with _connection(settings) as connection:
        read_links(connection, store)
        connection.execute(f"CREATE TEMP TABLE pairs ({_PAIRS})")
        exact = sum(_exact(connection, store, record_type) for record_type in LINKED)
        found = _likely(connection, settings, store, fresh_only) if likely else 0
        _renew(connection, keep=fresh_only or not likely)
        release = _publish(connection, settings, store)
        count = dict(connection.execute("SELECT role, count(*) FROM links GROUP BY role").fetchall())
    return Found(exact, found, count.get(POSSIBLE, 0), count.get(SAME, 0) + count.get(DIFFERENT, 0), release)


def decide(settings: Settings, decisions: list[Decision]) -> int | None:
    """Write down what was decided; the release that shows it, or None when there was nothing."""
    if not decisions:
        return None
    store = open_store(settings)
    with _connection(settings) as connection:
        read_links(connection, store)
        today = datetime.now(UTC).date()
        for decision in decisions:
            pair = sorted((decision.from_id, decision.to_id))
            known = connection.execute("SELECT 1 FROM links WHERE from_id = ? AND to_id = ?", pair).fetchall()
            if not known:
                raise QueryError(
                    "query.unknown-link",
                    "No link between these two records is waiting or decided",
                    found=" ".join(pair),
                    remedy="see `comity links review`, and take both ids from one line",
                )
            connection.execute(
                "UPDATE links SET role = ?, certainty = 'confirmed', confirmed_by = ?, decided_on = ?, note = ?, "
                "last_changed = now() WHERE from_id = ? AND to_id = ?",
                [SAME if decision.same else DIFFERENT, decision.by, today, decision.why, *pair],
            )
        return _publish(connection, settings, store)


def train_links(settings: Settings, pairs: float) -> Path:
    """Train the model of tier two on the last release; where it is."""
    from comity.linking.features import make_features
    from comity.linking.model import MODEL, train

    paths = [str(file.path) for file in open_store(settings).files("person")]
    if not paths:
        raise QueryError(
            "query.links-not-learnt",
            "There are too few persons whom several sources know to learn from",
            found="no person is published",
            remedy="train when more is published; exact links work without a model",
        )
    with _connection(settings) as connection:
        make_features(connection, paths, "of_person")
        folder = model_folder(settings)
        train(connection, "of_person", folder, pairs=pairs)
    return folder / MODEL


def explain_links(
    settings: Settings, one: str, other: str
) -> tuple[float, list[tuple[str, str, float]], tuple[str, str]]:
    """The weight of a pair of persons, what each comparison found, and how both are shown."""
    from comity.linking.features import make_features
    from comity.linking.likely import explain
    from comity.linking.model import Model

    paths = [str(file.path) for file in open_store(settings).files("person")]
    if not paths:
        raise _no_person(one)
    with _connection(settings) as connection:
        files = f"read_parquet({literals(paths)}, hive_partitioning = false, union_by_name = true)"
        ids = f"({literal(one)}, {literal(other)})"
        found = connection.execute(
            f"SELECT record_id, concat_ws(', ', owner_country, full_name, birth_date) FROM {files} "
            f"WHERE record_id IN {ids}"
        ).fetchall()
        shown: dict[str, str] = dict(found)
        for record_id in (one, other):
            if record_id not in shown:
                raise _no_person(record_id)
        make_features(connection, paths, "of_person", ids=ids)
        weight, told = explain(connection, Model.load(model_folder(settings)), "of_person", one, other)
    return weight, told, (shown[one], shown[other])


def _no_person(record_id: str) -> QueryError:
    return QueryError(
        "query.unknown-record",
        "No person of the last release has that id",
        found=record_id,
        remedy="take the ids of one line of `comity links review`",
    )


def open_store(settings: Settings) -> Store:
    from comity.standard import load_standard
    from comity.store.store import Store

    standard = load_standard(settings.federation / "standard")
    store = Store.open(settings.data_dir, settings.ledger_url, standard=standard)
    if not store.releases():
        raise QueryError(
            "query.nothing-published",
            "Nothing has been published here yet",
            file=settings.data_dir,
            remedy="check --data, or put exports into its inbox and run `comity run`",
        )
    return store


def read_links(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """The table ``links``: those of the last release that the machine or a decision wrote."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE links ({_LINKS})")
    if paths := [file.path for file in _link_files(store)]:
        connection.execute(
            "INSERT INTO links SELECT from_record_type, from_record_id, to_record_id, role, weight, reasons, "
            "certainty, confirmed_by, valid_from_earliest, note, first_seen, last_changed FROM "
            f"read_parquet({literals(paths)}, hive_partitioning = false, union_by_name = true)"
        )


def _link_files(store: Store) -> list[StoredFile]:
    return [file for file in store.files("link") if is_links(file.source_id)]


def _connection(settings: Settings) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(config={"threads": settings.jobs, "preserve_insertion_order": False})
    no_progress_bar(connection)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET memory_limit = '2500MB'")
    connection.execute(f"SET temp_directory = {literal(settings.data_dir / 'staging' / 'links.spill')}")
    return connection


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
            f"CREATE TEMP VIEW {table} AS SELECT *, record_id AS unique_id FROM "
            f"read_parquet({literals(paths)}, hive_partitioning = false, union_by_name = true)"
        )
    number = exact_pairs(connection, record_type, table, "exact")
    connection.execute("INSERT INTO pairs FROM exact")
    return number


def _likely(connection: duckdb.DuckDBPyConnection, settings: Settings, store: Store, fresh_only: bool) -> int:
    from comity.linking.likely import likely_pairs
    from comity.linking.model import Model

    paths = [str(file.path) for file in store.files("person")]
    if not paths:
        return 0
    model = Model.load(model_folder(settings))
    fresh = None
    since = max((file.begin_release for file in _link_files(store)), default=None)
    if fresh_only and since is not None:
        fresh = "fresh"
        moment = next(release.published_at for release in store.releases() if release.number == since)
        connection.execute(
            "CREATE TEMP TABLE fresh AS SELECT record_id AS unique_id FROM "
            f"read_parquet({literals(paths)}, hive_partitioning = false, union_by_name = true) "
            f"WHERE greatest(first_seen, last_changed) > TIMESTAMPTZ {literal(moment.isoformat())}"
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


def _publish(connection: duckdb.DuckDBPyConnection, settings: Settings, store: Store) -> int | None:
    """Publish ``links`` for every owner whose links are not what they were; the release, or None."""
    from comity.store.publication import Account, Publication

    assert store.standard is not None
    make_ends(connection, store, "SELECT from_id FROM links UNION SELECT to_id FROM links")
    connection.execute(
        "DELETE FROM links WHERE from_id NOT IN (SELECT record_id FROM ends) "
        "OR to_id NOT IN (SELECT record_id FROM ends)"
    )
    published = {file.owner_country: file.export_id for file in _link_files(store)}
    version = hashlib.sha256(repr(RULES).encode()).hexdigest()[:12]
    run_id = store.begin_run()
    status = "failed"
    try:
        publications = []
        for country, export_id in _states(connection, published):
            store.record_source(
                source_of(country), country, title=f"Links of records of {country}", authority="The federation",
                description="Pairs of records of different sources that may be about one person or thing.",
            )  # fmt: skip
            store.record_export(
                run_id, source_of(country), export_id, (), kind="full", received_at=datetime.now(UTC),
                mapping_version=version, outcome="received",
            )  # fmt: skip
            file = write_links(
                connection, store.standard, country, version, export_id, store.layout.staging_of(run_id)
            )
            rows = file.rows if file else 0
            account = Account(run_id, source_of(country), export_id, "link", rows, rows, 0, 0, rows)
            files = (file,) if file else ()
            publications.append(
                Publication(
                    source_of(country), country, export_id, version, files, (account,), allow_empty=True
                )
            )
        release = store.publish(run_id, publications).number if publications else None
        status = "succeeded"
        return release
    finally:
        store.end_run(run_id, status)


def _states(connection: duckdb.DuckDBPyConnection, published: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Owners whose links differ from the published ones, and a hash of what they are now."""
    rows = connection.execute(
        "SELECT owner_country, sha256(string_agg(concat_ws('|', from_id, to_id, role, weight, reasons::VARCHAR, "
        "confirmed_by, decided_on, note), chr(10) ORDER BY from_id, to_id)) "
        "FROM links JOIN ends ON record_id = from_id GROUP BY owner_country"
    ).fetchall()
    now = dict(rows)
    nothing = hashlib.sha256(b"").hexdigest()
    for country in sorted({*now, *published}):
        state = now.get(country, nothing)
        if state != published.get(country):
            yield country, state
