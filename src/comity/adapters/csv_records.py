"""Where the records of delimited text begin and end, found on whole columns of bytes.

Invariant: a stray or unclosed quote costs its own physical line and nothing else. Reading starts outside
quotes at a line; if the quotes of that line break the rules (see ``csv_quotes``), the line is refused. If the
line ends inside quotes, the record goes on to the line that closes them; if that never comes, comes after the
bound, or breaks the rules on the way, the first line alone is refused and reading starts again at the next
one. No step goes over records one by one.

Text without faults is the usual case and takes a shorter way: bytes are tested eight at a time and kept as
bits, bit ``i`` of a board speaks of byte ``i``, and whether a byte lies inside quotes is the parity of the
quotes up to it, a running exclusive or. Where every quote opens behind a delimiter or a line end and closes
before one, both ways find the same records.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from comity.adapters.csv_quotes import quoting_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comity.adapters.csv_quotes import Lines

    Bytes = NDArray[np.uint8]
    Board = NDArray[np.uint64]
    Places = NDArray[np.int64]
    Flags = NDArray[np.bool_]

FINE: Final = 0
BAD_LINE: Final = 1
STRAY_QUOTE: Final = 2
UNCLOSED_QUOTE: Final = 3
TOO_LONG: Final = 4
COLUMN_COUNT: Final = 5


@dataclass(frozen=True)
class Dialect:
    """``delimiter`` and ``quote`` are byte values; ``columns`` is how many every record must have."""

    delimiter: int
    quote: int | None
    columns: int
    longest: int


@dataclass(frozen=True)
class Records:
    """The records in ``data[:consumed]``; blank lines are none.

    ``starts``, ``ends``: of each record, its line end excluded; ``lines``: the physical line it begins on,
    from 0; ``columns``: how many it has; ``codes``: FINE or why it is refused. ``whole``: every byte
    belongs to a fine record. ``suspect``: the last record with quotes is refused. ``quoted``: there is a
    quote in ``data``; ``simple``: there is none, and every line ends with a line feed.
    """

    starts: Places
    ends: Places
    lines: Places
    columns: Places
    codes: Bytes
    consumed: int
    lines_consumed: int
    whole: bool
    suspect: bool = False
    quoted: bool = True
    simple: bool = False


def find_records(
    data: bytes, dialect: Dialect, bad_lines: Places, last: bool, suspect: bool = False
) -> Records:
    """The records of ``data``, which starts outside quotes and ends with a line end unless it is the
    ``last``. ``suspect`` is that of the records before.
    """
    text = np.frombuffer(data, np.uint8)
    returns = b"\r" in data
    breaks, simple = _line_breaks(text, returns)
    if dialect.quote is None or bytes([dialect.quote]) not in data:
        lines = _unquoted(text, breaks, returns, dialect, bad_lines)
        return replace(lines, suspect=suspect, quoted=False, simple=simple)
    quotes = text == dialect.quote
    delimiters = text == dialect.delimiter
    board = _board(quotes)
    inside = _running_parity(board)
    beside = _board(quotes | delimiters | breaks | (text == 13))
    ends_inside = bool(np.bitwise_count(board).sum() & 1)
    misplaced = _misplaced(board, inside, beside, len(text))
    if not misplaced[0].any() and not len(bad_lines) and not (last and ends_inside):
        found = _well_quoted(text, breaks, delimiters, _bytes(inside, len(text)), dialect, last)
        if found is not None:
            final = data.rfind(dialect.quote, 0, found.consumed)
            if final >= 0:
                suspect = bool(found.codes[np.searchsorted(found.starts, final, "right") - 1] != FINE)
            return replace(found, suspect=suspect)
    starts = _spans(text, breaks)[0]
    straight, inverted = (_bytes(each, len(text)) for each in misplaced)
    quoting = quoting_of(
        text, dialect.quote, delimiters, breaks, starts, _bytes(inside, len(text)), (straight, inverted)
    )
    return _line_by_line(text, breaks, quoting, dialect, bad_lines, last, suspect)


def _unquoted(text: Bytes, breaks: Flags, returns: bool, dialect: Dialect, bad_lines: Places) -> Records:
    """Every line is a record."""
    starts, ends, stops = _spans(text, breaks, returns)
    columns = _count(text == dialect.delimiter, starts) + 1
    codes = np.zeros(len(starts), np.uint8)
    codes[bad_lines] = BAD_LINE
    return _judged(
        starts, ends, stops, np.arange(len(starts)), columns, codes, dialect, len(text), len(starts)
    )


def _well_quoted(
    text: Bytes, breaks: Flags, delimiters: Flags, inside: Bytes, dialect: Dialect, last: bool
) -> Records | None:
    """No quote is misplaced, so line ends outside quotes are record ends. None: the rest may be too long to
    be one.
    """
    outside = inside == 0
    record_breaks = breaks & outside
    starts, ends, stops = _spans(text, record_breaks)
    consumed = len(text)
    if not last and len(stops) and not record_breaks[-1]:
        # The last record goes on in the next chunk.
        consumed = int(starts[-1])
        starts, ends, stops = starts[:-1], ends[:-1], stops[:-1]
    if len(text) - consumed > dialect.longest or (stops - starts > dialect.longest).any():
        return None
    columns = _count((delimiters & outside)[:consumed], starts) + 1
    line_stops = np.flatnonzero(breaks[:consumed]) + 1
    lines = np.searchsorted(line_stops, starts, "right")
    codes = np.zeros(len(starts), np.uint8)
    if last and len(text) and not breaks[-1]:
        line_stops = np.append(line_stops, len(text))
    return _judged(starts, ends, stops, lines, columns, codes, dialect, consumed, len(line_stops))


def _line_by_line(
    text: Bytes,
    breaks: Flags,
    quoting: Lines,
    dialect: Dialect,
    bad_lines: Places,
    last: bool,
    suspect: bool,
) -> Records:
    """The rule of the module where quotes break it: what each line does when entered outside or inside
    quotes.
    """
    starts, ends, stops = _spans(text, breaks)
    lines = len(starts)
    bad = np.zeros(lines, np.bool_)
    bad[bad_lines] = True
    refused, refused_within = quoting.wrong_outside | bad, quoting.wrong_inside | bad
    opening = np.flatnonzero(quoting.ends_inside & ~refused)
    deciding = np.flatnonzero(~quoting.stays_inside | refused_within)  # entered inside, it closes or breaks
    place = np.searchsorted(deciding, opening, "right")
    decided = place < len(deciding)
    close = np.append(deciding, lines)[place]
    within_bound = np.append(stops, len(text))[close] - starts[opening] <= dialect.longest
    closes = decided & ~np.append(refused_within, True)[close]
    spanning = within_bound & (closes | (~decided & (not last)))
    chosen = _first_come(opening[spanning], close[spanning])
    first, final = opening[spanning][chosen], close[spanning][chosen]

    limit = lines
    if len(final) and final[-1] == lines:
        limit, first, final = int(first[-1]), first[:-1], final[:-1]
    depth = np.zeros(lines + 1, np.int64)
    depth[first + 1] += 1
    np.subtract.at(depth, final + 1, 1)
    entered_inside = np.cumsum(depth[:lines]) > 0
    at = np.flatnonzero(~entered_inside)
    at = at[at < limit]
    until = at.copy()
    until[np.searchsorted(at, first)] = final

    codes = np.zeros(len(at), np.uint8)
    codes[(quoting.ends_inside & ~refused)[at] & (until == at)] = UNCLOSED_QUOTE
    codes[refused[at]] = STRAY_QUOTE
    codes[bad[at]] = BAD_LINE
    delimited = np.where(entered_inside, quoting.delimiters_inside, quoting.delimiters_outside)
    delimited = np.append(0, np.cumsum(delimited))
    columns = delimited[until + 1] - delimited[at] + 1
    # Behind a refused row with quotes, a quote that is data here may be the one that was missed there.
    quoted = np.flatnonzero(quoting.quoted[at])
    doubtful = np.append(suspect, (codes[quoted] != FINE) | (columns[quoted] != dialect.columns))
    codes[quoted[doubtful[:-1] & quoting.lone[at[quoted]] & (codes[quoted] == FINE)]] = STRAY_QUOTE
    consumed = int(starts[limit]) if limit < lines else len(text)
    found = _judged(starts[at], ends[until], stops[until], at, columns, codes, dialect, consumed, limit)
    return replace(found, suspect=bool(doubtful[-1]))


def _first_come(first: Places, final: Places) -> Places:
    """Of spans ordered by their first line, those that a reader meets who goes on behind each span it takes.

    The spans met are a path from span 0 along ``following``; it is marked by doubling the length of the jump.
    """
    count = len(first)
    met = np.zeros(count + 1, np.bool_)
    met[:1] = True
    jump = np.append(np.searchsorted(first, final, "right"), count)
    if (jump[:-1] == np.arange(1, count + 1)).all():
        return np.arange(count)
    for _ in range(count.bit_length()):
        met[jump[np.flatnonzero(met)]] = True
        jump = jump[jump]
    return np.flatnonzero(met[:count])


def _judged(
    starts: Places,
    ends: Places,
    stops: Places,
    lines: Places,
    columns: Places,
    codes: Bytes,
    dialect: Dialect,
    consumed: int,
    lines_consumed: int,
) -> Records:
    """Column counts and lengths judged, blank lines left out."""
    fine = codes == FINE
    codes[fine & (columns != dialect.columns)] = COLUMN_COUNT
    codes[fine & (stops - starts > dialect.longest)] = TOO_LONG
    kept = (ends > starts) | (codes == BAD_LINE)
    whole = bool(kept.all()) and not codes.any()
    if not kept.all():
        starts, ends, lines, columns, codes = (part[kept] for part in (starts, ends, lines, columns, codes))
    return Records(starts, ends, lines, columns, codes, consumed, lines_consumed, whole)


def _line_breaks(text: Bytes, returns: bool) -> tuple[Flags, bool]:
    """The last byte of every line end: a line feed, or a carriage return that none follows; and whether none is so."""
    breaks: Flags = text == 10
    if not returns:
        return breaks, True
    alone = text == 13
    alone[:-1] &= ~breaks[1:]
    return breaks | alone, not alone.any()


def _spans(text: Bytes, breaks: Flags, returns: bool = True) -> tuple[Places, Places, Places]:
    """Start, end without the line end, and stop behind it, of everything that ``breaks`` ends."""
    at = np.flatnonzero(breaks)
    stops = at + 1
    ends = at - ((text[at] == 10) & (at > 0) & (text[at - 1] == 13)) if returns else at
    if len(text) and (not len(stops) or stops[-1] != len(text)):
        stops, ends = np.append(stops, len(text)), np.append(ends, len(text))
    starts = np.append(0, stops[:-1]) if len(stops) else stops
    return starts, ends, stops


def _count(flags: Flags, starts: Places) -> Places:
    """How many flags each stretch holds, the first of which starts at 0: the flags before its end less those before
    its start, and before a place are those up to its word, less the bits of the word from the place on.
    """
    if not len(starts):
        return np.zeros(0, np.int64)
    board = _board(flags)
    upto = np.cumsum(np.bitwise_count(board), dtype=np.int64)
    words = starts >> 6
    behind = np.bitwise_count(board[words] >> (starts & 63).astype(np.uint64))
    before: Places = upto[words] - behind
    return np.append(before[1:], upto[-1]) - before


def _board(flags: Flags) -> Board:
    packed = np.packbits(flags, bitorder="little")
    return np.append(packed, np.zeros(-len(packed) % 8, np.uint8)).view("<u8")


def _bytes(board: Board, length: int) -> Bytes:
    return np.unpackbits(board.view(np.uint8), count=length, bitorder="little")


def _running_parity(board: Board) -> Board:
    """Bit ``i``: the parity of all bits up to and with ``i``."""
    parity = board.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        parity ^= parity << np.uint64(shift)
    carried = np.bitwise_xor.accumulate(parity >> np.uint64(63))
    parity[1:] ^= np.uint64(0) - carried[:-1]
    return parity


def _misplaced(quotes: Board, inside: Board, beside: Board, length: int) -> tuple[Board, Board]:
    """Quotes that may not stand where they do, if the text begins outside quotes, and if it begins inside.

    ``beside``: bytes that a quote may have beside it: delimiters, line ends, quotes; the ends of the text
    too.
    """
    one, top = np.uint64(1), np.uint64(63)
    before, after = beside << one, beside >> one
    before[1:] |= beside[:-1] >> top
    after[:-1] |= beside[1:] << top
    before[0] |= one
    after[(length - 1) // 64] |= one << np.uint64((length - 1) % 64)
    not_opening, not_closing = quotes & ~before, quotes & ~after
    return (not_opening & inside) | (not_closing & ~inside), (not_opening & ~inside) | (not_closing & inside)
