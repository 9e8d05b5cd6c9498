"""A release is whole, numbered without a gap, and shown at once."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.errors import StoreError
from comity.store import Account, Publication, Store
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path


def _records(store: Store) -> list[Path]:
    return sorted(store.layout.records.rglob("*.parquet"))


def test_a_release_shows_what_was_published(tmp_path: Path, ledger_url: str | None) -> None:
    store = small.open_store(tmp_path, ledger_url)
    first = small.publish(store, {"aa-cars": 3, "bb-cars": 4})
    assert (first.number, first.records) == (1, 7)
    assert small.shown(store.layout.views_file) == 7
    second = small.publish(store, {"aa-cars": 5})
    assert (second.number, second.records) == (2, 9)
    assert small.shown(store.layout.views_file) == 9
    assert [release.number for release in store.releases()] == [1, 2]


def test_files_lie_by_record_type_and_country_and_are_final(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    [path] = _records(store)
    assert path.parent == store.layout.records / "vehicle" / "owner_country=AA"
    assert path.stat().st_mode & 0o777 == 0o400
    folders = [folder for folder in store.layout.root.rglob("*") if folder.is_dir()]
    assert {folder.stat().st_mode & 0o777 for folder in [store.layout.root, *folders]} == {0o700}


def test_an_older_release_stays_readable(store: Store, tmp_path: Path) -> None:
    small.publish(store, {"aa-cars": 3})
    small.publish(store, {"aa-cars": 5})
    assert small.shown(store.build_views(tmp_path / "one.duckdb", 1)) == 3
    assert [file.rows for file in store.files("vehicle", release=1)] == [3]
    assert [file.rows for file in store.files("vehicle")] == [5]
    assert store.files("person") == []


def test_a_publication_ends_all_that_its_source_had(store: Store) -> None:
    run_id = store.begin_run()
    person = small.standard().record_types["person"]
    path = small.write_records(
        store.layout.staging_of(run_id) / "p.parquet", 2, record_type=person, changed={"status": "'wanted'"}
    )
    cars = small.publication(store, run_id, 3)
    store.publish(run_id, [replace(cars, files=(*cars.files, small.staged(path, 2, kind="person")))])
    small.publish(store, {"aa-cars": 4})
    assert [(file.record_type, file.rows) for file in store.files()] == [("vehicle", 4)]


def test_a_publication_of_record_types_leaves_the_others(store: Store) -> None:
    run_id = store.begin_run()
    person = small.standard().record_types["person"]
    path = small.write_records(
        store.layout.staging_of(run_id) / "p.parquet", 2, record_type=person, changed={"status": "'wanted'"}
    )
    store.publish(run_id, [small.publication(store, run_id, 3)])
    people = (small.staged(path, 2, kind="person"),)
    store.publish(
        run_id,
        [Publication("aa-cars", "AA", small.EXPORT, small.VERSION, people, (), replaces="record_types")],
    )
    assert {(file.record_type, file.rows) for file in store.files()} == {("vehicle", 3), ("person", 2)}


def test_publishing_says_so_of_the_export(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    assert store.known_export("aa-cars", small.EXPORT, small.VERSION) == "published"
    assert store.known_export("aa-cars", small.EXPORT, "another") is None
    assert store.known_export("bb-cars", small.EXPORT, small.VERSION) is None


def test_rows_that_do_not_add_up_cannot_be_said() -> None:
    with pytest.raises(StoreError) as error:
        Account("run", "aa-cars", small.EXPORT, "vehicle", 10, 7, 2, 0, 7)
    assert error.value.code == "store.rows-do-not-add-up"
    assert "10 read" in error.value.text()


def test_an_empty_export_replaces_nothing(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    with pytest.raises(StoreError) as error:
        small.publish(store, {"aa-cars": 0})
    assert error.value.code == "store.empty-replacement"
    assert small.shown(store.layout.views_file) == 3
    run_id = store.begin_run()
    empty = replace(small.publication(store, run_id, 0), allow_empty=True)
    assert store.publish(run_id, [empty]).number == 2  # no number was lost
    assert small.shown(store.layout.views_file) == 0


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-10]), "store.broken-file"),
        (lambda path: path.write_bytes(b""), "store.broken-file"),
        (lambda path: path.unlink(), "store.missing-file"),
        (lambda path: small.write_records(path, 99), "store.broken-file"),
    ],
)
def test_a_broken_staged_file_publishes_nothing(store: Store, damage: object, code: str) -> None:
    run_id = store.begin_run()
    good, bad = small.publication(store, run_id, 3, "aa-cars"), small.publication(store, run_id, 4, "bb-cars")
    damage(bad.files[0].path)  # type: ignore[operator]
    with pytest.raises(StoreError) as error:
        store.publish(run_id, [good, bad])
    assert error.value.code == code
    assert store.releases() == []
    assert _records(store) == []
    assert store.publish(run_id, [good]).number == 1


def test_runs_of_one_second_have_an_order(store: Store) -> None:
    runs = [store.begin_run() for _ in range(3)]
    assert sorted(runs) == runs


def test_one_source_twice_is_refused(store: Store) -> None:
    run_id = store.begin_run()
    item = small.publication(store, run_id, 3)
    with pytest.raises(StoreError) as error:
        store.publish(run_id, [item, item])
    assert error.value.code == "store.published-twice"


def test_nothing_is_no_release(store: Store) -> None:
    with pytest.raises(StoreError) as error:
        store.publish(store.begin_run(), [])
    assert error.value.code == "store.nothing-to-publish"


def test_an_unknown_release_names_those_that_exist(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    with pytest.raises(StoreError) as error:
        store.files(release=7)
    assert error.value.code == "store.unknown-release"
    assert "releases 1 to 1" in error.value.text()


def test_a_reader_goes_on_reading_its_release_while_another_is_published(store: Store) -> None:
    small.publish(store, {"aa-cars": 3})
    with duckdb.connect() as reader:
        reader.execute(f"ATTACH '{store.layout.views_file}' AS views (READ_ONLY)")
        small.publish(store, {"aa-cars": 5})
        assert reader.execute("SELECT count(*) FROM views.vehicle").fetchall() == [(3,)]
    assert small.shown(store.layout.views_file) == 5


def test_a_failure_after_files_moved_gives_them_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.begin_run()
    item = small.publication(store, run_id, 3)
    with monkeypatch.context() as broken:
        broken.setattr("comity.store.release.build_beside", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.publish(run_id, [item])
    assert _records(store) == []
    assert store.releases() == []
    assert store.publish(run_id, [item]).number == 1


def test_a_run_does_not_undo_what_another_published_meanwhile(tmp_path: Path, ledger_url: str | None) -> None:
    """Both merged with release 1: the second to publish would drop what the first one brought."""
    small.publish(small.open_store(tmp_path, ledger_url), {"aa-cars": 3, "bb-cars": 3})
    slow = small.open_store(tmp_path, ledger_url)
    run_id = slow.begin_run()
    small.publish(small.open_store(tmp_path, ledger_url), {"aa-cars": 4})
    with pytest.raises(StoreError) as error:
        slow.publish(run_id, [small.publication(slow, run_id, 9)])
    assert error.value.code == "store.published-meanwhile"
    assert small.shown(slow.layout.views_file) == 7
    # A source that the other run did not touch, and a run's own earlier release, are no hindrance.
    other = small.publication(slow, run_id, 5, "bb-cars", "BB")
    assert slow.publish(run_id, [other]).number == 3
    assert slow.publish(run_id, [small.publication(slow, run_id, 6, "bb-cars", "BB")]).number == 4


def _publish_often(data: Path, ledger_url: str | None, source: str, times: int) -> None:
    store = small.open_store(data, ledger_url, wait_seconds=600)
    for rows in range(1, times + 1):
        small.publish(store, {source: rows})


def test_two_publishers_at_once_number_without_a_gap(tmp_path: Path, ledger_url: str | None) -> None:
    times = 2
    # Spawned, not forked: each comes to the store, and to its migrations, as a program of its own.
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_publish_often, args=(tmp_path, ledger_url, source, times))
        for source in ("aa-cars", "bb-cars")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    store = small.open_store(tmp_path, ledger_url)
    assert [release.number for release in store.releases()] == list(range(1, 2 * times + 1))
    assert small.shown(store.layout.views_file) == 2 * times
    assert small.shown(store.layout.views_file, "SELECT max(release) FROM views.releases") == 2 * times
    for number in range(1, 2 * times + 1):
        files = store.files(release=number)
        assert len({file.source_id for file in files}) == len(files)
