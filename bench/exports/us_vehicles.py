"""A stolen vehicle master file: EBCDIC, fixed width, signed numbers overpunched.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from bench.exports.invented import VEHICLES, random_vin

if TYPE_CHECKING:
    from pathlib import Path

LENGTH = 160
_WIDTHS = (1, 10, 2, 9, 10, 2, 4, 2, 20, 4, 4, 3, 2, 7, 8, 20, 9, 8, 35)
_POSITIVE, _NEGATIVE = "{ABCDEFGHI", "}JKLMNOPQR"
# Maker: its part of the VIN, make, models, styles.
_MAKERS = (
    ("1FT", "FORD", ("F15", "F25", "RGR"), ("PK",)),
    ("1FA", "FORD", ("MUS", "FOC"), ("2D", "4D")),
    ("1G1", "CHEV", ("MAL", "CRZ", "CAM"), ("4D", "2D")),
    ("4T1", "TOYT", ("CAM", "AVL"), ("4D",)),
    ("1HG", "HOND", ("ACC", "CIV"), ("4D", "2D")),
    ("5YJ", "TESL", ("MOD", "MDS"), ("4D",)),
    ("1HD", "HD", ("FLH", "XLH"), ("MC",)),
    ("KMH", "HYUN", ("ELA", "SON"), ("4D",)),
    ("WBA", "BMW", ("320", "530"), ("4D", "SW")),
    ("WVW", "VOLK", ("GOL", "PAS"), ("4D", "SW")),
    ("LRB", "BUIC", ("ENV",), ("UT",)),
    ("1FU", "FRHT", ("CAS",), ("TT",)),
)
_POOL_MAKES = {"HONDA": "HOND", "TESLA": "TESL", "VOLKSWAGEN": "VOLK", "BMW": "BMW", "TOYOTA": "TOYT"}
_COLOURS = ("BLK", "WHI", "SIL", "GRY", "BLU", "RED", "DBL", "MAR", "TAN", "GRN", "BLU/WHI", "RED/BLK", "")
_STATES = ("OH", "TX", "CA", "NY", "FL", "IL", "NB", "ON", "PQ", "MX")
_REMARKS = ("", "", "", "DENT ON LEFT REAR DOOR", "KEYS IN VEHICLE", "ROOF RACK", "CRACKED WINDSHIELD")


def record(*values: str) -> bytes:
    """One entry of 160 bytes; every value is cut or filled to its field."""
    return "".join(value.ljust(width)[:width] for value, width in zip(values, _WIDTHS, strict=True)).encode(
        "cp037"
    )


def zoned(number: int, width: int) -> str:
    """A signed decimal whose last digit carries the sign: -121 is 0012J."""
    digits = f"{abs(number):0{width}d}"
    return digits[:-1] + (_POSITIVE if number >= 0 else _NEGATIVE)[int(digits[-1])]


def frame(entries: list[bytes], day: str) -> bytes:
    """The file: what opens it, the entries, what counts them."""
    head = f"0HEADER SVMF {day}".ljust(LENGTH).encode("cp037")
    foot = f"9TRAILER {len(entries):09d}".ljust(LENGTH).encode("cp037")
    return b"".join((head, *entries, foot))


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One file of ``rows`` entries in ``folder``."""
    random = Random(seed)
    entries = [_entry(random, number) for number in range(1, rows + 1)]
    for number, vehicle in enumerate(VEHICLES):
        if rows > 200 and vehicle.make in _POOL_MAKES:
            entries[100 + number] = _pool_entry(random, number)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "SVMF.D20261120.DAT"
    path.write_bytes(frame(entries, "20261120"))
    return [path]


def _entry(random: Random, number: int) -> bytes:
    wmi, make, models, styles = random.choice(_MAKERS)
    stolen = date(2022, 1, 1) + timedelta(random.randrange(1780))
    year = random.randrange(1998, stolen.year + 2)  # a model year begins in the year before
    vin = random_vin(random, wmi, year, check=wmi != "WVW")
    theft = int(stolen.strftime("%Y%m%d"))
    key = random.choices(("EV", "EF", "LV", "XV"), (90, 3, 4, 3))[0]
    chance = random.random()
    nic = f"V{number:09d}"
    if chance < 0.003:
        nic = ""
    elif chance < 0.006:
        nic = f"V{max(number - 7, 1):09d}"
    elif chance < 0.008:
        key = "E?"
    elif chance < 0.03:
        vin = vin[:8] + random.choice("0123456789X") + vin[9:]
    elif chance < 0.04:
        vin = random.choice(("UNK", vin[:13], vin.replace("0", "O"), f"{vin[:3]} {vin[3:9]}-{vin[9:]}"))
    elif chance < 0.06:
        theft = random.choice((0, theft // 100 * 100, theft // 10000 * 10000))
    value = random.randrange(100_000, 6_500_000) * random.choices((1, -1, 0), (90, 2, 8))[0]
    plate = random.choices(
        (f"{random.choice('ABCGHJKR')}{random.choice('XKQR')}{number % 100000:05d}", "UNK", "NONE"),
        (95, 3, 2),
    )[0]
    return record(
        "1",
        nic,
        key,
        f"{random.choice(('OHOHP', 'TXDPS', 'CACHP'))}{random.randrange(9999):04d}",
        plate,
        random.choice(_STATES),
        str(stolen.year + 1),
        "MC" if "MC" in styles else "PC",
        vin,
        zoned(random.choices((year, 0), (97, 3))[0], 4),
        make,
        random.choice(models),
        random.choice(styles),
        random.choice(_COLOURS),
        zoned(theft, 8),
        f"{stolen.year % 100}-{random.randrange(99999):05d}",
        zoned(value, 9),
        (stolen + timedelta(random.randrange(4))).strftime("%Y%m%d"),
        random.choice(_REMARKS),
    )


def _pool_entry(random: Random, number: int) -> bytes:
    """A vehicle that another country knows too."""
    vehicle = VEHICLES[number]
    return record(
        "1",
        f"V9{number:08d}",
        "EV" if vehicle.country == "US" else "EF",
        "OHOHP4172",
        vehicle.plate.replace(" ", ""),
        "OH" if vehicle.country == "US" else "",
        "2026",
        "PC",
        vehicle.vin,
        zoned(vehicle.year, 4),
        _POOL_MAKES[vehicle.make],
        vehicle.model[:3].upper(),
        "4D",
        {"silver": "SIL", "white": "WHI"}.get(vehicle.colour, ""),
        zoned(20260300 + random.randrange(1, 29), 8),
        f"26-4172{number}",
        zoned(2_450_000, 9),
        "20260401",
        "",
    )
