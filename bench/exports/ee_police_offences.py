"""Offences against property and public order: quoted cells between tabs, padded weekdays, several types in a cell.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = str.split(
    "JuhtumId ToimKpv ToimKell ToimNadalapaev SyndmusLiik SyndmusTaiendavStatLiik Seadus Paragrahv ParagrahvTais Loige "
    "Kahjusumma KohtLiik MaakondNimetus ValdLinnNimetus KohtNimetus Lest_X Lest_Y SyyteoLiik"
)
_WEEKDAYS = ("Esmaspäev", "Teisipäev", "Kolmapäev", "Neljapäev", "Reede     ", "Laupäev  ", "Pühapäev")
_THEFT = ("199", "Vargus", "KT")
_PETTY = ("218", "Varavastane süütegu väheväärtusliku asja ja varalise õiguse vastu", "VT")
_ORDER = ("262", "Avaliku korra rikkumine", "VT")
_GRAVE = ("263", "Avaliku korra raske rikkumine", "KT")
# Types of event, finer types, paragraph, and how often.
_KINDS = (
    ("VARGUS", "MUU_VARGUS", _THEFT, 36), ("VARGUS", "MOBIILTELEFONIVARGUS,TASKUVARGUS", _THEFT, 2),
    ("JALGRATTA_MOPEEDI_VARGUS", "JALGRATTAVARGUS", _THEFT, 4), ("PISIVARGUS", "", _PETTY, 27),
    ("PISIVARGUS,VARGUS", "", _PETTY, 2), ("VANDALISM", "", _PETTY, 7), ("LITTER,VANDALISM", "", _PETTY, 1),
    ("AVALIKU_KORRA_RIKKUMINE", "", _ORDER, 8), ("AVALIKU_KORRA_RIKKUMINE,MUU", "", _ORDER, 1),
    ("AVALIKU_KORRA_RIKKUMINE,KEHALINE_VAARKOHTLEMINE", "", _GRAVE, 3),
    ("AVALIKU_KORRA_RIKKUMINE,JUHTUM_TULIRELVAGA", "", _GRAVE, 1),
    ("ROOVIMINE", "MUU_ROOVIMINE", ("200", "Röövimine", "KT"), 1), ("MUU", "LEID", ("201", "Omastamine", "KT"), 1),
    ("MOOTORSOIDUKI_VARGUS", "SOIDUAUTO_OMAVOLILINE_KASUTAMINE", ("215", "Asja omavoliline kasutamine", "KT"), 1),
    ("", "", _GRAVE, 1),
)  # fmt: skip
_PLACES = (
    ("Harju maakond", "Tallinn", "Kesklinna linnaosa", 6588000, 541000, 40),
    ("Harju maakond", "Tallinn", "Põhja-Tallinna linnaosa", 6590000, 539000, 25),
    ("Tartu maakond", "Tartu linn", "Tartu linn", 6474000, 659000, 15),
    ("Ida-Viru maakond", "Narva linn", "Narva linn", 6588000, 736000, 10),
    ("Pärnu maakond", "Pärnu linn", "Pärnu linn", 6471000, 529000, 5),
)
_KINDS_OF_PLACE = (
    "AVALIK_KOHT,KAUPLUS", "AVALIK_KOHT,KAUPLUS", "AVALIK_KOHT,TANAV_VALJAK", "AVALIK_KOHT", "TANKLA", "MUU KOHT",
    "AVALIK_KOHT,PARKLA,TANAV_VALJAK", "AVALIK_KOHT,UHISSOIDUK",
)  # fmt: skip


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One file of ``rows`` rows in ``folder``."""
    random = Random(seed)
    lines = [_line(_HEADER)]
    case = ""
    while len(lines) <= rows:
        case = f"{random.getrandbits(32):08x}-{random.getrandbits(16):04x}-18da-8000-{random.getrandbits(48):012x}"
        row = _offence(random, case)
        chance = random.random()
        if chance < 0.003:
            row[1] = "2026-02-30"
        elif chance < 0.006:
            row[4] = "KOSMOSEVARGUS"
        elif chance < 0.008:
            row = row[:17]
        lines.append(_line(row))
        if chance > 0.995:  # a second offence of the same case
            row[5], row[7], row[8], row[17] = "", "§ 203.", "§ 203. Asja rikkumine ja hävitamine", "KT"
            lines.append(_line(row))
        elif chance > 0.993:
            lines.append(lines[-1])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "avalik_1.csv"
    path.write_bytes("".join(lines[: rows + 1]).encode())
    return [path]


def _offence(random: Random, case: str) -> list[str]:
    types, finer, (paragraph, title, kind), _ = random.choices(_KINDS, [each[3] for each in _KINDS])[0]
    county, town, part, north, east, _ = random.choices(_PLACES, [each[5] for each in _PLACES])[0]
    day = date(2025, 1, 1) + timedelta(random.randrange(680))
    north, east = north + 500 * random.randrange(8), east + 500 * random.randrange(8)
    known = random.random() > 0.01
    return [
        case,
        day.isoformat(),
        f"{random.randrange(24):02d}:{random.randrange(60):02d}" if random.random() > 0.06 else "",
        _WEEKDAYS[day.weekday()],
        types,
        finer,
        "Karistusseadustik",
        f"§ {paragraph}.",
        f"§ {paragraph}. {title}",
        f"lg. {random.randrange(1, 3)}.",
        random.choices(("0-499", "500-4999", "5000-49999", ""), (75, 11, 1, 13))[0],
        random.choice(_KINDS_OF_PLACE),
        county,
        town,
        part,
        f"{north}-{north + 499}" if known else "",
        f"{east}-{east + 499}" if known else "",
        kind,
    ]


def _line(cells: list[str]) -> str:
    return "\t".join(f'"{cell}"' for cell in cells) + "\r\n"
