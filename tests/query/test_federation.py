"""``comity.open``: one release, opened from Python."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import comity
from comity.errors import QueryError, StoreError
from tests.store import small

ROOT = Path(__file__).parents[2]


def _open(data: Path, release: int | None = None) -> comity.Federation:
    return comity.open(data, release, federation=ROOT)


def test_a_release_opened_answers_in_any_form_that_duckdb_knows(data: Path) -> None:
    with _open(data) as federation:
        assert federation.release == 2
        assert federation.record_types == tuple(small.standard().record_types)
        answer = "SELECT plate, owner_country FROM vehicle ORDER BY ALL"
        assert federation.sql(answer).to_arrow_table().num_rows == 9
        assert list(federation.sql(answer).df().columns) == ["plate", "owner_country"]
        assert federation.sql(answer).limit(1).fetchall() == [("AB0", "AA")]


def test_an_older_release_is_opened_by_its_number(data: Path) -> None:
    with _open(data, 1) as federation:
        assert federation.release == 1
        assert federation.sql("SELECT count(*) FROM vehicle").fetchall() == [(7,)]
    with pytest.raises(StoreError) as error:
        _open(data, 9)
    assert error.value.code == "store.unknown-release"


def test_it_is_found_by_the_environment(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError) as error:
        comity.open(federation=ROOT)
    assert error.value.code == "query.nothing-published"
    monkeypatch.setenv("COMITY_DATA", str(data))
    with comity.open(federation=ROOT) as federation:
        assert federation.release == 2


def test_what_is_published_meanwhile_is_seen_by_the_next_connection(tmp_path: Path) -> None:
    store = small.open_store(tmp_path)
    small.publish(store, {"aa-cars": 3})
    with _open(tmp_path) as federation, federation.connect() as before:
        small.publish(store, {"aa-cars": 5})
        assert before.execute("SELECT count(*) FROM vehicle").fetchall() == [(3,)]
        with federation.connect() as after:
            assert after.execute("SELECT count(*) FROM vehicle").fetchall() == [(5,)]


def test_own_tables_join_with_what_is_published(data: Path) -> None:
    import pyarrow as pa

    with _open(data) as federation, federation.connect({"memory_limit": "500MB"}) as connection:
        connection.register("seen", pa.table({"plate": ["AB1", "ZZ9"]}))
        joined = "SELECT owner_country FROM vehicle JOIN seen USING (plate) ORDER BY 1"
        assert connection.execute(joined).fetchall() == [("AA",), ("BB",)]
        limit = connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
        assert limit == "476.8 MiB"


def test_no_progress_bar_is_written_into_an_answer(data: Path) -> None:
    """DuckDB shows one on standard output, a pipe too, once a question takes two seconds."""
    with _open(data) as federation, federation.connect() as connection:
        shown = connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()
    assert shown == [(False,)]


def test_a_wrong_setting_is_an_error_of_the_question(data: Path) -> None:
    with _open(data) as federation, pytest.raises(QueryError) as error:
        federation.connect({"memroy_limit": "1GB"})
    assert error.value.code == "query.failed"
    assert "memroy_limit" in error.value.text()


def test_a_statement_without_an_answer_is_an_error(data: Path) -> None:
    with _open(data) as federation, pytest.raises(QueryError) as error:
        federation.sql("CREATE TEMP VIEW a AS SELECT 1")
    assert error.value.code == "query.no-answer"


def test_closing_removes_its_temporary_files(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    federation = _open(data, 1)
    assert len(list(tmp_path.iterdir())) == 1
    assert next(tmp_path.iterdir()).stat().st_mode & 0o777 == 0o700
    federation.sql("FROM vehicle").fetchall()
    federation.close()
    federation.close()
    assert list(tmp_path.iterdir()) == []


def test_any_duckdb_reads_the_file_without_comity(data: Path, tmp_path: Path) -> None:
    with duckdb.connect(data / "current.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM vehicle").fetchall() == [(9,)]
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{data / 'current.duckdb'}' AS eu (READ_ONLY)")
        assert connection.execute("SELECT count(*) FROM eu.vehicle").fetchall() == [(9,)]


def test_asking_costs_no_great_import() -> None:
    import subprocess
    import sys

    code = (
        "import sys, comity; comity.open; "
        "print(sorted({'duckdb', 'pyarrow', 'sqlalchemy', 'great_expectations', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
