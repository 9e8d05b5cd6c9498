"""Bicycle thefts in Latin-1 without an id: equal rows are several thefts.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = (
    "ANGELEGT_AM,TATZEIT_ANFANG_DATUM,TATZEIT_ANFANG_STUNDE,TATZEIT_ENDE_DATUM,TATZEIT_ENDE_STUNDE,LOR,SCHADENSHOEHE,"
    "VERSUCH,ART_DES_FAHRRADS,DELIKT,ERFASSUNGSGRUND"
)
_KINDS = (
    ("Herrenfahrrad", 46), ("Damenfahrrad", 26), ("Fahrrad", 15), ("Kinderfahrrad", 4), ("Mountainbike", 4),
    ("diverse Fahrräder", 3), ("Rennrad", 2), ("Lastenfahrrad", 1),
)  # fmt: skip
_OFFENCES = (
    ("Fahrraddiebstahl", "Sonstiger schwerer Diebstahl von Fahrrädern", 89),
    ("Keller- und Bodeneinbruch", "Sonstiger schwerer Diebstahl in/aus Keller/Boden von Fahrrädern", 6),
    ("Fahrraddiebstahl", "Einfacher Diebstahl von Fahrrädern", 5),
    ("Fahrraddiebstahl", "Einfacher Diebstahl aus Keller/Boden von Fahrrädern", 1),
)


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One file of ``rows`` rows in ``folder``, newest first."""
    random = Random(seed)
    lines: list[str] = []
    for number in range(rows):
        entered = date(2026, 11, 20) - timedelta(number * 680 // max(rows, 1))
        lines.append(_row(random, entered))
        if random.random() < 0.002:
            lines.append(lines[-1])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "Fahrraddiebstahl.csv"
    path.write_bytes("".join(f"{line}\r\n" for line in (_HEADER, *lines[:rows])).encode("latin-1"))
    return [path]


def _row(random: Random, entered: date) -> str:
    begin = entered - timedelta(random.randrange(4))
    end = min(entered, begin + timedelta(random.randrange(2)))
    first, last = sorted((random.randrange(24), random.randrange(24)))
    offence, reason, _ = random.choices(_OFFENCES, [share for _, _, share in _OFFENCES])[0]
    kind = random.choices([name for name, _ in _KINDS], [share for _, share in _KINDS])[0]
    cells = [
        f"{entered:%d.%m.%Y}", f"{begin:%d.%m.%Y}", f"{first:02d}", f"{end:%d.%m.%Y}", f"{last:02d}",
        f"{random.randrange(1, 13):02d}{random.randrange(100, 600)}{random.randrange(100, 1000)}",
        str(round(random.lognormvariate(6.5, 0.7))), random.choices(("Nein", "Ja", "Unbekannt"), (994, 5, 1))[0],
        kind, offence, reason,
    ]  # fmt: skip
    chance = random.random()
    if chance < 0.002:
        cells.append("")
    elif chance < 0.004:
        cells[1] = "31.02.2026"
    elif chance < 0.006:
        cells[8] = "Einrad"
    elif chance < 0.008:
        cells[5] = cells[5].lstrip("0")
    return ",".join(cells)
