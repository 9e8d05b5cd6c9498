"""The documentation says what the program does: every error, command, option, setting and link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from comity.config.settings import SETTINGS
from tests.cli.conftest import every_command
from tests.docs.codes import AREAS, ROOT, codes_in_source, documented
from tests.docs.generate import pages

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


# Errors


@pytest.mark.parametrize("area", AREAS)
def test_every_error_code_of_an_area_is_explained_and_none_that_does_not_exist(area: str) -> None:
    given = {code: file for code, file in codes_in_source().items() if code.startswith(f"{area}.")}
    explained = [row[0].strip("`") for row in documented(area)]

    assert {code: file for code, file in given.items() if code not in explained} == {}, "not documented"
    assert [code for code in explained if code not in given] == [], "documented, but nothing gives it"
    assert explained == sorted(set(explained)), "in alphabetical order, each once"


@pytest.mark.parametrize("area", AREAS)
def test_every_code_says_when_it_comes_and_what_to_do(area: str) -> None:
    assert [row for row in documented(area) if len(row) != 3 or min(map(len, row)) < 5] == []


def test_every_area_stands_in_the_index_of_errors() -> None:
    index = (DOCS / "errors" / "README.md").read_text("utf-8")

    assert set(re.findall(r"^\| \[(\w+)\]\(\1\.md\)", index, re.MULTILINE)) == set(AREAS)
    assert {code.partition(".")[0] for code in codes_in_source()} == set(AREAS)


# What is made from the program


@pytest.mark.parametrize("name", pages())
def test_a_page_that_is_made_from_the_program_is_up_to_date(name: str) -> None:
    path = DOCS / name

    assert path.exists() and path.read_text("utf-8") == pages()[name], "run `make docs`"


def test_no_page_of_the_standard_is_left_over() -> None:
    here = {path.relative_to(DOCS).as_posix() for path in (DOCS / "standard").glob("*.md")}

    assert here == {name for name in pages() if name.startswith("standard/")}


def test_every_command_and_option_is_documented() -> None:
    text = (DOCS / "commands.md").read_text("utf-8")
    sections = {
        part.partition("\n")[0].strip(): part for part in re.split(r"^###? comity", text, flags=re.MULTILINE)
    }

    for name, command in every_command():
        options = [flag for each in command.params if each.param_type_name == "option" for flag in each.opts]
        assert [flag for flag in options if f"`{flag}`" not in sections[name]] == []


def test_every_setting_and_every_variable_of_the_environment_is_documented() -> None:
    text = (DOCS / "settings.md").read_text("utf-8")
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    variables = {f"COMITY_{name.upper()}" for name in SETTINGS} | set(re.findall(r"COMITY_[A-Z]\w+", source))

    assert sorted(name for name in {*variables, *SETTINGS} if f"`{name}`" not in text) == []


# Links


def anchors(path: Path) -> set[str]:
    """The anchors that a reader's browser makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_path_that_does_not_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:adapters|mappings|standard|validation|src|docs|bench|tests)/[\w./-]*)`",
        page.read_text("utf-8"),
    )

    assert [path for path in named if not (ROOT / path).exists()] == []


# Traps


def test_every_trap_names_tests_that_prove_what_it_says() -> None:
    traps = re.split(r"^### (\d+)\. ", (DOCS / "traps.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    numbers, texts = traps[::2], traps[1::2]
    proofs = [re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text) for text in texts]

    assert numbers == [str(number) for number in range(1, 26)]
    assert [number for number, found in zip(numbers, proofs, strict=True) if not found] == []
    for path, name in {each for found in proofs for each in found}:
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), f"{path}::{name}"
