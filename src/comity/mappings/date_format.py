"""A date format: strptime's letters, read into a regular expression and the parts that it finds.

Invariant: a format says all it accepts. ``%Y`` is four digits; ``%y`` two (with a pivot), or one to three in Minguo and
one or two behind an era; ``%m`` and ``%d`` one or two digits, two where digits stand side by side; ``%E`` an era's
name; anything else is literal. A format with two years is an interval; one without a day or month is a partial date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from comity.errors import MappingError

ENGLISH_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

COMPACT = re.compile(r"%[yYmd]%[yYmd]")
_BLANKS = "[\\t-\\r ]*"  # as DuckDB's strptime allows them


@dataclass(frozen=True)
class DateFormat:
    """``pattern`` has one group per part, in the order of ``parts``: Y, y, m, d, B, E; a second year is ``Y2``."""

    text: str
    pattern: str
    parts: tuple[str, ...]

    @property
    def interval(self) -> bool:
        return "Y2" in self.parts

    @property
    def full(self) -> bool:
        return {"m", "d"} <= {"m" if part == "B" else part for part in self.parts} and self.has_year

    @property
    def has_year(self) -> bool:
        return bool({"Y", "y"} & set(self.parts))


@lru_cache(maxsize=512)
def parse_format(text: str, calendar: str = "gregorian") -> DateFormat:
    """The format as a regular expression; MappingError for a letter that nobody knows."""
    compact = COMPACT.search(text) is not None  # digits side by side: they need their full width
    two = "[0-9]{2}" if compact else "[0-9]{1,2}"
    short_year = "[0-9]{2}"
    if calendar == "minguo":
        short_year = "[0-9]{2,3}" if compact else "[0-9]{1,3}"
    if calendar == "japanese":
        short_year = "元|[0-9]{1,2}"
    groups = {
        "Y": "[0-9]{4}",
        "y": short_year,
        "m": two,
        "d": two,
        "B": "[^\\W\\d_]+",
        "E": "[^\\W\\d_]+|[㍾㍽㍼㍻㋿]",
    }
    pattern, parts, position = "", [], 0
    while position < len(text):
        char = text[position]
        if char != "%":
            pattern += re.escape(char)
            position += 1
            continue
        letter = text[position + 1 : position + 2]
        position += 2
        if letter == "%":
            pattern += "%"
            continue
        if letter == "b":
            letter = "B"
        if letter not in groups:
            raise MappingError(
                "mapping.bad-date-format",
                f"Nobody knows '%{letter}' in a date format",
                found=text,
                remedy="use %Y %y %m %d %B %E and literal text",
            )
        part = letter + "2" if letter in parts else letter
        if part != letter and letter != "Y":
            raise MappingError(
                "mapping.bad-date-format",
                f"'%{letter}' stands twice in a date format",
                found=text,
                remedy="only %Y may stand twice, for an interval of years",
            )
        parts.append(part)
        pattern += f"({groups[letter]})"
    if not parts:
        raise MappingError(
            "mapping.bad-date-format",
            "The date format reads nothing",
            found=repr(text),
            remedy="use %Y %y %m %d %B %E and literal text",
        )
    if "d" in parts and not {"m", "B"} & set(parts):
        raise MappingError(
            "mapping.bad-date-format",
            "The date format reads a day without its month",
            found=text,
            remedy="add %m or %B, or write the day's digits as literal text",
        )
    return DateFormat(text, f"^{_BLANKS}{pattern}{_BLANKS}$", tuple(parts))
