"""A Thai list of warrants: cp874, Buddhist years, both kinds of digits. The header is invented.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bench.exports.invented import NAMES, PEOPLE, plain

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    "เลขที่หมายจับ,คำนำหน้า,ชื่อ,นามสกุล,ชื่อภาษาอังกฤษ,นามสกุลภาษาอังกฤษ,ชื่อเล่น,เพศ,วันเกิด,สัญชาติ,เลขประจำตัวประชาชน,"
    "ส่วนสูง,สีตา,สีผม,ตำหนิรูปพรรณ,ข้อหา,วันออกหมาย,ประเภท,หน่วยงาน,โทรศัพท์"
)
_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
_NATIONS = {"TH": "ไทย", "UA": "ยูเครน", "DE": "เยอรมนี", "MA": "โมร็อกโก", "US": "อเมริกัน", "SA": "ซาอุดีอาระเบีย"}
_CHARGES = ("ลักทรัพย์", "ฉ้อโกงประชาชน", "ยาเสพติด", "ปล้นทรัพย์", "ฆ่าผู้อื่นโดยเจตนา", "ทำร้ายร่างกาย")
_STATIONS = ("สน.ทุ่งสมมุติ", "สภ.เมืองตัวอย่าง", "สน.บางจำลอง")


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One file."""
    random = Random(seed)
    pool = [person for person in PEOPLE if "th" in person.scripts]
    lines: list[bytes] = [HEADER.encode("cp874")]
    for number in range(rows):
        cells = _row(random, number)
        if number < len(pool):
            known = pool[number]
            year, month, day = known.birth_date.split("-")
            cells[3], cells[2] = known.scripts["th"]
            cells[4], cells[5] = plain(known.given), plain(known.family)
            cells[7] = "หญิง" if known.sex == "F" else "ชาย"
            cells[8], cells[9] = f"{day}/{month}/{int(year) + 543}", _NATIONS[known.nationality]
        chance = random.random() if number >= len(pool) else 1.0  # the pool is always whole
        if chance < 0.002:
            cells.append("")
        elif chance < 0.004:
            cells[0] = ""
        elif chance < 0.006:
            cells[8] = random.choice(("31/02/2530", "12/05/1987", "ไม่ทราบ"))
        elif chance < 0.008:
            cells[0] = f"จ.{max(number - 1, 0)}/2566"
        line = ",".join(cells).encode("cp874")
        if 0.008 <= chance < 0.01:
            line += b"\xff"  # a byte that cp874 does not have
        lines.append(line)
    path = folder / "wanted_th.csv"
    path.write_bytes(b"\r\n".join(lines) + b"\r\n")
    return [path]


def _row(random: Random, number: int) -> list[str]:
    woman = random.random() < 0.15
    families, men, women = NAMES["th"]
    birth = f"{random.randint(1, 28):02d}/{random.randint(1, 12):02d}/{random.randint(2493, 2549)}"
    chance = random.random()
    birth = birth[3:] if chance < 0.03 else birth[6:] if chance < 0.06 else birth
    issued = f"{random.randint(1, 28):02d}/{random.randint(1, 12):02d}/{random.randint(2560, 2569)}"
    if random.random() < 0.4:
        birth, issued = birth.translate(_DIGITS), issued.translate(_DIGITS)
    return [
        f"จ.{number}/2566",
        random.choice(("นาง", "นางสาว")) if woman else "นาย",
        random.choice(women if woman else men),
        random.choice(families),
        "",
        "",
        random.choice(("", "", "หนู", "เล็ก", "แดง")),
        "หญิง" if woman else "ชาย" if random.random() > 0.01 else "ไม่ระบุ",
        birth,
        random.choice(("ไทย", "ไทย", "ไทย", "พม่า", "ลาว", "กัมพูชา", "ไทย/ลาว", "จีน")),
        f"9-0000-{number % 100_000:05d}-00-0",
        random.choice(("", "165", "๑๗๒", "178")),
        random.choice(("ดำ", "น้ำตาล", "")),
        random.choice(("ดำ", "หงอก", "ศีรษะล้าน", "")),
        random.choice(("", "", "รอยสักที่แขนซ้าย", "แผลเป็นที่คาง")),
        random.choice(_CHARGES),
        issued,
        random.choice(("หมายจับ", "จับกุม", "สืบหาที่อยู่")),
        random.choice(_STATIONS),
        "191",
    ]
