"""What happens to a name and a date of birth between the person and the officer who asks: for `bench.name_search`.

Nothing here is Comity's: the schemes of transliteration are those of the package iuliia, the slips are of the keyboard.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from datetime import date

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT = {
    key: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in _KEYS
    for place, key in enumerate(row)
}


def noisy_name(rng: random.Random, family: str, given: str, cyrillic: str | None) -> str:
    """``family`` and ``given`` in Latin letters as somebody might type them; ``cyrillic``: both, as they were born."""
    if cyrillic and rng.random() < 0.7:
        import iuliia

        schemes = (
            "wikipedia",
            "bgn_pcgn",
            "gost_779",
            "mosmetro",
            "icao_doc_9303",
            "telegram",
            "yandex_maps",
            "ala_lc",
        )
        family, given = cyrillic.split("|")
        if rng.random() < 0.85:
            scheme = iuliia.schemas.get(rng.choice(schemes))
            family, given = (scheme.translate(text) for text in (family, given))
    elif rng.random() < 0.5:
        family, given = (_plain(text) for text in (family, given))
    words = given.split()
    if len(words) > 1 and rng.random() < 0.5:
        words = words[:1]
    given = " ".join(words)
    slips = rng.choices((0, 1, 2), (45, 40, 15))[0]
    for _ in range(slips):
        if rng.random() < 0.65:
            family = _slip(rng, family)
        else:
            given = _slip(rng, given)
    return rng.choice((f"{family}, {given}", f"{given} {family}", f"{family} {given}".upper()))


def noisy_birth(rng: random.Random, born: date) -> str | None:
    """As it is known to whoever asks: the day, the year, nothing, or not quite right."""
    kind = rng.choices(("day", "year", "month", "swapped", "digit", "near", "none"), (55, 18, 5, 5, 5, 4, 8))[
        0
    ]
    if kind == "none":
        return None
    if kind == "year":
        return str(born.year)
    if kind == "month":
        return f"{born:%Y-%m}"
    if kind == "near":
        return str(born.year + rng.choice((-1, 1)))
    if kind == "swapped" and born.day <= 12:
        return f"{born.year}-{born.day:02}-{born.month:02}"
    if kind == "digit":
        return f"{born.year}-{born.month:02}-{(born.day + rng.choice((1, 10)) - 1) % 28 + 1:02}"
    return born.isoformat()


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn").replace(
        "ł", "l"
    )


def _slip(rng: random.Random, text: str) -> str:
    if len(text) < 3:
        return text
    at = rng.randrange(1, len(text))
    kind = rng.choice(("drop", "double", "swap", "key"))
    if kind == "drop":
        return text[:at] + text[at + 1 :]
    if kind == "double":
        return text[:at] + text[at - 1] + text[at:]
    if kind == "swap" and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    near = _NEXT.get(text[at].lower(), "")
    return text[:at] + (rng.choice(near) if near else text[at]) + text[at + 1 :]
