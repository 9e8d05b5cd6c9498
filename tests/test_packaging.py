"""What is installed: every dependency declared and pinned, and a wheel that brings its federation along."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
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


PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def built(project: Path, into: Path) -> Path:
    """The wheel of ``project``."""
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    subprocess.run(
        [*PIP, "wheel", project, "--no-deps", "--no-build-isolation", "--wheel-dir", into], check=True
    )
    (wheel,) = into.iterdir()
    return wheel


def environment(folder: Path, *wheels: Path) -> Path:
    """A fresh virtual environment with those wheels; whatever else they need is that of the tests. Its packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    # Behind the environment's own, and no editable install counts: a path that a .pth file names brings none in.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    python = folder / "bin" / "python"
    subprocess.run([*PIP, "--python", python, "install", "--no-deps", "--no-index", *wheels], check=True)
    return packages


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("wheel") / "dist")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of an environment where Comity's wheel is and nothing else of the project."""
    return environment(tmp_path_factory.mktemp("comity") / "venv", wheel)


def called(installed: Path, cwd: Path, *arguments: str) -> str:
    comity = installed.parents[2] / "bin" / "comity"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("COMITY_", "PYTHONPATH"))
    }
    done = subprocess.run([comity, *arguments], capture_output=True, text=True, cwd=cwd, env=environment)
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


@pytest.mark.slow
def test_a_package_brings_a_reader_and_an_adapter(
    wheel: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    example, name = ROOT / "docs" / "example-package", "uto-lost-tools"
    copied = shutil.copytree(example, tmp_path / "example", ignore=shutil.ignore_patterns("__pycache__"))
    installed = environment(tmp_path / "venv", wheel, built(copied, tmp_path / "dist"))
    own = tmp_path / "own"
    called(installed, tmp_path, "init", str(own), "--empty")
    inbox = own / "data" / "inbox" / name
    shutil.copytree(example / "src" / "comity_card_index" / name / "sample", inbox)

    listed = called(installed, own, "sources")
    said = called(installed, own, "run")
    query = "SELECT category_as_given, colour, status_date, source_row FROM item ORDER BY source_row"
    answer = called(installed, own, "sql", query, "--format", "csv")
    rejects = called(installed, own, "rejects")
    record = called(installed, own, "sql", "SELECT record_id FROM item LIMIT 1", "--format", "csv").split()[
        -1
    ]
    trace = called(installed, own, "trace", record)

    assert listed.split()[0] == name and "release 1" in said
    assert answer.splitlines()[1:] == ["hammer,red,2026-02,1", "saw,,,2", "pliers,green,2026-03-01,4"]
    assert "a line of the card has no '='" in rejects
    assert "tools.cards" in trace
    schema = json.loads((own / "schemas" / "adapter.schema.json").read_text("utf-8"))
    assert "separator" in schema["definitions"]["format card_index"]["properties"]


def test_the_wheel_holds_the_engine_and_the_federation_and_nothing_else(installed: Path) -> None:
    top = {path.name for path in installed.iterdir()}
    rooms = {path.name for path in (installed / "comity" / "federation").iterdir()}

    assert {name for name in top if not name.endswith(".dist-info")} <= {"comity", "dependencies.pth"}
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
