"""A query's result as a file: SQLite, and what holds for every database."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from comity.adapters import database_query
from comity.adapters.database_url import parse_url
from comity.adapters.drift import DriftError
from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.databases import database_adapter, sqlite, take, taken, without_adbc
from tests.adapters.exports import assert_adds_up, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.part import ExportFile

THINGS = ("CREATE TABLE things (a, b)", "INSERT INTO things VALUES ('x', 1), ('y', 2), (NULL, 3)")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite(tmp_path / "things.sqlite", *THINGS)


@pytest.fixture(params=["adbc", "sqlalchemy"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "sqlalchemy":
        without_adbc(monkeypatch)
    return str(request.param)


def test_every_value_is_the_text_that_the_database_prints(tmp_path: Path, driver: str) -> None:
    url = sqlite(
        tmp_path / "values.sqlite",
        "CREATE TABLE things (a)",
        "INSERT INTO things VALUES (7), (9223372036854775807), (0.1), (0.30000000000000004), (5.0), "
        "('2024-05-01'), ('  '), (''), (NULL), ('Łódź 東京 الرياض กรุงเทพ'), (x'00FF'), ('a' || char(0) || 'b')",
    )

    found = {row["a"] for row in taken(tmp_path, url, "SELECT a FROM things", ["a"])}

    assert found == {
        "7", "9223372036854775807", "0.1", "0.30000000000000004", "5.0", "2024-05-01", "  ", "", None,
        "Łódź 東京 الرياض กรุงเทพ", "00ff", "a\0b",
    }  # fmt: skip


def test_a_column_that_is_null_for_long_still_gives_its_texts(tmp_path: Path, driver: str) -> None:
    url = sqlite(
        tmp_path / "sparse.sqlite",
        "CREATE TABLE things (a INTEGER, b)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000) "
        "INSERT INTO things SELECT i, CASE i WHEN 24999 THEN 'late' END FROM n",
    )

    found = taken(tmp_path, url, "SELECT * FROM things ORDER BY a", ["a", "b"])

    assert len(found) == 25_000
    assert [row for row in found if row["b"] is not None] == [{"a": "24999", "b": "late"}]


def test_a_result_comes_in_batches_and_never_whole(tmp_path: Path, driver: str) -> None:
    database = parse_url(sqlite(tmp_path / "x.sqlite", "CREATE TABLE t (a)"), "aa-things")
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000) SELECT i FROM n"

    with database_query.connected(database) as session:
        _, batches = database_query.stream(session, "sqlite", query, len)
        sizes = [len(batch) for batch in batches]

    assert (sum(sizes), max(sizes) <= 10_000) == (25_000, True)


@pytest.mark.parametrize(
    ("condition", "found"),
    [("a = ':name'", 0), ("a LIKE '%x%'", 1), ("b % 2 = 1", 2), ("a <> '?' -- a comment at the end", 2)],
)
def test_a_query_is_run_as_it_is_written(
    tmp_path: Path, url: str, driver: str, condition: str, found: int
) -> None:
    assert len(taken(tmp_path, url, f"SELECT * FROM things WHERE {condition}", ["a", "b"])) == found


def test_a_query_may_end_with_a_semicolon(tmp_path: Path, url: str) -> None:
    assert len(taken(tmp_path, url, "SELECT * FROM things;\n", ["a", "b"])) == 3


@pytest.mark.parametrize("order", ["a", "b DESC", "random()"])
def test_the_same_rows_give_the_same_bytes_in_whatever_order_they_come(
    tmp_path: Path, url: str, driver: str, order: str
) -> None:
    first = take(tmp_path, url, "SELECT * FROM things", ["a", "b"]).sha256

    again = take(tmp_path, url, f"SELECT * FROM things ORDER BY {order}", ["a", "b"]).sha256

    assert again == first


def test_rows_stand_in_the_order_of_their_columns_nothing_first(tmp_path: Path, url: str) -> None:
    assert [row["a"] for row in taken(tmp_path, url, "SELECT * FROM things", ["a", "b"])] == [None, "x", "y"]


def test_the_key_order_goes_first_with_numbers_by_their_value(tmp_path: Path) -> None:
    url = sqlite(
        tmp_path / "x.sqlite",
        "CREATE TABLE t (a, n)",
        "INSERT INTO t VALUES (1, 10), (2, 9), (3, NULL), (4, 'x')",
    )

    found = taken(tmp_path, url, "SELECT * FROM t", ["a", "n"], key_order=["n"])

    assert [row["n"] for row in found] == [None, "x", "9", "10"]


def test_a_key_order_without_its_column_is_an_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(ReadError) as caught:
        take(tmp_path, url, "SELECT * FROM things", ["a", "b"], key_order=["bb"])

    assert (caught.value.code, caught.value.remedy) == ("read.bad-key-order", "did you mean 'b'? Known: a, b")


def test_another_row_gives_other_bytes(tmp_path: Path, url: str) -> None:
    first = take(tmp_path, url, "SELECT * FROM things", ["a", "b"]).sha256

    assert take(tmp_path, url, "SELECT * FROM things WHERE b < 3", ["a", "b"]).sha256 != first


def test_a_result_without_rows_is_a_file_without_rows(tmp_path: Path, url: str, driver: str) -> None:
    adapter = database_adapter(tmp_path, url, "SELECT * FROM things WHERE 1 = 0", ["a", "b"])

    reading = read_export(adapter, [snapshot_of(tmp_path, url, "WHERE 1 = 0")], tmp_path / "parts")

    assert (reading.rows_read, reading.parts) == (0, ())


def test_other_columns_are_drift_before_a_row_is_read(tmp_path: Path, url: str, driver: str) -> None:
    with pytest.raises(DriftError) as caught:
        take(tmp_path, url, "SELECT a, b AS bee FROM things", ["a", "b", "c"])

    assert (caught.value.missing, caught.value.new) == (("b", "c"), ("bee",))
    assert not list((tmp_path / "taken").iterdir())


def test_nothing_but_the_snapshot_is_left_behind(tmp_path: Path, url: str) -> None:
    file = take(tmp_path, url, "SELECT * FROM things", ["a", "b"])

    assert list((tmp_path / "taken").iterdir()) == [file.path]


def test_a_database_that_is_not_there_is_an_error_and_is_not_made(tmp_path: Path, driver: str) -> None:
    path = tmp_path / "none.sqlite"

    with pytest.raises(ReadError) as caught:
        take(tmp_path, f"sqlite:///{path}", "SELECT 1 AS a", ["a"])

    assert (caught.value.code, caught.value.file) == ("read.missing-database", str(path))
    assert not path.exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///{folder}"])
def test_a_url_without_a_file_is_an_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(ReadError, match=r"cannot be (used|opened)"):
        take(tmp_path, url.format(folder=tmp_path), "SELECT 1 AS a", ["a"])


def test_a_database_is_never_written_to(tmp_path: Path, url: str, driver: str) -> None:
    path = tmp_path / "things.sqlite"
    before = path.read_bytes()

    with pytest.raises(ReadError):
        take(tmp_path, url, "DELETE FROM things RETURNING a, b", ["a", "b"])

    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path, driver: str) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"no database at all\n" * 100)

    with pytest.raises(ReadError) as caught:
        take(tmp_path, f"sqlite:///{tmp_path}/x.sqlite", "SELECT a FROM t", ["a"])

    assert caught.value.code == "read.query-failed"
    assert "file is not a database" in str(caught.value.found)


def test_a_wrong_query_is_shown_with_the_words_of_the_database(tmp_path: Path, url: str, driver: str) -> None:
    with pytest.raises(ReadError) as caught:
        take(tmp_path, url, "SELECT a,\n  nope\nFROM things", ["a", "b"])

    assert caught.value.code == "read.query-failed"
    assert "no such column: nope" in str(caught.value.found)
    assert "SELECT a, nope FROM things" in str(caught.value.found)


def test_a_text_that_is_no_utf8_sends_its_row_to_the_refused(tmp_path: Path) -> None:
    url = sqlite(
        tmp_path / "x.sqlite",
        "CREATE TABLE things (a, b)",
        "INSERT INTO things VALUES ('fine', 1), (CAST(x'CAD6FF' AS TEXT), 2)",
    )
    adapter = database_adapter(tmp_path, url, "SELECT * FROM things", ["a", "b"])

    reading = read_export(
        adapter, [take(tmp_path, url, "SELECT * FROM things", ["a", "b"])], tmp_path / "parts"
    )

    assert rows(reading, adapter) == [(1, "fine", "1")]
    assert refused(reading) == [(2, None, "read.undecodable-bytes")]
    assert_adds_up(reading, adapter)


def test_a_database_that_another_program_writes_to_is_read(tmp_path: Path, driver: str) -> None:
    url = sqlite(tmp_path / "x.sqlite", "PRAGMA journal_mode = WAL", *THINGS)
    writer = sqlite3.connect(tmp_path / "x.sqlite")
    try:
        writer.execute("INSERT INTO things VALUES ('z', 4)")  # and no commit yet

        assert len(taken(tmp_path, url, "SELECT * FROM things", ["a", "b"])) == 3
    finally:
        writer.close()


@pytest.mark.parametrize("dialect", ["postgresql", "postgresql+psycopg", "mysql+pymysql"])
def test_no_server_is_waited_for_without_end(dialect: str) -> None:
    patient = parse_url(f"{dialect}://h/x?connect_timeout=90", "aa-things")
    url = parse_url(f"{dialect}://h/x", "aa-things")

    assert database_query._connect_options(url)["connect_timeout"] == 20
    assert "connect_timeout" not in database_query._connect_options(patient)
    assert "connect_timeout='20'" in database_query._libpq(url)
    assert "connect_timeout='90'" in database_query._libpq(patient)


def snapshot_of(root: Path, url: str, condition: str) -> ExportFile:
    return take(root, url, f"SELECT * FROM things {condition}", ["a", "b"])
