"""Every expectation that Great Expectations ships works on DuckDB with the right counts, or is refused by name.

This leans on what is inside Great Expectations 1.24; here is where an upgrade that breaks it shows.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.errors import ValidationError
from comity.validation import Rule, Suite, load_suite, validate, violations
from comity.validation.vocabulary import REFUSED as REFUSED_WITH_REASON
from comity.validation.vocabulary import implementations
from tests.validation.contract_cases import CASES, COUNTED, REFUSED, TABLE

if TYPE_CHECKING:
    from pathlib import Path

    from comity.validation import CheckResult, SuiteResult

SUITE = Suite(
    "sample",
    None,
    tuple(
        Rule(f"{expectation}:{word}", expectation, kwargs)
        for expectation, both in CASES.items()
        for word, kwargs in zip(("holds", "breaks"), both, strict=True)
    ),
)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(TABLE)
    connection.execute("ALTER TABLE sample ADD COLUMN record_id VARCHAR")
    connection.execute("UPDATE sample SET record_id = n")
    # The cases count the columns of the table as it is written down.
    connection.execute("CREATE VIEW judged AS SELECT * EXCLUDE record_id FROM sample")
    connection.execute("CREATE TABLE empty AS FROM sample LIMIT 0")
    return connection


@pytest.fixture(scope="module")
def judged(connection: duckdb.DuckDBPyConnection) -> SuiteResult:
    return validate(connection, "judged", SUITE)


@pytest.fixture(scope="module")
def checks(judged: SuiteResult) -> dict[str, CheckResult]:
    return {check.rule_id: check for check in judged.checks}


def shipped() -> set[str]:
    """The types of Great Expectations' core; a class without a type of its own is a base of others."""
    import great_expectations.expectations.core as core
    from great_expectations.expectations.expectation import Expectation

    classes = [
        each for each in vars(core).values() if inspect.isclass(each) and issubclass(each, Expectation)
    ]
    return {each.expectation_type for each in classes if each.expectation_type}


def test_every_type_that_is_shipped_is_used_or_refused_and_nothing_else() -> None:
    ours = {each for each, kind in implementations().items() if kind.__module__.startswith("comity.")}

    assert shipped() == set(CASES) | REFUSED
    assert set(REFUSED_WITH_REASON) == REFUSED
    assert set(implementations()) - ours == shipped()


@pytest.mark.parametrize("expectation", CASES)
def test_what_holds_passes_and_what_breaks_fails(checks: dict[str, CheckResult], expectation: str) -> None:
    outcomes = [checks[f"{expectation}:{word}"].outcome for word in ("holds", "breaks")]

    assert outcomes == ["pass", "fail"]


def test_exactly_the_types_that_judge_rows_count_rows(checks: dict[str, CheckResult]) -> None:
    assert {check.type for check in checks.values() if check.violated is not None} == set(COUNTED)


@pytest.mark.parametrize("expectation", COUNTED)
def test_rows_that_break_are_counted(checks: dict[str, CheckResult], expectation: str) -> None:
    check = checks[f"{expectation}:breaks"]

    assert (check.violated, check.denominator) == COUNTED[expectation]


def test_every_row_that_was_counted_is_found_again(
    connection: duckdb.DuckDBPyConnection, judged: SuiteResult, tmp_path: Path
) -> None:
    found = violations(connection, "sample", SUITE, judged, tmp_path / "broken.parquet")

    counts = connection.execute(f"SELECT rule_id, count(*) FROM '{found}' GROUP BY ALL").fetchall()
    assert dict(counts) == {f"{expectation}:breaks": broken for expectation, (broken, _) in COUNTED.items()}


@pytest.mark.parametrize("expectation", sorted(REFUSED))
def test_what_cannot_work_is_refused_when_the_suite_is_loaded(tmp_path: Path, expectation: str) -> None:
    path = tmp_path / "person.yaml"
    path.write_text(
        f"record: person\nexpectations:\n  - type: {expectation}\n    kwargs: {{column: status}}\n"
        "    severity: warning\n    meta: {why: because it must be so}\n",
        "utf-8",
    )

    with pytest.raises(ValidationError) as raised:
        load_suite(path)

    error = raised.value
    assert error.code == "validation.refused-expectation"
    assert expectation in error.message and error.place() == f"{path}:3:5"
    assert error.remedy is not None and error.remedy.startswith("use ")
