"""How the dates of a field are written: the format, the calendar, and what speaks for both.

Invariant: day and month are told apart only by a number above twelve, and a calendar only by years that no other has;
where neither decides, the reading is proposed with its doubt.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from comity.workbench.values import Values

_ENOUGH: Final = 0.85
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()


@dataclass(frozen=True)
class DateReading:
    """``formats`` and ``calendar`` as a mapping has them; ``fold``: the digits are folded first. ``share`` of the rows.

    ``cut``: only so many characters count, a time behind them means nothing. ``doubt``: what a person must decide.
    ``timestamp``: the formats are strptime's, and the values have a time; ``zoned``: with its zone.
    """

    formats: tuple[str, ...]
    share: float
    calendar: str = "gregorian"
    fold: bool = False
    cut: int | None = None
    doubt: str | None = None
    timestamp: bool = False
    zoned: bool = False
    reason: str = ""


_Y, _M, _D = r"(?P<y>\d{4})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})"
# pattern → format; {s} is the separator that was found. a and b: day and month in an order that is not known yet.
_SHAPES: tuple[tuple[str, str], ...] = (
    (rf"^{_Y}(?P<s>[-/.]){_M}(?P=s){_D}$", "%Y{s}%m{s}%d"),
    (r"^(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4})$", "ab{s}%Y"),
    (r"^(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y2>\d{2})$", "ab{s}%y"),
    (r"^(?P<y>(1[3-9]|2[0-6])\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])$", "%Y%m%d"),
    (r"^(?P<mg>\d{2,3})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])$", "%y%m%d"),
    (r"^(?P<mg>\d{2,3})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})$", "%y{s}%m{s}%d"),
    (rf"^{_Y}年{_M}月{_D}日$", "%Y年%m月%d日"),
    (rf"^{_Y}년 {_M}월 {_D}일$", "%Y년 %m월 %d일"),
    (rf"^{_Y}\. {_M}\. {_D}\.?$", "%Y. %m. %d"),
    (rf"^(?P<e>明治|大正|昭和|平成|令和)(?P<ey>\d{{1,2}}|元)年{_M}月{_D}日$", "%E%y年%m月%d日"),
    (rf"^(?P<e>[MTSHR])(?P<ey>\d{{1,2}})\.{_M}\.{_D}$", "%E%y.%m.%d"),
    (rf"^{_D} (?P<mn>[A-Za-z]{{3,9}}) {_Y}$", "%d %B %Y"),
    (rf"^{_D}-(?P<mn>[A-Za-z]{{3,9}})-{_Y}$", "%d-%B-%Y"),
    (rf"^(?P<mn>[A-Za-z]{{3,9}}) {_D}, {_Y}$", "%B %d, %Y"),
    (rf"^{_Y}(?P<s>[-/.]){_M}$", "%Y{s}%m"),
    (rf"^{_M}(?P<s>[-/.]){_Y}$", "%m{s}%Y"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), shape) for pattern, shape in _SHAPES)
_CLOCK = re.compile(
    r"^(?P<date>.{6,10}?)(?P<gap>[T ])(?P<h>\d{1,2}):(?P<mi>\d{2})(:(?P<sec>\d{2})(?P<frac>\.\d+)?)?"
    r"(?P<z> ?(Z|[+-]\d{2}:?\d{2}))?$"
)


def read_dates(values: Values, language: str | None = None) -> DateReading | None:
    """The reading that fits most values; None when they are no dates."""
    pairs = [(unicodedata.normalize("NFKC", value), count) for value, count in values.examined]
    fold = any(
        value != normal and any(sign.isdigit() for sign in value)
        for (value, _), (normal, _) in zip(values.examined, pairs, strict=True)
    )
    fold = fold or any(sign.isdigit() and not sign.isascii() for value, _ in pairs for sign in value)
    pairs = [("".join(_digit(sign) for sign in value), count) for value, count in pairs]
    total = sum(count for _, count in pairs)
    if not total:
        return None
    clocks = [(match, count) for value, count in pairs if (match := _CLOCK.match(value))]
    if sum(count for _, count in clocks) > _ENOUGH * total:
        return _with_clock(clocks, total, language)
    return _dates(pairs, total, fold, language)


def _digit(sign: str) -> str:
    return (
        str(unicodedata.decimal(sign))
        if sign.isdigit() and not sign.isascii() and unicodedata.decimal(sign, None) is not None
        else sign
    )


def _dates(pairs: list[tuple[str, int]], total: int, fold: bool, language: str | None) -> DateReading | None:
    found: dict[str, tuple[int, list[re.Match[str]]]] = {}
    for value, count in pairs:
        for pattern, shape in _COMPILED:
            if (match := pattern.match(value)) and _possible(match):
                key = shape.replace("{s}", match.groupdict().get("s") or "")
                seen, matches = found.get(key, (0, []))
                found[key] = (seen + count, [*matches, match] if len(matches) < 5000 else matches)
                break
        else:
            if re.fullmatch(r"(1[3-9]|2[0-6])\d{2}", value):
                seen, matches = found.get("%Y", (0, []))
                found["%Y"] = (seen + count, matches)
    share = sum(count for count, _ in found.values()) / total
    whole = {key: each for key, each in found.items() if "%d" in key or "ab" in key}
    if (
        share < _ENOUGH
        or not found
        or (set(found) == {"%Y"})
        or (not whole and len(found) < 2 and share < 0.98)
    ):
        return None
    formats: list[str] = []
    doubts: list[str] = []
    reasons: list[str] = []
    for key in sorted(found, key=lambda each: -found[each][0]):
        count, matches = found[key]
        format = key
        if key.startswith("ab"):
            format, doubt, reason = _order(key, matches)
            doubts += [doubt] if doubt else []
            reasons += [reason]
        formats.append(format)
    calendar, doubt, reason = _calendar(
        [match for _, matches in found.values() for match in matches], language
    )
    doubts += [doubt] if doubt else []
    reasons += [reason] if reason else []
    if any("%E" in format for format in formats):
        calendar = "japanese"
    reasons.insert(0, f"{share:.0%} of the values are dates such as {', '.join(formats)}")
    return DateReading(
        tuple(dict.fromkeys(formats)),
        share,
        calendar,
        fold,
        None,
        "; ".join(doubts) or None,
        reason="; ".join(reasons),
    )


def _possible(match: re.Match[str]) -> bool:
    groups = match.groupdict()
    if (month := groups.get("m")) and not 1 <= int(month) <= 12:
        return False
    if (day := groups.get("d")) and not 1 <= int(day) <= 31:
        return False
    if (name := groups.get("mn")) and name[:3].lower() not in _MONTHS:
        return False
    if (first := groups.get("a")) and (
        int(first) > 31 or int(groups["b"]) > 31 or (int(first) > 12 and int(groups["b"]) > 12)
    ):
        return False
    if (year := groups.get("mg")) and not 1 <= int(year) <= 130:
        return False
    return not ((year := groups.get("y")) and not 1300 <= int(year) <= 2700)


def _order(key: str, matches: list[re.Match[str]]) -> tuple[str, str | None, str]:
    """Day or month first: a number above twelve decides."""
    mark, year = key[2:-2], key[-2:]
    first = sum(1 for match in matches if int(match["a"]) > 12)
    second = sum(1 for match in matches if int(match["b"]) > 12)
    day, month = f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"
    doubt = "two digits of a year: say with 'pivot' which century they are of" if year == "%y" else None
    if first and not second:
        return day, doubt, f"day first: {first:,} different values have 13 to 31 in front and none behind"
    if second and not first:
        return (
            month,
            doubt,
            f"month first: {second:,} different values have 13 to 31 behind and none in front",
        )
    if first:
        return (
            day,
            f"{first:,} values have the day first and {second:,} the month: two ways of writing in one field",
            "",
        )
    return day, "day or month first? no value has 13 to 31 in either place", ""


def _calendar(matches: list[re.Match[str]], language: str | None) -> tuple[str, str | None, str]:
    if any(match.groupdict().get("mg") for match in matches):
        longest = max(len(match.groupdict().get("mg") or "") for match in matches)
        if longest == 3:
            return (
                "minguo",
                None,
                "Minguo calendar: years of three digits up to 130, with months and days behind",
            )
        return "minguo", "years of two digits: Minguo years, or Gregorian years of a century?", ""
    years = sorted(int(match["y"]) for match in matches if match.groupdict().get("y"))
    if not years:
        return "gregorian", None, ""
    cut = len(years) // 50
    low, high = years[cut], years[-1 - cut]
    if low >= 1700 and high <= 2199:
        return "gregorian", None, ""
    if low >= 2400 and high <= 2699:
        return "buddhist", None, f"Buddhist calendar: years {low // 10 * 10} to {high // 10 * 10 + 9}"
    if low >= 1200 and high <= 1500:
        # Lunar months have 30 days at most; in the year 1411 of the solar calendar it will be 2032.
        solar = sum(1 for match in matches if (match.groupdict().get("d") or "0") == "31")
        if solar:
            return (
                "solar_hijri",
                None,
                f"solar Hijri calendar: {solar:,} values have a 31st day, which lunar months never have",
            )
        calendar = "umm_al_qura" if high > 1411 or language != "fa" else "solar_hijri"
        return (
            calendar,
            "which Hijri calendar? Umm al-Qura, tabular and solar years differ: ask the owner",
            "Hijri years",
        )
    return "gregorian", f"years from {low} to {high}: of more than one calendar, or no years", ""


def _with_clock(
    clocks: list[tuple[re.Match[str], int]], total: int, language: str | None
) -> DateReading | None:
    share = sum(count for _, count in clocks) / total
    inner = _dates(
        [(match["date"], count) for match, count in clocks],
        sum(count for _, count in clocks),
        False,
        language,
    )
    if inner is None:
        return None
    shape = max((match for match, _ in clocks), key=lambda match: bool(match["frac"]))
    zeros = sum(
        count for match, count in clocks if int(match["h"]) == int(match["mi"]) == int(match["sec"] or 0) == 0
    )
    if zeros > 0.9 * sum(count for _, count in clocks):
        lengths = {len(match["date"]) for match, _ in clocks}
        if len(lengths) == 1:
            reason = f"{inner.reason}; the time behind them is always midnight and so says nothing"
            cut = lengths.pop()
            return DateReading(
                inner.formats, share, inner.calendar, inner.fold, cut, inner.doubt, reason=reason
            )
    seconds = ":%S" if shape["sec"] else ""
    fraction = ".%f" if shape["frac"] else ""
    zoned = all(match["z"] for match, _ in clocks)
    gap = " " if zoned and shape["z"].startswith(" ") else ""
    formats = tuple(
        f"{each}{shape['gap']}%H:%M{seconds}{fraction}{gap + '%z' if zoned else ''}" for each in inner.formats
    )
    doubt = inner.doubt or (
        None if zoned else "no zone is written: say with 'zone' of which place the time is"
    )
    return DateReading(
        formats,
        share,
        inner.calendar,
        inner.fold,
        None,
        doubt,
        True,
        zoned,
        f"{share:.0%} of the values are moments such as {formats[0]}",
    )
