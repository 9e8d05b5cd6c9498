"""PostgreSQL, on a real server: by ADBC, and by SQLAlchemy as on a machine without the ADBC driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.databases import database_adapter, take, taken, without_adbc
from tests.adapters.exports import assert_adds_up

if TYPE_CHECKING:
    from pathlib import Path

# What a person writes in SQL, its type, and the text that is expected of it.
VALUES = [
    ("-32768", "smallint", "-32768"),
    ("9223372036854775807", "bigint", "9223372036854775807"),
    ("12.50", "numeric(10,2)", "12.50"),
    ("1e30", "numeric", "1000000000000000000000000000000"),
    ("0.000000000000000000000001", "numeric", "0.000000000000000000000001"),
    ("'NaN'", "numeric", "NaN"),
    ("0.1", "double precision", "0.1"),
    ("0.1", "real", "0.1"),
    ("0.30000000000000004", "double precision", "0.30000000000000004"),
    ("'2024-02-29'", "date", "2024-02-29"),
    ("'infinity'", "date", "infinity"),
    ("'0044-03-15 BC'", "date", "0044-03-15 BC"),
    ("'2024-05-01 03:04:05'", "timestamp", "2024-05-01 03:04:05"),
    ("'2024-05-01 03:04:05.25'", "timestamp", "2024-05-01 03:04:05.25"),
    ("'2024-05-01 03:04:05+02'", "timestamptz", "2024-05-01 01:04:05+00"),
    ("'2024-12-01 03:04:05 Europe/Paris'", "timestamptz", "2024-12-01 02:04:05+00"),
    ("'-infinity'", "timestamptz", "-infinity"),
    ("'03:04:05'", "time", "03:04:05"),
    ("'03:04:05+02'", "timetz", "03:04:05+02"),
    ("'1 mon 2 days 03:00:00'", "interval", "1 mon 2 days 03:00:00"),
    ("true", "boolean", "true"),
    ("false", "boolean", "false"),
    ("NULL", "boolean", None),
    ("NULL", "bytea", None),
    (r"'\x00ff'", "bytea", "00ff"),
    ("''", "bytea", ""),
    ("'ab'", "char(5)", "ab"),
    ("''", "text", ""),
    ("' 100 % :x ? $1 '", "text", " 100 % :x ? $1 "),
    ("'Ünïcödé Łódź 東京 الرياض กรุงเทพ 𠮷'", "text", "Ünïcödé Łódź 東京 الرياض กรุงเทพ 𠮷"),
    ("'8f14e45f-ceea-467f-a8f0-11e2b1f7d1aa'", "uuid", "8f14e45f-ceea-467f-a8f0-11e2b1f7d1aa"),
    ('\'{"b": [1, "é"]}\'', "jsonb", '{"b": [1, "é"]}'),
    ("'{1,NULL,3}'", "int[]", "{1,NULL,3}"),
    ("'192.0.2.1'", "inet", "192.0.2.1/32"),
    ("'[1,3)'", "int4range", "[1,3)"),
]
FIELDS = [f"c{index}" for index in range(len(VALUES))]


@pytest.fixture(params=["adbc", "sqlalchemy"])
def url(request: pytest.FixtureRequest, postgresql: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "sqlalchemy":
        without_adbc(monkeypatch)
    address = urlsplit(postgresql.get_uri())
    (folder,) = parse_qs(address.query)["host"]
    return f"postgresql+psycopg://postgres@/postgres?host={folder}"


def test_every_type_is_the_text_that_the_server_prints(tmp_path: Path, url: str) -> None:
    query = "SELECT " + ", ".join(
        f"({sql})::{kind} AS {name}" for (sql, kind, _), name in zip(VALUES, FIELDS, strict=True)
    )

    (row,) = taken(tmp_path, url, query, FIELDS)

    assert row == {name: text for (_, _, text), name in zip(VALUES, FIELDS, strict=True)}


def test_settings_of_the_server_do_not_change_the_text(tmp_path: Path, url: str, postgresql: Any) -> None:
    postgresql.psql("""
        ALTER ROLE postgres SET TimeZone = 'Asia/Tokyo'; ALTER ROLE postgres SET DateStyle = 'SQL, DMY';
        ALTER ROLE postgres SET bytea_output = 'escape'; ALTER ROLE postgres SET extra_float_digits = -5;
    """)
    query = (
        "SELECT '2024-05-01 00:00:00+00'::timestamptz AS a, '2024-05-31'::date AS b, '\\x5c00'::bytea AS c"
    )
    try:
        found = taken(
            tmp_path, url, f"{query}, 0.30000000000000004::double precision AS d", ["a", "b", "c", "d"]
        )
    finally:
        postgresql.psql("ALTER ROLE postgres RESET ALL")

    assert found == [
        {"a": "2024-05-01 00:00:00+00", "b": "2024-05-31", "c": "5c00", "d": "0.30000000000000004"}
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("SELECT 'a:name' AS a, '10:30'::time::text AS b", ("a:name", "10:30:00")),
        ("SELECT 'x' AS a, 7 % 4 AS b WHERE 'axb' LIKE '%x%'", ("x", "3")),
        ("WITH t AS (SELECT 1 AS a) SELECT a, '?' AS b FROM t; ", ("1", "?")),
        ("SELECT 1 AS a, 2 AS b -- the end", ("1", "2")),
    ],
)
def test_a_query_is_run_as_it_is_written(
    tmp_path: Path, url: str, query: str, found: tuple[str, str]
) -> None:
    assert taken(tmp_path, url, query, ["a", "b"]) == [{"a": found[0], "b": found[1]}]


def test_a_large_result_keeps_every_row(tmp_path: Path, url: str) -> None:
    query = (
        "SELECT i AS a, CASE WHEN i % 2 = 0 THEN repeat('é', 50) END AS b FROM generate_series(1, 70000) i"
    )
    adapter = database_adapter(tmp_path, url, query, ["a", "b"], key_order=["a"])

    reading = read_export(
        adapter, [take(tmp_path, url, query, ["a", "b"], key_order=["a"])], tmp_path / "parts"
    )

    assert reading.rows_read == 70_000
    assert_adds_up(reading, adapter)


def test_the_bytes_do_not_depend_on_the_order_or_the_driver(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "SELECT i AS a, 'x' || i % 7 AS b FROM generate_series(1, 30000) i ORDER BY random()"
    first = take(tmp_path, url, query, ["a", "b"]).sha256
    without_adbc(monkeypatch)

    assert take(tmp_path, url, query, ["a", "b"]).sha256 == first


def test_a_wrong_query_is_shown_with_the_words_of_the_server(tmp_path: Path, url: str) -> None:
    with pytest.raises(ReadError) as caught:
        take(tmp_path, url, "SELECT nope FROM pg_class", ["nope"])

    assert caught.value.code == "read.query-failed"
    assert caught.value.found == 'column "nope" does not exist; in the query: SELECT nope FROM pg_class'


def test_a_query_that_fails_on_its_way_is_an_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(ReadError) as caught:
        take(tmp_path, url, "SELECT 1 / (50000 - i) AS a FROM generate_series(1, 60000) i", ["a"])

    assert caught.value.code == "read.query-failed"
    assert str(caught.value.found).startswith("division by zero")
    assert not list((tmp_path / "taken").iterdir())


def test_a_query_cannot_write(tmp_path: Path, url: str, postgresql: Any) -> None:
    postgresql.psql("""
        CREATE TABLE IF NOT EXISTS kept (a int);
        CREATE OR REPLACE FUNCTION write() RETURNS int LANGUAGE sql AS 'INSERT INTO kept VALUES (1) RETURNING a';
    """)

    with pytest.raises(ReadError) as caught:
        take(tmp_path, url, "SELECT write() AS a", ["a"])

    assert "read-only transaction" in str(caught.value.found)


@pytest.mark.parametrize("wrong", ["postgres@/nowhere", "nobody:s3cr%27et@/postgres"])
def test_a_refused_login_is_told_in_the_words_of_the_server(tmp_path: Path, url: str, wrong: str) -> None:
    with pytest.raises(ReadError) as caught:
        take(tmp_path, url.replace("postgres@/postgres", wrong), "SELECT 1 AS a", ["a"])

    assert caught.value.code == "read.database-unreachable"
    assert "does not exist" in str(caught.value.found)
    assert "s3cr" not in str(caught.value)
