"""Severity alone decides what a result means for the publication of its source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.validation import CheckResult, Rule, Suite, SuiteResult, judge_again

PLAIN = CheckResult("r", "expect_rows_to_satisfy", None, "critical", "fail", 5, 100, threshold=1.0)


@pytest.mark.parametrize(
    ("severity", "outcome", "blocks", "marks"),
    [
        ("critical", "fail", True, False),
        ("critical", "error", True, True),  # nobody knows whether the data hold
        ("critical", "pass", False, False),
        ("critical", "not_applicable", False, False),
        ("warning", "fail", False, True),
        ("warning", "error", False, True),
        ("warning", "pass", False, False),
        ("warning", "not_applicable", False, False),
        ("info", "fail", False, False),
        ("info", "error", False, True),
        ("info", "pass", False, False),
    ],
)
def test_what_a_check_means(severity: str, outcome: str, blocks: bool, marks: bool) -> None:
    check = replace(PLAIN, severity=severity, outcome=outcome)

    result = SuiteResult("person", (check,))

    assert (result.blocks, result.marks) == (blocks, marks)


def test_one_check_decides_for_all() -> None:
    fine = replace(PLAIN, outcome="pass")

    assert SuiteResult("person", (fine, PLAIN, fine)).blocks
    assert not SuiteResult("person", (fine, fine)).blocks
    assert not SuiteResult("person", ()).blocks


def test_not_applicable_is_counted_apart_from_what_passed() -> None:
    result = SuiteResult("person", tuple(replace(PLAIN, outcome=each) for each in ("pass", "not_applicable")))

    assert (result.count("pass"), result.count("not_applicable"), result.count("fail")) == (1, 1, 0)


def again(check: CheckResult, severity: str = "critical", **kwargs: float) -> tuple[CheckResult, ...]:
    return judge_again([check], Suite("person", None, (Rule("r", check.type, dict(kwargs), severity),)))


@pytest.mark.parametrize(
    ("kwargs", "outcome"),
    [
        ({}, "fail"),
        ({"mostly": 0.95}, "pass"),
        ({"mostly": 0.96}, "fail"),
        ({"mostly": 0.96, "tolerated": 5}, "pass"),
    ],
)
def test_stored_counts_are_judged_under_a_new_threshold_without_a_run(
    kwargs: dict[str, float], outcome: str
) -> None:
    (check,) = again(PLAIN, **kwargs)

    assert check.outcome == outcome


def test_a_new_severity_takes_the_block_away() -> None:
    (check,) = again(PLAIN, severity="warning")

    assert not SuiteResult("person", (check,)).blocks


@pytest.mark.parametrize("outcome", ["error", "not_applicable"])
def test_what_was_not_counted_stays_what_it_was(outcome: str) -> None:
    (check,) = again(replace(PLAIN, outcome=outcome, violated=None, denominator=None), mostly=0.1)

    assert check.outcome == outcome


def test_a_rule_that_the_suite_no_longer_has_is_left_out() -> None:
    assert judge_again([PLAIN], Suite("person", None, ())) == ()
