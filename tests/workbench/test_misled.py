"""Where a proposal once misled whoever tried it: what was wrong and not marked, or could not be compiled."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from comity.workbench.propose import Draft, write_draft
from comity.workbench.schemas import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.standard import Standard

PERSONS = [
    {
        "id": f"MP-{n}",
        "name": "Ana Silva",
        "dob": "1979-01-17",
        "heightInches": n % 20 + 50,
        "aliases": ["Nina"],
    }
    for n in range(60)
]
INCIDENTS = "BO;DATA_OCORRENCIA;LATITUDE;LONGITUDE\n" + "".join(
    f"{n};17/{n % 9 + 1:02d}/2026;{'0;0' if n % 6 == 0 else f'-23,5{n};-46,6{n}'}\n" for n in range(60)
)
VEHICLES = "차량번호,차종,도난일자\n" + "".join(
    f"12가 {n},승용,2026.10.{n % 27 + 1:02d}\n" for n in range(1000, 1060)
)


def mapping(draft: Draft) -> str:
    (text,) = (
        text for path, text in draft.files.items() if path.startswith("mappings/") and path.endswith(".yaml")
    )
    return text


def test_inches_are_no_centimetres(look: Callable[..., Draft]) -> None:
    text = mapping(look({"feed.json": json.dumps(PERSONS).encode()}, record="person"))

    assert "height_cm: {from: heightInches, number: {multiply: 2.54, round: 0}}" in text


def test_a_list_of_aliases_is_a_rule_that_compiles_and_a_decision(look: Callable[..., Draft]) -> None:
    text = mapping(look({"feed.json": json.dumps(PERSONS).encode()}, record="person"))
    (line,) = (line for line in text.splitlines() if line.startswith("  other_names:"))

    assert "array_to_string" in line and "TODO" in line


def test_nothing_happens_at_no_degrees(look: Callable[..., Draft]) -> None:
    text = mapping(look({"bo.csv": INCIDENTS.encode()}, record="incident"))

    assert text.count("zero_is_missing: true") == 2


def test_the_korean_word_for_a_kind_of_vehicle_is_no_model(look: Callable[..., Draft]) -> None:
    text = mapping(look({"cars.csv": VEHICLES.encode("cp949")}, record="vehicle"))

    assert "model: 차종" not in text


def test_what_is_written_names_its_schema(look: Callable[..., Draft], tmp_path: Path) -> None:
    written = write_draft(look({"cars.csv": VEHICLES.encode("cp949")}, record="vehicle"), tmp_path / "own")

    first = [path.read_text("utf-8").partition("\n")[0] for path in written if path.suffix == ".yaml"]
    assert len(first) == 3 and all(f"/{FOLDER}/" in line for line in first)


@pytest.mark.parametrize(
    ("header", "letters", "meant"),
    [
        ("apellidos;nombre;sexo", "HM", {"H": "M", "M": "F"}),
        ("apellidos;nombre;sexo", "VM", {"V": "M", "M": "F"}),
        ("achternaam;voornaam;geslacht", "MV", {"M": "M", "V": "F"}),
        ("Családnév;Utónév;Nem", "FN", {"F": "M", "N": "F"}),
        ("Nachname;Vorname;Geschlecht", "MW", {"M": "M", "W": "F"}),
        ("family_name;given_names;sex", "MV", {"M": "TODO", "V": "TODO"}),
    ],
)
def test_a_letter_for_a_sex_means_what_the_other_letter_makes_it_mean(
    look: Callable[..., Draft], header: str, letters: str, meant: dict[str, str]
) -> None:
    rows = "".join(f"Name{n % 7};Other{n % 5};{letters[n % 2]}\n" for n in range(40))
    draft = look({"persons.csv": f"{header}\n{rows}".encode()}, record="person")
    (crosswalk,) = (text for path, text in draft.files.items() if path.endswith("/sex.csv"))

    assert {
        line["source_code"]: line["standard_code"] for line in csv.DictReader(crosswalk.splitlines())
    } == meant


def test_a_country_is_known_by_its_name_in_the_register_s_own_language(look: Callable[..., Draft]) -> None:
    names = ("España", "Marruecos", "Países Bajos", "Corea del Sur")
    rows = "".join(f"Name{n % 7};Other{n % 5};{names[n % 4]}\n" for n in range(40))
    draft = look({"persons.csv": f"apellidos;nombre;nacionalidad\n{rows}".encode()}, record="person")
    (crosswalk,) = (text for path, text in draft.files.items() if path.endswith("/nationalities.csv"))

    lines = list(csv.DictReader(crosswalk.splitlines()))
    assert {line["source_code"]: line["standard_code"] for line in lines} == dict(
        zip(names, ("ES", "MA", "NL", "KR"), strict=True)
    )
    assert "TODO" not in crosswalk


def test_two_letters_are_no_country_by_themselves(look: Callable[..., Draft]) -> None:
    states = ("TX", "CA", "GA", "IL", "MD", "PA")
    rows = "".join(f"N{n:05};{states[n % 6]};1HGCM82633A{n:06}\n" for n in range(60))
    text = mapping(look({"cars.csv": f"NIC;LIS;VIN\n{rows}".encode()}, record="vehicle"))
    (line,) = (line for line in text.splitlines() if "plate_country:" in line)

    assert "TODO" in line


def test_strokes_and_days_of_zeros_are_words_for_nothing(look: Callable[..., Draft]) -> None:
    born = ["17/01/1979", "28/02/1980", "—", "00/00/0000"]
    rows = "".join(f"{n};{born[n % 4]}\n" for n in range(60))

    text = mapping(look({"persons.csv": f"id;data de nascimento\n{rows}".encode()}, record="person"))

    (line,) = (line for line in text.splitlines() if line.startswith("  birth_date:"))
    assert "missing: {00/00/0000: unknown, —: unknown}" in line


def test_a_code_that_is_no_code_of_a_long_list_names_the_nearest_by_code_or_by_label(
    standard: Standard,
) -> None:
    countries = standard.code_lists["country"]

    for meant in ("GRC", "Grece"):
        assert countries.remedy(meant).startswith(
            "did you mean 'GR' (Greece)? comity standard codes country lists all "
        )
    assert "Known: " in standard.code_lists["sex"].remedy("W")


def test_what_a_record_is_found_by_is_proposed_with_the_columns_that_it_is_made_of(
    look: Callable[..., Draft],
) -> None:
    rows = "".join(f"{n};Гнатюк;Ірина;17.01.19{n}\n" for n in range(10, 70))
    names = mapping(look({"p.csv": f"номер;прізвище;ім'я;дата народження\n{rows}".encode()}, record="person"))
    plates = mapping(look({"cars.csv": VEHICLES.encode()}, record="vehicle"))

    assert "full_name_latin: {latin: [ім'я, прізвище], language: uk}" in names
    assert "full_name: {join: [ім'я, прізвище]}" in names and "name_order: {constant: given_first}" in names
    assert "name_key: {name_key: [ім'я, прізвище]}" in names
    assert "plate_key: {sql: " in plates
    (line,) = (line for line in plates.splitlines() if line.startswith("  plate_country:"))
    assert "constant: FR" in line and "TODO" in line, "nobody said that all were registered there"


def test_a_name_that_no_table_has_letters_for_gets_its_key_and_no_latin_form(
    look: Callable[..., Draft],
) -> None:
    rows = "".join(f"{n};Παπαδόπουλος;Γιώργος;17/01/19{n}\n" for n in range(10, 70))
    text = mapping(look({"p.csv": f"Αρ;Επώνυμο;Όνομα;Ημ. Γέννησης\n{rows}".encode()}, record="person"))

    assert "name_key: {name_key: [Όνομα, Επώνυμο]}" in text and "latin" not in text
