"""A suite holds exactly the rules that its files say; whatever is wrong in one is told with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.errors import ComityError
from comity.validation import Suite, load_suite, suite_for
from tests.validation.small import rule_text, standard, write_suite

if TYPE_CHECKING:
    from pathlib import Path

SATISFY = "expect_rows_to_satisfy"


def load(root: Path, source: str | None = None) -> Suite:
    return suite_for(standard(), root, "person", source)


def refused(root: Path, *rules: str) -> ComityError:
    write_suite(root, *rules)
    with pytest.raises(ComityError) as raised:
        load(root)
    return raised.value


def test_a_loaded_suite_has_every_rule_of_its_file_in_its_order(tmp_path: Path) -> None:
    rules = [rule_text(kwargs=f"{{column: {each}}}", rule_id=each) for each in ("sex", "build", "status")]

    suite = load_suite(write_suite(tmp_path, *rules))

    assert [rule.id for rule in suite.rules] == ["sex", "build", "status"]
    assert [(rule.line, rule.severity) for rule in suite.rules] == [
        (3, "warning"),
        (7, "warning"),
        (11, "warning"),
    ]


def test_a_rule_without_an_id_is_called_by_its_column_and_what_it_expects(tmp_path: Path) -> None:
    rule = rule_text().replace("id: the.rule, ", "")

    (loaded,) = load_suite(write_suite(tmp_path, rule)).rules

    assert loaded.id == "sex.values_to_not_be_null"


def test_an_unknown_expectation_is_refused_and_never_dropped(tmp_path: Path) -> None:
    error = refused(tmp_path, rule_text("expect_column_values_to_not_be_nul"))

    assert error.code == "config.unknown-expectation"
    assert error.place() == f"{tmp_path / 'person.yaml'}:3:5"
    assert error.remedy is not None and "did you mean 'expect_column_values_to_not_be_null'?" in error.remedy


def test_an_unknown_argument_is_refused_at_its_place_with_the_nearest(tmp_path: Path) -> None:
    error = refused(tmp_path, rule_text(kwargs="{column: sex, mostli: 0.5}"))

    assert (error.code, error.line, error.column) == ("config.invalid-kwargs", 4, 27)
    assert error.remedy == "did you mean 'mostly'? Known: column, mostly, row_condition"


def test_an_unknown_severity_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, rule_text(severity="fatal"))

    assert (error.code, error.line) == ("config.invalid-value", 5)
    assert "'critical', 'warning', 'info' or 'off'" in error.message


@pytest.mark.parametrize(
    ("part", "key", "code"),
    [
        ("    severity: warning\n", "severity", "config.missing-key"),
        (", why: because the test wants it", "why", "config.missing-key"),
        ("column: sex", "column", "config.invalid-kwargs"),
    ],
)
def test_what_is_missing_is_told(tmp_path: Path, part: str, key: str, code: str) -> None:
    error = refused(tmp_path, rule_text().replace(part, ""))

    assert error.code == code and key in error.message


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ("{column: sex, mostly: 5}", "mostly: ensure this value is less than or equal to 1.0"),
        ("{column: sex, result_format: COMPLETE}", "no argument 'result_format'"),  # it would keep values
        ("{column: sex, row_condition: sex == 1}", "unable to parse condition"),
        ("{column: sex, mostly: {$PARAMETER: share}}", "nothing fills a suite parameter"),
    ],
)
def test_an_argument_that_cannot_be_meant_is_refused(tmp_path: Path, kwargs: str, says: str) -> None:
    error = refused(tmp_path, rule_text(kwargs=kwargs))

    assert error.code == "config.invalid-kwargs" and says in error.message


def test_two_rules_of_one_id_are_refused_with_the_line_of_the_first(tmp_path: Path) -> None:
    error = refused(tmp_path, rule_text(), rule_text())

    assert (error.code, error.line) == ("config.duplicate-rule", 7)
    assert error.found == "the first is in line 3"


@pytest.mark.parametrize(
    ("expectation", "kwargs", "code", "near"),
    [
        ("expect_column_values_to_not_be_null", "{column: sax}", "config.unknown-column", "'sex'"),
        (SATISFY, "{condition: sax IS NULL}", "config.unknown-column", "'sex'"),
        (SATISFY, "{condition: sex IS NULL, when: hight_cm > 1}", "config.unknown-column", "'height_cm'"),
        (
            "expect_column_values_to_not_be_null",
            """{column: sex, row_condition: 'col("sax").notnull()'}""",
            "config.unknown-column",
            "'sex'",
        ),
        (
            "expect_column_values_to_be_in_code_list",
            "{column: sex, code_list: sexes}",
            "config.unknown-code-list",
            "'sex'",
        ),
        (
            "expect_references_to_resolve",
            "{column: record_id, record_type: persn}",
            "config.unknown-record-type",
            "'person'",
        ),
    ],
)
def test_a_name_that_the_standard_lacks_is_refused_with_the_nearest(
    tmp_path: Path, expectation: str, kwargs: str, code: str, near: str
) -> None:
    error = refused(tmp_path, rule_text(expectation, kwargs))

    assert error.code == code
    assert error.remedy is not None and error.remedy.startswith(f"did you mean {near}?")


@pytest.mark.parametrize(
    ("expectation", "kwargs", "says"),
    [
        (SATISFY, '{condition: "lenght(remarks) > 1"}', 'Did you mean "length"?'),
        (SATISFY, "{condition: \"height_cm > DATE '2020-01-01'\"}", "INTEGER and type DATE"),
        ("expect_column_values_to_match_regex", '{column: sex, regex: "(["}', "missing ]"),
        ("expect_column_values_to_match_regex", '{column: sex, regex: "(?=a)"}', "invalid perl operator"),
        (
            "expect_references_to_resolve",
            '{column: record_id, record_type: warrant, related_where: "stats = 1"}',
            '"stats" not found',
        ),
        (
            "unexpected_rows_expectation",
            '{unexpected_rows_query: "SELECT * FROM {batch} WHERE sax = 1"}',
            '"sax"',
        ),
        ("expect_code_shares_to_change_by_at_most", "{column: full_name, points: 5}", "has no codes"),
    ],
)
def test_what_duckdb_could_not_compute_at_night_is_refused_by_day(
    tmp_path: Path, expectation: str, kwargs: str, says: str
) -> None:
    error = refused(tmp_path, rule_text(expectation, kwargs))

    assert (error.code, error.line) == ("config.invalid-kwargs", 3)
    assert says in error.message


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT * FROM person", "has to read {batch}"),
        ("SELECT * FROM {batch}, read_csv('/etc/hosts')", "{batch} and nothing else"),
        ("SELECT * FROM {batch} JOIN previous USING (record_id)", "{batch} and nothing else"),
        ("DELETE FROM {batch}", "one SQL expression is needed"),
        ("SELECT * FROM {batch}; DROP TABLE person", "semicolon"),
        ("SELECT getenv('HOME') FROM {batch}", "looks beyond the records"),
    ],
)
def test_a_query_of_a_suite_reads_the_records_that_are_judged_and_nothing_else(
    tmp_path: Path, query: str, says: str
) -> None:
    error = refused(
        tmp_path, rule_text("unexpected_rows_expectation", f'{{unexpected_rows_query: "{query}"}}')
    )

    assert error.code == "config.invalid-kwargs" and says in error.message


def test_a_query_may_use_names_of_its_own(tmp_path: Path) -> None:
    query = "WITH men AS (SELECT * FROM {batch} WHERE sex = 'male') SELECT * FROM men WHERE height_cm > 250"
    write_suite(tmp_path, rule_text("unexpected_rows_expectation", f'{{unexpected_rows_query: "{query}"}}'))

    assert load(tmp_path).rule("the.rule").kwargs == {"unexpected_rows_query": query}


def test_a_source_changes_a_rule_of_the_record_type_and_leaves_the_rest(tmp_path: Path) -> None:
    write_suite(tmp_path, rule_text(kwargs="{column: sex, mostly: 0.5}"))
    change = "  - kwargs: {mostly: 0.9}\n    meta: {id: the.rule, why: this source knows better}\n"
    write_suite(tmp_path, change, source="aa-wanted")

    general, special = load(tmp_path).rule("the.rule"), load(tmp_path, "aa-wanted").rule("the.rule")

    assert general.kwargs == {"column": "sex", "mostly": 0.5}
    assert special.kwargs == {"column": "sex", "mostly": 0.9}
    assert (special.severity, special.why) == ("warning", "this source knows better")


@pytest.mark.parametrize(
    ("kwargs", "code"),
    [
        ("{condition: sax IS NULL}", "config.unknown-column"),
        ('{condition: "sex > 1"}', "config.invalid-kwargs"),
    ],
)
def test_a_change_is_checked_like_a_rule_at_its_own_place(tmp_path: Path, kwargs: str, code: str) -> None:
    write_suite(tmp_path, rule_text(SATISFY, "{condition: sex IS NOT NULL}"))
    change = f"  - kwargs: {kwargs}\n    meta: {{id: the.rule, why: this source knows better}}\n"
    path = write_suite(tmp_path, change, source="aa-wanted")

    with pytest.raises(ComityError) as raised:
        load(tmp_path, "aa-wanted")

    assert (raised.value.code, raised.value.place()) == (code, f"{path}:4:5")


def test_a_rule_of_the_standard_can_be_softened_or_switched_off(tmp_path: Path) -> None:
    changes = (
        "  - severity: info\n    meta: {id: status.required, why: this source has no status}\n"
        "  - severity: 'off'\n    meta: {id: height_cm.range, why: this source has giants}\n"
    )
    write_suite(tmp_path, changes, source="aa-wanted")

    before, after = load(tmp_path), load(tmp_path, "aa-wanted")

    assert after.rule("status.required").severity == "info"
    assert {r.id for r in before.rules} - {r.id for r in after.rules} == {"height_cm.range"}


def test_changing_a_rule_that_is_not_there_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "  - severity: info\n    meta: {id: status.requird, why: it is misspelt}\n")

    assert (error.code, error.line) == ("config.unknown-rule", 3)
    assert error.remedy is not None and "'status.required'" in error.remedy


def test_a_suite_of_another_record_type_than_its_name_is_refused(tmp_path: Path) -> None:
    write_suite(tmp_path, rule_text(), record="vehicle").rename(tmp_path / "person.yaml")

    with pytest.raises(ComityError) as raised:
        load(tmp_path)

    assert raised.value.code == "config.wrong-suite"


@pytest.mark.parametrize(("text", "code"), [("record: [\n", "config.bad-yaml"), ("", "config.missing-key")])
def test_a_file_that_is_no_suite_is_refused(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "person.yaml").write_text(text, "utf-8")

    with pytest.raises(ComityError) as raised:
        load(tmp_path)

    assert raised.value.code == code
