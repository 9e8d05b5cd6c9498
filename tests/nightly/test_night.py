"""One night over the repository's own federation, and what bad input gets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.config.settings import Settings
from comity.nightly.night import run_night

if TYPE_CHECKING:
    from comity.nightly.report import NightReport

ROOT = Path(__file__).parents[2]
SOURCE = "nz-police-vehicles"
OTHER = "de-berlin-bicycles"


def drop(data: Path, source: str, name: str, content: bytes) -> None:
    """A person puts a file into the inbox."""
    folder = data / "inbox" / source
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def sample(source: str) -> tuple[str, bytes]:
    (path,) = (ROOT / "adapters" / source / "sample").iterdir()
    return path.name, path.read_bytes()


def run(data: Path, *sources: str, federation: Path = ROOT) -> NightReport:
    return run_night(Settings(data, federation, jobs=1, memory_limit="256MB"), sources)


def ask(data: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(data / "current.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_night_publishes_and_every_row_is_accounted_for(tmp_path: Path) -> None:
    drop(tmp_path, SOURCE, *sample(SOURCE))

    report = run(tmp_path, SOURCE)

    (export,) = report.exports
    (account,) = export.accounts
    assert report.succeeded and report.releases == (1,)
    assert account.rows_read == account.rows_accepted + account.rows_rejected + account.rows_not_selected
    assert ask(tmp_path, "SELECT count(*) FROM vehicle") == [(account.records,)]
    told = ask(
        tmp_path, "SELECT rows_read, rows_accepted, rows_rejected, rows_not_selected, records FROM accounting"
    )
    assert told == [
        tuple(getattr(account, name) for name in account.__dataclass_fields__ if name != "record_type")
    ]
    rejected = "SELECT count(*) FROM rejects WHERE row_rejected AND raw IS NOT NULL AND len(reasons) > 0"
    assert ask(tmp_path, rejected) == [(account.rows_rejected,)]
    assert not list((tmp_path / "staging").iterdir())
    assert json.loads((tmp_path / "runs" / report.run_id / "report.json").read_text("utf-8"))["succeeded"]


def test_the_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"

    run(data, SOURCE)

    assert data.stat().st_mode & 0o777 == 0o700


def test_what_was_published_is_not_read_again(tmp_path: Path) -> None:
    drop(tmp_path, SOURCE, *sample(SOURCE))
    run(tmp_path, SOURCE)

    again = run(tmp_path, SOURCE)

    assert (again.releases, again.exports, again.skipped) == ((), (), (SOURCE,))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "read.empty-export"),
        (b"\0" * 5000, "read.zeros"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "read.binary-file"),
        (b"only,three,columns\n" * 20, "read.header-drift"),
    ],
    ids=["empty", "zeros", "picture", "other columns"],
)
def test_a_bad_export_replaces_nothing_and_harms_no_other_source(
    tmp_path: Path, content: bytes, code: str
) -> None:
    drop(tmp_path, SOURCE, *sample(SOURCE))
    run(tmp_path, SOURCE)
    before = ask(tmp_path, "SELECT record_id FROM vehicle ORDER BY ALL")
    drop(tmp_path, SOURCE, "stolenvehicles-2099-01-01.csv", content)
    drop(tmp_path, OTHER, *sample(OTHER))

    report = run(tmp_path, SOURCE, OTHER)

    became = {export.source_id: export for export in report.exports}
    error = became[SOURCE].error
    assert error is not None and error.code == code and error.remedy
    assert became[OTHER].outcome == "published"
    assert not report.succeeded
    assert ask(tmp_path, "SELECT record_id FROM vehicle ORDER BY ALL") == before
    assert ask(tmp_path, "SELECT count(*) > 0 FROM incident") == [(True,)]


def test_a_source_with_a_mistake_in_its_mapping_stops_alone(tmp_path: Path) -> None:
    federation = tmp_path / "federation"
    for room in ("standard", "validation"):
        shutil.copytree(ROOT / room, federation / room)
    for source in (SOURCE, OTHER):
        for room in ("adapters", "mappings"):
            shutil.copytree(ROOT / room / source, federation / room / source)
    if (ROOT / "mappings" / "crosswalks").is_dir():
        shutil.copytree(ROOT / "mappings" / "crosswalks", federation / "mappings" / "crosswalks")
    mapping = federation / "mappings" / SOURCE / "vehicle.yaml"
    mapping.write_text(mapping.read_text("utf-8").replace("\nfields:", "\nfeilds:"), "utf-8")
    data = tmp_path / "data"
    drop(data, OTHER, *sample(OTHER))

    report = run(data, federation=federation)

    ((name, error),) = report.broken
    assert (name, error.code) == (SOURCE, "config.unknown-key")
    assert error.place is not None and error.place.startswith(str(mapping))
    assert error.remedy is not None and "fields" in error.remedy
    assert [export.outcome for export in report.exports] == ["published"]
