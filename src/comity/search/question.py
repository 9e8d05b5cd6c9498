"""What is asked about a person.

Invariant: nothing that was asked is dropped: a name without a single letter, or a date that is no date, is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from comity.errors import QueryError
from comity.mappings.transliterate import name_words

MOST_WORDS = 8


@dataclass(frozen=True)
class Question:
    """``words``: those of the name, in A-Z, in the order given. ``born``: EDTF text; ``earliest`` and ``latest``: the
    first and last day that it can be, None when no date was given.
    """

    name: str
    words: tuple[str, ...]
    born: str | None = None
    earliest: date | None = None
    latest: date | None = None


def parse_question(name: str, born: str | None = None) -> Question:
    """``name``: in any script and order, ``FAMILY, GIVEN`` or as it is spoken. ``born``: a year, a month or a day."""
    words = tuple(dict.fromkeys(name_words(name).split()))[:MOST_WORDS]
    if not words:
        raise QueryError(
            "query.no-name",
            "There is no letter in the name",
            found=name,
            remedy='write it in any script, for example "KOVALENKO, Ostap"',
        )
    if born is None or not born.strip():
        return Question(name, words)
    earliest, latest = _span(born.strip())
    return Question(name, words, born.strip(), earliest, latest)


def _span(born: str) -> tuple[date, date]:
    parts = born.split("-")
    try:
        numbers = [int(part) for part in parts]
        if len(parts[0]) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError(born)
        if len(numbers) == 1:
            return date(numbers[0], 1, 1), date(numbers[0], 12, 31)
        if len(numbers) == 2:
            following = date(numbers[0] + numbers[1] // 12, numbers[1] % 12 + 1, 1)
            return date(numbers[0], numbers[1], 1), following - timedelta(days=1)
        day = date(*numbers)
    except (ValueError, TypeError, OverflowError):
        raise QueryError(
            "query.bad-birth-date",
            "This is no date of birth",
            found=born,
            remedy="write a year, a month or a day: 1970, 1970-04 or 1970-04-17",
        ) from None
    return day, day
