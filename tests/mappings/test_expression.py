"""The scalar SQL of a mapping: what must never pass, and that what passes is run as it was written."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import MappingError
from comity.mappings.expression import FUNCTIONS, parse_expression
from comity.mappings.probe import type_of
from tests.mappings.small import SourceField

FIELDS = ("name", "other", "a.b", "items#", "Cve. Municipio", "名前")

# Expression → what the error must say.
HOSTILE = {
    "(SELECT 1)": "a subquery",
    "name IN (SELECT name FROM export)": "a subquery",
    "EXISTS (SELECT 1)": "a subquery",
    "(SELECT content FROM read_text('/etc/passwd'))": "a subquery",
    "name UNION SELECT other": "one scalar expression",
    "name FROM read_csv('x.csv')": "one scalar expression",
    "name WHERE true": "one scalar expression",
    "name LIMIT 1": "one scalar expression",
    "name, other": "one scalar expression",
    "DISTINCT name": "one scalar expression",
    "SELECT name": "cannot be parsed",
    "": "one scalar expression",
    "name; DROP TABLE x": "';'",
    "name; ATTACH 'x.db'": "';'",
    "PRAGMA version": "alias",
    "PRAGMA database_list": "alias",
    "ATTACH 'x'": "cannot be parsed",
    "read_csv('x')": "may not call 'read_csv'",
    "read_text('/etc/passwd')": "may not call 'read_text'",
    "read_blob('x')": "may not call 'read_blob'",
    "read_parquet('x')": "may not call 'read_parquet'",
    "parquet_scan('x')": "may not call 'parquet_scan'",
    "glob('*')": "may not call 'glob'",
    "getenv('HOME')": "may not call 'getenv'",
    "getvariable('x')": "may not call 'getvariable'",
    "current_setting('home_directory')": "may not call 'current_setting'",
    "nextval('s')": "may not call 'nextval'",
    "currval('s')": "may not call 'currval'",
    "version()": "may not call 'version'",
    "current_database()": "may not call 'current_database'",
    "current_user": "may not call 'current_user'",
    "now()": "may not call 'now'",
    "today()": "may not call 'today'",
    "current_date": "may not call 'current_date'",
    "current_timestamp": "may not call 'current_timestamp'",
    "random()": "may not call 'random'",
    "uuid()": "may not call 'uuid'",
    "gen_random_uuid()": "may not call 'gen_random_uuid'",
    "sum(name)": "may not call 'sum'",
    "count(*)": "a star",
    "string_agg(name, ',')": "may not call 'string_agg'",
    "first(name)": "may not call 'first'",
    "row_number() OVER ()": "a window function",
    "lag(name) OVER (ORDER BY other)": "a window function",
    "unnest([name])": "may not call 'unnest'",
    "query('SELECT 1')": "may not call 'query'",
    "query_table('x')": "may not call 'query_table'",
    "write_log('x')": "may not call 'write_log'",
    "error('x')": "may not call 'error'",
    "columns('n.*')": "may not call 'columns'",
    "COLUMNS(*)": "a star",
    "*": "a star",
    "name.*": "a star",
    "* EXCLUDE (name)": "a star",
    "#1": "'#'",
    "$1": "a parameter",
    "?": "'?'",
    "$other": "a parameter",
    "{'a': name}": "'{'",
    "MAP {'a': name}": "'{'",
    "row(name)": "may not call 'row'",
    "(name, other)": "a tuple",
    "[x for x in [name]]": "a list comprehension",
    "list_transform([name], lambda x: (SELECT x))": "a subquery",
    "list_transform([name], lambda other: other)": "cannot name the item of a list too",
    "list_transform([name], lambda x: x.y)": "a part behind a dot",
    "name.upper()": "a part behind a dot",
    "main.read_text('x')": "a part behind a dot",
    "\"read_text\"('x')": "may not call 'read_text'",
    "read_text ('x')": "may not call 'read_text'",
    "READ_TEXT('x')": "may not call 'read_text'",
    "read_text/* */('x')": "a comment",
    "name -- and the rest": "a comment",
    "name /* really */": "a comment",
    "name ~ '^a'": "'~'",
    "name !~ '^a'": "'!'",
    "name ^@ 'a'": "'^@'",
    "2 ** 3": "'**'",
    "@ -1": "'@'",
    "a := name": "':='",
    "name COLLATE nocase": "collate",
    "name AS other": "an alias",
    "name GLOB 'a*'": "glob",
    "name = ANY ([other])": "any",
    "E'\\x41'": "byte string",
    "$$name$$": "raw string",
    "'not closed": "cannot be parsed",
    "upper(name": "cannot be parsed",
    "CAST(name AS": "cannot be parsed",
    "nmae": "no field 'nmae'",
    "NAME": "no field 'NAME'",
    "ｎａｍｅ": "no field 'ｎａｍｅ'",
    "upper（name）": "no field",
    "up\u200bper(name)": "may not call 'up\u200bper'",
    "uррer(name)": "may not call 'uррer'",  # two Cyrillic letters
    "name\u00a0FROM\u00a0x": "",
    "(" * 400 + "name" + ")" * 400: "",
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:40] or "empty")
def test_what_must_not_pass_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_expression(text, FIELDS)

    assert caught.value.code in (
        "mapping.bad-sql",
        "mapping.sql-not-scalar",
        "mapping.unknown-function",
        "mapping.unknown-field",
    )
    assert HOSTILE[text] in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("uper(name)", "upper"),
        ("regex_matches(name, 'a')", "regexp_matches"),
        ("substrng(name, 1)", "substring"),
    ],
)
def test_a_function_that_nobody_knows_is_told_with_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(MappingError, match=f"did you mean '{nearest}'"):
        parse_expression(text, FIELDS)


# Expression → the fields that it reads, and its type.
LEGAL = {
    "name": (["name"], "VARCHAR"),
    "a.b": (["a.b"], "VARCHAR"),
    '"items#" || "Cve. Municipio"': (["items#", "Cve. Municipio"], "VARCHAR"),
    "名前": (["名前"], "VARCHAR"),
    "'it''s -- no comment' || name": (["name"], "VARCHAR"),
    "name || ';' || '/*' || other": (["name", "other"], "VARCHAR"),
    "upper(trim(name)) || lower(other)": (["name", "other"], "VARCHAR"),
    "coalesce(nullif(name, '-'), other, 'x')": (["name", "other"], "VARCHAR"),
    "CASE WHEN name = 'a' THEN other WHEN name IS NULL THEN 'n' ELSE name END": (
        ["name", "other"],
        "VARCHAR",
    ),
    "CASE name WHEN 'a' THEN '1' END": (["name"], "VARCHAR"),
    "if(name > other, name, other)": (["name", "other"], "VARCHAR"),
    "name LIKE 'a%' AND NOT other ILIKE '%b' OR name IS NULL": (["name", "other"], "BOOLEAN"),
    "name IN ('a', 'b') OR other BETWEEN 'a' AND 'c'": (["name", "other"], "BOOLEAN"),
    "name IS DISTINCT FROM other": (["name", "other"], "BOOLEAN"),
    "TRY_CAST(name AS INTEGER) + 2 * length(other) // 3 % 5 - 1": (["name", "other"], "BIGINT"),
    "name::VARCHAR(10)": (["name"], "VARCHAR"),
    "CAST(name AS DECIMAL(10, 2)) / 4": (["name"], "DOUBLE"),
    "extract(year FROM TRY_CAST(name AS DATE))": (["name"], "BIGINT"),
    "date_diff('day', TRY_CAST(name AS DATE), DATE '2024-01-01')": (["name"], "BIGINT"),
    "TRY_CAST(name AS DATE) + INTERVAL 1 DAY": (["name"], "TIMESTAMP"),
    "strftime(try_strptime(name, '%d/%m/%Y'), '%Y')": (["name"], "VARCHAR"),
    "regexp_extract(name, '^([a-z]+)', 1)": (["name"], "VARCHAR"),
    "regexp_replace(name, '[aeiou]', '', 'g')": (["name"], "VARCHAR"),
    "substring(name, 2, 3) || left(other, 1) || right(other, 1)": (["name", "other"], "VARCHAR"),
    "split_part(name, ',', 2)": (["name"], "VARCHAR"),
    "string_split(name, ',')": (["name"], "VARCHAR[]"),
    "string_split(name, ',')[1]": (["name"], "VARCHAR"),
    "name[1:2]": (["name"], "VARCHAR"),
    "list_filter(string_split(name, ','), lambda x: x <> other)": (["name", "other"], "VARCHAR[]"),
    "list_transform(string_split(name, ','), lambda x, i: x || i)": (["name"], "VARCHAR[]"),
    "array_to_string(list_sort(list_distinct(string_split(name, ','))), ';')": (["name"], "VARCHAR"),
    "list_aggregate(string_split(name, ','), 'max')": (["name"], "VARCHAR"),
    "list_contains(string_split(name, ','), 'b')": (["name"], "BOOLEAN"),
    "concat_ws(' ', name, other)": (["name", "other"], "VARCHAR"),
    "lpad(name, 5, '0') || repeat('x', 2)": (["name"], "VARCHAR"),
    "strpos(name, 'b') + position('b' IN other)": (["name", "other"], "BIGINT"),
    "trim(BOTH 'a' FROM name)": (["name"], "VARCHAR"),
    "sha256(name) || md5(other)": (["name", "other"], "VARCHAR"),
    "greatest(name, other) || least(name, other)": (["name", "other"], "VARCHAR"),
    "json_extract_string('{\"a\": \"b\"}', '$.a') || name": (["name"], "VARCHAR"),
    "NULL": ([], '"NULL"'),
}
ROWS = [
    ("abc,b", "b"), ("a", "abc"), ("1", "22"), ("2024-05-16", "x"), ("16/05/2024", "a"), ("", ""),
    (None, "b"), ("b", None),
]  # fmt: skip


@pytest.mark.parametrize("text", LEGAL, ids=lambda text: text[:40])
def test_what_passes_keeps_its_meaning_and_tells_its_fields(text: str) -> None:
    fields, kind = LEGAL[text]
    expression = parse_expression(text, FIELDS)
    written = text.replace("a.b", '"a.b"')

    assert sorted(expression.fields) == sorted(fields)
    assert type_of(expression.sql, [SourceField(name) for name in FIELDS]) == kind
    with duckdb.connect() as connection:
        columns = ", ".join(f'name AS "{name}"' for name in FIELDS if name not in ("name", "other"))
        connection.execute("CREATE TABLE rows (name VARCHAR, other VARCHAR)")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", ROWS)
        source = f"(SELECT *, {columns} FROM rows)"
        as_written, as_run = (
            connection.execute(f"SELECT TRY({sql}) FROM {source}").fetchall()
            for sql in (written, expression.sql)
        )
    assert as_run == as_written


def test_every_function_that_is_allowed_exists() -> None:
    with duckdb.connect() as connection:
        known = {
            name
            for (name,) in connection.execute(
                "SELECT DISTINCT function_name FROM duckdb_functions()"
            ).fetchall()
        }
    by_grammar = {
        "cast",
        "try_cast",
        "coalesce",
        "nullif",
        "if",
        "ifnull",
        "extract",
        "position",
        "try_strptime",
    }

    assert sorted(FUNCTIONS - known - by_grammar) == []


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=30) | st.text("nameother()[]'\"|;-/*., 1=<>", max_size=30))
def test_no_text_does_anything_but_pass_or_be_refused(text: str) -> None:
    try:
        expression = parse_expression(text, FIELDS)
    except MappingError as error:
        assert error.remedy
    else:
        assert set(expression.fields) <= set(FIELDS)
        assert ";" not in expression.sql.replace("';'", "") or "'" in text or '"' in text
