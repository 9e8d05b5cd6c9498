"""A list of stolen vehicles without a header: plates that come back, trailers for makes, years of 0.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from bench.exports.invented import VEHICLES

if TYPE_CHECKING:
    from pathlib import Path

_LAST = date(2026, 11, 16)
_LETTERS = "ABCDEFGHJKLMNPQRSTUWXYZ"
_COLOURS = (
    "White",
    "Silver",
    "Blue",
    "Red",
    "Grey",
    "Black",
    "Green",
    "Brown",
    "Gold",
    "Yellow",
    "Cream",
    "",
)
_REGIONS = (
    ("Auckland City", 17), ("Canterbury", 15), ("Counties/Manukau", 14), ("Wellington", 13), ("Waitemata", 13),
    ("Waikato", 8), ("Bay of Plenty", 6), ("Central", 5), ("Eastern", 4), ("Northland", 4), ("Southern", 2),
    ("Tasman", 1),
)  # fmt: skip
# Make, model, type, and how often.
_KINDS = (
    ("Nissan", "SKYLINE", "Saloon", 20), ("Toyota", "HIACE", "Light Van", 18), ("Subaru", "LEGACY", "Stationwagon", 16),
    ("Mazda", "FAMILIA", "Hatchback", 10), ("Ford", "FALCON", "Utility", 8), ("Trailer", "TANDEM", "Trailer", 9),
    ("Trailer", "", "Boat Trailer", 2), ("Homebuilt", "", "Trailer", 2), ("Kea", "K74SQ", "Trailer", 1),
    ("Moped", "SCOOTER 50", "Moped", 3), ("Yamaha", "TTR230", "Trail Bike", 2), ("Isuzu", "ELF", "Flat Deck Truck", 2),
    ("Mercedes-Benz", "E240", "Saloon", 1), ("Landrover", "DISCOVERY", "Stationwagon", 1), ("", "", "", 1),
    ("Caravan", "CRUISER", "Caravan", 1), ("Mitsubishi", "ROSA", "Light Bus (up to 10 seats)", 1),
)  # fmt: skip


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One list of ``rows`` rows in ``folder``."""
    random = Random(seed)
    kinds, weights = [kind[:3] for kind in _KINDS], [kind[3] for kind in _KINDS]
    regions, shares = [name for name, _ in _REGIONS], [share for _, share in _REGIONS]
    lines: list[bytes] = []
    for _ in range(rows):
        make, model, kind = random.choices(kinds, weights)[0]
        reported = (_LAST - timedelta(random.randrange(184))).isoformat()
        year = "0" if not kind else str(random.randrange(1985, 2026))
        colour = random.choice(_COLOURS) if kind else ""
        cells = [
            _plate(random, kind),
            colour,
            make,
            model,
            year,
            kind,
            reported,
            random.choices(regions, shares)[0],
        ]
        chance = random.random()
        if chance < 0.002 and lines:
            lines.append(lines[-1])  # the same report, printed twice
            continue
        if chance < 0.004:
            cells[random.choice((1, 2, 5))] = "Unlisted"
        elif chance < 0.006:
            cells.append("")
        elif chance < 0.007:
            cells[3] = "\x96"
        lines.append(",".join(cells).encode("latin-1"))
    for vehicle in VEHICLES:
        if vehicle.country in ("NZ", "DE"):
            plate = vehicle.plate.replace(" ", "")
            cells = [
                plate,
                vehicle.colour.title(),
                vehicle.make.title(),
                vehicle.model.upper(),
                str(vehicle.year),
            ]
            lines[: min(1, rows)] = []
            lines.append(",".join([*cells, "Saloon", "2026-10-04", "Auckland City"]).encode())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"stolenvehicles-{_LAST}.csv"
    path.write_bytes(b"\n".join(lines[:rows]) + b"\n")
    return [path]


def _plate(random: Random, kind: str) -> str:
    if "Trailer" in kind or kind == "Caravan":
        return f"{random.choice(_LETTERS)}{random.randrange(1000):03d}{random.choice(_LETTERS)}"
    if kind == "Trail Bike" and random.random() < 0.2:
        return random.choice(("BIKE", "OFFROAD", f"{random.randrange(1_000_000):06d}"))
    return "".join(random.choices(_LETTERS, k=3)) + f"{random.randrange(1000):03d}"
