"""Every rule that a person wrote in ``validation/`` is held by correct records and broken by wrong ones.

The records stand in ``cases/``, one file a record type. What a rule says about the last release is tried with as many
records as it needs.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

from comity.standard import Standard, load_standard
from comity.validation import Rule, Suite, load_code_lists, suite_for, validate
from comity.validation.run import CODE_LISTS
from tests.validation.records import table

if TYPE_CHECKING:
    from comity.validation import CheckResult

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "validation"
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    rule_id: (path.stem, case)
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for rule_id, case in yaml.safe_load(path.read_text("utf-8")).items()
}
DRIFT = {
    "expect_row_count_to_change_by_at_most",
    "expect_null_share_to_change_by_at_most",
    "expect_code_shares_to_change_by_at_most",
}


@lru_cache(maxsize=1)
def standard() -> Standard:
    return load_standard(ROOT / "standard")


def written() -> dict[str, tuple[str, Rule]]:
    """Every rule of the suites by its id, with its record type; what only changes another rule is none of its own."""
    found: dict[str, tuple[str, Rule]] = {}
    for path in sorted(SUITES.rglob("*.yaml")):
        file = yaml.safe_load(path.read_text("utf-8"))
        for each in file["expectations"]:
            if "type" in each:
                rule = Rule(
                    each["meta"]["id"], each["type"], each["kwargs"], each["severity"], each["meta"]["why"]
                )
                found[rule.id] = (file["record"], rule)
    return found


# Read as plain YAML: that the suites load is a test, and Great Expectations takes seconds to import.
WRITTEN = written()
COMPARING = sorted(rule_id for rule_id, (_, rule) in WRITTEN.items() if rule.type in DRIFT)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    load_code_lists(connection, standard())
    return connection


def judge(
    connection: duckdb.DuckDBPyConnection,
    rule_id: str,
    now: list[dict[str, Any]],
    *,
    before: list[dict[str, Any]] | None = None,
    related: dict[str, list[dict[str, Any]]] | None = None,
    times: tuple[int, int] = (1, 1),
) -> CheckResult:
    record_type, rule = WRITTEN[rule_id]
    kind = standard().record_type(record_type)
    records = [{"record_id": f"r{number}", **record} for number, record in enumerate(now)]
    (check,) = validate(
        connection,
        table(connection, "judged", kind, records, times=times[0]),
        Suite(record_type, None, (rule,)),
        related={
            other: table(connection, f"related {other}", standard().record_type(other), rows)
            for other, rows in (related or {}).items()
        },
        previous=table(connection, "before", kind, before, times=times[1]) if before else None,
        code_lists=CODE_LISTS,
    ).checks
    return check


def test_every_rule_has_records_that_hold_it_and_records_that_break_it() -> None:
    assert set(CASES) == set(WRITTEN) - set(COMPARING)


def test_every_record_type_has_a_suite_of_its_own() -> None:
    assert {path.stem for path in SUITES.glob("*.yaml")} == set(standard().record_types)


@pytest.mark.parametrize("rule_id", CASES)
def test_correct_records_hold_the_rule(connection: duckdb.DuckDBPyConnection, rule_id: str) -> None:
    _, case = CASES[rule_id]

    check = judge(connection, rule_id, case["holds"], related=case.get("related"))

    assert check.outcome == "pass", check.observed  # what has nothing to look at is "not_applicable"


@pytest.mark.parametrize("rule_id", CASES)
def test_wrong_records_break_the_rule(connection: duckdb.DuckDBPyConnection, rule_id: str) -> None:
    _, case = CASES[rule_id]
    enough = int(WRITTEN[rule_id][1].kwargs.get("tolerated", 0)) + 1

    check = judge(connection, rule_id, case["breaks"], related=case.get("related"), times=(enough, 1))

    assert check.outcome == "fail"


@pytest.mark.parametrize("rule_id", [each for each in CASES if "tolerated" in WRITTEN[each][1].kwargs])
def test_a_handful_of_wrong_records_blocks_no_source(
    connection: duckdb.DuckDBPyConnection, rule_id: str
) -> None:
    _, case = CASES[rule_id]

    check = judge(connection, rule_id, case["breaks"], related=case.get("related"))

    assert check.outcome == "pass" and check.violated == len(case["breaks"])


@pytest.mark.parametrize("rule_id", COMPARING)
def test_what_is_like_the_last_release_passes_and_what_has_moved_fails(
    connection: duckdb.DuckDBPyConnection, rule_id: str
) -> None:
    kwargs = WRITTEN[rule_id][1].kwargs
    column = kwargs.get("column")
    some: dict[str, Any] = {column: _value(rule_id, 0)} if column else {}
    other: dict[str, Any] = {column: _value(rule_id, 1)} if column else {}
    many = 2000

    same = judge(connection, rule_id, [some], before=[some], times=(many, many))
    if column is None:
        less = int(many * (1 - kwargs["decrease_percent"] / 100)) - 1
        moved = judge(connection, rule_id, [some], before=[some], times=(less, many))
    elif "null_share" in str(WRITTEN[rule_id][1].type):
        moved = judge(connection, rule_id, [{}], before=[some], times=(many, many))
    else:
        moved = judge(connection, rule_id, [other], before=[some], times=(many, many))
    few = judge(connection, rule_id, [{}], before=[some], times=(1, 19))

    assert (same.outcome, moved.outcome, few.outcome) == ("pass", "fail", "not_applicable")
    assert few.observed is not None and "records to compare" in few.observed


@pytest.mark.parametrize(
    "rule_id", [each for each in COMPARING if "increase_percent" in WRITTEN[each][1].kwargs]
)
def test_a_register_that_grows_too_fast_is_told(connection: duckdb.DuckDBPyConnection, rule_id: str) -> None:
    most = 100 * (1 + WRITTEN[rule_id][1].kwargs["increase_percent"] / 100)

    grown = [judge(connection, rule_id, [{}], before=[{}], times=(int(most) + n, 100)) for n in (0, 1)]

    assert [check.outcome for check in grown] == ["pass", "fail"]


def test_no_rule_that_rests_on_a_single_record_blocks_unless_the_mapping_decides_it() -> None:
    """What a source can get wrong in one record must not keep its other records from being published."""
    alone = {
        rule_id
        for rule_id, (_, rule) in WRITTEN.items()
        if rule.severity == "critical" and rule.type not in DRIFT and "tolerated" not in rule.kwargs
    }

    assert alone == {
        *(
            "alert.notice-subject",
            "alert.sis-object",
            "alert.sis-person",
        ),  # the mapping names the record type
        *("document.mrz-was-there", "vehicle.vin-absent", "vehicle.vin-form", "vessel.imo-was-there"),
        *("link.same-is-confirmed", "link.same-kind", "offence.class-none", "statistic.a-number"),
    }


@pytest.mark.parametrize("path", sorted(SUITES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_suite_loads_with_what_it_says_and_the_standards_own_rules(path: Path) -> None:
    file = yaml.safe_load(path.read_text("utf-8"))

    suite = suite_for(standard(), SUITES, file["record"], file.get("source"))

    rules = {rule.id: rule for rule in suite.rules}
    assert "record_id.unique" in rules
    for each in file["expectations"]:
        rule = rules[each["meta"]["id"]]
        assert (rule.severity, rule.why) == (each["severity"], each["meta"]["why"])


def _value(rule_id: str, number: int) -> Any:
    """A value of the rule's column; the ``number``-th code where it has codes."""
    record_type, rule = WRITTEN[rule_id]
    (column,) = (c for c in standard().record_type(record_type).columns if c.name == rule.kwargs["column"])
    if column.code_list:
        return sorted(standard().code_list(column.code_list).codes)[number]
    return 1.0 if column.duckdb_type == "DOUBLE" else "2001"
