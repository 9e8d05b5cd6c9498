"""The names of a segment that may be the one asked for.

Invariant: bounded work: however common the name, at most ``MOST`` names are given to the score; those that share two
words come first, then those that share the rarest word and the year of birth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.search.segment import NAME_BITS, YEAR_BITS, pair_hash, text_hash, year_code
from comity.search.skeleton import one_letter_less, skeleton

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comity.search.question import Question
    from comity.search.segment import Segment

MOST = 3000
_MOST_PAIRS = 1500  # pairs of skeletons that are looked up
_NEAR = 60  # skeletons a letter apart from one word
_YEARS = 1  # a year of birth may be wrong by so much


def candidates(segment: Segment, question: Question) -> NDArray[Any]:
    """Numbers of names, each once."""
    import numpy as np

    if not segment.rows:
        return np.empty(0, np.int64)
    near = [_near(segment, word) for word in question.words]
    found: NDArray[Any] = _by_pairs(segment, near)
    if len(found) > MOST:
        found = _nearest_years(segment, found, question)[:MOST]
    if len(found) < MOST:
        found = np.concatenate([found, _by_words(segment, near, question)])
    # The first of each stays in its place: the best ways of finding come first.
    _, first = np.unique(found, return_index=True)
    return found[np.sort(first)][:MOST].astype(np.int64)


def _near(segment: Segment, word: str) -> NDArray[Any]:
    """Places of the skeleton of ``word`` and of those one letter away; the same one first, when it is there."""
    import numpy as np
    from rapidfuzz.distance import OSA

    text = skeleton(word)
    skeletons, deletes = segment.array("skeletons"), segment.array("deletes")
    hashes = np.unique(text_hash(one_letter_less(text)))
    ranges = zip(
        np.searchsorted(deletes, hashes), np.searchsorted(deletes, hashes, side="right"), strict=True
    )
    places = np.unique(np.concatenate([segment.array("delete_of")[start:end] for start, end in ranges]))
    known = [(OSA.distance(text, skeletons[place].decode(), score_cutoff=1), place) for place in places]
    close = sorted((distance, place) for distance, place in known if distance <= 1)
    if len(text) < 2:  # of two sounds every other one is a letter away
        close = [(distance, place) for distance, place in close if distance == 0]
    return np.array([place for _, place in close[:_NEAR]], np.int64)


def _by_pairs(segment: Segment, near: list[NDArray[Any]]) -> Any:
    """Names that have two of the words, or words near them."""
    import numpy as np

    one, other, far = [], [], []
    for i, some in enumerate(near):
        for others in near[i + 1 :]:
            # A letter may differ in either word; that it differs in both comes last.
            first, second = np.meshgrid(np.arange(len(some)), np.arange(len(others)), indexing="ij")
            one.append(some[first.ravel()])
            other.append(others[second.ravel()])
            far.append((first > 0).ravel().astype(int) + (second > 0).ravel())
    if not one:
        return np.empty(0, np.uint64)
    order = np.argsort(np.concatenate(far), kind="stable")[:_MOST_PAIRS]
    hashes = pair_hash(np.concatenate(one)[order], np.concatenate(other)[order])
    _, first_of = np.unique(hashes, return_index=True)
    hashes = hashes[np.sort(first_of)] << np.uint64(NAME_BITS)
    return _postings(segment.array("pairs"), hashes, hashes | np.uint64(2**NAME_BITS - 1), 20 * MOST)


def _by_words(segment: Segment, near: list[NDArray[Any]], question: Question) -> NDArray[Any]:
    """Names that have one of the words, near it, born about the year asked for; those of the rarest words first."""
    import numpy as np

    singles = segment.array("singles")
    shift = np.uint64(YEAR_BITS + NAME_BITS)
    sets = []
    for places in near:
        bases = places.astype(np.uint64) << shift
        if question.earliest is not None and question.latest is not None:
            years = np.arange(question.earliest.year - _YEARS, question.latest.year + _YEARS + 1)
            codes = np.concatenate([np.unique(year_code(years)), np.zeros(1, np.uint64)]) << np.uint64(
                NAME_BITS
            )
            starts = (bases[:, None] | codes[None, :]).ravel()
            ends = starts | np.uint64(2**NAME_BITS - 1)
        else:
            starts, ends = bases, bases | np.uint64(2 ** (YEAR_BITS + NAME_BITS) - 1)
        begin, end = np.searchsorted(singles, starts), np.searchsorted(singles, ends, side="right")
        sets.append((int((end - begin).sum()), starts, ends))
    found = [
        _postings(singles, starts, ends, MOST) for _, starts, ends in sorted(sets, key=lambda each: each[0])
    ]
    return np.concatenate(found) if found else np.empty(0, np.uint64)


def _postings(array: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any], most: int) -> Any:
    """The names in every range of a sorted array, the first ranges first, and no more than ``most``."""
    import numpy as np

    begin = np.searchsorted(array, starts)
    end = np.searchsorted(array, ends, side="right")
    upto = np.cumsum(end - begin)
    within = int(np.searchsorted(upto, most)) + 1
    begin, lengths = begin[:within], (end - begin)[:within]
    places = np.repeat(begin - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    return array[places[:most]] & np.uint64(2**NAME_BITS - 1)


def _nearest_years(segment: Segment, names: NDArray[Any], question: Question) -> NDArray[Any]:
    """``names`` with those born nearest to the time asked for first."""
    import numpy as np

    if question.earliest is None or question.latest is None:
        return names
    from comity.search.score import days_apart

    rows = segment.array("name_row")[names.astype(np.int64)]
    apart = days_apart(segment.array("born_first")[rows], segment.array("born_last")[rows], question)
    return names[np.argsort(apart, kind="stable")]
