"""What the quotes of delimited text do, line by line.

Invariant: the two questions are answered for every line at once: what does it do when it is entered outside
quotes, and what when it is entered inside. No step goes over lines or quotes one by one.

A quote opens a cell at its beginning and nowhere else; in a cell that it did not open it is data. Inside quotes two
quotes are one, and the quote that closes must stand before a delimiter or a line end. So a run of quotes at the
beginning of a cell toggles between outside and inside if it is odd, an odd run elsewhere leads outside from both,
and an even run changes nothing: the state is the parity of the toggles since the last run that leads outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Places = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Misplaced = tuple[Bytes, Bytes]

_BLANK = 32


@dataclass(frozen=True)
class Lines:
    """Of every line: whether it breaks a rule, whether it ends inside, and how many delimiters it has outside
    quotes, by how it is entered.

    ``quoted``: it has quotes; ``lone``: entered outside, it has an odd run of quotes as data, which might also
    be the end of a cell that opened in a line before.
    """

    wrong_outside: Flags
    wrong_inside: Flags
    ends_inside: Flags
    stays_inside: Flags
    delimiters_outside: Places
    delimiters_inside: Places
    quoted: Flags
    lone: Flags


def quoting_of(
    text: Bytes,
    quote: int,
    delimiters: Flags,
    breaks: Flags,
    starts: Places,
    parity: Bytes,
    misplaced: Misplaced,
) -> Lines:
    """``breaks``: the last byte of every line end; ``starts``: where the lines begin.

    ``parity``: of the quotes up to every byte; ``misplaced``: quotes that neither open nor close where they
    stand, if the text begins outside, and if it begins inside. Where none is, parity says all there is to say.
    """
    flipped = np.append(False, parity[starts[1:] - 1] == 1)
    odd = (parity[np.append(starts[1:], len(text)) - 1] == 1) != flipped
    straight, inverted = (_counts(np.flatnonzero(flags), starts) > 0 for flags in misplaced)
    between = np.flatnonzero(delimiters)
    counted = np.searchsorted(between, np.append(starts, len(text)))
    odd_count = np.diff(np.append(0, np.cumsum(parity[between], dtype=np.int64))[counted])
    even_count = np.diff(counted) - odd_count
    quotes = text == quote
    at = np.flatnonzero(quotes)
    bounds = np.append(np.searchsorted(at, starts), len(at))
    quoted = np.diff(bounds) > 0
    first = at[np.minimum(bounds[:-1], len(at) - 1)]
    found = Lines(
        wrong_outside=np.where(flipped, inverted, straight),
        wrong_inside=np.where(flipped, straight, inverted),
        ends_inside=odd,
        stays_inside=~odd,
        delimiters_outside=np.where(flipped, odd_count, even_count),
        delimiters_inside=np.where(flipped, even_count, odd_count),
        quoted=quoted,
        lone=np.zeros(len(starts), np.bool_),
    )
    # Entered inside, a line whose first quote does not close the cell is wrong, whatever comes behind.
    hopeless = quoted & (np.where(flipped, misplaced[0][first], misplaced[1][first]) > 0)
    doubt = found.wrong_outside | (found.wrong_inside & ~hopeless)
    if doubt.any():
        _look_closely(found, text, quotes, delimiters, breaks, starts, doubt)
    return found


def _look_closely(
    found: Lines, text: Bytes, quotes: Flags, delimiters: Flags, breaks: Flags, starts: Places, doubt: Flags
) -> None:
    """Correct what parity says of the lines in ``doubt``."""
    count = len(starts)
    doubted = np.repeat(doubt, np.diff(np.append(starts, len(text))))
    each = np.flatnonzero(quotes & doubted)
    alone = np.diff(each) != 1
    at, last = each[np.append(True, alone)], each[np.append(alone, True)]
    odd = ((last - at) & 1) == 0
    line = _lines_of(at, starts)
    begins = (at == starts[line]) | delimiters[at - 1]
    behind = np.minimum(last + 1, len(text) - 1)
    ends = (last + 1 == len(text)) | delimiters[behind] | breaks[behind] | (text[behind] == 13)
    blank = ~begins & (text[at - 1] == _BLANK)
    if blank.any():
        blank[blank] = _only_blanks_before(text, at[blank], delimiters, starts[line[blank]])

    # How many toggles lie between a run and where the state is known: its line's start, or a run that leads outside.
    toggles = np.cumsum(begins & odd)
    before = toggles - (begins & odd)
    number = np.arange(len(at))
    first = np.maximum.accumulate(np.where(np.append(True, np.diff(line) != 0), number, 0))
    reset = np.append(-1, np.maximum.accumulate(np.where(odd & ~begins, number, -1))[:-1])
    known = reset >= first
    outside = ((before - np.where(known, toggles[reset], before[first])) & 1) == 1
    final = np.append(np.diff(line) != 0, True)
    place = np.flatnonzero(delimiters & doubted)
    place_line = _lines_of(place, starts)
    run = np.searchsorted(at, place) - 1
    behind_run = (run >= 0) & (line[run] == place_line)
    for state, wrong, ends_inside, delimited, entered in (
        (outside, found.wrong_outside, found.ends_inside, found.delimiters_outside, False),
        (outside ^ ~known, found.wrong_inside, found.stays_inside, found.delimiters_inside, True),
    ):
        then = np.where(odd, begins & ~state, state)
        breaking = np.where(state, odd & ~ends, (begins & ~odd & ~ends) | blank)
        wrong[doubt] = _per_line(line[breaking], count)[doubt]
        ends_inside[line[final]] = then[final]
        outer = ~np.where(behind_run, then[run], entered)
        delimited[doubt] = np.bincount(place_line[outer], minlength=count)[doubt]
    found.lone[line[odd & ~begins & ~outside]] = True


def _lines_of(at: Places, starts: Places) -> Places:
    """The line of every place; there are fewer lines than places."""
    return np.repeat(np.arange(len(starts)), _counts(at, starts))


def _counts(at: Places, starts: Places) -> Places:
    """How many places every line has."""
    return np.diff(np.append(np.searchsorted(at, starts), len(at)))


def _per_line(lines: Places, count: int) -> Flags:
    flags = np.zeros(count, np.bool_)
    flags[lines] = True
    return flags


def _only_blanks_before(text: Bytes, at: Places, delimiters: Flags, starts: Places) -> Flags:
    """Whether nothing but blanks stands between the beginning of the cell and the quote.

    Readers differ in what such a quote is: to some it opens the cell.
    """
    filled = np.flatnonzero(text != _BLANK)
    before = np.searchsorted(filled, at) - 1
    place = np.where(before >= 0, filled[before], -1)
    return np.asarray((place < starts) | delimiters[place])
