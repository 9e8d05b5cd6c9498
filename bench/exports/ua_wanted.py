"""Persons hiding from the authorities: a JSON array, every name in Ukrainian, Russian and, rarely, English.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from bench.exports.invented import NAMES, PEOPLE, plain

if TYPE_CHECKING:
    from pathlib import Path

_PATRONYMICS = (
    (("Олександрович", "Александрович"), ("Олександрівна", "Александровна")),
    (("Ігорович", "Игоревич"), ("Ігорівна", "Игоревна")),
    (("Григорович", "Григорьевич"), ("Григорівна", "Григорьевна")),
    (("Юрійович", "Юрьевич"), ("Юріївна", "Юрьевна")),
)
_UKRAINIAN = {"Сергеевна": "Сергіївна"}
_POLICE = ("ПОДІЛЬСЬКЕ УП", "ШЕВЧЕНКІВСЬКЕ УП", "ЛЬВІВСЬКЕ РУП", "ОДЕСЬКЕ РУП", "ХАРКІВСЬКЕ РУП №1")
_CATEGORIES = (
    "ОСОБА, ЯКА ПЕРЕХОВУЄТЬСЯ ВІД ОРГАНІВ ДОСУДОВОГО РОЗСЛІДУВАННЯ",
    "ОСОБА, ЯКА УХИЛЯЄТЬСЯ ВІД ВІДБУВАННЯ ПОКАРАННЯ",
    "ОСОБА, ЯКА ПЕРЕХОВУЄТЬСЯ ВІД СУДУ",
)
_ARTICLES = ("СТ.185 Ч.3", "СТ.289 Ч.2", "СТ.190 Ч.4", "СТ.115 Ч.2", "СТ.307 Ч.2", "СТ.186 Ч.2; СТ.309 Ч.1")
_RESTRAINTS = ("ТРИМАННЯ ПІД ВАРТОЮ", "НЕ ОБИРАВСЯ", "ДОМАШНІЙ АРЕШТ", "ОСОБИСТЕ ЗОБОВ'ЯЗАННЯ", None)
_PLACES = (
    "М.КИЇВ, ПОДІЛЬСЬКИЙ",
    "ЛЬВІВСЬКА ОБЛ., М.ЛЬВІВ",
    "ОДЕСЬКА ОБЛ., М.ОДЕСА",
    "ХАРКІВСЬКА ОБЛ., М.ХАРКІВ",
)


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One array."""
    random = Random(seed)
    pool = [person for person in PEOPLE if "uk" in person.scripts]
    lines: list[bytes] = []
    for number in range(rows):
        card = _card(random, number)
        if number < len(pool):
            known = pool[number]
            (card["LAST_NAME_U"], card["FIRST_NAME_U"]) = known.scripts["uk"]
            (card["LAST_NAME_R"], card["FIRST_NAME_R"]) = known.scripts["ru"]
            card["MIDDLE_NAME_R"] = known.patronymic or None
            card["MIDDLE_NAME_U"] = _UKRAINIAN.get(known.patronymic, known.patronymic) or None
            card["LAST_NAME_E"], card["FIRST_NAME_E"] = plain(known.family), plain(known.given)
            card["BIRTH_DATE"] = f"{known.birth_date}T00:00:00"
            card["SEX"] = "ЖІНОЧА" if known.sex == "F" else "ЧОЛОВІЧА"
        chance = random.random() if number >= len(pool) else 1.0  # the pool is always whole
        if chance < 0.002:
            card["ID"] = None
        elif chance < 0.004 and number:
            card["ID"] = 3_000_000_000_000 + number - 1
        elif chance < 0.006:
            card["BIRTH_DATE"] = random.choice(("1987-02-31T00:00:00", "0001-01-01T00:00:00", "невідомо"))
        line = json.dumps(card, ensure_ascii=False, separators=(",", ":")).encode()
        if 0.006 <= chance < 0.008:
            line = line[: len(line) // 2] + b"\xff" + line[len(line) // 2 :]
        lines.append(line)
    path = folder / "wanted.json"
    path.write_bytes(b"[\n" + b",\n".join(lines) + b"\n]\n")
    return [path]


def _card(random: Random, number: int) -> dict[str, Any]:
    woman = random.random() < 0.15
    families, families_r = NAMES["uk"][0], NAMES["ru"][0]
    given, given_r = NAMES["uk"][1 + woman], NAMES["ru"][1 + woman]
    family, first = random.randrange(len(families)), random.randrange(len(given))
    patronymic = random.choice(_PATRONYMICS)[woman] if random.random() > 0.05 else (None, None)
    english = random.random() < 0.1
    lost = f"{random.randint(2008, 2025)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
    birth = f"{random.randint(1950, 2006)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
    return {
        "ID": 3_000_000_000_000 + number,
        "OVD": random.choice(_POLICE),
        "CATEGORY": random.choice(_CATEGORIES),
        "FIRST_NAME_U": given[first].upper(),
        "LAST_NAME_U": families[family].upper(),
        "MIDDLE_NAME_U": patronymic[0] and patronymic[0].upper(),
        "FIRST_NAME_R": given_r[first].upper(),
        "LAST_NAME_R": families_r[family].upper(),
        "MIDDLE_NAME_R": patronymic[1] and patronymic[1].upper(),
        "FIRST_NAME_E": "OLEKSII" if english else None,
        "LAST_NAME_E": "ZRAZKIVCHUK" if english and random.random() < 0.8 else None,
        "MIDDLE_NAME_E": None,
        "BIRTH_DATE": f"{birth}T00:00:00",
        "SEX": random.choice(("ЖІНОЧА", "Жіноча")) if woman else random.choice(("ЧОЛОВІЧА", "Чоловіча")),
        "LOST_DATE": f"{lost}T00:00:00",
        "LOST_PLACE": random.choice(_PLACES),
        "ARTICLE_CRIM": random.choice(_ARTICLES),
        "RESTRAINT": random.choice(_RESTRAINTS),
        "CONTACT": "0-00-00, 102",
        "PHOTOID": 4_000_000 + number if random.random() < 0.7 else None,
    }
