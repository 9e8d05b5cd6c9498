"""Persons whom two or three countries know, and things with numbers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from comity.config.settings import Settings
from comity.linking.find import find_links
from comity.store import Account, Publication
from comity.store.view_sql import literal
from tests.query.conftest import ROOT, Said, comity
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store

__all__ = ["Said", "comity"]

Row = dict[str, str]
"""Column → SQL."""


def person(family: str, given: str, born: str, **more: str) -> Row:
    day = f"DATE {literal(born)}"
    return {
        "full_name": literal(f"{given} {family}"), "family_name": literal(family), "given_names": literal(given),
        "birth_date": literal(born), "birth_date_earliest": day, "birth_date_latest": day, "status": "'wanted'",
        "sex": "'M'", **more,
    }  # fmt: skip


def publish_rows(
    store: Store, country: str, rows: list[Row], record_type: str = "person", first: int = 0
) -> None:
    """The rows as the whole export of that country's source; ``first``: the number in the first record's id."""
    source = f"{country.lower()}-{record_type.replace('_', '-')}"
    run_id = store.begin_run()
    store.record_source(source, country, title=record_type, authority=f"Force of {country}")
    names = sorted({name for row in rows for name in row})
    cases = {
        name: [f"WHEN {first + i} THEN {row[name]}" for i, row in enumerate(rows) if name in row]
        for name in names
    }
    changed = {name: " ".join(["CASE i", *each, "END"]) for name, each in cases.items()}
    envelope = {
        "plate": "NULL", "confidentiality": "'RESTRICTED'" if country == "BB" else "'OFFICIAL_USE_ONLY'",
        "handling_codes": "['H1']" if country == "BB" else "['H0']", "review_due": "DATE '2030-01-01'",
        "permitted_purposes": f"['border_control'{', ' + repr('arrest') if country == 'AA' else ''}]",
        "recipients_deny": "['CC']" if country == "AA" else "[]", "legal_hold": "false",
        "recipients_allow": "['AA']" if country == "AA" else "['BB']" if country == "BB" else "[]",
    }  # fmt: skip
    path = small.write_records(
        store.layout.staging_of(run_id) / "rows.parquet", len(rows),
        record_type=small.standard().record_types[record_type], source=source, country=country,
        changed={**envelope, **changed}, first=first,
    )  # fmt: skip
    account = Account(run_id, source, small.EXPORT, record_type, len(rows), len(rows), 0, 0, len(rows))
    small.record_export(store, run_id, source)
    file = small.staged(path, len(rows), source, country, record_type)
    store.publish(run_id, [Publication(source, country, small.EXPORT, small.VERSION, (file,), (account,))])
    store.end_run(run_id, "succeeded")


OSTAP = person("Kovbarenko", "Ostap", "1979-04-17")
OSTAP_THERE = person("КОВБАРЕНКО", "Остап", "1979-04-17", personal_number="'123-456 789'")
OSTAP_ELSEWHERE = person(
    "Kovbarenkoh", "Ostap Romanovych", "1979-01-01", personal_number="'123456789'", sex="'F'"
)
OTHER = person("Tormül", "Jürgen", "1968-11-02")


@pytest.fixture(scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "data"
    store = small.open_store(folder, whole=True)
    publish_rows(store, "AA", [OSTAP, OTHER, OSTAP])
    publish_rows(store, "BB", [OSTAP_THERE])
    publish_rows(store, "CC", [OSTAP_ELSEWHERE])
    return folder


@pytest.fixture(scope="session")
def _linked(_published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = _copy(_published, tmp_path_factory.mktemp("linked"))
    find_links(settings, likely=False, fresh_only=False)
    return settings.data_dir


def _copy(data: Path, folder: Path) -> Settings:
    shutil.copytree(data, folder / "data")
    small.open_store(folder / "data", whole=True).refresh_views()
    return Settings(folder / "data", ROOT, jobs=1)


@pytest.fixture
def settings(_published: Path, tmp_path: Path) -> Settings:
    """Five persons of three countries, of whom no links are known yet."""
    return _copy(_published, tmp_path)


@pytest.fixture
def linked(_linked: Path, tmp_path: Path) -> Settings:
    """The same after ``comity links find``: three possible links."""
    return _copy(_linked, tmp_path)
