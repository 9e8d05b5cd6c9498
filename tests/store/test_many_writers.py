"""Several nights at once on one store: what each publishes is there once, and the loser of a race is told so.

Each comes to the store, and to its migrations, as a program of its own.
"""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any

import pytest

from comity.errors import StoreError
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

WRITERS, NIGHTS = 8, 2


def publish_own(data: Path, url: str | None, number: int, gate: Any, answers: Any) -> None:
    """Two nights, each of which publishes one source of a country of its own."""
    store = small.open_store(data, url, wait_seconds=60)
    gate.wait()
    for night in range(1, NIGHTS + 1):
        small.publish(store, {f"{chr(97 + number)}a-cars": 10 * night + number})
    answers.put((number, "published"))


def publish_same(data: Path, url: str | None, number: int, gate: Any, answers: Any) -> None:
    """One night over the same source as others, all of them begun before any of them publishes."""
    store = small.open_store(data, url, wait_seconds=60)
    run_id = store.begin_run()
    small.record_export(store, run_id)
    item = small.publication(store, run_id, 10 + number)
    gate.wait()
    try:
        store.publish(run_id, [item])
        told = "published"
    except StoreError as error:
        told = f"{error.code}: {error.message}: {error.remedy}"
    store.end_run(run_id, "ended")
    answers.put((number, told))


def at_once(call: Callable[..., None], count: int, data: Path, url: str | None) -> dict[int, str]:
    server = multiprocessing.get_context("spawn")
    gate, answers = server.Barrier(count), server.Queue()
    processes = [server.Process(target=call, args=(data, url, n, gate, answers)) for n in range(count)]
    for process in processes:
        process.start()
    told = dict(answers.get(timeout=300) for _ in processes)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count
    return told


@pytest.fixture(params=["sqlite", "server"])
def url(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgresql")) if request.param == "server" else None


def test_eight_that_publish_different_countries_lose_nothing(tmp_path: Path, url: str | None) -> None:
    told = at_once(publish_own, WRITERS, tmp_path, url)

    assert told == dict.fromkeys(range(WRITERS), "published")
    store = small.open_store(tmp_path, url)
    assert [release.number for release in store.releases()] == list(range(1, WRITERS * NIGHTS + 1))
    assert {file.source_id: file.rows for file in store.files()} == {
        f"{chr(97 + n)}a-cars": 10 * NIGHTS + n for n in range(WRITERS)
    }
    assert small.shown(store.layout.views_file) == sum(10 * NIGHTS + n for n in range(WRITERS))
    listed = {file.path for n in range(1, WRITERS * NIGHTS + 1) for file in store.files(release=n)}
    assert set(store.layout.records.rglob("*.parquet")) == listed
    assert list(store.layout.staging.iterdir()) == []


def test_of_two_that_publish_the_same_country_one_is_told_that_it_lost(
    tmp_path: Path, url: str | None
) -> None:
    small.publish(small.open_store(tmp_path, url), {"aa-cars": 3})

    told = at_once(publish_same, 2, tmp_path, url)

    (winner,) = [number for number, what in told.items() if what == "published"]
    (lost,) = [what for what in told.values() if what != "published"]
    assert (
        lost.startswith("store.published-meanwhile: Another run has published aa-cars")
        and "run again" in lost
    )
    store = small.open_store(tmp_path, url)
    assert [(file.rows, file.begin_release) for file in store.files()] == [(10 + winner, 2)]
    assert len(store.releases()) == 2
    assert small.shown(store.layout.views_file) == 10 + winner
    assert store.sweep() == 0  # the loser's files went with its staging
    assert len(list(store.layout.records.rglob("*.parquet"))) == 2  # of releases 1 and 2
