"""What an export looks like, without what it says: a profile that may leave the building.

Invariant: no value stands in it that fewer than ``MANY`` rows have, and of free text no value at all; what is said of
the others (shapes, lengths, years and beginnings that *no* row has) tells of no single row.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from comity.workbench.dates import read_dates
from comity.workbench.frame import _TOTAL
from comity.workbench.rules import MANY
from comity.workbench.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comity.workbench.look import Export
    from comity.workbench.table import SampleField, Table

VERSION: Final = 1
_MOST_SHAPES: Final = 12
_MOST_VALUES: Final = 300
LETTERS: Final = {
    "A": "ABCDEFGHJKLMNPRSTUVWXYZ", "a": "abcdefghijklmnoprstuvwz", "9": "0123456789",
    "CYRILLIC": "абвгдежзиклмнопрст", "CYRILLIC+": "АБВГДЕЖЗИКЛМНОПРСТ", "GREEK": "αβγδεζηθικλμνξ",
    "GREEK+": "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞ",
    "ARABIC": "ابتجدرسعفكلمنهو", "HEBREW": "אבגדהוזחטכלמנ", "THAI": "กขคงจชดตนบปพมยรลวส",
    "HANGUL": "가나다라마바사아자차카타파하",
    "CJK": "一丁七三上下中丸主乙九二五井人今介", "HIRAGANA": "あいうえおかきくけこ", "KATAKANA": "アイウエオカキクケコ",
}  # fmt: skip


def profile_of(export: Export) -> dict[str, Any]:
    """The profile of what was looked at, as plain data."""
    table = export.table
    frame = {key: value for key, value in table.format.items() if key != "footer"}
    words = [row[0] for row in table.footer if row and _TOTAL.match(row[0])]
    return {
        "profile": VERSION,
        "rows": export.rows,
        "about": sum(each.estimated or each.rows for each in export.tables),
        "format": {
            **frame,
            **({"footer": table.format["footer"]} if words and len(words) == len(table.footer) else {}),
        },
        "named": table.named,
        "mark": table.mark,
        "line_ending": table.line_ending,
        "quoted": table.quoted,
        "preamble": len(table.preamble),
        "footer": [row[0].split()[0] for row in table.footer if row and _TOTAL.match(row[0])],
        "evidence": [each for each in table.evidence if "the first cell fits" not in each],
        "fields": [_field(field, table) for field in export.fields],
    }


def _field(field: SampleField, table: Table) -> dict[str, Any]:
    known: dict[str, Any] = {"name": field.name}
    for key in ("path", "many", "optional", "start", "length"):
        if getattr(field, key):
            known[key] = getattr(field, key)
    if field.records:
        return {**known, "records": [_field(inner, table) for inner in field.records]}
    values = Values.of(field.values)
    counted = values.counted + values.missing
    total = max(len(field.values), 1)
    known["filled"] = round(counted.total() / total, 3)
    known["missing"] = {
        word: round(count / total, 3) for word, count in sorted(values.missing.items()) if count >= MANY
    }
    known["distinct"] = values.distinct if values.distinct < MANY else _rounded(values.distinct)
    if values.distinct == values.filled >= MANY:
        known["unique"] = True
    listed: Counter[str] = Counter()
    if not values.is_text:
        listed = Counter(
            {value: count for value, count in values.counted.most_common(_MOST_VALUES) if count >= MANY}
        )
    known["values"] = {value: round(count / values.filled, 4) for value, count in listed.most_common()}
    dates = read_dates(values)
    rest = Counter({value: count for value, count in values.counted.items() if value not in listed})
    known["unlisted"] = round(rest.total() / values.filled, 3) if values.filled else 0
    if dates is not None:
        known["dates"] = {
            "formats": list(dates.formats),
            "calendar": dates.calendar,
            "share": round(dates.share, 2),
        }
        known["dates"]["years"] = _free_years(values.counted, dates.formats)
    shapes: Counter[str] = Counter()
    for value, count in rest.items():
        shapes[shape_of(value)] += count
    kept = Counter({shape: count for shape, count in shapes.items() if count >= MANY})
    known["shapes"] = {
        shape: round(count / rest.total(), 3) for shape, count in kept.most_common(_MOST_SHAPES)
    }
    if values.is_text or not kept:
        # Free text is not even shown in shapes: how long it is, and in which letters.
        known.pop("shapes")
        known["text"] = {
            "length": _rounded(int(values.usual_length)),
            "letters": _letters(rest or values.counted),
        }
    known["beginning"] = _free_beginning(
        values.counted, list(known.get("shapes", {})), known.get("text", {}).get("letters")
    )
    return known


def _rounded(number: int) -> int:
    """Two digits that count: a profile is no register."""
    size: int = 10 ** max(len(str(number)) - 2, 0)
    return number // size * size


def shape_of(value: str) -> str:
    """``AB-1204`` → ``A*2 - 9*4``: runs of letters, digits and signs; blanks are ``_``."""
    runs = []
    for kind, signs in itertools.groupby(value, _class):
        count = sum(1 for _ in signs)
        runs.append(kind if count == 1 else f"{kind}*{count}")
    return " ".join(runs)


def _class(sign: str) -> str:
    if sign == " ":
        return "_"
    if sign.isdigit():
        return "9"
    if sign.isascii():
        return ("A" if sign.isupper() else "a") if sign.isalpha() else sign
    if sign.isalpha() or unicodedata.category(sign).startswith("M"):
        script = unicodedata.name(sign, "LATIN").split()[0]
        if script == "LATIN":
            return "A" if sign.isupper() else "a"
        return f"{script}+" if sign.isupper() else script
    return sign if not sign.isspace() else "_"


def _letters(counted: Counter[str]) -> str:
    classes = Counter(_class(sign) for value in counted for sign in value[:50] if sign.isalpha())
    return classes.most_common(1)[0][0] if classes else "a"


def _free_years(counted: Counter[str], formats: Iterable[str]) -> list[int]:
    """Three years that no value has, near those that values have, and not after the last of them if that can be:
    an invented date of a report that lies in the future would be flagged, and the real ones are not."""
    digits = 4 if any("%Y" in each for each in formats) else 2
    taken = {
        int(value[at : at + 4])
        for value in counted
        for at in range(max(len(value) - 3, 0))
        if value[at : at + 4].isdecimal()
    }
    if digits == 2:
        return [year for year in range(70, 130) if not any(str(year) in value for value in counted)][:3]
    usual = sorted(year for year in taken if 1300 <= year <= 2700)
    middle, last = (usual[len(usual) // 2], usual[-1]) if usual else (2000, 2000)
    near = sorted(
        range(max(1350, middle - 90), middle + 60), key=lambda year: (year > last, abs(year - middle))
    )
    return [year for year in near if year not in taken][:3]


def _free_beginning(counted: Counter[str], shapes: list[str], letters: str | None) -> dict[str, str]:
    """Shape → signs that no value begins with, so that whatever begins so is no value of the source."""
    found: dict[str, str] = {}
    for shape in shapes or [letters or "a"]:
        alphabet = LETTERS.get(shape.split(" ")[0].split("*")[0], LETTERS["a"])
        for length in range(1, 6):
            taken = {value[:length].casefold() for value in counted}
            free = ("".join(signs) for signs in itertools.product(reversed(alphabet), repeat=length))
            word = next(
                (
                    each
                    for each in itertools.islice(free, 20_000)
                    if each.casefold() not in taken and each.strip("0")
                ),
                None,
            )
            if word is not None:
                found[shape] = word
                break
    return found
