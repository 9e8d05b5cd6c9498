"""The federation as it was: by number, date and moment; and what changed between two releases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

import comity
from comity.cli.main import main
from comity.errors import QueryError, StoreError
from comity.store.tables import releases
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path

COUNT = "SELECT count(*) FROM vehicle"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two vehicles on 1 November, three on the 3rd, five on the 4th; all at six in the morning."""
    folder = tmp_path_factory.mktemp("as-of") / "data"
    store = small.open_store(folder)
    for day, rows in ((1, 2), (3, 3), (4, 5)):
        number = small.publish(store, {"aa-cars": rows}).number
        with store.ledger.writing() as connection:
            connection.execute(
                releases.update()
                .where(releases.c.release == number)
                .values(published_at=datetime(2026, 11, day, 6, tzinfo=UTC))
            )
    return folder


@pytest.mark.parametrize(
    ("when", "rows"),
    [
        (1, 2),
        ("2", 3),
        ("2026-11-01", 2),
        ("2026-11-02", 2),
        (date(2026, 11, 3), 3),
        ("2026-11-03T05:59:59Z", 2),
        ("2026-11-03T08:00:00+02:00", 3),
        (datetime(2026, 11, 4, 6), 5),
        ("2030-01-01", 5),
    ],
)
def test_a_number_a_date_or_a_moment(data: Path, when: int | str | date, rows: int) -> None:
    with comity.open(data) as federation, federation.at(when) as then:
        assert then.sql(COUNT).fetchall() == [(rows,)]
        assert federation.sql(COUNT).fetchall() == [(5,)]


def test_an_old_release_reads_the_files_that_hold_it(data: Path) -> None:
    before = sorted(data.rglob("*.parquet"))
    with comity.open(data, 1) as then:
        assert then.sql("SELECT count(*) FROM ledger.files").fetchall() == [(1,)]
        assert list(then.views.parent.rglob("*.parquet")) == []
    assert sorted(data.rglob("*.parquet")) == before


def test_changes_since_any_release(data: Path) -> None:
    kinds = "SELECT kind, count(*) FROM changes GROUP BY ALL"
    with comity.open(data) as federation:
        assert federation.sql(kinds).fetchall() == [("added", 2)]
        with federation.at(since="2026-11-01") as wide:
            assert wide.sql(kinds).fetchall() == [("added", 3)]
        with federation.at(1, since=3) as back:
            assert back.sql(kinds).fetchall() == [("withdrawn", 3)]


def test_a_country_is_found_by_the_path_of_its_files(data: Path) -> None:
    with comity.open(data) as federation:
        asked = "SELECT kind, count(*) FROM changes WHERE owner_country = '{}' GROUP BY ALL"
        assert federation.sql(asked.format("AA")).fetchall() == [("added", 2)]
        assert federation.sql(asked.format("BB")).fetchall() == []


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("2026-10-31", "query.no-release-then"),
        ("yesterday", "query.bad-moment"),
        ("9", "store.unknown-release"),
        (0, "store.unknown-release"),
    ],
)
def test_what_never_was_is_an_error(data: Path, when: str | int, code: str) -> None:
    with pytest.raises((QueryError, StoreError)) as error:
        comity.open(data, when)
    assert error.value.code == code


def test_on_the_command_line(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def say(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(["--data", str(data), "sql", "--format", "csv", *arguments])
        out, err = capfd.readouterr()
        return out + err

    assert say("--as-of", "2026-11-01", COUNT).split()[-1] == "2"
    assert say("--since", "1", "SELECT count(*) FROM changes").split()[-1] == "3"
    assert "give one of them" in say("--as-of", "1", "--release", "1", COUNT)
