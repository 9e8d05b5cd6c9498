"""The JSON Schemas in the repository: up to date, true of every file, and as strict about keys as the loader."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from comity.adapters.adapter import load_adapter
from comity.config.yaml_file import load_model, read_yaml
from comity.errors import ComityError
from comity.mappings.mapping import Mapping
from comity.standard import load_standard
from comity.validation.suite import load_suite
from comity.workbench.model_schema import models_in, sentences
from comity.workbench.schemas import FOLDER, SCHEMA_FILES, as_text, editor_line, schemas, written_files

ROOT = Path(__file__).parents[2]
FILES = list(written_files(ROOT))


@cache
def made() -> dict[str, Any]:
    return schemas(load_standard(ROOT / "standard"))


@cache
def validator(name: str) -> jsonschema.Draft7Validator:
    jsonschema.Draft7Validator.check_schema(made()[f"{name}.schema.json"])
    return jsonschema.Draft7Validator(made()[f"{name}.schema.json"])


@pytest.mark.parametrize("schema", SCHEMA_FILES, ids=lambda each: each.name)
def test_a_schema_is_up_to_date(schema: Any) -> None:
    path = ROOT / FOLDER / schema.file

    assert path.exists() and path.read_text("utf-8") == as_text(made()[schema.file]), "run `make docs`"


def test_there_is_no_other_schema() -> None:
    assert {path.name for path in (ROOT / FOLDER).iterdir()} == {each.file for each in SCHEMA_FILES}


def test_every_yaml_file_is_valid_and_names_its_schema() -> None:
    wrong = {}
    for path, schema in FILES:
        errors = [each.message for each in validator(schema.name).iter_errors(read_yaml(path)[0])]
        if errors or not path.read_text("utf-8").startswith(editor_line(schema, path, ROOT / FOLDER)):
            wrong[str(path.relative_to(ROOT))] = errors or "its first line does not name the schema"

    assert wrong == {}
    assert {schema.name for _, schema in FILES} == {each.name for each in SCHEMA_FILES} - {"settings"}


def test_no_yaml_file_of_the_federation_is_without_a_schema() -> None:
    written = {
        path
        for room in ("adapters", "mappings", "standard", "validation")
        for path in (ROOT / room).rglob("*.yaml")
    }

    assert {path for path in written if "sample" not in path.parts} == {path for path, _ in FILES}


# An error for the loader is one for the schema

ADAPTER = "adapters/de-berlin-bicycles/adapter.yaml"
MAPPING = "mappings/de-berlin-bicycles/incident.yaml"
SUITE = "validation/person.yaml"


def load(path: Path, schema: str) -> object:
    if schema == "adapter":
        return load_adapter(path.parent)
    return load_suite(path) if schema == "suite" else load_model(path, Mapping)


def paths_to_blocks(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every block of the file that has keys of its own choosing, not the owner's or the source's words."""
    found = []
    if isinstance(value, dict):
        found = [at] if not {"ignored", "missing", "replace", "kwargs"} & set(at[-1:]) else []
        items: Any = value.items()
    else:
        items = enumerate(value) if isinstance(value, list) else ()
    return found + [each for key, inner in items for each in paths_to_blocks(inner, (*at, key))]


@pytest.mark.parametrize(("file", "schema"), [(ADAPTER, "adapter"), (MAPPING, "mapping"), (SUITE, "suite")])
def test_an_unknown_key_in_any_block_is_an_error_for_both(tmp_path: Path, file: str, schema: str) -> None:
    path = tmp_path / Path(file).relative_to(Path(file).parts[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    content = read_yaml(ROOT / file)[0]
    blocks = paths_to_blocks(content)[:60]

    path.write_text(json.dumps(content), "utf-8")
    load(path, schema)
    accepted = []
    for at in blocks:
        if schema == "mapping" and at == ("fields",):
            continue  # its keys are columns, which the compiler judges; below
        spoiled = json.loads(json.dumps(content))
        block = spoiled
        for key in at:
            block = block[key]
        block["kee"] = "x"
        assert not validator(schema).is_valid(spoiled), at
        path.write_text(json.dumps(spoiled), "utf-8")
        try:
            load(path, schema)
            accepted.append(at)
        except ComityError as error:
            assert error.code in ("config.unknown-key", "config.invalid-value"), (at, error)

    assert len(blocks) > 10 and accepted == []


def mapping(**fields: Any) -> dict[str, Any]:
    return {"source": "aa-things", "record": "person", "key": ["number"], "fields": fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"full_nam": "name"},
        {"record_id": "name"},
        {"sex": {"constant": "man"}},
        {"sex": {"case": [{"when": {"field": "a", "missing": True}, "then": "man"}]}},
        {"other_names": {"structs": [{"ful_name": "alias"}]}},
        {"birth_date": {"from": "born", "date": "%Y", "calendar": "hijri"}},
        {"birth_date": {"from": "born", "calendar": "minguo"}},
        {"birth_date": {"from": "born", "constant": "1979"}},
        {"birth_date": {"date": "%Y"}},
        {"height_cm": {"from": "size", "integer": True, "number": True}},
        {"full_name": {"from": "name", "apply": ["uper"]}},
        {"full_name": {"from": "name", "missing": {"-": "nothing"}}},
        {"sex": {"from": "sex", "codes": "sex", "unmapped": "ignore"}},
        {"full_name": {"from": "name", "codes": "sex", "group": 2}},
    ],
)
def test_a_mapping_that_does_not_compile_is_marked(fields: dict[str, Any]) -> None:
    assert validator("mapping").is_valid(mapping(full_name="name"))
    assert not validator("mapping").is_valid(mapping(**fields))


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "expect_nothing"},
        {"type": "expect_column_values_to_be_json_parseable", "kwargs": {"column": "remarks"}},
        {"kwargs": {"column": "fullname"}},
        {"kwargs": {"column": "full_name", "colum": "x"}},
        {"severity": "fatal"},
        {"meta": {"id": "x"}},
    ],
)
def test_a_suite_that_does_not_load_is_marked(rule: dict[str, Any]) -> None:
    whole = {
        "type": "expect_column_values_to_not_be_null",
        "kwargs": {"column": "full_name"},
        "severity": "warning",
        "meta": {"why": "a reason that is long enough"},
    }

    assert validator("suite").is_valid({"record": "person", "expectations": [whole]})
    assert not validator("suite").is_valid({"record": "person", "expectations": [whole | rule]})


def test_every_key_says_what_it_is() -> None:
    from comity.adapters.adapter import Adapter
    from comity.adapters.reader import format_models
    from comity.validation.suite import SuiteFile

    silent = [
        f"{model.__name__}.{name}"
        for root in (Adapter, Mapping, SuiteFile, *format_models().values())
        for model in models_in(root)
        for name in model.model_fields
        if model.__name__ not in ("Period", "PlugInFormat") and name not in sentences(model)
    ]

    assert silent == []
