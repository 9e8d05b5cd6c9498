"""From any record of any source back to its file, its row, its cells, and the rule behind every column."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comity.errors import QueryError
from comity.query.federation import open_federation
from comity.query.trace import trace
from comity.query.trace_text import trace_text

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.query.trace import Trace

ROOT = Path(__file__).parents[2]
MADE = sorted(
    (path.parent.name, re.findall(r"^record: *(\w+)", path.read_text("utf-8"), re.M)[0])
    for path in (ROOT / "mappings").glob("*/*.yaml")
)


def _record(settings: Settings, record_type: str, where: str) -> str:
    """The id of the last record in its export: the further down, the more there is to go wrong."""
    with open_federation(settings) as federation:
        asked = f"SELECT max_by(record_id, (source_row, record_id)) FROM {record_type} WHERE {where}"
        return str(federation.sql(asked).fetchall()[0][0])


def _traced(settings: Settings, source: str, record_type: str, where: str = "true") -> Trace:
    return trace(settings, _record(settings, record_type, f"source_id = '{source}' AND {where}"))


@pytest.mark.slow
@pytest.mark.parametrize(("source", "record_type"), MADE)
def test_every_kind_of_record_leads_back_to_its_row(night: Settings, source: str, record_type: str) -> None:
    found = _traced(night, source, record_type)
    assert found.notes == ()
    assert found.row is not None
    assert found.row.raw
    assert found.row.file.split("!/")[0] in [file["name"] for file in found.export_files]
    stored = night.data_dir / found.stored_file
    assert stored.exists()
    for file in found.export_files:
        archived = night.data_dir / "archive" / file["sha256"][:2] / file["sha256"]
        assert archived.stat().st_size == file["size"]
    cells = {**found.row.cells, **found.row.item}
    for column in found.columns:
        assert column.rule, f"{column.name} has no rule"
        for field in column.read:
            assert field in cells, f"{column.name} is made from {field}, which is not shown"
        # What is copied stands in the cell as it stands in the record.
        copied = column.rule.removeprefix("copy of ")
        if copied in column.read and isinstance(column.read[copied], str):
            assert column.value == (column.read[copied].strip() or None), column.name


@pytest.mark.slow
def test_the_text_shows_all_of_it(night: Settings) -> None:
    found = _traced(night, "nz-police-vehicles", "vehicle", "plate IS NOT NULL")
    assert found.row is not None
    text = trace_text(found)
    for shown in (found.record_id, found.export_id, found.row.file, found.mapping_version, found.stored_file):
        assert shown in text
    assert f"row       {found.row.row} of the export" in text
    plate = next(column for column in found.columns if column.name == "plate")
    assert re.search(rf"plate +{json.dumps(plate.value)}\n +by +.*\n +read plate = ", text)
    assert "adapter.yaml: handling" in text


@pytest.mark.slow
def test_a_row_of_a_file_in_an_archive_names_both(night: Settings) -> None:
    found = _traced(night, "nz-police-vehicles", "vehicle")
    assert found.row is not None
    assert re.fullmatch(r"(stolenvehicles-[\d-]+)\.zip!/\1\.csv", found.row.file)


@pytest.mark.slow
def test_a_row_that_became_several_records_shows_the_item_of_this_one(night: Settings) -> None:
    victim = _traced(night, "es-cases", "person", "status = 'victim'")
    assert victim.row is not None
    read = {field: cell for column in victim.columns for field, cell in column.read.items()}
    assert read["intervinientes.situacion"] == "PERJUDICADO"
    assert victim.row.item["intervinientes.nombre"] in [c.value for c in victim.columns]
    # The row itself is the whole case, with everybody in it.
    assert len(victim.row.cells["intervinientes"]) > 1


@pytest.mark.slow
def test_of_several_branches_the_rule_of_its_own_is_shown(night: Settings) -> None:
    charged = _traced(night, "es-cases", "link", "role = 'charged_with'")
    rules = {column.name: column.rule for column in charged.columns}
    assert rules["role"] == '{"constant": "charged_with"}'
    assert rules["to_record_type"] == '{"constant": "offence"}'
    part = _traced(night, "es-cases", "link", "role = 'part_of'")
    assert {column.name: column.rule for column in part.columns}[
        "to_record_type"
    ] == '{"constant": "case_file"}'


def test_a_record_that_is_not_there_is_an_error(night: Settings) -> None:
    with pytest.raises(QueryError) as error:
        trace(night, "f" * 32)
    assert error.value.code == "query.unknown-record"


@pytest.mark.slow
def test_what_cannot_be_shown_any_more_is_said(night: Settings, tmp_path: Path) -> None:
    """The source has left the federation, its bytes have left the archive, its mapping is broken."""
    record = _record(night, "vehicle", "source_id = 'nz-police-vehicles'")
    federation = tmp_path / "federation"
    shutil.copytree(ROOT / "adapters" / "nz-police-vehicles", federation / "adapters" / "nz-police-vehicles")
    shutil.copytree(ROOT / "mappings" / "nz-police-vehicles", federation / "mappings" / "nz-police-vehicles")
    shutil.copytree(ROOT / "standard", federation / "standard")
    changed = replace(night, federation=federation)
    assert trace(changed, record).notes == ()

    (federation / "mappings" / "nz-police-vehicles" / "vehicle.yaml").write_text("source: [")
    broken = trace(changed, record)
    assert broken.row is not None
    assert "the mapping cannot be read today" in broken.notes[0]
    # The rules are those of the night, which the ledger keeps.
    assert {column.name: column.rule for column in broken.columns}["plate"]

    (federation / "adapters" / "nz-police-vehicles" / "adapter.yaml").unlink()
    gone = trace(changed, record)
    assert gone.row is None
    assert "the row cannot be shown" in gone.notes[0]
    assert {column.name: column.value for column in gone.columns}["record_id"] == record
