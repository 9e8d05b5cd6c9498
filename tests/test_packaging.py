"""What is installed: every dependency declared and pinned, and a wheel that brings its federation along."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PINNED = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line.strip()
)


def declared() -> list[Requirement]:
    """What Comity needs to run."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    return [
        Requirement(text)
        for text in (*PROJECT["project"]["dependencies"], *(e for each in extras for e in each))
    ]


def for_development() -> list[Requirement]:
    groups = PROJECT["dependency-groups"].values()
    return [
        Requirement(text)
        for text in (*PROJECT["build-system"]["requires"], *(e for each in groups for e in each))
    ]


def test_every_constraint_is_one_version_of_one_name() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()

    assert [line for line in lines if not re.fullmatch(r"[a-z0-9][a-z0-9-]*==[\w.+!]+", line)] == []
    assert [line.split("==")[0] for line in lines] == sorted(PINNED)


def test_every_dependency_is_pinned_with_all_that_it_needs_itself() -> None:
    waiting = [*declared(), *for_development()]
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if f"{name}{sorted(requirement.extras)}" in seen:
            continue
        seen.add(f"{name}{sorted(requirement.extras)}")
        assert name in PINNED, f"{name} is missing in constraints.txt"
        assert requirement.specifier.contains(PINNED[name]), (
            f"{requirement} but {PINNED[name]} in constraints.txt"
        )
        try:
            needed = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue  # of a group that is not installed here
        extras = [*requirement.extras, ""]
        waiting += [
            each
            for each in needed
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
        ]


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All that is not only for the type checker."""
    if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from running(child)


def test_the_engine_imports_nothing_that_is_not_declared() -> None:
    names = {canonicalize_name(each.name) for each in declared()}
    providers = packages_distributions()
    undeclared = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in running(ast.parse(path.read_text("utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for top in {module.partition(".")[0] for module in modules} - {"comity", ""}:
                by = {canonicalize_name(provider) for provider in providers.get(top, ())}
                if top not in sys.stdlib_module_names and not by & names:
                    undeclared.add(f"{path.relative_to(ROOT)} imports {top}")

    assert undeclared == set()


# The wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked where nothing else of the project is; its dependencies are those of the tests."""
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", ROOT, "--no-deps", "--no-build-isolation", "--wheel-dir", folder / "dist"], check=True
    )
    (wheel,) = (folder / "dist").iterdir()
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", folder / "installed", wheel], check=True
    )
    return folder / "installed"


def called(installed: Path, cwd: Path, *arguments: str) -> str:
    code = "from comity.cli.main import main; main()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMITY_")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd,
        env={**environment, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_an_installed_comity_finds_the_federation_that_it_brings(installed: Path, tmp_path: Path) -> None:
    listed = called(installed, tmp_path, "sources")

    sources = {path.parent.name for path in (ROOT / "adapters").glob("*/adapter.yaml")}
    assert {line.split()[0] for line in listed.splitlines()} == sources
    assert not (tmp_path / "data").exists()  # to look is not to make


@pytest.mark.slow
def test_an_installed_comity_runs_a_night_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    source = "nz-police-vehicles"
    inbox = tmp_path / "data" / "inbox" / source
    inbox.mkdir(parents=True)
    for path in (installed / "comity" / "federation" / "adapters" / source / "sample").iterdir():
        (inbox / path.name).write_bytes(path.read_bytes())

    said = called(installed, tmp_path, "run", "--source", source)
    answer = called(installed, tmp_path, "sql", "SELECT count(*) > 0 AS any FROM vehicle", "--format", "csv")

    assert "release 1" in said
    assert answer.split() == ["any", "true"]


def test_the_wheel_holds_the_engine_and_the_federation_and_nothing_else(installed: Path) -> None:
    top = {path.name for path in installed.iterdir()}
    rooms = {path.name for path in (installed / "comity" / "federation").iterdir()}

    assert {name for name in top if not name.endswith(".dist-info")} <= {"comity", "bin"}
    assert rooms == {"adapters", "mappings", "standard", "validation"}
    for room in rooms:
        here = {
            p.relative_to(ROOT / room)
            for p in (ROOT / room).rglob("*")
            if p.is_file() and "__pycache__" not in p.parts
        }
        there = {
            p.relative_to(installed / "comity" / "federation" / room)
            for p in (installed / "comity" / "federation" / room).rglob("*")
            if p.is_file()
        }
        assert there == here
