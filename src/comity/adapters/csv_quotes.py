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

_BLANK = 32


@dataclass(frozen=True)
class Lines:
    """Of every line: whether it breaks a rule, and whether it ends inside, by how it is entered.

    ``quoted``: it has quotes; ``lone``: entered outside, it has an odd run of quotes as data, which might also
    be the end of a cell that opened in a line before.
    """

    wrong_outside: Flags
    wrong_inside: Flags
    ends_inside: Flags
    stays_inside: Flags
    quoted: Flags
    lone: Flags
    _at: Places
    _line: Places
    _then: tuple[Flags, Flags]

    def outside(self, delimiters: Flags, starts: Places, entered_inside: Flags) -> Places:
        """Where delimiters stand outside quotes, given how every line is entered."""
        at = np.flatnonzero(delimiters)
        line = np.searchsorted(starts, at, "right") - 1
        run = np.searchsorted(self._at, at) - 1
        inside = entered_inside[line]
        behind = run >= 0
        behind[behind] = self._line[run[behind]] == line[behind]
        outside, within = self._then
        inside[behind] = np.where(inside[behind], within[run[behind]], outside[run[behind]])
        return np.asarray(at[~inside])


def quoting_of(text: Bytes, quote: int, delimiters: Flags, breaks: Flags, starts: Places) -> Lines:
    """``breaks``: the last byte of every line end; ``starts``: where the lines begin."""
    count = len(starts)
    quotes = np.flatnonzero(text == quote)
    alone = np.diff(quotes) != 1
    at, last = quotes[np.append(True, alone)], quotes[np.append(alone, True)]
    odd = ((last - at) & 1) == 0
    line = np.searchsorted(starts, at, "right") - 1
    begins = (at == starts[line]) | delimiters[at - 1]
    behind = np.minimum(last + 1, len(text) - 1)
    ends = (last + 1 == len(text)) | delimiters[behind] | breaks[behind] | (text[behind] == 13)
    blank = ~begins & (text[at - 1] == _BLANK)
    blank[blank] = _only_blanks_before(text, at[blank], delimiters, starts[line[blank]])

    # How many toggles lie between a run and where the state is known: its line's start, or a run that leads outside.
    toggles = np.cumsum(begins & odd)
    before = toggles - (begins & odd)
    number = np.arange(len(at))
    first = np.maximum.accumulate(np.where(np.append(True, np.diff(line) != 0), number, 0))
    reset = np.append(-1, np.maximum.accumulate(np.where(odd & ~begins, number, -1))[:-1])
    known = reset >= first
    outside = ((before - np.where(known, toggles[reset], before[first])) & 1) == 1
    within = outside ^ ~known

    def wrong(inside: Flags) -> Flags:
        return _per_line(line[np.where(inside, odd & ~ends, (begins & ~odd & ~ends) | blank)], count)

    def then(inside: Flags) -> Flags:
        return np.asarray(np.where(odd, begins & ~inside, inside))

    final = np.append(np.diff(line) != 0, True)
    ends_inside, stays_inside = np.zeros(count, np.bool_), np.ones(count, np.bool_)
    ends_inside[line[final]], stays_inside[line[final]] = then(outside)[final], then(within)[final]
    return Lines(
        wrong(outside),
        wrong(within),
        ends_inside,
        stays_inside,
        _per_line(line, count),
        _per_line(line[odd & ~begins & ~outside], count),
        at,
        line,
        (then(outside), then(within)),
    )


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
