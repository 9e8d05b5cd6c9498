"""The Polish list of wanted persons: cp1250, dashes for nothing, two countries in one cell, rows of dashes only.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bench.exports.invented import NAMES, PEOPLE

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    "ID;Imię i nazwisko;Drugie imię;Pseudonim;Data urodzenia;Miejsce urodzenia;Płeć;Obywatelstwo;Imię ojca;Imię matki;"
    "Nazwisko panieńskie matki;Wzrost;Kolor oczu;WŁOSY;Podstawy poszukiwań"
)
_CITIZENSHIPS = (
    *("POLSKA",) * 30,
    "UKRAINA", "GRUZJA", "ROSJA", "NIEMCY", "WIELKA BRYTANIA", "ARMENIA ROSJA", "NIEMCY JUGOSŁAWIA", "ZAIR", "SYJAM",
    "JUGOSŁAWIA", "POLSKIE BEZ NR PESEL", "UKRAINA MOŁDAWIA RUMUNIA", "UKRAINA WIELKA BRYTANIA", "NIEUSTALONE",
    "BEZPAŃSTWOWIEC", "RPA", "-",
)  # fmt: skip
_NATIONAL = {
    "UA": "UKRAINA",
    "DE": "NIEMCY",
    "PL": "POLSKA",
    "AM": "ARMENIA ROSJA",
    "TR": "TURCJA",
    "RU": "ROSJA",
}
_GROUNDS = (
    "Art. 278 § 1 KK Kradzież", "Art. 279 § 1 KK Kradzież z włamaniem", "Art. 286 § 1 KK Oszustwo",
    "list gończy: Art. 148 § 1 KK Zabójstwo", "Art. 209 § 1 KK Niealimentacja", "Art. 178a § 1 KK",
    '"Art. 280 § 1 KK Rozbój; Art. 158 § 1 KK Bójka"',
)  # fmt: skip
_EYES = ("niebieskie", "piwne", "brązowe", "zielone", "szare", "-")
_HAIR = ("blond, krótkie", "ciemny blond", "czarne, kręcone", "łysy", "siwe", "brązowe, długie", "-")
_TOWNS = ("ŁÓDŹ", "GDAŃSK", "BIAŁYSTOK", "ŻYWIEC", "ŚWIDNICA", "-")


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One file."""
    random = Random(seed)
    pool = [person for person in PEOPLE if person.nationality in _NATIONAL and "İ" not in person.given]
    lines: list[bytes] = [HEADER.encode("cp1250")]
    for number in range(rows):
        cells = _row(random, number)
        if number < len(pool):
            known = pool[number]
            cells[1] = f"{known.given} {known.family}".upper()
            cells[2], cells[4] = "-", known.birth_date
            cells[6], cells[7] = "kobieta" if known.sex == "F" else "mężczyzna", _NATIONAL[known.nationality]
        chance = random.random() if number >= len(pool) else 1.0  # the pool is always whole
        if chance < 0.01:
            cells = ["-"] * len(cells)  # a page that was not rendered
        elif chance < 0.012:
            cells = cells[:-1]
        elif chance < 0.014:
            cells[0] = "-"
        elif chance < 0.016:
            cells[0] = str(100_000 + max(number - 1, 0))
        elif chance < 0.018:
            cells[4] = random.choice(("ok. 1980", "1983-13-01"))
        line = ";".join(cells).encode("cp1250")
        if 0.018 <= chance < 0.02:
            line = line.replace(b";", b";\x81", 1)  # a byte that cp1250 does not have
        lines.append(line)
    path = folder / "poszukiwani_2026-11-20.csv"
    path.write_bytes(b"\r\n".join(lines) + b"\r\n")
    return [path]


def _row(random: Random, number: int) -> list[str]:
    woman = random.random() < 0.12
    families, men, women = NAMES["pl"]
    names = women if woman else men
    low = random.randint(155, 195)
    return [
        str(100_000 + number),
        f"{random.choice(names)} {random.choice(families)}".upper(),
        random.choice(names).upper() if random.random() < 0.5 else "-",
        random.choice(("-", "-", "-", "KRÓTKI", "ŁYSY, GĄBKA")),
        f"{random.randint(1950, 2006)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}",
        random.choice(_TOWNS),
        "kobieta" if woman else "mężczyzna" if random.random() > 0.01 else "nieznana",
        random.choice(_CITIZENSHIPS),
        random.choice(men).upper(),
        random.choice(women).upper(),
        random.choice((random.choice(families).upper(), "-")),
        random.choice((f"{low} cm", f"{low}-{low + 4} cm", "-")),
        random.choice(_EYES),
        random.choice(_HAIR),
        random.choice(_GROUNDS),
    ]
