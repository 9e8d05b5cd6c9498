"""What happens to a name and a date of birth between the person and the officer who asks, or another register.

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
    """A name in Latin letters as somebody might type it; ``cyrillic``: family and given names, as they were born."""
    family, given = written(rng, family, given, cyrillic, (45, 40, 15))
    return in_one(rng, family, given)


def in_one(rng: random.Random, family: str, given: str) -> str:
    return rng.choice((f"{family}, {given}", f"{given} {family}", f"{family} {given}".upper()))


def written(
    rng: random.Random, family: str, given: str, cyrillic: str | None, slips: tuple[int, int, int]
) -> tuple[str, str]:
    """Both parts as somebody else writes them; ``slips``: how often none, one, two slips of the keyboard."""
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
    for _ in range(rng.choices((0, 1, 2), slips)[0]):
        if rng.random() < 0.65:
            family = _slip(rng, family)
        else:
            given = _slip(rng, given)
    return family, given


# How often a date is known to the day, as a year, as a month; day and month are exchanged, a digit is wrong, the year
# is one off, or nothing is known.
ASKED = (55, 18, 5, 5, 5, 4, 8)
REGISTERED = (82, 8, 2, 2, 2, 1, 3)


def noisy_birth(rng: random.Random, born: date, weights: tuple[int, ...] = ASKED) -> str | None:
    """As it is known there: the day, the year, nothing, or not quite right."""
    kind = rng.choices(("day", "year", "month", "swapped", "digit", "near", "none"), weights)[0]
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
