"""Views that are built over the last ones hold the same as views that are built whole, row for row."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.store import Store, views
from comity.store.compact import compact
from comity.store.review import renew
from comity.store.view_held import Held
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return small.open_store(tmp_path / "data")


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Held]]:
    """Of every views file that is built to follow another: what of that one was kept."""
    seen: list[Held] = []
    follow = views._follow

    def watch(*arguments: object) -> Held:
        seen.append(follow(*arguments))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(views, "_follow", watch)
    yield seen


def _everything(path: Path) -> dict[str, object]:
    """Every view as SQL with its comments, the lists of files that they call, and every row of every table."""
    with duckdb.connect() as duck:
        duck.execute(f"ATTACH '{path}' AS shown (READ_ONLY)")
        duck.execute("USE shown")
        of_views = "FROM duckdb_views() WHERE database_name = 'shown' AND NOT internal ORDER BY view_name"
        of_columns = (
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE database_name = 'shown'"
            " AND NOT internal ORDER BY ALL"
        )
        found: dict[str, object] = {
            "views": duck.execute(f"SELECT view_name, sql, comment {of_views}").fetchall(),
            "columns": duck.execute(of_columns).fetchall(),
        }
        of_lists = "FROM duckdb_functions() WHERE database_name = 'shown' AND schema_name = 'ledger'"
        found["lists"] = duck.execute(
            f"SELECT function_name, macro_definition {of_lists} ORDER BY ALL"
        ).fetchall()
        assert found["lists"], "a record type's view calls a list"
        tables = duck.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'shown'"
        ).fetchall()
        for (table,) in tables:
            found[table] = sorted(map(repr, duck.execute(f"FROM ledger.{table}").fetchall()))
        order = "SELECT name FROM ledger.record_types ORDER BY rowid"
        return {**found, "order": duck.execute(order).fetchall()}


def _same_as_whole(store: Store, folder: Path) -> None:
    assert _everything(store.layout.views_file) == _everything(store.build_views(folder / "whole.duckdb"))


def _failed_run(store: Store) -> None:
    run_id = store.begin_run()
    small.record_export(store, run_id, outcome="blocked")
    folder = store.layout.staging_of(run_id)
    pq.write_table(pa.table({"source_row": pa.array([7]), "raw": ["a;b"]}), folder / "r.parquet")
    store.record_rejects(run_id, "aa-cars", small.EXPORT, folder / "r.parquet", 1)
    pq.write_table(pa.table({"run_id": [run_id], "rule_id": ["r1"], "violated": [2]}), folder / "q.parquet")
    store.record_quality(run_id, folder / "q.parquet")
    store.end_run(run_id, "failed")


def test_after_every_release_and_run(store: Store, tmp_path: Path, followed: list[Held]) -> None:
    store.record_source("aa-cars", "AA", title="Cars")
    for night in ({"aa-cars": 3}, {"aa-cars": 3, "bb-cars": 4}, {"bb-cars": 5}):
        small.publish(store, night)
        _same_as_whole(store, tmp_path)
    _failed_run(store)
    _same_as_whole(store, tmp_path)
    store.record_source("bb-cars", "BB", title="Other cars")
    run_id = store.begin_run()
    gone = replace(small.publication(store, run_id, 0), allow_empty=True)
    store.publish(run_id, [gone])
    _same_as_whole(store, tmp_path)
    store.end_run(run_id, "ok")
    _same_as_whole(store, tmp_path)

    assert [held.release for held in followed] == [1, 1, 2, 2, 3, 3, 3, 4]


def test_a_run_that_goes_on_beside_another_is_told_to_its_end(store: Store, tmp_path: Path) -> None:
    small.publish(store, {"aa-cars": 3})
    slow = store.begin_run()
    small.record_export(store, slow, "bb-cars", "normalised")
    small.publish(store, {"aa-cars": 4})
    small.record_export(store, slow, "bb-cars", "failed")
    store.end_run(slow, "failed")

    _same_as_whole(store, tmp_path)
    outcomes = "SELECT count(*) FROM views.exports WHERE source_id = 'bb-cars' AND outcome = 'failed'"
    assert small.shown(store.layout.views_file, outcomes) == 1


def test_a_renewal_is_seen_by_what_follows(store: Store, tmp_path: Path, followed: list[Held]) -> None:
    small.publish(store, {"aa-cars": 2})
    with duckdb.connect() as duck:
        duck.execute(f"ATTACH '{store.layout.views_file}' AS views (READ_ONLY)")
        [record] = duck.execute("SELECT min(record_id) FROM views.vehicle").fetchone() or ()
    renew(store, [record], date(2030, 1, 1), "officer", "still wanted")
    small.publish(store, {"bb-cars": 1})

    _same_as_whole(store, tmp_path)
    assert followed[-1].renewed == {"vehicle"}


@pytest.mark.parametrize(
    "reason", ["another program", "another standard", "damaged", "rewritten", "another ledger"]
)
def test_what_cannot_be_followed_is_built_whole(
    store: Store, tmp_path: Path, followed: list[Held], monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    small.publish(store, {"aa-cars": 3})
    before = store.layout.views_file.with_name("before")
    shutil.copyfile(store.layout.views_file, before)
    if reason == "another program":
        monkeypatch.setattr("comity.__version__", "0.0.0", raising=False)
    elif reason == "another standard":
        store = Store(store.layout, store.ledger, replace(small.little(), title="Another"), 10)
    elif reason == "damaged":
        before.write_bytes(b"no database")
    elif reason == "rewritten":
        # As when a compaction is killed after the ledger has its file, and before it is shown.
        small.publish(store, {"aa-cars": 2, "ab-cars": 1})
        shutil.copyfile(store.layout.views_file, before)
        with store.ledger.writing() as connection:
            from comity.store.tables import files

            connection.execute(files.update().where(files.c.end_release.is_(None)).values(bytes=1))
    else:
        other = small.open_store(tmp_path / "other")
        small.publish(other, {"aa-cars": 3})
        shutil.copyfile(other.layout.views_file, before)
    before.replace(store.layout.views_file)
    followed.clear()

    small.publish(store, {"bb-cars": 4})

    assert followed[0] == Held()
    _same_as_whole(store, tmp_path)


def test_the_file_does_not_grow_with_the_nights(store: Store) -> None:
    sizes = []
    for night in range(12):
        small.publish(store, {"aa-cars": 3 + night % 2})
        sizes.append(store.layout.views_file.stat().st_size)

    assert max(sizes[6:]) <= max(sizes[:6])


def test_compacted_files_are_followed(store: Store, tmp_path: Path) -> None:
    run_id = store.begin_run()
    item = small.publication(store, run_id, 3)
    more = small.write_records(store.layout.staging_of(run_id) / "more.parquet", 2, first=3)
    store.publish(run_id, [replace(item, files=(*item.files, small.staged(more, 2)), accounts=())])
    store.end_run(run_id, "ok")
    assert compact(store, smaller_than=1_000_000) == (2, 1)
    small.publish(store, {"bb-cars": 1})

    _same_as_whole(store, tmp_path)
