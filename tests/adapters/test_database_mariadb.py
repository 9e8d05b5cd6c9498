"""MariaDB, on a real server, by SQLAlchemy: there is no ADBC driver for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.databases import database_adapter, take, taken
from tests.adapters.exports import assert_adds_up

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.conftest import MariaDb

VALUES = [
    ("BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615"),
    ("DECIMAL(10,2)", "12.50", "12.50"),
    ("DECIMAL(38,30)", "0.000000000000000000000000000001", "0.000000000000000000000000000001"),
    ("DOUBLE", "0.30000000000000004", "0.30000000000000004"),
    ("BOOLEAN", "TRUE", "1"),
    ("DATE", "'2024-02-29'", "2024-02-29"),
    ("DATE", "'0000-00-00'", "0000-00-00"),
    ("DATETIME", "'2024-05-01 03:04:05'", "2024-05-01 03:04:05"),
    ("DATETIME(6)", "'2024-05-01 03:04:05.25'", "2024-05-01 03:04:05.250000"),
    ("TIME", "'-101:02:03'", "-101:02:03"),
    ("YEAR", "2024", "2024"),
    ("VARCHAR(80)", "'Łódź 東京 الرياض กรุงเทพ 𠮷'", "Łódź 東京 الرياض กรุงเทพ 𠮷"),
    ("VARCHAR(80) CHARACTER SET latin1", "'Müller'", "Müller"),
    ("TEXT", "''", ""),
    ("TEXT", "NULL", None),
    ("ENUM('a','b')", "'b'", "b"),
    ("JSON", "'{\"a\": 1}'", '{"a": 1}'),
    ("VARBINARY(4)", "x'00FF'", "00ff"),
    ("BLOB", "x''", ""),
    ("BIT(10)", "b'1000000001'", "0201"),
]
FIELDS = [f"c{index}" for index in range(len(VALUES))]


def test_every_type_is_the_text_that_the_server_prints(tmp_path: Path, mariadb: MariaDb) -> None:
    columns = ", ".join(f"{name} {kind}" for name, (kind, _, _) in zip(FIELDS, VALUES, strict=True))
    mariadb.run(
        "SET sql_mode = ''",
        f"CREATE TABLE kinds ({columns})",
        f"INSERT INTO kinds VALUES ({', '.join(sql for _, sql, _ in VALUES)})",
    )

    (row,) = taken(tmp_path, mariadb.url, "SELECT * FROM kinds", FIELDS)

    assert row == {name: text for name, (_, _, text) in zip(FIELDS, VALUES, strict=True)}


def test_moments_are_in_utc_whatever_the_server_is_set_to(tmp_path: Path, mariadb: MariaDb) -> None:
    mariadb.run(
        "SET GLOBAL time_zone = '+09:00'",
        "SET time_zone = '+00:00'",
        "CREATE TABLE moments (a TIMESTAMP)",
        "INSERT INTO moments VALUES ('2024-05-01 01:00:00')",
    )

    assert taken(tmp_path, mariadb.url, "SELECT a FROM moments", ["a"]) == [{"a": "2024-05-01 01:00:00"}]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ':a' AS a, '10:30' AS b",
        "SELECT ':a' AS a, '10:30' AS b FROM DUAL WHERE 'axb' LIKE '%x%' AND 7 % 4 = 3;",
        "SELECT ':a' AS a, '10:30' AS b -- the end",
    ],
)
def test_a_query_is_run_as_it_is_written(tmp_path: Path, mariadb: MariaDb, query: str) -> None:
    assert taken(tmp_path, mariadb.url, query, ["a", "b"]) == [{"a": ":a", "b": "10:30"}]


def test_a_large_result_keeps_every_row_and_the_same_bytes(tmp_path: Path, mariadb: MariaDb) -> None:
    query = "SELECT seq AS a, CONCAT('é', seq % 7) AS b FROM seq_1_to_30000"
    adapter = database_adapter(tmp_path, mariadb.url, query, ["a", "b"])
    first = take(tmp_path, mariadb.url, query, ["a", "b"])

    reading = read_export(adapter, [first], tmp_path / "parts")

    assert reading.rows_read == 30_000
    assert_adds_up(reading, adapter)
    assert take(tmp_path, mariadb.url, f"{query} ORDER BY rand()", ["a", "b"]).sha256 == first.sha256


def test_a_wrong_query_is_shown_with_the_words_of_the_server(tmp_path: Path, mariadb: MariaDb) -> None:
    with pytest.raises(ReadError) as caught:
        take(tmp_path, mariadb.url, "SELECT nope FROM DUAL", ["nope"])

    assert caught.value.code == "read.query-failed"
    assert str(caught.value.found).startswith("Unknown column 'nope'")
    assert str(caught.value.found).endswith("in the query: SELECT nope FROM DUAL")


def test_a_query_cannot_write(tmp_path: Path, mariadb: MariaDb) -> None:
    mariadb.run("CREATE TABLE kept (a INT)")

    with pytest.raises(ReadError) as caught:
        take(tmp_path, mariadb.url, "INSERT INTO kept VALUES (1) RETURNING a", ["a"])

    assert "READ ONLY" in str(caught.value.found)


def test_a_refused_login_is_told_without_the_password(tmp_path: Path, mariadb: MariaDb) -> None:
    with pytest.raises(ReadError) as caught:
        take(tmp_path, mariadb.url.replace("root@", "nobody:s3cr%2Fet@"), "SELECT 1 AS a", ["a"])

    assert caught.value.code == "read.database-unreachable"
    assert "Access denied" in str(caught.value.found)
    assert "s3cr" not in str(caught.value)
