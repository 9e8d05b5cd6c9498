"""What remains of a word of a name when everything is taken away that transliterations disagree on.

Invariant: a skeleton is one to eight capitals, the same for every common way to write one name in Latin letters:
vowels count only as the beginning of a word, y and j are vowels, h is silent, and letters that stand for one another
in different schemes (sh, sz, ch, ts, z …) are one. It is for finding candidates; the score looks at the word itself.
"""

from __future__ import annotations

import re

LENGTH = 8
# The longest first. Each stands for a class of sounds: S hissing, K throaty, V lip and teeth.
_CLASSES = {
    "SHCH": "S", "SZCZ": "S", "TSCH": "S", "SCH": "S", "CCI": "S", "CHI": "S", "CI": "S", "CE": "S", "CZ": "S",
    "SH": "S", "SZ": "S", "CH": "S", "TS": "S", "TZ": "S", "ZH": "S", "DZ": "S", "DJ": "S", "RZ": "S",
    "S": "S", "Z": "S", "C": "K", "KH": "K", "GH": "K", "CK": "K", "CQ": "K", "QU": "K", "K": "K", "Q": "K", "G": "K",
    "X": "KS", "PH": "V", "FF": "V", "F": "V", "V": "V", "W": "V", "TH": "T", "T": "T", "DH": "D", "D": "D",
    "B": "B", "P": "P", "L": "L", "M": "M", "N": "N", "R": "R", "H": "",
}  # fmt: skip
_SOUND = re.compile("|".join(sorted(_CLASSES, key=len, reverse=True)) + "|[AEIOUYJ]+")


def skeleton(word: str) -> str:
    """The skeleton of a word in A-Z; ``A`` for a word of vowels only."""
    sounds: list[str] = []
    for found in _SOUND.finditer(word):
        text = found[0]
        if text in _CLASSES:
            sound = _CLASSES[text] or ("H" if found.start() == 0 else "")
        else:
            sound = "A" if found.start() == 0 else ""
        if sound and (not sounds or sounds[-1] != sound):
            sounds.append(sound)
    return "".join(sounds)[:LENGTH] or "A"


def one_letter_less(text: str) -> list[str]:
    """``text`` and every text that lacks one of its letters: two skeletons that share one are at most a letter apart,
    or two have changed places.
    """
    return [text, *{text[:i] + text[i + 1 :] for i in range(len(text))}]
