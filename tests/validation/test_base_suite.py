"""What the standard says of a column is a rule without being written a second time."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from comity.validation import CheckResult, Suite, base_suite, load_code_lists, validate
from comity.validation.run import CODE_LISTS
from tests.validation.records import table
from tests.validation.small import standard

SOUND: dict[str, Any] = {
    "record_id": "0123456789abcdef0123456789abcdef",
    "source_id": "aa-wanted",
    "source_key": "1",
    "owner_country": "FR",
    "export_id": "0" * 64,
    "source_row": 1,
    "mapping_version": "0123456789ab",
    "first_seen": "2026-01-01 00:00:00",
    "last_changed": "2026-01-01 00:00:00",
    "confidentiality": "=(SELECT min(code) FROM comity_code_lists WHERE list = 'confidentiality')",
    "handling_codes": [],
    "permitted_purposes": ["=(SELECT min(code) FROM comity_code_lists WHERE list = 'purpose')"],
    "recipients_allow": [],
    "recipients_deny": [],
    "evaluation_scheme": "NONE",
    "sensitive_categories": [],
    "review_due": "2099-01-01",
    "legal_hold": False,
    "quality_flags": [],
    "status": "wanted",
}


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    load_code_lists(connection, standard())
    return connection


def failed(connection: duckdb.DuckDBPyConnection, *records: dict[str, Any]) -> dict[str, CheckResult]:
    suite = base_suite(standard(), "person")
    judged = table(connection, "judged", standard().record_type("person"), records)
    checks = validate(connection, judged, suite, code_lists=CODE_LISTS).checks
    assert not [check for check in checks if check.outcome == "error"]
    return {check.rule_id: check for check in checks if check.outcome == "fail"}


def test_a_sound_record_breaks_no_rule_of_the_standard(connection: duckdb.DuckDBPyConnection) -> None:
    assert failed(connection, SOUND) == {}


@pytest.mark.parametrize("record_type", standard().record_types)
def test_every_record_type_has_a_rule_for_whatever_its_columns_say(record_type: str) -> None:
    ids = {rule.id for rule in base_suite(standard(), record_type).rules}

    for column in standard().record_type(record_type).columns:
        assert (f"{column.name}.required" in ids) == column.required
        assert (f"{column.name}.codes" in ids) == (column.code_list is not None)
        assert (f"{column.name}.pattern" in ids) == (column.pattern is not None)
        assert (f"{column.name}.range" in ids) == ((column.minimum, column.maximum) != (None, None))


@pytest.mark.parametrize(
    ("wrong", "rule_id", "severity"),
    [
        ({"status": None}, "status.required", "critical"),
        ({"status": "sought"}, "status.codes", "critical"),
        ({"confidentiality": "topmost"}, "confidentiality.codes", "critical"),
        ({"nationalities": ["FR", "Freedonia"]}, "nationalities.codes", "critical"),
        ({"record_id": "1"}, "record_id.pattern", "critical"),
        ({"interpol_id": "79/1"}, "interpol_id.pattern", "warning"),
        ({"languages": ["fra", "french"]}, "languages.pattern", "warning"),
        ({"height_cm": 17}, "height_cm.range", "warning"),
        ({"birth_date": "1979", "birth_date_earliest": "1979-01-01"}, "birth_date.both_days", "critical"),
        (
            {"birth_date": "1979", "birth_date_earliest": "1980-01-01", "birth_date_latest": "1979-12-31"},
            "birth_date.ordered",
            "critical",
        ),
        (
            {"birth_date_earliest": "1979-01-01", "birth_date_latest": "1979-12-31"},
            "birth_date.text",
            "critical",
        ),
        ({"permitted_purposes": []}, "envelope.purpose", "critical"),
        ({"recipients_deny": ["FR"]}, "envelope.owner_not_denied", "critical"),
        (
            {"recipients_allow": ["DE"], "recipients_deny": ["DE"]},
            "envelope.allow_and_deny",
            "critical",
        ),
        ({"handling_codes": ["H3"], "handling_conditions": " "}, "envelope.conditions", "critical"),
        ({"last_changed": "2025-01-01 00:00:00"}, "envelope.changed_after_seen", "critical"),
        ({"purge_after": "2098-01-01"}, "envelope.purge_after_review", "warning"),
        ({"purge_after": "2020-01-01", "review_due": "2019-01-01"}, "envelope.purge_passed", "critical"),
        ({"source_grade": "A"}, "envelope.source_grade_in_scheme", "critical"),
    ],
)
def test_what_the_standard_forbids_fails(
    connection: duckdb.DuckDBPyConnection, wrong: dict[str, Any], rule_id: str, severity: str
) -> None:
    found = failed(connection, SOUND | wrong)

    assert rule_id in found
    assert (found[rule_id].severity, found[rule_id].violated) == (severity, 1)
    assert len(found) == 1


def test_a_list_that_nobody_could_verify_is_no_hard_rule(connection: duckdb.DuckDBPyConnection) -> None:
    rules = {rule.id: rule.severity for rule in base_suite(standard(), "alert").rules}

    assert not standard().code_list("sis_article").hard
    assert (rules["sis_article.codes"], rules["instrument.codes"]) == ("warning", "critical")


def test_a_record_on_hold_may_outlive_its_time(connection: duckdb.DuckDBPyConnection) -> None:
    over = {"purge_after": "2020-01-01", "review_due": "2019-01-01", "legal_hold": True}

    assert failed(connection, SOUND | over) == {}


def test_two_records_of_one_identity_are_told(connection: duckdb.DuckDBPyConnection) -> None:
    found = failed(connection, SOUND, SOUND)

    assert {rule_id: check.violated for rule_id, check in found.items()} == {"record_id.unique": 2}


def test_a_suite_that_is_built_twice_is_the_same() -> None:
    first, second = (base_suite(standard(), "vehicle") for _ in range(2))

    assert isinstance(first, Suite) and first == second
