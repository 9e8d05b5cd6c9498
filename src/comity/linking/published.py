"""The links of the last release as a table to work on, and what became of them as a release of their own.

Invariant: links are published for every owner whose links are not what they were, in one release, and for nobody else.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comity.linking.exact import RULES
from comity.linking.records import make_ends, write_links
from comity.query.failure import nothing_published
from comity.store.found import is_links, source_of
from comity.store.progress_bar import no_progress_bar
from comity.store.view_sql import literal, parquet_scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from comity.config.settings import Settings
    from comity.store.publication import StoredFile
    from comity.store.store import Store

_LINKS = (
    "record_type VARCHAR, from_id VARCHAR, to_id VARCHAR, role VARCHAR, weight DOUBLE, reasons VARCHAR[], "
    "certainty VARCHAR, confirmed_by VARCHAR, decided_on DATE, note VARCHAR, first_seen TIMESTAMPTZ, "
    "last_changed TIMESTAMPTZ"
)


def open_store(settings: Settings) -> Store:
    from comity.standard import load_standard
    from comity.store.store import Store

    standard = load_standard(settings.federation / "standard")
    store = Store.open(settings.data_dir, settings.ledger_url, standard=standard)
    if not store.releases():
        raise nothing_published(settings.data_dir)
    return store


def connected(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, within bounds of memory."""
    import duckdb

    connection = duckdb.connect(config={"threads": settings.jobs, "preserve_insertion_order": False})
    no_progress_bar(connection)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET memory_limit = '2500MB'")
    connection.execute(f"SET temp_directory = {literal(settings.data_dir / 'staging' / 'links.spill')}")
    return connection


def read_links(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """The table ``links``: those of the last release that the machine or a decision wrote."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE links ({_LINKS})")
    if paths := [file.path for file in link_files(store)]:
        connection.execute(
            "INSERT INTO links SELECT from_record_type, from_record_id, to_record_id, role, weight, reasons, "
            "certainty, confirmed_by, valid_from_earliest, note, first_seen, last_changed FROM "
            f"{parquet_scan(paths)}"
        )


def link_files(store: Store) -> list[StoredFile]:
    """Of the last release, the files of links that the machine or a decision wrote."""
    return [file for file in store.files("link") if is_links(file.source_id)]


def publish(connection: duckdb.DuckDBPyConnection, store: Store) -> int | None:
    """Publish ``links`` for every owner whose links are not what they were; the release, or None."""
    from comity.store.publication import Account, Publication

    assert store.standard is not None
    make_ends(connection, store, "SELECT from_id FROM links UNION SELECT to_id FROM links")
    connection.execute(
        "DELETE FROM links WHERE from_id NOT IN (SELECT record_id FROM ends) "
        "OR to_id NOT IN (SELECT record_id FROM ends)"
    )
    published = {file.owner_country: file.export_id for file in link_files(store)}
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
