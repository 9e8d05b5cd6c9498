"""Persons of several scripts, and things with numbers, as two countries published them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comity.config.settings import Settings
from comity.mappings.transliterate import name_key
from comity.store.view_sql import literal
from tests.query.conftest import ROOT, Said, comity
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store

__all__ = ["Said", "comity"]

# full name, birth date as known, first and last day of it, and what its source made the key of, if not of all of it
PEOPLE = [
    ("Grenhal Ostap Romanovych", "1979-04-17", "1979-04-17", "1979-04-17"),
    ("ГРЕНГАЛЬ Остап", "1979", "1979-01-01", "1979-12-31"),
    ("Tormül Jürgen", "1968-11-02", "1968-11-02", "1968-11-02"),
    ("Yurii Kovbarenko", "1990-07-05", "1990-07-05", "1990-07-05"),
    ("Юрий Щедронин", "1985-05-06", "1985-05-06", "1985-05-06"),
    ("Anna Tormül", None, None, None),
    ("خالد زکریا مصطفى الافتراضی", "1990-01-25", "1990-01-25", "1990-01-25", "خالد الافتراضی"),
    ("ออสตัป โควาเลนชุก", "1979-04-17", "1979-04-17", "1979-04-17", "OSTAP KOVALENCHUK"),
    ("سالم غرنهال", "1971-01-30", "1971-01-30", "1971-01-30"),
]


def person_file(store: Store, run_id: str, name: str, people: list[Any], source: str, country: str) -> Path:
    """A staged file of persons; the last of the list has an alias."""
    alias = "Ferryman Alpha" if country == "AA" else "Ferryman Beta"
    values = {
        column: "CASE i "
        + " ".join(f"WHEN {i} THEN {literal(value)}" for i, value in enumerate(each) if value)
        + " END"
        for column, each in {
            "full_name": [person[0] for person in people],
            "name_key": [name_key((*person, person[0])[4]) for person in people],
            "birth_date": [person[1] for person in people],
            "birth_date_earliest": [person[2] for person in people],
            "birth_date_latest": [person[3] for person in people],
        }.items()
        if any(each)
    }
    values |= {
        "record_id": f"md5('{source}{name}' || i)",
        "plate": "NULL",
        "status": "'wanted'",
        "handling_conditions": "'Do not approach.'" if country == "AA" else "NULL",
        "confidentiality": "'OFFICIAL_USE_ONLY'",
        "handling_codes": "['H1']",
        "permitted_purposes": "['locate_person_or_object']",
        "other_names": f"CASE WHEN i = {len(people) - 1} THEN [{{'full_name': '{alias}', 'family_name': NULL, "
        "'given_names': NULL, 'patronymic': NULL, "
        "'name_type': 'alias', 'script': 'Latn'}] END",
    }
    return small.write_records(
        store.layout.staging_of(run_id) / f"{name}.parquet",
        len(people),
        record_type=small.standard().record_types["person"],
        source=source,
        country=country,
        changed=values,
    )


def publish_people(store: Store, name: str, people: list[Any], source: str, country: str) -> None:
    from comity.store import Account, Publication

    run_id = store.begin_run()
    store.record_source(source, country, title="Persons", authority=f"Force of {country}")
    path = person_file(store, run_id, name, people, source, country)
    account = Account(run_id, source, small.EXPORT, "person", len(people), len(people), 0, 0, len(people))
    small.record_export(store, run_id, source)
    file = small.staged(path, len(people), source, country, "person")
    store.publish(run_id, [Publication(source, country, small.EXPORT, small.VERSION, (file,), (account,))])
    store.end_run(run_id, "succeeded")


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two countries' persons, and vehicles."""
    data = tmp_path_factory.mktemp("search") / "data"
    store = small.open_store(data, whole=True)
    publish_people(store, "a", PEOPLE[:4], "aa-people", "AA")
    publish_people(store, "b", PEOPLE[4:], "bb-people", "BB")
    small.publish(store, {"cc-cars": 300})
    return Settings(data, ROOT)
