"""Which encoding a text is in, with the evidence for it and against the others.

Invariant: an encoding is proposed only if it decodes what was looked at; how sure that is follows from how much more of
the text it makes letters of a language than the next one that would give another text.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from comity.workbench.data import read_data

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOKED_AT: Final = 60_000
_TOLERATED: Final = 0.1
"""Of the lines that are not ASCII so many may be damaged: an export has bad bytes now and then."""
_MARKS: Final = frozenset("“”„‘’–—…§°²³€«»·•´`\u00a0\u200b\ufeff£±×½–、。「」（）・～，：；")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
_EBCDIC_SIGNS: Final = (
    0x40, *range(0xF0, 0xFA),
    *range(0xC1, 0xCA), *range(0xD1, 0xDA), *range(0xE2, 0xEA),
    *range(0x81, 0x8A), *range(0x91, 0x9A), *range(0xA2, 0xAA),
)  # fmt: skip
"""Blank, digits, capital and small letters."""
_EBCDIC = ("cp037", "cp500", "cp273", "cp1047", "cp1140", "cp1026")


@dataclass(frozen=True)
class Encoding:
    """``name`` as an adapter declares it; ``confidence`` 0 to 1; ``evidence`` in sentences, for and against."""

    name: str
    confidence: float
    language: str | None
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class _Trial:
    name: str
    language: str
    score: float
    share: float
    letters: int
    words: int
    strange: str
    text: str


def guess_encoding(pieces: Sequence[bytes]) -> Encoding:
    """The encoding of the lines in ``pieces``, the first of which begins the file."""
    head = pieces[0] if pieces else b""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name, 1.0, None, (f"for {name}: the file begins with its byte order mark",))
    if (wide := _wide(head)) is not None:
        return wide
    if _is_ebcdic(head):
        return _ebcdic(head)
    if all(piece.isascii() for piece in pieces):
        return Encoding("utf-8", 0.9, None, ("for utf-8: only ASCII so far, which most encodings share",))
    raw = b"".join(_interesting(pieces))
    bad, first = _bad_lines(raw, "utf-8")
    if not bad:
        return Encoding(
            "utf-8", 0.99, None, ("for utf-8: all of it decodes, and no other encoding looks so",)
        )
    if bad <= _TOLERATED:
        evidence = f"for utf-8: {1 - bad:.1%} of the lines beyond ASCII decode; {first}"
        return Encoding("utf-8", 0.9, None, (evidence,))
    return _legacy(
        raw, f"against utf-8: {first}, and {bad:.0%} of the lines beyond ASCII do not decode", pieces
    )


def _interesting(pieces: Sequence[bytes]) -> list[bytes]:
    """Lines that are not ASCII: only they tell encodings apart."""
    found, size = [], 0
    for piece in pieces:
        for line in piece.splitlines(keepends=True):
            if not line.isascii():
                found.append(line)
                size += len(line)
                if size > _LOOKED_AT:
                    return found
    return found


def _legacy(raw: bytes, against: str, pieces: Sequence[bytes]) -> Encoding:
    head = pieces[0].split(b"\n", 4)[:4]
    trials: list[_Trial] = []
    refused: list[str] = []
    texts: dict[str, tuple[str, float]] = {}
    for language, spec in languages().items():
        for name in spec["encodings"]:
            if name not in texts:
                bad, first = _bad_lines(raw, name)
                texts[name] = (raw.decode(name, "ignore") if bad <= _TOLERATED else "", bad)
                if bad:
                    refused.append(f"{name}: {first}")
            text, bad = texts[name]
            if text:
                header = [line.decode(name, "replace") for line in head if not line.isascii()]
                trials.append(_trial(name, language, text, spec, header, bad))
    if not trials:
        return Encoding("latin-1", 0.2, None, (against, "no encoding that registers use decodes it"))
    trials.sort(key=lambda trial: -trial.score)
    best = trials[0]
    rival = next((trial for trial in trials if trial.text != best.text), None)
    name = best.name
    same = {trial.name for trial in trials if trial.text == best.text}
    if same & {"cp1252", "latin-1"}:
        # Both give the same text unless bytes 0x80 to 0x9f are used, which Latin-1 has no characters for.
        name = "cp1252" if re.search(rb"[\x80-\x9f]", raw) else "latin-1"
    margin = best.score - (rival.score if rival else 0)
    confidence = max(0.1, min(0.98, best.score * 0.65 + min(margin, 0.3)))
    evidence = [
        against,
        f"for {name}: of {best.letters:,} characters beyond ASCII {best.share:.0%} are those of texts in "
        f"{best.language}"
        + (f", and the header has words of it ({best.words} letters)" if best.words else ""),
    ]
    if rival is not None:
        shown = f", among them {rival.strange}" if rival.strange else ""
        evidence.append(f"against {rival.name}: {rival.share:.0%} at best, as {rival.language}{shown}")
    if refused:
        evidence.append(f"cannot decode it: {'; '.join(refused[:3])}")
    evidence += _second_opinion(raw, name)
    return Encoding(name, round(confidence, 2), best.language.split("-")[0], tuple(evidence))


def _second_opinion(raw: bytes, name: str) -> list[str]:
    """What the library charset-normalizer says, where it is installed: evidence, and never the decision."""
    import codecs

    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return []
    found = from_bytes(raw[:20_000]).best()
    if found is None:
        return []
    agrees = codecs.lookup(found.encoding).name == codecs.lookup(name).name
    return [f"{'for' if agrees else 'beside'} {name}: charset-normalizer takes it for {found.encoding}"]


def _bad_lines(raw: bytes, name: str) -> tuple[float, str]:
    """The share of lines that do not decode, and the first byte that does not."""
    try:
        raw.decode(name)
        return 0.0, ""
    except UnicodeDecodeError as error:
        first = f"byte 0x{error.object[error.start]:02x} is none of it"
    lines = raw.splitlines()
    bad = 0
    for line in lines:
        try:
            line.decode(name)
        except UnicodeDecodeError:
            bad += 1
    return max(bad, 1) / max(len(lines), 1), first


def _trial(
    name: str, language: str, text: str, spec: dict[str, Any], header: list[str], bad: float
) -> _Trial:
    """A character counts whole if the language has it, half if it is a mark that texts have, and against if it is
    neither. Letters of another script inside words count against too.
    """
    from comity.workbench.words import known_words

    counted = Counter(text)
    known = spec["known"]
    total = good = 0.0
    strange: Counter[str] = Counter()
    for sign, count in counted.items():
        if sign < "\x80":
            continue
        total += count
        if sign in known:
            good += count
        elif sign in _MARKS:
            good += count * 0.5
        elif spec["ideographic"] and _is_common(sign, language):
            good += count * 0.6
        else:
            strange[sign] += count
            if not sign.isalpha() or "\uff61" <= sign <= "\uff9f":
                good -= count
    share = max(0.0, good / total) if total else 0.0
    words = known_words(header, language)
    used = len(known & set(counted)) / len(known)
    score = share - _wrongly_joined(text, spec, total) - bad + min(0.2, words / 60) + 0.04 * min(used, 0.5)
    shown = " ".join(sign for sign, _ in strange.most_common(4) if sign.isprintable())
    return _Trial(name, language, score, share, int(total), words, shown, text)


_LATIN = "A-Za-zÀ-ɏḀ-ỿ"
_OTHERS = "\u0370-\u03ff\u0400-\u04ff\u0590-\u06ff\u0e00-\u0e7f\uff61-\uff9f"
_JOINED = re.compile(f"(?<=[A-Za-z])[{_OTHERS}]|[{_OTHERS}](?=[A-Za-z])")
_ACCENTS_ALONE = re.compile("[^\\W\\d_A-Za-z]{4,}")
_SWAPPED = re.compile("[а-яёіїєα-ω][А-ЯЁІЇЄΑ-Ω]")
_THAI_BROKEN = re.compile("(?<![\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")


def _wrongly_joined(text: str, spec: dict[str, Any], total: float) -> float:
    """What only the wrong encoding gives: letters of two scripts in a word, words of accents alone, a capital behind a
    small letter, a vowel sign without its consonant. As a share of ``total``, at most 0.6.
    """
    if spec["ideographic"]:
        return 0.0
    if spec["latin"]:
        wrong = sum(len(match[0]) for match in _ACCENTS_ALONE.finditer(text))
    else:
        wrong = len(_JOINED.findall(text)) * 2 + len(_SWAPPED.findall(text)) * 2
        wrong += len(_THAI_BROKEN.findall(text)) * 2
    return min(0.6, wrong / max(total, 1))


def _is_common(sign: str, language: str) -> bool:
    """Characters of the language's own script that are in no short list of frequent ones."""
    if language == "ko":
        return "가" <= sign <= "힣"
    if language == "ja":
        return "ぁ" <= sign <= "ヿ" or "一" <= sign <= "鿿"
    return "一" <= sign <= "鿿"


def _wide(head: bytes) -> Encoding | None:
    block = head[:4096]
    if len(block) < 4 or block.count(0) < len(block) // 4:
        return None
    order = "le" if block[1::2].count(0) > block[0::2].count(0) else "be"
    return Encoding(
        f"utf-16-{order}", 0.9, None, (f"for utf-16-{order}: every other byte is zero, and there is no mark",)
    )


def _is_ebcdic(head: bytes) -> bool:
    block = head[:65536]
    if not block:
        return False
    usual = sum(block.count(code) for code in _EBCDIC_SIGNS)
    ascii_ = sum(
        block.count(code) for code in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B), 0x20)
    )
    # The blank of EBCDIC is the at sign of ASCII, which no text has as often as its own blank.
    blanks = block.count(0x40) > 4 * block.count(0x20)
    return blanks and usual > len(block) * 0.7 and ascii_ < len(block) * 0.2


def _ebcdic(head: bytes) -> Encoding:
    """Code pages of EBCDIC differ in a dozen signs; the plain one is proposed, and that it is a guess is said."""
    return Encoding(
        "cp037",
        0.6,
        None,
        (
            "for cp037: the bytes are letters, digits and blanks of EBCDIC, and no ASCII",
            f"the code pages {', '.join(_EBCDIC[1:])} differ in brackets, accents and signs of currency: ask the owner",
        ),
    )


@cache
def languages() -> dict[str, dict[str, Any]]:
    """Language → ``encodings``, ``known`` characters, and whether it is written in characters without number."""
    content = read_data("languages.yaml")
    return {
        name: {
            "encodings": spec["encodings"],
            "known": frozenset(spec["letters"]) | frozenset(spec["letters"].upper()),
            "ideographic": name in ("ja", "ko", "zh", "zh-hant"),
            "latin": all(sign < "\u0250" or "\u1e00" <= sign < "\u1f00" for sign in spec["letters"]),
        }
        for name, spec in content.items()
    }
