"""How well a name and a birth date answer a question, and why.

Invariant: a score is 0 to 100 and depends on the question and the record alone, so that one answer has one score
whatever else was found. Every part of it can be told in words.

The name is compared word by word (half by Jaro-Winkler, half by the letters that differ), each word of the question
with its best of the name, in any order; words of equal skeleton, which differ only as transliterations do, are near.
Words that the name has besides count a little against it. A birth date that agrees lifts the score, one that cannot
agree lowers it, and one that is not known does neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from comity.search.segment import UNKNOWN
from comity.search.skeleton import skeleton

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from comity.search.question import Question
    from comity.search.segment import Segment

SAME_SOUND = 0.93  # two words that differ as transliterations do
NEAR = 0.85  # two words that are much alike
_WORDS_BESIDES = 0.15  # the weight of the words that only the name has
_BIRTH = 0.35  # the weight of the birth date, when both sides have one

# how the dates agree → how much of the date's weight, and what is said of it
BIRTH: dict[str, tuple[float, str]] = {
    "same": (1.0, "born on the same day"),
    "within": (0.9, "the dates of birth, as far as they are known, agree"),
    "swapped": (0.85, "day and month of birth have changed places"),
    "slip": (0.8, "the dates of birth differ by one digit, or two have changed places"),
    "year": (0.55, "born in the same year"),
    "next": (0.4, "the years of birth are one apart"),
    "five": (0.15, "the years of birth are up to five apart"),
    "other": (0.0, "the dates of birth do not agree"),
    "unknown": (0.0, "the record has no date of birth"),
    "unasked": (0.0, ""),
}
KINDS = tuple(BIRTH)


@dataclass(frozen=True)
class Scored:
    """The best names of a segment: name numbers, their rows, and scores from 0 to 1."""

    names: NDArray[Any]
    rows: NDArray[Any]
    scores: NDArray[Any]


def days_apart(first: NDArray[Any], last: NDArray[Any], question: Question) -> NDArray[Any]:
    """Days between two spans of birth, 0 where they meet; a year where it is not known."""
    import numpy as np

    earliest, latest = _days_of(question)
    apart = np.maximum(np.maximum(first.astype(np.int64) - latest, earliest - last.astype(np.int64)), 0)
    return np.where(first == UNKNOWN, 365, apart)


def score(segment: Segment, names: NDArray[Any], question: Question) -> Scored:
    """Every one of ``names``, the best of each row, the best first."""
    import numpy as np

    rows = segment.array("name_row")[names]
    if not len(names):
        return Scored(names, rows, np.empty(0, np.float32))
    scores = _names(segment, names, question)
    if question.earliest is not None:
        first, last = segment.array("born_first")[rows], segment.array("born_last")[rows]
        weight = np.array([weight for weight, _ in BIRTH.values()])[birth_agreements(first, last, question)]
        known = first != UNKNOWN
        scores = np.where(known, (1 - _BIRTH) * scores + _BIRTH * scores * weight, scores * 0.9)
    order = np.lexsort((rows, -scores))
    _, first_of_row = np.unique(rows[order], return_index=True)
    kept = order[np.sort(first_of_row)]
    return Scored(names[kept], rows[kept], scores[kept])


def _names(segment: Segment, names: NDArray[Any], question: Question) -> Any:
    import numpy as np
    from rapidfuzz.distance import OSA, JaroWinkler
    from rapidfuzz.process import cdist

    starts = segment.array("name_start")
    begin, end = starts[names].astype(np.int64), starts[names + 1].astype(np.int64)
    lengths = end - begin
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    places = np.repeat(begin - offsets[:-1], lengths) + np.arange(offsets[-1])
    words, numbers = np.unique(segment.array("name_word")[places], return_inverse=True)
    texts = segment.words(words)
    alike = (
        cdist(question.words, texts, scorer=JaroWinkler.similarity, dtype=np.float32)
        + cdist(question.words, texts, scorer=OSA.normalized_similarity, dtype=np.float32)
    ) / 2
    skeletons = segment.array("skeletons")[segment.array("word_skeleton")[words]]
    for i, word in enumerate(question.words):
        same = skeletons == skeleton(word).encode()
        alike[i] = np.where(same, np.maximum(alike[i], SAME_SOUND * (0.6 + 0.4 * alike[i])), alike[i])
    spread = alike[:, numbers]
    # A name without a word cannot be a candidate, so no segment of reduceat is empty.
    best = np.maximum.reduceat(spread, offsets[:-1], axis=1)
    weights = np.array([min(len(word), 6) for word in question.words], np.float32)
    # Words that are merely not unlike tell nothing.
    mine = (weights[:, None] * np.clip((best - 0.5) * 2, 0, 1)).sum(axis=0) / weights.sum()
    theirs = np.add.reduceat(np.clip((spread.max(axis=0) - 0.5) * 2, 0, 1), offsets[:-1]) / lengths
    return (1 - _WORDS_BESIDES) * mine + _WORDS_BESIDES * theirs


def birth_agreements(first: NDArray[Any], last: NDArray[Any], question: Question) -> NDArray[Any]:
    """Places in ``BIRTH`` of how each span agrees; days from 1970-01-01, UNKNOWN when not known."""
    import numpy as np

    if question.earliest is None or question.latest is None:
        return np.full(len(first), KINDS.index("unasked"))
    earliest, latest = _days_of(question)
    years, digits = _digits(first)
    until, _ = _digits(last)
    exact = (first == last) & (earliest == latest)
    _, asked = _digits(np.array([earliest]))
    differ = digits != asked
    apart = np.maximum(years - question.latest.year, question.earliest.year - until)
    agrees = {
        "unknown": (first == UNKNOWN) | (last == UNKNOWN),
        "same": exact & (first == earliest),
        "within": (first <= latest) & (earliest <= last),
        "swapped": exact & (digits[:, [0, 1, 2, 3, 6, 7, 4, 5]] == asked).all(axis=1),
        "slip": exact & ((differ.sum(axis=1) == 1) | _neighbours_swapped(digits, asked[0], differ)),
        "year": apart <= 0,
        "next": apart == 1,
        "five": apart <= 5,
    }
    return np.select(list(agrees.values()), [KINDS.index(kind) for kind in agrees], KINDS.index("other"))


def _digits(days: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Years, and the eight digits of each date as it is written, one row a date."""
    import numpy as np

    dates = np.where(days == UNKNOWN, 0, days).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (dates - months).astype(np.int64) + 1
    written = years * 10_000 + month * 100 + day
    return years, written[:, None] // 10 ** np.arange(7, -1, -1) % 10


def _neighbours_swapped(digits: NDArray[Any], asked: NDArray[Any], differ: NDArray[Any]) -> NDArray[Any]:
    """Whether two digits beside each other have changed places, and nothing else."""
    import numpy as np

    found = np.zeros(len(digits), bool)
    for i in range(digits.shape[1] - 1):
        crossed = (digits[:, i] == asked[i + 1]) & (digits[:, i + 1] == asked[i]) & differ[:, i]
        found |= crossed & (differ.sum(axis=1) == 2)
    return found


def _days_of(question: Question) -> tuple[int, int]:
    from datetime import date

    assert question.earliest is not None and question.latest is not None
    epoch = date(1970, 1, 1)
    return (question.earliest - epoch).days, (question.latest - epoch).days


def name_reasons(asked: Sequence[str], words: Sequence[str]) -> list[str]:
    """What is said of every word of the question, and of the words besides. Order does not count."""
    from rapidfuzz.distance import OSA, JaroWinkler

    said: list[str] = []
    used: list[str] = []
    for word in asked:
        alike = partial(JaroWinkler.similarity, word)
        best = max(words, key=lambda each: alike(each) + (skeleton(each) == skeleton(word)), default=None)
        if best is None:
            continue
        letters = OSA.distance(word, best)
        if word == best:
            said.append(f"{word}: the same")
        elif skeleton(best) == skeleton(word):
            said.append(f"{word}: {best}, as another spelling of the same sounds")
        elif letters <= 2:
            said.append(f"{word}: {best}, {'one letter' if letters == 1 else 'two letters'} apart")
        elif alike(best) >= NEAR:
            said.append(f"{word}: {best}, much alike")
        else:
            said.append(f"{word}: not in the name")
            continue
        used.append(best)
    if besides := [word for word in words if word not in used]:
        said.append(f"the name has besides: {' '.join(besides)}")
    return said
