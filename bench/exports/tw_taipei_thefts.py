"""Places of thefts in three files: Minguo dates, time slots, ranges of house numbers, a lost character here and there.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# File, category, its share of the rows.
_FILES = (("car", "汽車竊盜", 0.12), ("home", "住宅竊盜", 0.74), ("scooter", "機車竊盜", 0.14))
_HEADER = "編號,案類,發生日期,發生時段,發生地點"
_PLACES = (
    ("中山區", "", "林森北路"), ("士林區", "福佳里", "文林路"),
    ("萬華區", "糖?里", "大理街"), ("北投區", "泉源里", "泉源路"),
    ("大安區", "", "仁愛路4段"), ("內湖區", "", "康寧路3段"),
    ("中正區", "文北里", "杭州南路1段"), ("松山區", "", "塔悠路"),
    ("信義區", "富台里", "忠孝東路5段"), ("文山區", "萬美里", "萬寧街"),
    ("南港區", "", "研究院路2段"), ("大同區", "", "民樂街"),
)  # fmt: skip


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """One file a category in ``folder``, together ``rows`` rows."""
    random = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths, left = [], rows
    for name, category, share in _FILES:
        count = left if name == _FILES[-1][0] else min(left, round(rows * share))
        left -= count
        lines = [_HEADER, *(_row(random, number, category, count) for number in range(1, count + 1))]
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text("\n".join(lines) + "\n", "utf-8-sig")
    return paths


def _row(random: Random, number: int, category: str, count: int) -> str:
    day = date(2015, 1, 1) + timedelta(min(4200, number * 4200 // count + random.randrange(20)))
    minguo = f"{day.year - 1911}{day:%m%d}"
    width = random.choices((2, 3), (95, 5))[0]
    start = random.randrange(24 // width) * width
    slot = f"{start:02d}~{start + width:02d}"
    district, village, street = random.choice(_PLACES)
    lane = f"{random.randrange(1, 600)}巷" if random.random() < 0.5 else ""
    house = random.randrange(30) * 30 + 1
    address = f"{random.choice(('臺', '臺', '臺', '台'))}北市{district}{village}{street}{lane}{house}~{house + 29}號"
    chance = random.random()
    if chance < 0.002:
        minguo = f"{day.year - 1911}1332"
    elif chance < 0.004:
        return f"{number},{category},{minguo},{slot}"
    elif chance < 0.005:
        number = max(1, number - 1)
    elif chance < 0.006:
        category = "其他竊盜"
    elif chance < 0.01:
        slot = f" {slot}"
    elif chance < 0.012:
        address = f'"{address}""機車停車"""'
    return f"{number},{category},{minguo},{slot},{address}"
