"""``comity init``: a folder in which the first night runs at once, and which an editor understands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from comity.cli.main import cli
from comity.config.yaml_file import read_yaml
from comity.errors import ComityError
from comity.workbench.schemas import written_files
from comity.workbench.starter import EXAMPLE, make_federation

ROOT = Path(__file__).parents[2]


def called(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "federation"
    result = called("init", str(folder))
    assert result.return_value == 0
    return folder


@pytest.fixture
def inside(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def test_it_holds_what_a_federation_needs(made: Path) -> None:
    assert {path.name for path in made.iterdir()} == {
        ".gitignore", ".vscode", "README.md", "adapters", "comity.toml", "data", "mappings", "schemas", "standard",
        "validation",
    }  # fmt: skip
    assert [path.name for path in (made / "adapters").iterdir()] == [EXAMPLE]
    assert sorted(path.name for path in (made / "mappings").iterdir()) == ["crosswalks", EXAMPLE]


def test_the_commands_of_its_own_page_run(inside: Path) -> None:
    page = (inside / "README.md").read_text("utf-8")
    first = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[0].splitlines()
    said = {}
    for line in first:
        words = shlex.split(line)
        if "RECORD_ID" in words:
            found = called("sql", "SELECT record_id FROM item LIMIT 1", "--format", "csv").output.split()
            words[words.index("RECORD_ID")] = found[-1]
        result = called(*words[1:])
        assert result.return_value in (0, None), result.output
        said[words[1]] = result.output

    assert set(said) == {"run", "sql", "rejects", "trace"}
    assert (
        "release 1" in said["run"] and "1250.50" in said["sql"] and "mapping.key-missing" in said["rejects"]
    )


def test_every_file_is_valid_and_an_editor_finds_its_schema(made: Path) -> None:
    files = list(written_files(made))
    for path, schema in files:
        line = path.read_text("utf-8").partition("\n")[0]
        named = path.parent / line.removeprefix("# yaml-language-server: $schema=")
        assert named.resolve() == (made / "schemas" / schema.file).resolve()
        known = jsonschema.Draft7Validator(json.loads(named.read_text("utf-8")))
        assert not list(known.iter_errors(read_yaml(path)[0])), path

    assert {path.parent.name for path, _ in files} >= {EXAMPLE, "record_types", "validation"}
    assert (made / "comity.toml").read_text("utf-8").startswith("#:schema schemas/settings.schema.json\n")


def test_vs_code_knows_the_schema_of_a_file_that_is_new(made: Path) -> None:
    settings = json.loads((made / ".vscode" / "settings.json").read_text("utf-8"))

    assert settings["yaml.schemas"]["./schemas/mapping.schema.json"] == ["/mappings/*/*.yaml"]
    assert all((made / name).is_file() for name in settings["yaml.schemas"])


def test_an_empty_one_runs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_federation(tmp_path / "empty", example=False)
    monkeypatch.chdir(tmp_path)

    result = called("--federation", "empty", "--data", "empty/data", "run")

    assert result.return_value == 0
    assert not list((tmp_path / "empty" / "adapters").glob("*/adapter.yaml"))


def test_nothing_that_is_there_is_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")

    with pytest.raises(ComityError, match="made in an empty folder"):
        make_federation(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_repository_without_a_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert ".git" in make_federation(tmp_path, example=False)
