"""Delimited text: which mark stands between cells, how cells are quoted, and what frames the table.

Invariant: of several marks the one that makes most rows equally wide is proposed, and the others are named.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from comity.workbench.frame import find_frame
from comity.workbench.table import SampleField, Table, columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "bar",
    "^": "caret",
    "~": "tilde",
    "\x1f": "unit separator",
}
_TRIED = 400
MOST_ROWS = 40_000


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    quote: str | None
    share: float
    width: int
    evidence: str


def find_dialect(text: str) -> Dialect | None:
    """The dialect of the lines of ``text``; None when no mark stands in most of them."""
    lines = text[:400_000].splitlines(keepends=True)[:_TRIED]
    sample = "".join(lines)
    found: list[tuple[float, int, str, str | None]] = []
    for mark in _MARKS:
        if mark not in sample:
            continue
        for quote in ('"', "'", None):
            if quote == "'" and not _quotes_cells(sample, mark, quote):
                continue
            if quote is None and _quotes_cells(sample, mark, '"'):
                continue
            widths = [len(row) for row in _rows(sample, mark, quote) if row]
            width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
            if width > 1:
                found.append((count / len(widths), width, mark, quote))
                break
    if not found:
        return None
    # A rarer mark inside texts makes rows of many widths; a few wide rows count more than two cells by chance.
    found.sort(key=lambda each: (round(each[0], 1), min(each[1], 6), each[0]), reverse=True)
    share, width, mark, quote = found[0]
    others = [f"{_MARKS[each[2]]}: {each[0]:.0%} of rows have {each[1]}" for each in found[1:3]]
    evidence = f"{_MARKS[mark]}: {share:.0%} of rows have {width} cells" + (
        f" (against {'; '.join(others)})" if others else ""
    )
    return Dialect(mark, quote, share, width, evidence) if share >= 0.5 else None


def _quotes_cells(sample: str, mark: str, quote: str) -> bool:
    return (
        sample.count(f"{mark}{quote}") + sample.count(f"\n{quote}") > 2 and sample.count(f"{quote}{mark}") > 2
    )


def _rows(text: str, mark: str, quote: str | None) -> list[tuple[str, ...]]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=mark, quotechar=quote or '"', quoting=quoting
    )
    rows: list[tuple[str, ...]] = []
    try:
        for row in reader:
            if row:
                rows.append(tuple(row))
            if len(rows) >= MOST_ROWS:
                break
    except csv.Error:
        pass  # a cell without end: what was read until there counts
    return rows


def read_delimited(
    texts: Sequence[str], dialect: Dialect, encoding: str, *, whole: bool, share: float
) -> Table:
    """The table in ``texts``, the pieces of a file of which ``share`` was looked at."""
    csv.field_size_limit(8 << 20)
    head = _rows(texts[0].removeprefix("\ufeff"), dialect.delimiter, dialect.quote)
    frame = find_frame(head, whole=len(texts) == 1 and whole)
    footers: tuple[tuple[str, ...], ...] = ()
    pattern = frame.footer_pattern
    rows = head[frame.preamble + frame.headers : len(head) - frame.footers]
    if frame.footers:
        footers = tuple(head[-frame.footers :])
    for number, text in enumerate(texts[1:], 2):
        more = _rows(text, dialect.delimiter, dialect.quote)[1:]
        if number == len(texts):
            last = find_frame(more, whole=True)
            if last.footers and pattern is None:
                pattern, footers = last.footer_pattern, tuple(more[-last.footers :])
            more = more[: len(more) - last.footers]
        rows += more
    width = frame.width
    odd = sum(1 for row in rows if len(row) != width)
    rows = [row for row in rows if len(row) == width]
    format: dict[str, Any] = {"type": "csv", "encoding": encoding, "delimiter": dialect.delimiter}
    if dialect.quote != '"':
        format["quote"] = dialect.quote
    if frame.preamble:
        format["preamble_rows"] = _lines_above(texts[0], head[frame.preamble])
    if frame.headers != 1:
        format["header_rows"] = frame.headers
    if pattern:
        format["footer"] = pattern
    names = unique_names(frame.names or [f"column_{place}" for place in range(1, width + 1)])
    evidence = [dialect.evidence, *frame.evidence]
    if odd:
        evidence.append(
            f"{odd:,} of {len(rows) + odd:,} rows have another number of cells and would be refused"
        )
    first = texts[0][:20_000]
    return Table(
        format,
        tuple(SampleField(name, values) for name, values in zip(names, columns_of(rows, width), strict=True)),
        len(rows),
        round(len(rows) / share) if share else None,
        bool(frame.names),
        tuple(evidence),
        {"header_rows": frame.doubt} if frame.doubt else {},
        tuple(head[: frame.preamble]),
        footers,
        line_ending="\r\n" if first.count("\r\n") * 2 > first.count("\n") else "\n",
        quoted=_quoting(first, dialect),
    )


def _quoting(text: str, dialect: Dialect) -> str:
    if dialect.quote is None:
        return "never"
    lines = text.splitlines()[:50]
    always = sum(1 for line in lines if line.startswith(dialect.quote) and line.endswith(dialect.quote))
    return "always" if lines and always > 0.8 * len(lines) else "where needed"


def _lines_above(text: str, header: Sequence[str]) -> int:
    """Lines above the header, blank ones too: an adapter counts lines."""
    first = header[0].splitlines()[0] if header[0] else ""
    for number, line in enumerate(text.splitlines()):
        if all(cell.splitlines()[0] in line if cell else True for cell in header[:3]) and first in line:
            return number
    return 0


def unique_names(names: Sequence[str]) -> list[str]:
    """A name that is empty or stands twice becomes one of its own: names are SQL columns."""
    found: list[str] = []
    for place, name in enumerate(names, 1):
        name = name.strip() or f"column_{place}"
        taken = {each.casefold() for each in found} | {"source_row"}
        number = 2
        unique = name
        while unique.casefold() in taken:
            unique, number = f"{name}_{number}", number + 1
        found.append(unique)
    return found
