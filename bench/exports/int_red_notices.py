"""Red notices: HAL JSON, warrants inside, partial dates, pseudo-codes among the nationalities.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from bench.exports.invented import NAMES, PEOPLE, plain

if TYPE_CHECKING:
    from pathlib import Path

_SERVICE = "https://ws-public.interpol.int/notices/v1/red"
_COUNTRIES = (
    "AR",
    "BR",
    "SV",
    "RU",
    "UA",
    "PL",
    "DE",
    "TR",
    "MA",
    "PK",
    "IN",
    "TH",
    "SA",
    "YE",
    "GE",
    "AM",
    "MD",
)
_LANGUAGES = ("ENG", "SPA", "RUS", "GER", "FRE", "ARA", "POR", "UKR", "POL", "TUR")
# The charge in the language of the requester, and the translation that only some notices have.
_CHARGES = (
    ("Kradzież z włamaniem", "Burglary"),
    ("Homicidio agravado", "Aggravated homicide"),
    ("Мошенничество, совершенное организованной группой", "Fraud committed by an organised group"),
    ("Bandenmäßiger Handel mit Betäubungsmitteln", "Drug trafficking by a gang"),
    ("Vol à main armée", None),
    ("تهريب المخدرات", "Drug smuggling"),
    ("Tráfico de pessoas", None),
    ("Незаконне заволодіння транспортним засобом", None),
)


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One list of notices, every notice in full."""
    random = Random(seed)
    notices = []
    for number in range(rows):
        notice = _notice(random, number)
        text = json.dumps(notice, ensure_ascii=False, separators=(",", ":"))
        chance = random.random() if number >= len(PEOPLE) else 1.0  # the pool is always whole
        if chance < 0.002:
            text = text.replace('"entity_id":"', '"entity_id":"\\q', 1)  # no escape that JSON has
        elif chance < 0.004:
            text = json.dumps(notice | {"entity_id": None}, ensure_ascii=False, separators=(",", ":"))
        elif chance < 0.006 and notices:
            text = notices[-1].decode("utf-8", "replace")
        line = text.encode()
        if 0.006 <= chance < 0.008:
            line = line.replace(b'"name":"', b'"name":"\xc9', 1)  # one Latin-1 letter in UTF-8
        notices.append(line)
    head = {"total": rows, "query": {"page": 1, "resultPerPage": rows}}
    body = json.dumps(head, separators=(",", ":"))[:-1].encode() + b',"_embedded":{"notices":[\n'
    end = b'\n]},"_links":{"self":{"href":"' + f"{_SERVICE}?resultPerPage={rows}&page=1".encode() + b'"}}}\n'
    path = folder / "red_notices.json"
    path.write_bytes(body + b",\n".join(notices) + end)
    return [path]


def _notice(random: Random, number: int) -> dict[str, Any]:
    entity = f"{2010 + number % 17}/9{number:05d}"
    family, given, sex, birth, nationality, place = _person(random, number)
    nationalities = [nationality]
    if random.random() < 0.1:
        nationalities.append(random.choice(_COUNTRIES))
    if random.random() < 0.03:
        nationalities = [*nationalities[:1], random.choice(("914", "922"))]
    asking = [random.choice(_COUNTRIES)] + ([random.choice(_COUNTRIES)] if random.random() < 0.06 else [])
    page = f"{_SERVICE}/{entity.replace('/', '-')}"
    links = {"self": {"href": page}, "images": {"href": f"{page}/images"}}
    if random.random() < 0.8:
        links["thumbnail"] = {"href": f"{page}/images/{62_000_000 + number}"}
    return {
        "arrest_warrants": [_warrant(random, country) for country in asking],
        "weight": random.choice((0, 0, random.randint(50, 120))),
        "forename": given,
        "date_of_birth": birth,
        "entity_id": entity,
        "languages_spoken_ids": random.sample(_LANGUAGES, random.randint(0, 3)),
        "nationalities": nationalities,
        "height": random.choice((0, round(random.uniform(1.5, 2.0), 2))),
        "sex_id": sex if random.random() > 0.005 else "U",
        "country_of_birth_id": nationality if random.random() > 0.01 else random.choice(("YU", "SU", "914")),
        "name": family if random.random() > 0.004 else "-",
        "distinguishing_marks": random.choice((None, None, "TATTOO ON LEFT ARM", "SCAR ON CHIN")),
        "eyes_colors_id": random.choice(([], ["BRO"], ["BLU"], ["GRN", "BRO"], ["BLA"])),
        "hairs_id": random.choice(([], ["BLA"], ["BRO"], ["GRY"], ["BAL"], ["BLN"])),
        "place_of_birth": place,
        "_embedded": {"links": []},
        "_links": links,
    }


def _person(random: Random, number: int) -> tuple[str, str, str, str, str, str | None]:
    if number < len(PEOPLE):
        known = PEOPLE[number]
        family = known.family.upper()
        return (
            family, known.given.upper(), known.sex, known.birth_date.replace("-", "/"), known.nationality,
            plain(known.birth_place),
        )  # fmt: skip
    families, men, women = NAMES[random.choice(("es", "fr", "de", "en", "pl"))]
    sex = "F" if random.random() < 0.12 else "M"
    day = f"{random.randint(1950, 2006)}/{random.randint(1, 12):02d}/{random.randint(1, 28):02d}"
    chance = random.random()
    birth = day[:7] if chance < 0.03 else day[:4] if chance < 0.06 else day
    if chance > 0.998:
        birth = "1985/02/30"
    given = random.choice(women if sex == "F" else men)
    return random.choice(families).upper(), given.upper(), sex, birth, random.choice(_COUNTRIES), None


def _warrant(random: Random, country: str) -> dict[str, str | None]:
    charge, translation = random.choice(_CHARGES)
    return {"issuing_country_id": country, "charge": charge, "charge_translation": translation}
