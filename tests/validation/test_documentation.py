"""Every example in ``docs/validation.md`` loads and runs, and its tables say all that there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml

from comity.validation import load_code_lists, suite_for, validate
from comity.validation.expectations import OWN
from comity.validation.vocabulary import REFUSED
from tests.validation.records import table
from tests.validation.small import ROOT, standard

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "validation.md").read_text("utf-8")
SUITES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All examples of the page as one room of suites."""
    root = tmp_path_factory.mktemp("validation")
    (root / "sources").mkdir()
    for text in SUITES:
        file = yaml.safe_load(text)
        path = (
            root / "sources" / f"{file['source']}.yaml"
            if "source" in file
            else root / f"{file['record']}.yaml"
        )
        assert not path.exists(), f"two examples for {path.name}"
        path.write_text(text, "utf-8")
    return root


@pytest.mark.parametrize("text", SUITES, ids=lambda text: text.split("\n")[0])
def test_every_suite_of_the_page_loads_and_is_judged_without_an_error(folder: Path, text: str) -> None:
    file = yaml.safe_load(text)
    connection = duckdb.connect()
    lists = load_code_lists(connection, standard())
    kinds = standard().record_types
    for name, kind in kinds.items():
        table(connection, name, kind, [{"record_id": f"r{number}"} for number in range(3)])

    suite = suite_for(standard(), folder, file["record"], file.get("source"))
    result = validate(
        connection,
        file["record"],
        suite,
        related={name: f'"{name}"' for name in kinds},
        previous=file["record"],
        code_lists=lists,
    )

    assert result.count("error") == 0
    judged = {check.rule_id for check in result.checks}
    assert {each["meta"]["id"] for each in file["expectations"] if each.get("severity") != "off"} <= judged


def test_an_example_for_one_source_changes_what_it_says(folder: Path) -> None:
    general, special = (suite_for(standard(), folder, "person", source) for source in (None, "ua-wanted"))

    changed = special.rule("person.born-before-death")
    assert (changed.severity, changed.kwargs["mostly"]) == ("info", 0.98)
    assert {rule.id for rule in general.rules} - {rule.id for rule in special.rules} == {"height_cm.range"}


def test_the_tables_name_every_expectation_of_ours_and_every_one_that_is_refused() -> None:
    named = re.findall(r"^\| `((?:un)?expect\w+)` \|", PAGE, re.MULTILINE)

    assert sorted(named) == sorted([*OWN, *REFUSED])


def test_the_arguments_of_our_expectations_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| `(expect\w+)` \| [^|]* \| ([^|]*) \|$", PAGE, re.MULTILINE)
    common = {"mostly", "tolerated"}
    theirs = set(OWN["expect_lists_to_be_disjoint"].__fields__) - {"column_A", "column_B"} - common

    for expectation, arguments in rows:
        if expectation in OWN:
            assert (
                set(re.findall(r"`(\w+)`", arguments)) == set(OWN[expectation].__fields__) - theirs - common
            )
