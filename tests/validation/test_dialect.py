"""SQLAlchemy speaks DuckDB over a connection that belongs to someone else."""

from __future__ import annotations

import datetime

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy import types

from comity.validation.dialect import DuckDBType, engine_over, sqlalchemy_type


@pytest.fixture
def live() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("VARCHAR", types.VARCHAR),
        ("INTEGER", types.INTEGER),
        ("BIGINT", types.BIGINT),
        ("UBIGINT", types.NUMERIC),
        ("DOUBLE", types.DOUBLE),
        ("BOOLEAN", types.BOOLEAN),
        ("DATE", types.DATE),
        ("TIMESTAMP WITH TIME ZONE", types.TIMESTAMP),
        ("UUID", types.UUID),
        ("BLOB", types.BLOB),
        ("VARCHAR[]", DuckDBType),
        ("STRUCT(a INTEGER, b VARCHAR)[]", DuckDBType),
        ("ENUM('a', 'b')", DuckDBType),
    ],
)
def test_a_type_of_duckdb_has_a_type_of_sqlalchemy(name: str, kind: type[types.TypeEngine[object]]) -> None:
    assert isinstance(sqlalchemy_type(name), kind)


def test_a_decimal_keeps_its_digits() -> None:
    made = sqlalchemy_type("DECIMAL(18,4)")

    assert isinstance(made, types.DECIMAL) and (made.precision, made.scale) == (18, 4)


def test_a_type_without_a_word_keeps_duckdbs_name() -> None:
    assert (
        str(sqlalchemy_type("VARCHAR[]").compile(dialect=engine_over(duckdb.connect()).dialect))
        == "VARCHAR[]"
    )


@pytest.mark.parametrize("what", ["TABLE", "VIEW", "TEMP VIEW"])
def test_columns_are_described_in_their_order(live: duckdb.DuckDBPyConnection, what: str) -> None:
    live.execute(
        f"CREATE {what} t AS SELECT 1 AS n, 'x' AS \"odd \"\"name\", ['a'] AS many, NULL::DATE AS day"
    )

    found = sa.inspect(engine_over(live)).get_columns("t")

    assert [(each["name"], str(each["type"])) for each in found] == [
        ("n", "INTEGER"),
        ('odd "name', "VARCHAR"),
        ("many", "VARCHAR[]"),
        ("day", "DATE"),
    ]


def test_tables_and_views_are_found_and_others_are_not(live: duckdb.DuckDBPyConnection) -> None:
    live.execute("CREATE TABLE a (n INTEGER); CREATE TEMP VIEW b AS FROM a")
    inspector = sa.inspect(engine_over(live))

    assert [inspector.has_table(each) for each in ("a", "b", "c")] == [True, True, False]


def test_a_result_is_not_lost_when_another_statement_runs(live: duckdb.DuckDBPyConnection) -> None:
    with engine_over(live).connect() as connection:
        first = connection.exec_driver_sql("SELECT * FROM range(5000)")
        first.fetchone()
        second = connection.exec_driver_sql("SELECT 42")

        assert second.scalar() == 42
        assert len(first.fetchall()) == 4999


def test_values_are_bound_and_never_written_into_the_statement(live: duckdb.DuckDBPyConnection) -> None:
    awkward = "O'Neill; DROP TABLE t -- {x} :y %s"
    with engine_over(live).connect() as connection:
        found = connection.execute(
            sa.select(sa.literal(awkward), sa.literal(datetime.date(2020, 2, 29)), sa.literal(None))
        ).fetchall()

    assert [tuple(row) for row in found] == [(awkward, datetime.date(2020, 2, 29), None)]


def test_transactions_belong_to_the_connections_owner(live: duckdb.DuckDBPyConnection) -> None:
    live.execute("BEGIN; CREATE TABLE t (n INTEGER)")
    engine = engine_over(live)

    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")  # left without a commit
    engine.dispose()

    assert live.execute("SELECT count(*) FROM t").fetchall() == [(2,)]
    live.execute("ROLLBACK")
    assert live.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_a_regular_expression_matches_a_part_of_the_value(live: duckdb.DuckDBPyConnection) -> None:
    from tests.validation.small import judge_one

    live.execute("CREATE TABLE t AS SELECT unnest(['abc', 'xbx', 'zzz', NULL]) AS name")

    check = judge_one(live, "t", "expect_column_values_to_match_regex", column="name", regex="b")

    assert (check.violated, check.denominator) == (1, 3)


def test_an_error_of_duckdb_is_an_error_of_sqlalchemy(live: duckdb.DuckDBPyConnection) -> None:
    with engine_over(live).connect() as connection, pytest.raises(sa.exc.DBAPIError, match="nowhere"):
        connection.exec_driver_sql("SELECT * FROM nowhere")
