"""A question reads one release and nothing else, and writes nothing, however it is worded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.config.settings import Settings
from comity.errors import QueryError
from comity.query.federation import Federation, ask, open_federation

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def federation(data: Path) -> Iterator[Federation]:
    with open_federation(Settings(data, ROOT)) as federation:
        yield federation


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a question would like to write."""
    return tmp_path / "written"


def _code(federation: Federation, query: str) -> str | None:
    """The code of the error that the question gets; None when it is answered."""
    with federation.connect() as connection:
        try:
            answer = ask(connection, query)
            if answer is not None:
                answer.fetchall()
        except QueryError as error:
            assert error.remedy
            return error.code
        except duckdb.PermissionException:  # some files are opened only when the answer is fetched
            return "query.not-allowed"
    return None


FILES = """
FROM '/etc/passwd'
FROM query_table('/etc/passwd')
FROM sqlite_scan('ledger.sqlite', 'sources')
SELECT * FROM read_csv('/no/such/file.csv')
IMPORT DATABASE '/no/such/folder'
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_blob('/etc/passwd')
SELECT * FROM read_ndjson('/etc/passwd')
SELECT * FROM sniff_csv('/etc/passwd')
SELECT * FROM glob('/etc/*')
SELECT * FROM glob('/proc/self/environ')
SELECT * FROM '/etc/*.csv'
SELECT 1 WHERE (SELECT count(*) FROM read_csv('/proc/self/environ')) > 0
CREATE TEMP MACRO m() AS TABLE FROM read_text('/etc/passwd'); FROM m()
SELECT * FROM 'https://example.org/a.csv'
SELECT * FROM 's3://bucket/a.parquet'
ATTACH '/etc/passwd'
ATTACH ':memory:' AS other
DETACH comity
INSTALL httpfs
LOAD httpfs
LOAD '/etc/passwd'
CALL enable_logging(storage = 'file')
CREATE SECRET s (TYPE s3)
SELECT * FROM duckdb_secrets()
FROM query('FROM read_text(''/etc/passwd'')')
SELECT (SELECT content FROM read_text('/etc/passwd'))
SELECT * FROM parquet_metadata('/etc/passwd')
SELECT * FROM read_json('/etc/passwd')
SELECT * FROM 'http://localhost:1/a.csv'
SELECT * FROM read_parquet('hf://datasets/a/b.parquet')
FORCE INSTALL httpfs
""".strip().splitlines()


@pytest.mark.parametrize("query", FILES)
def test_no_other_file_is_read(federation: Federation, query: str) -> None:
    assert _code(federation, query) == "query.not-allowed"


def test_neighbours_of_published_files_are_not_read(federation: Federation, data: Path) -> None:
    [path, *_] = sorted((data / "records").rglob("*.parquet"))
    folder = path.parent
    with federation.connect() as connection:
        (listed,) = connection.execute("SELECT path FROM ledger.files LIMIT 1").fetchall()[0]
        assert connection.execute(f"SELECT count(*) > 0 FROM '{listed}'").fetchall() == [(True,)]
    for query in (
        f"FROM read_parquet('{folder}/*.parquet')",
        f"FROM read_blob('{listed}/../../../../ledger.sqlite')",
        f"FROM read_blob('{folder}/../../../ledger.sqlite')",
        f"FROM glob('{folder}/*')",
        f"FROM read_blob('{data}/ledger.sqlite')",
        f"FROM read_blob('{data}/publish.lock')",
    ):
        assert _code(federation, query) in ("query.not-allowed", "query.unreadable-file"), query


def test_a_database_is_not_imported(federation: Federation, tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("SELECT 1")
    (tmp_path / "load.sql").write_text("SELECT 1")
    assert _code(federation, f"IMPORT DATABASE '{tmp_path}'") == "query.not-allowed"


def test_the_environment_is_not_read(federation: Federation) -> None:
    assert _code(federation, "SELECT getenv('HOME')") == "query.unknown-name"


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '{}'",
        "copy vehicle to '{}' (format parquet)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{}'",
        "PREPARE p AS COPY (SELECT 1) TO '{}'; EXECUTE p",
        "WITH c AS (COPY (SELECT 1) TO '{}') SELECT 1",
        "SELECT 1; /* c */ CoPy (SELECT 1) TO '{}'",
        "EXPORT DATABASE '{}'",
        "ATTACH '{}'",
        "PRAGMA profiling_output = '{}'; SELECT 1",
        "SET log_query_path = '{}'; SELECT 1",
        "SET temp_directory = '{}'",
    ],
)
def test_nothing_is_written(federation: Federation, target: Path, query: str) -> None:
    assert _code(federation, query.format(target)) == "query.not-allowed"
    assert not target.exists()


def test_a_published_file_is_not_overwritten(federation: Federation, data: Path) -> None:
    files = sorted((data / "records").rglob("*.parquet"))
    before = [hashlib.sha256(path.read_bytes()).digest() for path in files]
    for path in files:
        assert _code(federation, f"COPY (SELECT 1) TO '{path}'") == "query.not-allowed"
        assert _code(federation, f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{path}'") == "query.not-allowed"
    assert [hashlib.sha256(path.read_bytes()).digest() for path in files] == before


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO vehicle SELECT * FROM vehicle",
        "UPDATE vehicle SET plate = 'X'",
        "DELETE FROM vehicle",
        "DELETE FROM ledger.files",
        "UPDATE ledger.releases SET records = 0",
        "TRUNCATE ledger.releases",
        "MERGE INTO ledger.releases USING releases AS r ON true WHEN MATCHED THEN DELETE",
        "DROP VIEW vehicle",
        "DROP TABLE ledger.files",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE OR REPLACE VIEW vehicle AS SELECT 1",
        "ALTER VIEW vehicle RENAME TO cars",
        "COMMENT ON VIEW vehicle IS 'x'",
    ],
)
def test_what_is_published_cannot_be_changed(federation: Federation, query: str) -> None:
    assert _code(federation, query) == "query.read-only"


@pytest.mark.parametrize(
    "query",
    [
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "SET allowed_paths = ['/etc/passwd']",
        "SET memory_limit = '1TB'",
        "PRAGMA enable_profiling = 'json'",
    ],
)
def test_settings_are_locked(federation: Federation, query: str) -> None:
    assert _code(federation, query) == "query.not-allowed"


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TEMP TABLE mine AS SELECT 1 AS a; INSERT INTO mine VALUES (2); DELETE FROM mine; FROM mine",
        "CREATE TEMP VIEW stolen AS SELECT * FROM vehicle; SELECT count(*) FROM stolen",
        "BEGIN; SELECT 1; COMMIT",
        "SET VARIABLE country = 'AA'; SELECT count(*) FROM vehicle WHERE owner_country = getvariable('country')",
        "PREPARE p AS SELECT count(*) FROM vehicle WHERE owner_country = ?; EXECUTE p('AA')",
        "SELECT 'copy' AS \"copy\", 'EXPORT' -- copy",
        "SHOW TABLES",
        "DESCRIBE vehicle",
        "SUMMARIZE releases",
        "EXPLAIN SELECT * FROM vehicle",
        "PIVOT vehicle ON owner_country USING count(*)",
        "FROM query('SELECT 1')",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) FROM t",
    ],
)
def test_everything_else_is_answered(federation: Federation, query: str) -> None:
    assert _code(federation, query) is None


def test_variables_of_the_program_are_no_tables(federation: Federation) -> None:
    import pandas as pd

    secret = pd.DataFrame({"a": [1]})
    assert len(secret) == 1
    assert _code(federation, "FROM secret") == "query.unknown-name"


def test_too_little_memory_is_told(federation: Federation) -> None:
    little = {"memory_limit": "20MB", "max_temp_directory_size": "1MB", "threads": 1}
    with federation.connect(little) as connection, pytest.raises(QueryError) as error:
        from comity.query.failure import asking

        with asking():
            answer = ask(connection, "SELECT i, md5(i::VARCHAR) AS h FROM range(3_000_000) t(i) ORDER BY h")
            assert answer is not None
            answer.fetchall()
    assert error.value.code == "query.out-of-memory"
    assert "memory_limit" in (error.value.remedy or "")
