"""Every format writes what was answered: types, missing values, all scripts, and nothing that a terminal obeys."""

from __future__ import annotations

import csv
import io
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest

from comity.errors import QueryError
from comity.query.output import FORMATS, output_file, write
from comity.query.terminal import cells

if TYPE_CHECKING:
    from pathlib import Path

    from comity.query.output import Format

EVERYTHING = """
SELECT 1::TINYINT AS small, 12345678901234567890123456789.10::DECIMAL(38, 2) AS exact, DATE '2026-02-28' AS day,
       TIMESTAMPTZ '2026-01-02 03:04:05+05' AS moment, TIMESTAMP '2026-01-02 03:04:05.25' AS wall, [1, NULL] AS items,
       {'a': 'x"y', 'b': [TIMESTAMPTZ '2026-01-01 00:00:00+00']} AS packed, 'naïve, 日本' AS words, '' AS empty,
       NULL::VARCHAR AS missing, true AS yes, 1.5::DOUBLE AS half
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""


def _written(query: str, form: Format) -> bytes:
    target = io.BytesIO()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        write(connection.sql(query), form, target)
    return target.getvalue()


def _text(query: str, form: Format) -> str:
    return _written(query, form).decode()


def _json(query: str) -> Any:
    return json.loads(_text(query, "json"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_csv_is_what_the_csv_module_reads() -> None:
    full, nothing = csv.DictReader(io.StringIO(_text(EVERYTHING, "csv")))
    assert full == {
        "small": "1",
        "exact": "12345678901234567890123456789.10",
        "day": "2026-02-28",
        "moment": "2026-01-01T22:04:05Z",
        "wall": "2026-01-02T03:04:05.250000",
        "items": "[1,null]",
        "packed": '{"a":"x\\"y","b":["2026-01-01T00:00:00Z"]}',
        "words": "naïve, 日本",
        "empty": "",
        "missing": "",
        "yes": "true",
        "half": "1.5",
    }
    assert set(nothing.values()) == {""}


def test_csv_tells_an_empty_text_from_a_missing_one() -> None:
    assert _text("SELECT '' AS a, NULL AS b, ' ' AS c", "csv") == 'a,b,c\n"",, \n'


def test_csv_quotes_what_would_break_a_row() -> None:
    query = """SELECT 'a"b' AS "na""me", 'one' || chr(10) || 'two' AS "x,y", 'tab' || chr(9) AS t"""
    assert list(csv.reader(io.StringIO(_text(query, "csv"), newline=""))) == [
        ['na"me', "x,y", "t"],
        ['a"b', "one\ntwo", "tab\t"],
    ]


def test_json_has_types() -> None:
    full, nothing = _json(EVERYTHING)
    assert full["items"] == [1, None]
    assert full["packed"] == {"a": 'x"y', "b": ["2026-01-01T00:00:00Z"]}
    assert (full["day"], full["moment"], full["missing"], full["yes"], full["half"]) == (
        "2026-02-28", "2026-01-01T22:04:05Z", None, True, 1.5
    )  # fmt: skip
    assert set(nothing.values()) == {None}
    exact = json.loads(_text("SELECT 12345678901234567.89::DECIMAL(20, 2) AS a", "json"), parse_float=Decimal)
    assert exact == [{"a": Decimal("12345678901234567.89")}]


def test_json_has_no_nan_at_any_depth() -> None:
    query = """
    SELECT 'NaN'::DOUBLE AS a, ['inf'::DOUBLE, 1] AS b, {'x': {'y': ['-inf'::FLOAT]}} AS c,
           NULL::STRUCT(x DOUBLE) AS d, [[1.5::DOUBLE], []] AS e
    """
    assert _json(query) == [
        {"a": None, "b": [None, 1.0], "c": {"x": {"y": [None]}}, "d": None, "e": [[1.5], []]}
    ]


def test_json_is_one_object_a_line() -> None:
    lines = _text("FROM range(3) t(a)", "json").splitlines()
    assert lines == ["[", '{"a":0},', '{"a":1},', '{"a":2}', "]"]


def test_parquet_keeps_the_types(tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    path.write_bytes(_written(EVERYTHING, "parquet"))
    schema = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert schema["exact"] == "decimal128(38, 2)"
    assert schema["moment"] == "timestamp[us, tz=UTC]"
    assert schema["items"] == "list<element: int32>"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        same = f"SELECT * FROM ({EVERYTHING}) EXCEPT SELECT * FROM '{path}'"
        assert connection.execute(same).fetchall() == []


def test_parquet_refuses_what_it_does_not_know() -> None:
    with pytest.raises(QueryError) as error:
        _written("SELECT INTERVAL '1 month' AS a", "parquet")
    assert error.value.code == "query.not-in-parquet"


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_answer_still_has_its_columns(form: Format, tmp_path: Path) -> None:
    content = _written("SELECT 1 AS a, 'x' AS b WHERE false", form)
    if form == "parquet":
        (tmp_path / "a.parquet").write_bytes(content)
        assert pq.read_table(tmp_path / "a.parquet").column_names == ["a", "b"]
    else:
        assert content.decode() == {"table": "a  b\n─  ─\n(0 rows)\n", "csv": "a,b\n", "json": "[]\n"}[form]


@pytest.mark.parametrize("form", FORMATS)
def test_more_rows_than_a_batch(form: Format, tmp_path: Path) -> None:
    content = _written("SELECT i AS a, i % 7 = 0 AS b FROM range(25_000) t(i)", form)
    path = tmp_path / "answer"
    path.write_bytes(content)
    if form == "parquet":
        assert pq.read_table(path).column("a").to_pylist() == list(range(25_000))
    elif form == "json":
        assert [row["a"] for row in json.loads(content)] == list(range(25_000))
    else:
        lines = content.decode().splitlines()[{"table": 2, "csv": 1}[form] :][:25_000]
        assert [int(line.replace(",", " ").split()[0]) for line in lines] == list(range(25_000))


def test_two_columns_of_one_name() -> None:
    query = "SELECT 1 AS a, 2 AS a, 3 AS a_2"
    assert _text(query, "csv") == "a,a,a_2\n1,2,3\n"
    assert _json(query) == [{"a": 1, "a_3": 2, "a_2": 3}]


def test_a_table_lines_up_in_every_script() -> None:
    names = ["Ольга", "日本太郎", "한글", "สมชาย", "e\u0301a", "أحمد"]
    values = ", ".join(f"('{name}', {number})" for number, name in enumerate(names))
    lines = _text(f"SELECT * FROM (VALUES {values}) t(name, n)", "table").splitlines()
    assert {cells(line) for line in lines[:-1]} == {cells(lines[0])}
    assert lines[-1] == "(6 rows)"


def test_a_table_is_as_wide_as_its_rows_need_though_they_come_from_several_files(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for number, word in enumerate(("a", "abcdefgh", "abc")):
            connection.execute(f"COPY (SELECT '{word}' AS word, 1 AS n) TO '{tmp_path}/{number}.parquet'")
    parts = " UNION ALL ".join(f"FROM '{tmp_path}/{number}.parquet'" for number in range(3))
    lines = _text(parts, "table").splitlines()[:-1]
    assert {cells(line) for line in lines} == {11}


def test_numbers_stand_to_the_right() -> None:
    assert _text("SELECT * FROM (VALUES (1, 'a'), (1000, 'b')) t(n, w)", "table").splitlines() == [
        "   n  w", "────  ─", "   1  a", "1000  b", "(2 rows)"
    ]  # fmt: skip


@pytest.mark.parametrize("code", [0, 7, 8, 9, 10, 13, 27, 127, 0x85, 0x9B, 0x2028, 0x202E, 0x2066])
def test_no_sign_of_the_data_commands_the_terminal(code: int) -> None:
    shown = _text(f"SELECT 'a' || chr({code}) || '[31mb' AS \"c\u001b\u202e\"", "table")
    head, _, row, _, end = shown.split("\n")
    assert (head, row, end) == ("c␤␤", "a␤[31mb", "")


def test_infinite_moments_have_a_name() -> None:
    query = "SELECT 'infinity'::TIMESTAMPTZ AS a, '-infinity'::DATE AS b"
    assert _json(query) == [{"a": "infinity", "b": "-infinity"}]
    assert math.isinf(float(_text("SELECT 'inf'::DOUBLE AS a", "csv").split()[1]))


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    path.write_text("before")
    with pytest.raises(RuntimeError), output_file(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    with output_file(path) as file:
        file.write(b"whole")
    assert path.read_text() == "whole"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(QueryError) as error, output_file(tmp_path / "nowhere" / "a.csv"):
        pass
    assert error.value.code == "query.cannot-write"
    assert error.value.found == "No such file or directory"
