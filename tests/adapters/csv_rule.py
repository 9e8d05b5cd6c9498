"""The rule for delimited text once more, as plainly as it can be said: one character after the other.

The reader finds the same on whole columns of bytes; the tests compare the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Row:
    """``line`` counts from 1; ``code`` is None for a row that is kept, and then ``cells`` are its cells."""

    line: int
    code: str | None
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Line:
    wrong: bool
    inside: bool
    lone: bool
    cells: tuple[str, ...]


def rows_by_rule(text: str, columns: int, delimiter: str = ",", quote: str | None = '"') -> list[Row]:
    """Every row of ``text`` that is not blank."""
    lines = _LINE.findall(text)
    found: list[Row] = []
    doubtful = False
    at = 0
    while at < len(lines):
        first = _walk(lines[at], delimiter, quote, inside=False)
        until, cells = at, first.cells
        code = "read.stray-quote" if first.wrong else None
        if not first.wrong and first.inside:
            closed = _close(lines, at, delimiter, quote)
            if closed is None:
                code = "read.unclosed-quote"
            else:
                until = closed
                whole = "".join(lines[at : until + 1])
                cells = _walk(whole, delimiter, quote, inside=False).cells
        raw = "".join(lines[at : until + 1]).rstrip("\r\n") if until == at else "multi"
        if quote is not None and quote in "".join(lines[at : until + 1]):
            before, doubtful = doubtful, code is not None or len(cells) != columns
            if code is None and before and first.lone:
                code = "read.stray-quote"
        if code is None and len(cells) != columns:
            last = at == len(lines) - 1 or until == len(lines) - 1
            cut = last and not lines[until].endswith(("\n", "\r"))
            code = "read.truncated-row" if cut else "read.column-count"
        if raw:
            found.append(Row(at + 1, code, cells if code is None else ()))
        at = until + 1
    return found


def _close(lines: list[str], opening: int, delimiter: str, quote: str | None) -> int | None:
    for at in range(opening + 1, len(lines)):
        line = _walk(lines[at], delimiter, quote, inside=True)
        if line.wrong:
            return None
        if not line.inside:
            return at
    return None


def _walk(line: str, delimiter: str, quote: str | None, *, inside: bool) -> _Line:
    """``line`` may have line ends only inside quotes and at its end."""
    text = re.sub(r"(?:\r\n|\n|\r)\Z", "", line)
    cells, cell, lone = [], "", False
    begins, wrong = True, False
    at = 0
    while at < len(text):
        sign = text[at]
        if inside:
            if sign != quote:
                cell += sign
            elif text[at + 1 : at + 2] == quote:
                cell += sign
                at += 1
            else:
                inside = False
                wrong |= text[at + 1 : at + 2] not in ("", delimiter)
                begins = False
        elif sign == delimiter:
            cells.append(cell)
            cell, begins = "", True
            at += 1
            continue
        elif sign == quote and begins:
            inside, begins = True, False
        elif sign == quote:
            run = len(text) - at - len(text[at:].lstrip(quote))
            lone |= run % 2 == 1
            wrong |= not cell.strip(" ")
            cell += quote * run
            at += run - 1
        else:
            cell, begins = cell + sign, False
        at += 1
    if inside:
        cell += line[len(text) :]
    return _Line(wrong, inside, lone, (*cells, cell))
