"""What the words of a header mean, in many languages.

Invariant: a word means what ``data/header_words.yaml`` says, and a word that nobody knows counts as unknown; the
language is that in which most of a file's header is understood.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from comity.workbench.data import read_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST_PHRASE: Final = 4
_SHORTEST_PART: Final = 4
# Vowel signs and accents that stand as signs of their own belong to the word.
_SIGNS = "\u0300-\u036f\u05b0-\u05c7\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099\u309a"
_NO_WORD = re.compile(rf"(?:[^\w{_SIGNS}]|[\d_])+")
# Ukrainian writes it inside a word (``ім'я``), other languages between two (``dell'incidente``).
_IN_WORD: Final = re.compile("(?<=[\u0400-\u04ff])['’ʼ`´](?=[\u0400-\u04ff])")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})


@dataclass(frozen=True)
class Meaning:
    """``concepts`` of a header in their order; ``words``: what was understood, as (word, concept, language)."""

    concepts: tuple[str, ...]
    words: tuple[tuple[str, str, str], ...]
    unknown: int
    ambiguous: tuple[str, ...] = ()
    """Words that mean something else too in the same language."""


def fold(text: str) -> str:
    """Small letters without accents; other scripts keep theirs."""
    small = unicodedata.normalize("NFKD", text.casefold().replace("i̇", "i"))
    return (
        unicodedata.normalize("NFC", re.sub("[\u0300-\u036f\u0640]", "", small))
        .replace("ı", "i")
        .replace("ł", "l")
    )


def words_of(header: str) -> list[str]:
    """``GeburtsDatum_2`` → ``geburts``, ``datum``; a script without spaces stays whole."""
    apart = _IN_WORD.sub("", _apart(unicodedata.normalize("NFKC", header)))
    return [word for word in _NO_WORD.sub(" ", fold(apart)).split() if word]


def _apart(text: str) -> str:
    """A capital behind a small letter begins a word, and so does the last of several capitals before a small one."""
    found = ""
    for place, sign in enumerate(text):
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if sign.isupper() and (before.islower() or (before.isupper() and after.islower())):
            found += " "
        found += sign
    return found


_TWO_MEANINGS: set[tuple[str, str]] = set()


@cache
def _index() -> dict[str, dict[str, str]]:
    """Folded phrase → language → concept."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for concept, by_language in read_data("header_words.yaml").items():
        for language, phrases in by_language.items():
            for phrase in str(phrases).split():
                for spelling in {fold(phrase), fold(phrase.casefold().translate(_UMLAUTS))}:
                    key = " ".join(_NO_WORD.sub(" ", spelling).split())
                    if key:
                        first = found[key].setdefault(language, concept)
                        if first != concept:
                            _TWO_MEANINGS.add((key, language))
    return dict(found)


@cache
def _parts() -> frozenset[str]:
    """What may be found inside a compound: single words that are long enough, and signs of scripts without spaces."""
    return frozenset(
        word for word in _index() if " " not in word and (len(word) >= _SHORTEST_PART or _unspaced(word[0]))
    )


@cache
def _stopwords() -> frozenset[str]:
    return frozenset(map(fold, read_data("header_columns.yaml")["stopwords"]))


def _unspaced(sign: str) -> bool:
    return "\u0e00" <= sign <= "\u0e7f" or "\u3040" <= sign <= "\u9fff" or "가" <= sign <= "힣"


def language_of(headers: Iterable[str]) -> str | None:
    """The language in which most words of ``headers`` are understood; None if none is."""
    counted: Counter[str] = Counter()
    for header in headers:
        for phrase, _ in _phrases(header):
            for language in _index().get(phrase, {}):
                counted[language] += 1 + (len(phrase) > 4)
    if not counted:
        return None
    most = max(counted.values())
    return min(
        (name for name, count in counted.items() if count == most), key=lambda name: (name != "en", name)
    )


def known_words(headers: Iterable[str], language: str | None = None) -> int:
    """How many letters of ``headers`` stand in words that are known (in ``language``)."""
    return sum(
        len(phrase)
        for header in headers
        for phrase, known in _phrases(header)
        if known and (language is None or language.partition("-")[0] in _index()[phrase])
    )


def meaning_of(header: str, language: str | None) -> Meaning:
    """The concepts of one header; ``language`` is asked first, then English, then any."""
    concepts: list[str] = []
    words: list[tuple[str, str, str]] = []
    unknown = 0
    ambiguous: list[str] = []
    for phrase, known in _phrases(header):
        if not known:
            unknown += 1
            continue
        found = _index()[phrase]
        chosen = language if language in found else "en" if "en" in found else _only(found)
        if chosen is None:
            unknown += 1
            continue
        concept = found[chosen]
        if (phrase, chosen) in _TWO_MEANINGS:
            ambiguous.append(phrase)
        words.append((phrase, concept, chosen))
        if concept not in concepts:
            concepts.append(concept)
    return Meaning(tuple(concepts), tuple(words), unknown, tuple(ambiguous))


def _only(found: Mapping[str, str]) -> str | None:
    """A word that several languages use for different things means nothing without the language."""
    return min(found) if len(set(found.values())) == 1 else None


@cache
def _phrases(header: str) -> tuple[tuple[str, bool], ...]:
    """The longest known phrases of a header from left to right, and between them what is unknown."""
    words = words_of(header)
    index = _index()
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(words):
        # A single letter at the end tells fields of one name apart.
        alone = len(words[at]) == 1 and at == len(words) - 1
        if words[at] in _stopwords() and words[at] not in index and not alone:
            at += 1
            continue
        for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            if phrase in index:
                found.append((phrase, True))
                at += length
                break
        else:
            found += _compound(words[at])
            at += 1
    return tuple(found)


def _compound(word: str) -> list[tuple[str, bool]]:
    """``schadenshoehe`` → ``schadens``, ``hoehe``. What lies between known parts is unknown if it is no mere ending."""
    parts = _parts()
    found: list[tuple[str, bool]] = []
    at = skipped = 0
    longest = max(map(len, parts))
    while at < len(word):
        for length in range(min(longest, len(word) - at), 0, -1):
            if word[at : at + length] in parts:
                found.append((word[at : at + length], True))
                at += length
                break
        else:
            skipped += 1 if not _unspaced(word[at]) else 2
            at += 1
    if not found or skipped > 2:
        found.append((word, False))
    return found
