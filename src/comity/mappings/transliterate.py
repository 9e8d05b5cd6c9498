"""Names of other scripts in the Latin capitals of ICAO Doc 9303-3, and keys to search them by.

Invariant: a character that the tables do not have makes the whole name None: a transliteration is by the table or not
at all. A search key is for search only and never shown as a name.

The tables are the recommended transliterations of Doc 9303-3, section 6: Latin, Cyrillic with its national exceptions,
and Arabic, whose one-to-one codes (X-prefixed) are machine-readable and not pronounceable.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_LATIN = {
    "Ä": "AE", "Å": "AA", "Æ": "AE", "Đ": "D", "Ð": "D", "Ħ": "H", "İ": "I", "I": "I", "Ĳ": "IJ", "ĸ": "Q",
    "Ł": "L", "Ŀ": "L", "Ñ": "N", "Ŋ": "N", "Ö": "OE", "Ø": "OE", "Œ": "OE", "ẞ": "SS", "ß": "SS", "Ŧ": "T",
    "Ü": "UE", "Þ": "TH", "Ə": "E", "ı": "I",
}  # fmt: skip
_CYRILLIC = {
    "А": "A", "Б": "B", "В": "V", "Г": "G", "Ґ": "G", "Д": "D", "Е": "E", "Ё": "E", "Є": "IE", "Ж":
    "ZH", "З": "Z", "И": "I", "І": "I", "Ї": "I", "Й": "I", "Ј": "J", "К": "K", "Л": "L", "Љ": "LJ",
    "М": "M", "Н": "N", "Њ": "NJ", "О": "O", "П": "P", "Р": "R", "С": "S", "Т": "T", "Ћ": "C", "Ќ":
    "K", "Ў": "U", "У": "U", "Ф": "F", "Х": "KH", "Ц": "TS", "Ч": "CH", "Џ": "DZ", "Ш": "SH", "Щ":
    "SHCH", "Ъ": "IE", "Ы": "Y", "Э": "E", "Ю": "IU", "Я": "IA", "Ѓ": "G", "Ѕ": "DZ", "Ђ": "D", "Ь":
    "",
}  # fmt: skip
_NATIONAL: dict[str, dict[str, str]] = {
    "uk": {"И": "Y", "Г": "H"},
    "be": {"Г": "H", "Ё": "IO"},
    "bg": {"Щ": "SHT", "Ъ": "A"},
    "sr": {"Ж": "Z", "Х": "H", "Ц": "C", "Ч": "C", "Ш": "S"},
    "mk": {"Ж": "Z", "Х": "H", "Ц": "C", "Ч": "C", "Ш": "S", "Џ": "DJ"},
    "ru": {},
}
_ARABIC = {
    "ء": "XE", "آ": "XAA", "أ": "XAE", "ؤ": "U", "إ": "I", "ئ": "XI", "ا": "A", "ب": "B", "ة": "XTA", "ت": "T",
    "ث": "XTH", "ج": "J", "ح": "XH", "خ": "XKH", "د": "D", "ذ": "XDH", "ر": "R", "ز": "Z", "س": "S", "ش": "XSH",
    "ص": "XSS", "ض": "XDZ", "ط": "XTT", "ظ": "XZZ", "ع": "E", "غ": "G", "ف": "F", "ق": "Q", "ك": "K", "ل": "L",
    "م": "M", "ن": "N", "ه": "H", "و": "W", "ى": "XAY", "ي": "Y", "ٹ": "XXT", "پ": "P", "چ": "XC", "ڈ": "XXD",
    "ڑ": "XXR", "ژ": "XJ", "ک": "XKK", "گ": "XGG", "ں": "XNN", "ھ": "XDO", "ہ": "XXG", "ی": "XYA", "ے": "XYB",
}  # fmt: skip
_LOOK_ALIKES = str.maketrans("یىکہھ", "ييكهه")
LANGUAGES = (*_NATIONAL, "ar")
_NO_LETTER = "?"
_DROPPED = set("'’ʼ`´ʹʺ\u0640") | {chr(code) for code in range(0x064B, 0x0653)}


def to_latin(name: str, language: str | None = None) -> str | None:
    """``name`` in A-Z, 0-9 and single spaces: apostrophes go, other signs end a word. None if no table has a letter."""
    return latin_words(name, language) or None


def latin_words(name: str, language: str | None = None) -> str | None:
    """The same for a part of a name, which is empty when it has signs only, and None if no table has a letter."""
    letters = unicodedata.normalize("NFC", name).translate(_letters(language))
    return None if _NO_LETTER in letters else " ".join(letters.split())


@cache
def _letters(language: str | None) -> _Letters:
    return _Letters(_CYRILLIC | _NATIONAL.get(language or "", {}))


class _Letters(dict[int, str]):
    """Character → its letters in A-Z and 0-9, a blank, or the mark that there are none. Each is worked out once."""

    def __init__(self, cyrillic: dict[str, str]) -> None:
        self.cyrillic = cyrillic

    def __missing__(self, code: int) -> str:
        char = chr(code)
        letter = "" if char in _DROPPED else _letter(char, self.cyrillic)
        self[code] = _NO_LETTER if letter is None else letter
        return self[code]


def _letter(char: str, cyrillic: dict[str, str]) -> str | None:
    kind = unicodedata.category(char)
    if kind in ("Cf", "Mn"):
        return ""  # a soft hyphen or a direction mark; an accent that no letter is composed with
    if kind[0] in "PZ" or (char.isascii() and not char.isalnum()):
        return " "
    upper = char if char in ("ı", "ß") else char.upper()
    if upper.isascii() and upper.isalnum():
        return upper
    for table in (_LATIN, cyrillic, _ARABIC):
        if upper in table:
            return table[upper]
    base = unicodedata.normalize("NFD", upper)
    if len(base) > 1 and base[0].isascii() and base[0].isalpha():
        return base[0]  # every other accented Latin letter is its base letter
    return None


def name_key(name: str) -> str | None:
    """A key for search, the same for every order of the words: those of ``name_words``, sorted."""
    return " ".join(sorted(name_words(name).split())) or None


def name_words(name: str) -> str:
    """The words of a name or of a part of it, folded to A-Z by anyascii.

    Arabic letters that are typed for one another count as one; an apostrophe, which anyascii also writes for a soft
    sign or an ayn, is no end of a word.
    """
    return " ".join(name.translate(_WORDS).split())


class _Words(dict[int, str]):
    """Character → its letters in A-Z, with a blank where it ends a word. Each is worked out once."""

    def __missing__(self, code: int) -> str:
        from anyascii import anyascii

        letters = anyascii(chr(code).translate(_LOOK_ALIKES)).upper()
        self[code] = re.sub(r"[^A-Z]+", " ", re.sub(r"['`]", "", letters))
        return self[code]


_WORDS = _Words()
