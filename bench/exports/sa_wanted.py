"""A Saudi list of wanted persons in two files: Windows-1256 and UTF-8, Umm al-Qura dates. The header is invented.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bench.exports.invented import NAMES, PEOPLE, plain

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    "رقم الطلب,الاسم الأول,اسم الأب,اسم الجد,اسم العائلة,الاسم بالإنجليزية,"
    "الشهرة,رقم الهوية,الجنسية,الجنس,تاريخ الميلاد,"
    "مكان الميلاد,الطول,لون العينين,لون الشعر,علامات فارقة,التهمة,الإجراء المطلوب,تاريخ الطلب,الجهة الطالبة"
)
_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_FARSI = str.maketrans("يك", "یک")  # what a Persian keyboard types for the Arabic letters
_NATIONS = {"UA": "أوكرانيا", "MA": "مغربي", "AM": "أرمينيا", "TH": "تايلاند", "SA": "سعودي"}
_CHARGES = ("سرقة", "مخدرات", "تزوير", "احتيال", "قتل", "سطو")


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """The older system's file and the newer one's, half of the rows each."""
    random = Random(seed)
    pool = [person for person in PEOPLE if "ar" in person.scripts]
    old, new = [HEADER], [HEADER]
    for number in range(rows):
        cells = _row(random, number)
        if number < len(pool):
            known = pool[number]
            cells[4], cells[1] = known.scripts["ar"]
            cells[2] = cells[3] = ""
            cells[5] = f"{plain(known.given)} {plain(known.family)}"
            cells[8], cells[9] = _NATIONS[known.nationality], "أنثى" if known.sex == "F" else "ذكر"
            cells[10] = _hijri(*map(int, known.birth_date.split("-")))
        chance = random.random() if number >= len(pool) else 1.0  # the pool is always whole
        if chance < 0.002:
            cells.append("")
        elif chance < 0.004:
            cells[0] = ""
        elif chance < 0.008:
            # Before the published tables, behind them, a day that no month has, a word.
            cells[10] = random.choice(("1342/05/10", "1501/01/01", "1405/01/31", "غير معروف"))
        elif chance < 0.01:
            cells[0] = f"1446-{max(number - 1, 0):05d}"
        if number % 2:
            key, *rest = cells
            new.append(",".join([key, *(cell.translate(_DIGITS).translate(_FARSI) for cell in rest)]))
        else:
            old.append(",".join(cells))
    paths = [folder / "wanted_1.csv", folder / "wanted_2.csv"]
    paths[0].write_bytes("\r\n".join([*old, ""]).encode("cp1256"))
    paths[1].write_bytes("\n".join([*new, ""]).encode())
    return paths


def _hijri(year: int, month: int, day: int) -> str:
    from hijridate import Gregorian

    date = Gregorian(year, month, day).to_hijri()
    return f"{date.year}/{date.month:02d}/{date.day:02d}"


def _row(random: Random, number: int) -> list[str]:
    woman = random.random() < 0.08
    families, men, women = NAMES["ar"]
    birth = f"{random.randint(1370, 1426)}/{random.randint(1, 12):02d}/{random.randint(1, 29):02d}"
    chance = random.random()
    birth = birth[:4] if chance < 0.05 else birth[:7] if chance < 0.08 else birth
    return [
        f"1446-{number:05d}",
        random.choice(women if woman else men),
        random.choice(men),
        random.choice(men),
        random.choice(families),
        "",
        random.choice(("", "", "", "أبو فهد")),
        f"10000{number % 100_000:05d}",
        random.choice(("سعودي", "سعودي", "سعودي", "يمني", "سوريا", "باكستاني", "مصر", "السودان")),
        random.choice(("أنثى", "انثى")) if woman else "ذكر",
        birth,
        random.choice(("أبها", "جدة", "حائل", "")),
        random.choice(("0", "168", "175", "181")),
        random.choice(("أسود", "بني", "عسلي", "")),
        random.choice(("أسود", "بني", "أصلع", "")),
        random.choice(("", "", "ندبة في الجبين")),
        random.choice(_CHARGES),
        random.choice(("قبض وإحضار", "قبض", "تحديد المكان", "إبلاغ")),
        f"{random.randint(1440, 1447)}/{random.randint(1, 12):02d}/{random.randint(1, 29):02d}",
        random.choice(("شرطة منطقة عسير", "شرطة جدة", "مكافحة المخدرات")),
    ]
