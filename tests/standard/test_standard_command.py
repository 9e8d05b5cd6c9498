"""``comity standard`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner, Result

from comity.cli.standard import command
from comity.config.settings import Settings

REPOSITORY = Path(__file__).parents[2]


def comity_standard(*arguments: str) -> Result:
    settings = Settings(data_dir=REPOSITORY / "data", federation=REPOSITORY)
    return CliRunner().invoke(command, list(arguments), obj=settings)


def test_show_lists_record_types_and_columns() -> None:
    assert "crime_statistic" in comity_standard("show").output
    lines = comity_standard("show", "vehicle").output.splitlines()
    (plate,) = [line for line in lines if line.split()[1:2] == ["plate"]]
    assert plate.startswith("109 ")


def test_codes_lists_lists_and_codes() -> None:
    assert "vehicle_make" in comity_standard("codes").output
    assert "OFFICIAL_USE_ONLY" in comity_standard("codes", "confidentiality").output
    assert json.loads(comity_standard("codes", "sex", "--json").output)[0]["code"] == "M"


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("arrow", "link.arrow"),
        ("json-schema", "link.schema.json"),
        ("odcs", "link.odcs.yaml"),
        ("markdown", "link.md"),
    ],
)
def test_export_writes_one_file_a_record_type(tmp_path: Path, form: str, name: str) -> None:
    result = comity_standard("export", "--format", form, "--output", str(tmp_path), "link", "person")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, name.replace("link", "person")]
    content = (tmp_path / name).read_bytes()
    if form == "arrow":
        assert "from_record_id" in pa.ipc.read_schema(pa.BufferReader(content)).names
    elif form == "json-schema":
        assert json.loads(content)["title"] == "Link"
    elif form == "odcs":
        assert yaml.safe_load(content)["kind"] == "DataContract"
    else:
        assert b"# Link" in content


@pytest.mark.parametrize("form", ["arrow", "json-schema", "odcs", "markdown"])
def test_export_without_a_folder_goes_to_the_terminal(form: str) -> None:
    result = comity_standard("export", "--format", form, "link", "vessel")
    assert result.exit_code == 0
    assert "from_record_id" in result.output and "call_sign" in result.output


def test_diff_exits_with_1_only_when_something_breaks(small: Path, small_copy: Path) -> None:
    assert comity_standard("diff", str(small), str(small)).exit_code == 0
    path = small_copy / "record_types/boat.yaml"
    path.write_text(path.read_text("utf-8").replace("maximum: 400", "maximum: 300"), "utf-8")
    result = comity_standard("diff", str(small), str(small_copy))
    assert result.exit_code == 1
    assert result.output == (
        "BREAKS  boat.length: the range went from 1 … 400 to 1 … 300 [range-narrowed]\n"
        "1 changes, 1 of them break something.\n"
        "Version 1.2.3 -> 1.2.3; these changes ask for 2.0.0 or higher.\n"
    )
    data = json.loads(comity_standard("diff", str(small), str(small_copy), "--json").output)
    assert data["needed_version"] == "2.0.0"
    assert data["changes"][0]["where"] == "boat.length"
