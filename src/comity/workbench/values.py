"""What the values of a field look like: their kinds, how often each, and how they are written.

Invariant: a kind is said of a field only with the share of its rows that have it; what is written in two ways that
exclude each other is said to be so, and never decided.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from comity.workbench.data import read_data
from comity.workbench.words import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOST_DISTINCT: Final = 5_000
# Strokes and dots alone, and a date of zeros, say that nothing is known.
_NO_WORD = re.compile(r"^([-‐-―−－_.…?？*/\s]+|0{1,4}([-./])0{1,2}\2(00|0000)( 00:00(:00)?)?)$")
_UUID = re.compile(r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$", re.IGNORECASE)
_URL = re.compile(r"^(https?://|www\.|/\w+/)\S+$", re.IGNORECASE)
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.\w+$")
_VIN = re.compile(r"^[A-HJ-NPR-Z0-9]{17}$")
_MRZ = re.compile(r"^[A-Z0-9<]{30,44}$")
_INTEGER = re.compile(r"^[-+]?\d{1,18}$")
_DECIMAL = re.compile(r"^[-+]?(\d+|\d{1,3}([.,' ]\d{3})+)([.,]\d+)?$")
_TIME = re.compile(r"^([01]?\d|2[0-4])[:.h]([0-5]\d)([:.][0-5]\d)?$")
_RANGE = re.compile(r"^\s*\d+([.,]\d+)?\s*[-–~～]\s*\d+([.,]\d+)?\s*$")
_PAIR = re.compile(r"^\s*-?\d{1,2}\.\d+\s*[,; ]\s*-?\d{1,3}\.\d+\s*$")
_UNIT = re.compile(r"^\d+([.,]\d+)?\s*(cm|kg|m|lbs?|km|mm|g)\.?$", re.IGNORECASE)
_PLATE = re.compile(r"^(?=.*\d)(?=.*[^\W\d_])[\w][\w \-.]{2,9}\w?$")
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = dict(
    zip(
        "ABCDEFGHJKLMNPRSTUVWXYZ",
        (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
        strict=True,
    )
)
_SEPARATORS = (";", "|", "/", ",")


@dataclass(frozen=True)
class Values:
    """The values of one field. ``missing``: words that stand for no value, with their counts."""

    counted: Counter[str]
    rows: int
    missing: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Values:
        """Words for a missing value are set apart; blanks at both ends do not count."""
        counted = Counter(value.strip() for value in values if value is not None and value.strip())
        words = {word.casefold() for word in read_data("value_words.yaml")["missing"]}
        missing = Counter(
            {value: n for value, n in counted.items() if value.casefold() in words or _NO_WORD.match(value)}
        )
        # A value such as NA or 無 may be a code where others are like it.
        if len(missing) == len(counted):
            missing = Counter()
        return cls(counted - missing, len(values), missing)

    @cached_property
    def filled(self) -> int:
        return self.counted.total()

    @cached_property
    def distinct(self) -> int:
        return len(self.counted)

    @cached_property
    def examined(self) -> list[tuple[str, int]]:
        return self.counted.most_common(_MOST_DISTINCT)

    def share(self, test: re.Pattern[str] | Callable[[str], object]) -> float:
        """The share of the rows that hold something whose value passes."""
        passes = test.match if isinstance(test, re.Pattern) else test
        total = sum(count for _, count in self.examined)
        return sum(count for value, count in self.examined if passes(value)) / total if total else 0.0

    @cached_property
    def unique(self) -> float:
        return self.distinct / self.filled if self.filled else 0.0

    @cached_property
    def usual_length(self) -> float:
        return sum(len(value) * count for value, count in self.counted.items()) / max(self.filled, 1)

    @cached_property
    def kinds(self) -> dict[str, float]:
        """Kind → share, for each that most rows have."""
        found = {name: self.share(test) for name, test in _TESTS.items()}
        return {name: share for name, share in found.items() if share >= 0.8}

    @cached_property
    def vin_checked(self) -> float:
        """The share of VINs whose check digit holds: chance gives one in eleven."""
        return self.share(lambda value: bool(_VIN.match(value)) and _vin_digit(value))

    @cached_property
    def list_mark(self) -> str | None:
        """What stands between the parts of cells that hold several values, if their parts come back."""
        for mark in _SEPARATORS:
            many = {value: count for value, count in self.examined if mark in value}
            share = sum(many.values()) / max(self.filled, 1)
            if share < 0.02 or self.distinct > 2000:
                continue
            single = {value for value in self.counted if mark not in value}
            parts = Counter(part.strip() for value in many for part in value.split(mark))
            repeated = sum(count for part, count in parts.items() if count > 1 or part in single)
            if repeated > 0.6 * parts.total() and max(map(len, parts), default=99) < 60:
                return mark
        return None

    @cached_property
    def decimal_mark(self) -> str | None:
        """``.`` or ``,`` where a number shows it plainly; None where it may be either or is not used."""
        comma = self.share(re.compile(r"^[-+]?[\d.']*,\d{1,2}$|^[-+]?\d+,\d{4,}$"))
        dot = self.share(re.compile(r"^[-+]?[\d,']*\.\d{1,2}$|^[-+]?\d+\.\d{4,}$"))
        if comma and not dot:
            return ","
        return "." if dot and not comma else None

    @cached_property
    def is_text(self) -> bool:
        """Sentences or names, and no codes."""
        return self.unique > 0.5 and self.usual_length > 25

    @cached_property
    def is_code(self) -> bool:
        """Few values that come back."""
        return (
            0 < self.distinct <= 300
            and (self.unique < 0.35 or self.distinct <= 12)
            and self.usual_length < 60
        )


def _vin_digit(value: str) -> bool:
    total = sum(
        weight * (int(sign) if sign.isdigit() else _VIN_VALUES[sign])
        for sign, weight in zip(value, _VIN_WEIGHTS, strict=True)
    )
    return value[8] == "0123456789X"[total % 11]


def _is_year(value: str) -> bool:
    return value.isdigit() and len(value) == 4 and 1885 <= int(value) <= 2100


def _boolean(value: str) -> bool:
    return fold(value) in _words("yes") | _words("no")


def _words(name: str) -> frozenset[str]:
    return frozenset(fold(str(word)) for word in read_data("value_words.yaml")[name])


_TESTS: dict[str, re.Pattern[str] | Callable[[str], object]] = {
    "uuid": _UUID,
    "url": _URL,
    "email": _EMAIL,
    "vin": _VIN,
    "mrz": lambda value: bool(_MRZ.match(value)) and "<" in value,
    "integer": _INTEGER,
    "decimal": _DECIMAL,
    "time": _TIME,
    "hour": lambda value: value.isdigit() and len(value) <= 2 and int(value) <= 24,
    "range": _RANGE,
    "coordinates": _PAIR,
    "unit": _UNIT,
    "year": lambda value: _is_year(value) or value == "0",
    "latitude": lambda value: bool(re.match(r"^-?\d{1,2}[.,]\d{3,}$", value)),
    "longitude": lambda value: bool(re.match(r"^-?\d{1,3}[.,]\d{3,}$", value)),
    "plate": _PLATE,
    "boolean": _boolean,
}
