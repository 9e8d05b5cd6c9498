"""Daily windows of the latest 500 events: the same event comes again the next day, some of them edited.

Invariant: the same seed gives the same bytes.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_WINDOW = 500
_ZONE = timezone(timedelta(hours=1))
_START = datetime(2026, 11, 10, tzinfo=_ZONE)
_MONTHS = str.split("januari februari mars april maj juni juli augusti september oktober november december")
_TYPES = (
    ("Trafikolycka", 20), ("Sammanfattning natt", 18), ("Övrigt", 6), ("Misshandel", 6), ("Brand", 6),
    ("Rattfylleri", 5),
    ("Trafikkontroll", 4), ("Försvunnen person", 3), ("Trafikolycka, personskada", 3), ("Skadegörelse", 2),
    ("Stöld", 2),
    ("Mord/dråp, försök", 1), ("Våld/hot mot tjänsteman", 1), ("Explosion", 1), ("Narkotikabrott", 1), ("Knivlagen", 1),
)  # fmt: skip
_PLACES = (
    ("Malmö", "Skåne län", "55.990257,13.595769"), ("Stockholm", "Stockholms län", "59.602496,18.138438"),
    ("Göteborg", "Västra Götalands län", "58.252793,13.059643"), ("Luleå", "Norrbottens län", "66.830922,20.399197"),
    ("Umeå", "Västerbottens län", "65.333731,16.516169"), ("Visby", "Gotlands län", "57.468412,18.486745"),
    ("Örebro", "Örebro län", "59.535036,15.006573"), ("Växjö", "Kronobergs län", "56.71834,14.411467"),
)  # fmt: skip


def generate(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """As many windows as hold ``rows`` rows, one file a day."""
    random = Random(seed)
    days = max(1, -(-rows // _WINDOW))
    step = _WINDOW // 8
    events = [_event(random, number) for number in range(min(rows, _WINDOW) + step * (days - 1))]
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for day in range(days):
        size = min(_WINDOW, rows - day * _WINDOW)
        end = min(rows, _WINDOW) + step * day
        window = events[end - size : end][::-1]
        paths.append(folder / f"events_{_START + timedelta(9 + day):%Y-%m-%d}.json")
        paths[-1].write_text(json.dumps(window, ensure_ascii=False, indent=2), "utf-8")
        for event in random.sample(events, len(events) // 100):
            event["summary"] += " Uppdaterad."
    return paths


def _event(random: Random, number: int) -> dict[str, Any]:
    kind = random.choices([name for name, _ in _TYPES], [share for _, share in _TYPES])[0]
    town, county, gps = random.choice(_PLACES)
    if kind.startswith("Sammanfattning") or random.random() < 0.2:
        town = county
    at = _START + timedelta(minutes=26 * number + random.randrange(20))
    told = at + timedelta(minutes=random.randrange(5, 90))
    day = f"{at.day} {_MONTHS[at.month - 1]}"
    chance = random.random()
    if chance < 0.003:
        kind = "Enhörning på rymmen"
    return {
        "id": None if 0.003 < chance < 0.006 else 800_000 + number,
        "datetime": "okänt" if 0.006 < chance < 0.008 else f"{told:%Y-%m-%d} {told.hour}:{told:%M:%S} +01:00",
        "name": f"{day} {at:%H.%M}, {kind}, {town}",
        "summary": f"Påhittad händelse nummer {number}.",
        "url": f"/aktuellt/handelser/{told.year}/{_MONTHS[told.month - 1]}/{told.day}/{number}/",
        "type": kind,
        "location": {"name": county, "gps": gps},
    }
