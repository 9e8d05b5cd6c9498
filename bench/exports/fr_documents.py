"""A register of stolen and lost documents: a SQLite database with the view that the owner opened.

Invariant: the same seed gives the same rows; a database of the same name is replaced.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from random import Random

from bench.exports.invented import DOCUMENTS, NAMES, PEOPLE, mrz

SCRIPT = Path(__file__).parents[2] / "adapters" / "fr-documents" / "sample" / "registre.sql"
_STATES = ("FRA",) * 90 + ("D", "GBD", "ITA", "ESP", "POL", "UKR", "MAR", "RKS", "XXB")
# Kind, document code and size of its machine readable zone.
_KINDS = (
    ("PASSEPORT", "P", "TD3"),
    ("PASSEPORT", "P", "TD3"),
    ("CNI", "ID", "TD1"),
    ("CNI", "ID", "TD1"),
    ("TITRE DE SEJOUR", "IR", "TD1"),
    ("VISA", "V", "TD2"),
    ("PERMIS", "", ""),
)
_POOL_KINDS = {"passport": ("PASSEPORT", "P", "TD3"), "id_card": ("CNI", "ID", "TD1")}
_PLACES = ("Lyon", "Marseille", "Lille", "Gare du Nord", "Aéroport de Nice", "Saint-Étienne", "")
_TABLES = {"VOL": "titres_voles", "VOL EN BLANC": "titres_voles"}
_COLUMNS = (
    "reference, actif, type_document, numero, etat_emetteur, autorite, motif, date_evenement, "
    "pays_evenement, lieu, circonstances, date_emission, date_expiration, date_maj"
)


def build(database: Path, script: Path = SCRIPT, *, with_rows: bool = True) -> Path:
    """A SQLite database from ``script``; without rows, its tables and its view only."""
    database.unlink(missing_ok=True)
    text = script.read_text(encoding="utf-8")
    if not with_rows:
        text = ";\n".join(part for part in text.split(";\n") if "INSERT INTO" not in part)
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(text)
        connection.commit()
    return database


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """``registre.sqlite`` in ``folder`` with ``rows`` rows in its view."""
    random = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    database = build(folder / "registre.sqlite", with_rows=False)
    reports: dict[str, list[tuple[str | None, ...]]] = {"titres_voles": [], "titres_perdus": []}
    zones: list[tuple[str | None, ...]] = []
    for number in range(1, rows + 1):
        report, zone = _report(random, number, number - 1 if rows > 100 else len(DOCUMENTS))
        reports[_TABLES.get(str(report[6]), "titres_perdus")].append(report)
        if zone and report[0]:
            zones.append((report[0], *(*zone, None)[:3]))
    with closing(sqlite3.connect(database)) as connection:
        for table, lines in reports.items():
            marks = ", ".join("?" * 14)
            connection.executemany(f"INSERT INTO {table} ({_COLUMNS}) VALUES ({marks})", lines)
        connection.executemany(
            "INSERT INTO zones (reference, mrz_1, mrz_2, mrz_3) VALUES (?, ?, ?, ?)", zones
        )
        connection.commit()
    return [database]


def _report(random: Random, number: int, pool: int) -> tuple[tuple[str | None, ...], list[str]]:
    kind, code, size = random.choice(_KINDS)
    state = random.choice(_STATES)
    family, given, sex = _holder(random)
    birth = f"{random.randrange(40, 100)}{random.randrange(1, 13):02d}{random.randrange(1, 29):02d}"
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    plain = f"{random.randrange(100):02d}{random.choice(letters)}{random.choice(letters)}{number:05d}"
    if pool < len(DOCUMENTS):
        document = DOCUMENTS[pool]
        holder = PEOPLE[document.holder]
        kind, code, size = _POOL_KINDS[document.document_class]
        plain, state, family, given, sex = (
            document.number,
            document.state,
            holder.family,
            holder.given,
            holder.sex,
        )
        birth = holder.birth_date[2:].replace("-", "")
    reason = random.choices(
        ("VOL", "PERTE", "VOL EN BLANC", "INVALIDE", "FAUX", "RETROUVE", "XX"), (40, 45, 4, 6, 2, 3, 0.3)
    )[0]
    happened = date(2019, 1, 1) + timedelta(random.randrange(2880))
    issued = happened - timedelta(random.randrange(30, 3000))
    expires = date(issued.year + 10, issued.month, min(issued.day, 28))
    zone: list[str] = []
    if code and random.random() < 0.9:
        person = (family, given, state, birth, sex)
        zone = mrz(size, code, state, plain, person, expires.strftime("%y%m%d"))
        if random.random() < 0.01:  # one character misread
            place = random.randrange(0, 9)
            zone[-2 if size == "TD1" else -1] = _misread(zone[-2 if size == "TD1" else -1], place)
    day = happened.isoformat()
    if random.random() < 0.04:
        day = random.choice((day[:7] + "-00", day[:4] + "-00-00", day[:8] + "32"))
    typed: str | None = random.choice(
        (plain, plain.lower(), f"{plain[:2]} {plain[2:4]} {plain[4:]}", f"{plain[:4]}-{plain[4:]}")
    )
    if random.random() < 0.003:
        typed = random.choice((None, "-"))
    mark = {"VOL": "V", "VOL EN BLANC": "V", "INVALIDE": "I", "FAUX": "F"}.get(reason, "P")
    reference = f"{mark}-{happened.year}-{number:07d}"
    return (
        reference if random.random() > 0.002 else None,
        random.choices("ON", (97, 3))[0],
        kind,
        typed,
        state,
        "" if state != "FRA" else "Préfecture du Rhône",
        reason,
        day,
        "FRA",
        random.choice(_PLACES),
        random.choice(("", "vol à la tire", "cambriolage", "")),
        issued.isoformat(),
        expires.isoformat(),
        f"{happened.isoformat()} 08:15:00",
    ), zone


def _holder(random: Random) -> tuple[str, str, str]:
    families, men, women = NAMES["fr"]
    sex = random.choice("MF")
    return random.choice(families), random.choice(men if sex == "M" else women), sex


def _misread(line: str, place: int) -> str:
    return line[:place] + ("0" if line[place] != "0" else "8") + line[place + 1 :]
