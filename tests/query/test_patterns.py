"""Ready-made analyses: what they count, what they do not say, and what is kept back when they are shared."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.errors import QueryError
from comity.query.pattern import Pattern, ask_pattern, pattern, patterns
from comity.query.sharing import shareable
from tests.store.small import standard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from comity.config.settings import Settings
    from tests.query.conftest import Said

    Comity = Callable[..., Said]


@pytest.fixture
def desk() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables of all record types, and code lists."""
    with duckdb.connect() as connection:
        for name, kind in standard().record_types.items():
            columns = ", ".join(f"{c.name} {c.duckdb_type}" for c in kind.columns)
            connection.execute(f"CREATE TABLE {name} ({columns})")
        connection.execute(
            "CREATE TABLE code_lists AS FROM (VALUES ('iccs', '0101', 'Homicide'), ('country', 'AA', 'Aland')) "
            "t(list, code, label)"
        )
        connection.execute("CREATE SCHEMA ledger")
        connection.execute("CREATE VIEW ledger.code_lists AS FROM main.code_lists")
        connection.execute(
            "CREATE TABLE ledger.record_types AS SELECT unnest($1) AS name", [list(standard().record_types)]
        )
        yield connection


def _asked(desk: duckdb.DuckDBPyConnection, name: str, **given: str) -> list[dict[str, object]]:
    answer = ask_pattern(desk, pattern(name), given)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


def _incidents(
    desk: duckdb.DuckDBPyConnection, country: str, year: int, records: int, first: int = 1, last: int = 12
) -> None:
    """From the ``first`` to the ``last`` month of the year."""
    desk.execute(
        "INSERT INTO incident BY NAME SELECT ? AS owner_country, '010102' AS iccs_code,"
        " make_date(?::INT, if(range = 0, ?, ?)::INT, 2) AS occurred_from_earliest,"
        " occurred_from_earliest AS occurred_from_latest FROM range(?)",
        [country, year, first, last, records],
    )


def test_a_change_is_shown_only_where_enough_is_known(desk: duckdb.DuckDBPyConnection) -> None:
    for year, records in ((2020, 20), (2021, 30), (2022, 15)):
        _incidents(desk, "AA", year, records)
    for year in (2020, 2021, 2022):
        _incidents(desk, "BB", year, 2)
    rows = {(row["country"], row["year"]): row for row in _asked(desk, "offences")}
    assert rows["AA", 2021]["change_percent"] == 50 and rows["AA", 2021]["reading"] is None
    assert rows["AA", 2022]["change_percent"] == -50
    assert rows["AA", 2020]["reading"] == "no year before: no change"
    assert rows["BB", 2021]["change_percent"] is None
    assert rows["BB", 2021]["reading"] == "too few records: no trend"
    assert rows["AA", 2020]["class"] == "Homicide" and rows["AA", 2020]["iccs_code"] == "0101"


def test_a_year_that_is_not_whole_and_one_with_few_records_are_compared_with_nothing(
    desk: duckdb.DuckDBPyConnection,
) -> None:
    _incidents(desk, "AA", 2020, 40, first=9)
    _incidents(desk, "AA", 2021, 40)
    _incidents(desk, "AA", 2022, 9)
    _incidents(desk, "AA", 2023, 90)
    _incidents(desk, "AA", 2024, 80)
    _incidents(desk, "AA", 2025, 40, last=10)
    rows = {row["year"]: (row["change_percent"], row["reading"]) for row in _asked(desk, "offences")}
    uncovered = (None, "a year that the records do not cover: no change")
    few = (None, "too few records in one of the years: no change")
    assert [rows[year] for year in range(2021, 2026)] == [uncovered, few, few, (-11, None), uncovered]


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("offences", {"record": "offense"}, "query.bad-parameter"),
        ("offences", {"level": "two"}, "query.bad-parameter"),
        ("offences", {"level": "99999999999"}, "query.bad-parameter"),
        ("offences", {"country": "aa"}, "query.unknown-code"),
        ("shared_cases", {"abroad": "true"}, "query.bad-parameter"),
        ("network", {"record": "nobody"}, "query.bad-parameter"),
    ],
)
def test_a_value_that_can_have_no_answer_is_an_error(
    desk: duckdb.DuckDBPyConnection, name: str, given: dict[str, str], code: str
) -> None:
    with pytest.raises(QueryError) as refused:
        _asked(desk, name, **given)
    assert refused.value.code == code


def test_every_parameter_says_what_it_takes_and_every_default_is_such(
    desk: duckdb.DuckDBPyConnection,
) -> None:
    desk.execute("INSERT INTO person BY NAME SELECT 'p' AS record_id")
    for asked in patterns().values():
        assert all(each.kind for each in asked.parameters), asked.name
        given = {each.name: "p" if each.default is None else each.default for each in asked.parameters}
        assert ask_pattern(desk, asked, given).fetchall() == []


def test_a_small_result_of_one_country_is_no_trend_and_coverage_is_told(
    desk: duckdb.DuckDBPyConnection,
) -> None:
    for year in (2020, 2021, 2022):
        _incidents(desk, "AA", year, 3)
    desk.execute("INSERT INTO incident BY NAME SELECT 'AA' AS owner_country FROM range(9)")
    rows = _asked(desk, "offences")
    assert {row["reading"] for row in rows} == {"too few records, of one country: no trend"}
    assert {(row["classed"], row["dated"]) for row in rows} == {(50, 50)}


def test_routes_come_from_two_records_or_from_the_plate(desk: duckdb.DuckDBPyConnection) -> None:
    desk.execute("""
        INSERT INTO vehicle BY NAME SELECT * FROM (VALUES
            ('1', 'AA', 'stolen', 'VIN1', NULL, NULL, 'audi', DATE '2026-01-01'),
            ('2', 'BB', 'recovered', 'VIN1', NULL, NULL, 'audi', DATE '2026-01-11'),
            ('3', 'BB', 'recovered', NULL, 'X1', 'CC', 'audi', NULL),
            ('4', 'BB', 'recovered', 'VIN2', 'X2', 'BB', 'audi', NULL),
            ('5', 'DD', 'stolen', 'VIN1', NULL, NULL, 'audi', DATE '2026-02-01')
        ) t(record_id, owner_country, status, vin, plate, plate_country, make, status_date_earliest)
    """)
    desk.execute("UPDATE vehicle SET status_date_latest = status_date_earliest")
    rows = [tuple(row.values()) for row in _asked(desk, "vehicle_routes")]
    assert rows == [("audi", "AA", "BB", "two records", 1, 10), ("audi", "CC", "BB", "plate", 1, None)]
    assert len(_asked(desk, "vehicle_routes", abroad="no")) == 3


def test_blocks_are_runs_of_numbers_each_counted_once(desk: duckdb.DuckDBPyConnection) -> None:
    desk.execute("""
        INSERT INTO identity_document BY NAME
        SELECT md5(n || c) AS record_id, c AS owner_country, 'XX' AS issuing_country, 'passport' AS document_class,
               'stolen' AS status, n AS number
        FROM unnest(['C00098', 'C00099', 'C00100', 'C00102', 'D00100', 'C0101']) AS d(n), unnest(['AA', 'BB']) AS o(c)
    """)
    [row] = _asked(desk, "document_blocks")
    assert (row["first_number"], row["last_number"], row["documents"]) == ("C00098", "C00100", 3)
    assert (row["missing_between"], row["reported_by"]) == (0, ["AA", "BB"])
    [wide] = _asked(desk, "document_blocks", gap="2", least="4")
    assert (wide["documents"], wide["missing_between"]) == (4, 1)


@pytest.fixture
def cases(desk: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    desk.execute("INSERT INTO case_file BY NAME SELECT c AS record_id, left(c, 1) AS owner_country, c AS case_number"
                 " FROM unnest(['A1', 'A2', 'B1', 'B2']) AS t(c)")  # fmt: skip
    desk.execute("INSERT INTO person BY NAME SELECT p AS record_id, upper(p) AS full_name, left(p, 1) AS owner_country,"
                 " 'name' AS name_key, DATE '1970-01-01' AS birth_date_earliest, DATE '1970-01-01' AS birth_date_latest"
                 " FROM unnest(['ap', 'bp']) AS t(p)")  # fmt: skip
    desk.execute(
        "INSERT INTO vehicle BY NAME SELECT v AS record_id, 'VIN' AS vin FROM unnest(['av', 'bv']) AS t(v)"
    )
    desk.execute("""
        INSERT INTO link BY NAME SELECT *, 'person' AS from_record_type, 'case_file' AS to_record_type FROM (VALUES
            ('ap', 'suspect', 'A1'), ('ap', 'suspect', 'A2'), ('bp', 'suspect', 'B1'), ('av', 'used_in', 'A1'),
            ('bv', 'used_in', 'B2')) t(from_record_id, role, to_record_id)
    """)
    return desk


def test_cases_meet_in_a_record_a_number_or_a_person(cases: duckdb.DuckDBPyConnection) -> None:
    found = {
        (row["case_number"], row["other_case_number"]): (row["shared"], row["basis"])
        for row in _asked(cases, "shared_cases")
    }
    possible = ("person", "possible: name and date of birth")
    assert found == {
        ("A1", "A2"): ("person", "same record"), ("A1", "B2"): ("vehicle", "same VIN"),
        ("A1", "B1"): possible, ("A2", "B1"): possible,
    }  # fmt: skip
    assert len(_asked(cases, "shared_cases", possible="no", abroad="yes")) == 1


def test_a_network_ends_at_its_depth(cases: duckdb.DuckDBPyConnection) -> None:
    def around(depth: int) -> set[tuple[object, ...]]:
        rows = _asked(cases, "network", record="ap", depth=str(depth))
        return {(row["depth"], row["from_record_id"], row["to_record_id"]) for row in rows}

    assert around(1) == {(1, "ap", "A1"), (1, "ap", "A2")}
    assert around(2) == around(1) | {(2, "av", "A1")}
    assert around(6) == around(2)


def test_a_network_is_graphml_and_a_picture(cases: duckdb.DuckDBPyConnection) -> None:
    from comity.query.graph import graph_of, graphml, svg

    cases.execute("UPDATE person SET full_name = 'A <b> & \"c\"' || chr(7) WHERE record_id = 'ap'")
    graph = graph_of(ask_pattern(cases, pattern("network"), {"record": "ap"}), "ap")
    root = ET.fromstring(graphml(graph))
    named = {"g": "http://graphml.graphdrawing.org/xmlns"}
    assert {node.get("id") for node in root.findall(".//g:node", named)} == {"ap", "A1", "A2", "av"}
    assert len(root.findall(".//g:edge", named)) == 3
    assert {record: node.away for record, node in graph.nodes.items()} == {"ap": 0, "A1": 1, "A2": 1, "av": 2}
    picture = ET.fromstring(svg(graph))
    told = [(each.get("x"), each.get("y")) for each in picture.findall("{*}text")]
    assert len(set(told)) == len(told) == 3, "no name of a tie stands on another"
    assert len(picture.findall(".//{*}circle")) == 4 and len(picture.findall(".//{*}line")) == 3
    cases.execute("INSERT INTO person BY NAME SELECT 'zp' AS record_id")
    alone = graph_of(ask_pattern(cases, pattern("network"), {"record": "zp"}), "zp")
    assert "zp" in svg(alone)


def _shared(cells: str, minimum: int = 5) -> list[tuple[object, ...]]:
    counts = Pattern("p", "", "", "", (), ("country", "year"), ("country",), "n")
    with duckdb.connect() as connection:
        answer = connection.sql(f"FROM (VALUES {cells}) t(country, year, n, detail)")
        return shareable(counts, answer, minimum).fetchall()


def test_small_counts_are_suppressed_with_what_gives_them_away() -> None:
    rows = _shared(
        "('A', 1, 3, 'x'), ('A', 2, 40, 'y'), ('A', 3, 9, 'z'), ('B', 1, 5, 'x'), ('C', 1, 2, 'w')"
    )
    assert rows == [
        ("A", 1, None, None, "under 5 records"),
        ("A", 2, 40, "y", None),
        ("A", 3, None, None, "would give a smaller one away"),
        ("B", 1, 5, "x", None),
        ("C", 1, None, None, "under 5 records"),
    ]


def test_suppressed_cells_add_up_to_the_minimum() -> None:
    rows = _shared("('A', 1, 1, ''), ('A', 2, 1, ''), ('A', 3, 7, ''), ('A', 4, 8, '')")
    assert [row[2] for row in rows] == [None, None, None, 8]


def test_every_pattern_says_what_it_is_and_runs_over_a_night(comity: Comity, night: Settings) -> None:
    listed = comity(night.data_dir, "patterns").out
    some = comity(night.data_dir, "sql", "SELECT record_id FROM link LIMIT 1", "--format", "csv").out
    record = some.splitlines()[1]
    assert set(patterns()) == {"document_blocks", "network", "offences", "shared_cases", "vehicle_routes"}
    for name, each in patterns().items():
        assert name in listed and each.title in listed
        assert all(parameter.meaning for parameter in each.parameters)
        given = ("--record", record) if name == "network" else ()
        said = comity(night.data_dir, "patterns", name, *given, "--format", "json")
        assert said.code == 0, said.err
        json.loads(said.out)
    said = comity(night.data_dir, "patterns", "offences", "--share", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert rows and all(not row["records"] or int(row["records"]) >= 5 for row in rows)
    assert comity(night.data_dir, "patterns", "network", "--show").out.count("--record") == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ofences"], "query.unknown-pattern"),
        (["offences", "--contry", "AA"], "query.unknown-parameter"),
        (["network"], "query.missing-parameter"),
        (["shared_cases", "--share"], "query.not-shareable"),
        (["offences", "--format", "svg"], "query.no-graph"),
    ],
)
def test_a_wrong_call_is_told(comity: Comity, data: Path, words: list[str], code: str) -> None:
    said = comity(data, "patterns", *words)
    assert said.code == 2 and f"[{code}]" in said.err


def _strange(desk: duckdb.DuckDBPyConnection) -> str:
    """The id of a record, which is no id that Comity makes."""
    record = "' OR 1 = 1; DROP TABLE person; --"
    desk.execute("INSERT INTO vehicle BY NAME SELECT ? AS record_id", [record])
    return record


def test_a_parameter_is_never_sql(desk: duckdb.DuckDBPyConnection) -> None:
    for given in ({"country": "'; DROP TABLE person; --"}, {"nosuch": "1"}):
        with pytest.raises(QueryError):
            _asked(desk, "offences", **given)
    assert _asked(desk, "network", record=_strange(desk)) == []
    assert desk.execute("SELECT count(*) FROM person").fetchall() == [(0,)]
