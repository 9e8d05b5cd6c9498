"""Records as entities of FollowTheMoney: what becomes of each column, what leaves, what links them, and that the
package followthemoney itself, in an environment of its own, finds nothing wrong.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from comity.config.settings import Settings
from comity.errors import QueryError
from comity.query.federation import open_federation
from comity.query.ftm import Written, write_ftm
from comity.store import Account, Publication, StagedFile
from tests.query.conftest import ROOT
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.query.conftest import Said

EVERY = "FROM person UNION ALL BY NAME FROM vehicle UNION ALL BY NAME FROM identity_document"
ALL = f"SELECT record_id FROM ({EVERY})"
# Rows of each record type, as SQL by column; a row's id is that of its number.
PERSONS = (
    {"full_name": "'Оксана Коваль'", "full_name_latin": "'Oksana Koval'", "birth_date": "'1979-04'",
     "nationalities": "['UA', 'XXA', 'SUHH']", "birth_country": "'DDDE'", "sex": "'F'", "status": "'wanted'",
     "languages": "['ukr', 'eus']", "height_cm": "170", "eye_colours": "['BLU', 'XXX']", "personal_number": "'77'",
     "other_names": "[{'full_name': 'Oxana', 'name_type': 'nickname'}, {'full_name': 'Oksana Bondar', 'name_type': "
     "'maiden'}, {'full_name': 'O. Smith', 'name_type': 'alias'}, {'full_name': 'Oxana Kowal', 'name_type': 'mrz'}]"},
    {"full_name": "'A Victim'", "birth_date": "'1965~'", "status": "'wanted'", "identity_basis": "'misused'",
     "other_names": "[{'full_name': repeat('n', 400), 'name_type': 'alias'}]", "birth_place": "repeat('p', 1500)",
     "personal_number": "repeat('1', 70)", "remarks": "repeat('r', 66000) || 'end'"},
    {"full_name": "'Secret'", "status": "'wanted'", "handling_codes": "['H1', 'H2']"},
    {"full_name": "'Reserved'", "status": "'missing'", "recipients_allow": "['PL']", "handling_codes": "['H1']"},
    {"full_name": "'Denied'", "status": "'missing'", "recipients_deny": "['PL']",
     "permitted_purposes": "['border_control']"},
)  # fmt: skip
VEHICLES: tuple[dict[str, str], ...] = (
    {
        "make": "'TOYOTA'",
        "model": "'Hiace'",
        "vin": "'JTFHX02P2F0099999'",
        "plate": "'AB1'",
        "plate_country": "'GB'",
    },
    {"plate": "NULL", "model_year": "2005"},
)
DOCUMENTS = (
    {"document_class": "'passport'", "number": "'X1'", "holder_record_id": "id('person', 0)",
     "issuing_country": "'UA'", "expiry_date": "'2030-01-01'"},
    {"document_class": "'driving_licence'", "number": "'X2'", "holder_name": "'Somebody'", "issuing_country": "'XPO'"},
    {"document_class": "'passport'", "number": "'X3'"},
    {"document_class": "'passport'", "number": "'X4'", "holder_record_id": "id('person', 2)"},
    {"document_class": "'id_card'", "number": "'X5'"},
)  # fmt: skip
LINKS = (
    ("person", 0, "possible_same_as", "person", 1, "16.0"), ("person", 0, "owner", "vehicle", 0, "NULL"),
    ("person", 1, "driver", "vehicle", 0, "NULL"), ("person", 0, "relative", "person", 1, "NULL"),
    ("person", 0, "not_same_as", "person", 1, "NULL"), ("person", 0, "owner", "person", 2, "NULL"),
    ("person", 1, "holder", "identity_document", 4, "NULL"), ("vehicle", 0, "found_at", "identity_document", 0, "NULL"),
)  # fmt: skip


def _id(kind: str, number: int) -> str:
    return md5(f"{kind}{number}".encode()).hexdigest()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A store with the records above, all of one owner."""
    folder = tmp_path_factory.mktemp("ftm")
    links = tuple(
        {"from_record_type": f"'{one}'", "from_record_id": f"id('{one}', {i})", "role": f"'{role}'",
         "to_record_type": f"'{other}'", "to_record_id": f"id('{other}', {j})", "weight": weight,
         "reasons": "['the same day']"}
        for one, i, role, other, j, weight in LINKS
    )  # fmt: skip
    store = small.open_store(folder / "data", whole=True)
    run_id, source = store.begin_run(), "aa-register"
    files, accounts = [], []
    for kind, rows in (
        ("person", PERSONS), ("vehicle", VEHICLES), ("identity_document", DOCUMENTS), ("link", links)
    ):  # fmt: skip
        path = store.layout.staging_of(run_id) / f"{kind}.parquet"
        small.write_records(
            path, len(rows), record_type=small.standard().record_types[kind], source=source,
            changed=_columns(kind, rows),
        )  # fmt: skip
        files.append(StagedFile.of(kind, source, "AA", path, len(rows)))
        accounts.append(Account(run_id, source, small.EXPORT, kind, len(rows), len(rows), 0, 0, len(rows)))
    store.publish(
        run_id, [Publication(source, "AA", small.EXPORT, small.VERSION, tuple(files), tuple(accounts))]
    )
    store.end_run(run_id, "succeeded")
    return Settings(folder / "data", ROOT)


def _columns(kind: str, rows: tuple[dict[str, str], ...]) -> dict[str, str]:
    """SQL over ``i`` for every column that a row has; where one does not, its plain value."""
    plain = {
        "handling_codes": "['H0']", "permitted_purposes": "['border_control', 'warn']", "status": "'stolen'",
        "confidentiality": "'RESTRICTED'", "category": "'automobile'", "number": "'0'",
    }  # fmt: skip
    lists = {c.name for c in small.standard().record_types[kind].columns if c.is_list}
    names = {name for row in rows for name in row} | set(plain)
    made = {
        name: f"CASE i {' '.join(f'WHEN {i} THEN {row[name]}' for i, row in enumerate(rows) if name in row)} "
        f"ELSE {plain.get(name, '[]' if name in lists else 'NULL')} END"
        if any(name in row for row in rows)
        else plain[name]
        for name in names
    }
    made = {name: sql.replace("id('", "md5('").replace("', ", "' || ") if "id('" in sql else sql
            for name, sql in made.items()}  # fmt: skip
    return made | {"record_id": f"md5('{kind}' || i)"}


def _export(
    settings: Settings, query: str = ALL, recipient: str | None = None, purpose: str | None = None
) -> tuple[dict[str, dict[str, Any]], Written]:
    """Entities by id, and what was said."""
    target = io.BytesIO()
    with open_federation(settings) as federation, federation.connect() as connection:
        written = write_ftm(connection, connection.sql(query), target, recipient, purpose)
    entities = [json.loads(line) for line in target.getvalue().splitlines()]
    assert len(entities) == written.entities
    return {entity["id"]: entity for entity in entities}, written


def test_a_person_has_all_that_the_record_says_and_no_more(settings: Settings) -> None:
    person = _export(settings)[0][_id("person", 0)]
    said = dict(person["properties"])
    notes = said.pop("notes")
    assert said == {
        "name": ["Oksana Koval", "Oxana Kowal", "Оксана Коваль"], "alias": ["O. Smith"],
        "previousName": ["Oksana Bondar"], "weakAlias": ["Oxana"], "gender": ["female"], "birthDate": ["1979-04"],
        "birthCountry": ["dd"], "nationality": ["suhh", "ua"], "idNumber": ["77"], "height": ["170 cm"],
        "eyeColor": ["Blue"], "spokenLanguage": ["ukr"], "topics": ["wanted"], "keywords": ["wanted"],
    }  # fmt: skip
    assert person["schema"] == "Person" and person["datasets"] == ["aa_register"]
    assert person["first_seen"] == "2026-01-01T00:00:00"
    # What is no country, no language there, and what the owner says of its use, is told in words.
    assert {
        "Nationality stateless person (1954 Convention)", "Speaks: eus", "Confidentiality: restricted",
        "Handling: H0 only for preventing and combating crime", "May be processed for: border control",
        f"Record {person['id']} of aa-register: row 1 of export {small.EXPORT}",
    } <= set(notes)  # fmt: skip


def test_a_date_goes_as_far_as_it_is_known_and_a_victim_of_identity_theft_is_not_wanted(
    settings: Settings,
) -> None:
    victim = _export(settings)[0][_id("person", 1)]["properties"]
    assert victim["birthDate"] == ["1965"] and "Born 1965~" in victim["notes"]
    assert "topics" not in victim and "Identity: belongs to someone else" in victim["notes"]


def test_what_is_too_long_for_a_property_is_told_whole_in_the_notes(settings: Settings) -> None:
    said = _export(settings)[0][_id("person", 1)]["properties"]

    assert said["alias"] == ["n" * 383 + "…"] and said["birthPlace"] == ["p" * 1023 + "…"]
    assert "idNumber" not in said, "a part of a number would be another number"
    whole = {"alias: " + "n" * 400, "birthPlace: " + "p" * 1500, "idNumber: " + "1" * 70}
    assert whole | {"r" * 65000, "r" * 1000 + "end"} <= set(said["notes"])


def test_a_vehicle_has_a_name_whatever_is_known(settings: Settings) -> None:
    found, _ = _export(settings)
    toyota, other = found[_id("vehicle", 0)]["properties"], found[_id("vehicle", 1)]["properties"]
    assert toyota["name"] == ["Toyota Hiace"] and toyota["registrationNumber"] == ["AB1"]
    assert toyota["country"] == ["gb"] and "VIN JTFHX02P2F0099999" in toyota["notes"]
    assert other["name"] == ["car"] and "Model year 2005" in other["notes"]


def test_a_document_has_a_holder_or_stays_behind(settings: Settings) -> None:
    found, written = _export(settings)
    passport = found[_id("identity_document", 0)]
    assert passport["schema"] == "Passport" and passport["properties"]["number"] == ["X1"]
    assert passport["properties"]["holder"] == [_id("person", 0)] and passport["properties"]["country"] == [
        "ua"
    ]
    assert passport["properties"]["endDate"] == ["2030-01-01"]
    licence = found[_id("identity_document", 1)]
    (holder,) = licence["properties"]["holder"]
    assert licence["schema"] == "Identification" and found[holder]["properties"]["name"] == ["Somebody"]
    assert "Issued by INTERPOL" in licence["properties"]["description"]
    assert found[_id("identity_document", 4)]["properties"]["holder"] == [_id("person", 1)]
    # One has no holder, the holder of the other may not leave.
    assert not {_id("identity_document", 2), _id("identity_document", 3)} & set(found)
    assert written.left_out["documents whose holder is not known or may not leave"] == 2


def test_a_document_brings_its_holder(settings: Settings) -> None:
    found, _ = _export(settings, "SELECT record_id FROM identity_document WHERE number IN ('X1', 'X5')")
    documents = {_id("identity_document", 0), _id("identity_document", 4)}
    persons = {_id("person", 0), _id("person", 1)}
    assert documents | persons <= set(found)
    links = [entity["schema"] for entity in found.values() if entity["id"] not in documents | persons]
    assert sorted(links) == ["Family", "Similar"]


def test_links_lead_from_entity_to_entity(settings: Settings) -> None:
    found, written = _export(settings)
    links = {e["schema"]: e["properties"] for e in found.values() if e["schema"] not in ("Person", "Vehicle")}
    assert links["Similar"]["candidate"] == [_id("person", 0)] and links["Similar"]["match"] == [
        _id("person", 1)
    ]
    assert links["Similar"]["confidenceScore"] == ["16.0"] and "the same day" in links["Similar"]["criteria"]
    assert links["Ownership"]["owner"] == [_id("person", 0)] and links["Ownership"]["asset"] == [
        _id("vehicle", 0)
    ]
    assert links["Family"]["person"] == [_id("person", 0)] and links["Family"]["relative"] == [
        _id("person", 1)
    ]
    assert links["UnknownLink"]["subject"] == [_id("person", 1)] and links["UnknownLink"]["role"] == ["drove"]
    # Nothing leads to the secret person, and nobody said that two records are the same.
    assert (
        len([e for e in found.values() if e["schema"] in ("Similar", "Ownership", "Family", "UnknownLink")])
        == 4
    )
    assert written.left_out["links of documents other than to their holder"] == 1


SECRET, RESERVED, DENIED = (_id("person", number) for number in (2, 3, 4))


@pytest.mark.parametrize(
    ("recipient", "purpose", "gone"),
    [
        (None, None, {SECRET, RESERVED, DENIED}),
        ("PL", None, {SECRET, DENIED}),
        ("DE", None, {SECRET, RESERVED}),
        ("AA", None, {SECRET}),
        ("PL", "warn", {SECRET, DENIED}),
        ("DE", "warn", {SECRET, RESERVED, DENIED}),
    ],
)
def test_what_its_owner_does_not_allow_does_not_leave(
    settings: Settings,
    recipient: str | None,
    purpose: str | None,
    gone: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The store's owner is AA, which is no country of the list; that a recipient is one is checked apart.
    monkeypatch.setattr("comity.query.ftm.check_code", lambda *_: None)
    found, written = _export(settings, "SELECT record_id FROM person", recipient, purpose)
    everybody = {_id("person", number) for number in range(len(PERSONS))}
    assert everybody - set(found) == gone
    assert sum(written.left_out.values()) == len(gone)


def test_a_restriction_of_use_travels_with_the_entity(settings: Settings) -> None:
    reserved = _export(settings, recipient="PL")[0][RESERVED]["properties"]["notes"]
    assert any(
        note.startswith("Handling: H1 not to be disclosed in judicial proceedings") for note in reserved
    )


def test_what_cannot_be_meant_is_an_error_with_its_code(settings: Settings) -> None:
    for query, recipient, purpose, code in (
        ("SELECT full_name FROM person", None, None, "query.no-record-id"),
        (ALL, "P", None, "query.unknown-code"),
        (ALL, None, "sale", "query.unknown-code"),
    ):
        with pytest.raises(QueryError) as error:
            _export(settings, query, recipient, purpose)
        assert error.value.code == code


def test_other_records_are_counted_and_ids_stay_the_same(settings: Settings) -> None:
    found, written = _export(settings, "SELECT record_id FROM link UNION ALL SELECT record_id FROM vehicle")
    assert written.left_out == {"records that are no person, vehicle or document": len(LINKS)}
    assert found == _export(settings, "SELECT record_id FROM link UNION ALL SELECT record_id FROM vehicle")[0]


def test_the_command_says_what_stayed_behind(
    settings: Settings, tmp_path: Path, comity: Callable[..., Said]
) -> None:
    file = tmp_path / "all.ftm"
    said = comity(settings.data_dir, "sql", "SELECT record_id FROM person", "--output", str(file))
    assert said.code == 0 and said.out == ""
    assert "entities" in said.err and "left out: 1 (handling code H2" in said.err
    assert [json.loads(line)["schema"] for line in file.read_text("utf-8").splitlines()][:2] == ["Person"] * 2
    assert comity(settings.data_dir, "sql", "FROM person", "--recipient", "PL").code == 2


def _python() -> Path:
    """Of the environment that `make test` makes, or that somebody names."""
    python = Path(os.environ.get("COMITY_TEST_FTM") or Path(sys.prefix) / "ftm" / "bin" / "python")
    if not python.exists():
        pytest.skip(
            "followthemoney is not there: it needs ICU and a compiler to be installed (apt install libicu-dev "
            "pkg-config g++, then make test), or COMITY_TEST_FTM to name a Python that has it"
        )
    return python


def _checked(*arguments: str) -> Any:
    check = Path(__file__).with_name("followthemoney_check.py")
    done = subprocess.run(
        [_python(), check, *arguments], capture_output=True, text=True, check=True, timeout=300
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_followthemoney_itself_finds_nothing_wrong(
    settings: Settings, night: Settings, tmp_path: Path
) -> None:
    """With the records above, and with those of a night over the samples of all sources."""
    for number, each in enumerate((settings, night)):
        file = tmp_path / f"{number}.ftm"
        with (
            open_federation(each) as federation,
            federation.connect() as connection,
            file.open("wb") as target,
        ):
            assert write_ftm(connection, connection.sql(ALL), target, "FR").entities > 8
        assert _checked(str(file)) == []


@pytest.mark.slow
def test_every_country_that_is_written_is_one_there() -> None:
    from comity.query.ftm_entities import countries_of

    with (ROOT / "standard" / "code_lists" / "country.csv").open(encoding="utf-8") as file:
        rows = [
            (row["code"], json.dumps({"kind": row["kind"], "ftm": row["ftm"]}))
            for row in csv.DictReader(file)
        ]
    known = countries_of(rows)
    assert len(known) > 250 and _checked("country", *known.values()) == []
