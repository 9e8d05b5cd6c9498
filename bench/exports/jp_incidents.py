"""Street crime in the form of the National Police Agency: a file a crime, in two encodings under one extension.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

COMMON = (
    "罪名", "手口", "管轄警察署（発生地）", "管轄交番・駐在所（発生地）", "市区町村コード（発生地）",
    "都道府県（発生地）", "市区町村（発生地）", "町丁目（発生地）", "発生年月日（始期）", "発生時（始期）", "発生場所",
)  # fmt: skip
# What a file has besides, by the crime it is about.
MORE = {
    "hittakuri": ("ひったくり", ("被害者の性別", "被害者の年齢", "現金被害の有無", "現金以外の主な被害品")),
    "shajounerai": ("車上ねらい", ("施錠関係", "現金被害の有無", "現金以外の主な被害品")),
    "jidousha": ("自動車盗", ("発生場所の詳細", "施錠関係", "盗難防止装置の有無")),
    "jitensha": ("自転車盗", ("発生場所の詳細", "被害者の年齢", "被害者の職業", "施錠関係")),
}
_PLACES = (
    ("北", "271276", "大阪市北区", ("梅田１丁目", "天神橋3丁目", "中之島２丁目")),
    ("南", "271284", "大阪市中央区", ("難波1丁目", "心斎橋筋２丁目")),
    ("堺", "271411", "堺市堺区", ("翁橋町１丁", "大浜北町2丁")),
    ("布施", "272272", "東大阪市", ("足代１丁目", "長堂3丁目")),
)
_KINDS = ("道路上", "駐車（輪）場", "一戸建住宅", "４階建て以上共同住宅", "その他", "駅、その他の鉄道施設")
_FULL = str.maketrans("0123456789", "０１２３４５６７８９")
_CELLS = {
    "被害者の性別": ("男性", "女性"),
    "被害者の年齢": ("20歳代", "３０歳代", "70歳以上", "不明"),
    "被害者の職業": ("高校生", "会社員", "その他"),
    "現金被害の有無": ("あり", "なし"),
    "施錠関係": ("施錠した", "施錠せず", "不明"),
    "盗難防止装置の有無": ("あり", "なし"),
    "発生場所の詳細": ("", "駅前", "①番出口付近"),
    "現金以外の主な被害品": ("なし", "バッグ類", "携帯電話", "電化製品"),
}


def as_utf8(header: Sequence[str], rows: Iterable[Sequence[str]], *, broken: bool = True) -> bytes:
    """Commas and a byte order mark; the header's cells broken over two lines before the bracket."""
    text = io.StringIO(newline="")
    lines = [name.replace("（", "\n（") if broken else name for name in header]
    csv.writer(text, lineterminator="\r\n").writerows([lines, *rows])
    return text.getvalue().encode("utf-8-sig")


def as_shift_jis(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Tabs, no quotes."""
    return "".join("\t".join(row) + "\r\n" for row in (header, *rows)).encode("cp932")


def era(day: date, style: int) -> str:
    """令和6年1月5日, R6.1.5, or the first in full-width digits; the first year is 元年."""
    name, letter, first = ("令和", "R", 2018) if day >= date(2019, 5, 1) else ("平成", "H", 1988)
    year = day.year - first
    if style == 1:
        return f"{letter}{year}.{day.month}.{day.day}"
    text = f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return text.translate(_FULL) if style == 2 else text


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """A file a crime, every other one in Shift JIS."""
    random = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (name, (crime, more)) in enumerate(MORE.items()):
        count = rows // len(MORE) + (number < rows % len(MORE))
        lines = [_row(random, crime, more) for _ in range(count)]
        encode = as_shift_jis if number % 2 else as_utf8
        paths.append(folder / f"prefecture_2025{name}.csv")
        paths[-1].write_bytes(encode((*COMMON, *more), lines))
    return paths


def _row(random: Random, crime: str, more: tuple[str, ...]) -> list[str]:
    station, code, city, blocks = random.choice(_PLACES)
    day = date(2019, 1, 1) + timedelta(random.randrange(2500))
    hour = random.choices((str(random.randrange(24)), "不明"), (90, 10))[0]
    if random.random() < 0.2:
        hour, code = hour.translate(_FULL), code.translate(_FULL)
    when = era(day, random.randrange(3))
    chance = random.random()
    if chance < 0.003:
        when = random.choice(("令和7年13月1日", "昭和99年1月1日", "不明"))
    elif chance < 0.005:
        crime = "置引き"
    row = ["窃盗", crime, f"{station}警察署", f"{city[-3:]}交番", code, "大阪府", city, random.choice(blocks)]
    row += [when, hour, random.choice(_KINDS), *(random.choice(_CELLS[name]) for name in more)]
    if chance > 0.997:
        return row[:-1]
    return row
