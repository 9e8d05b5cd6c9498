"""The beginning of a delimited file: what stands above the data, and which column is which field.

Invariant: data begins at the first line behind the header rows; nothing above it is ever read as data, and
no row is taken for a header unless it shows the declared names.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from comity.adapters.drift import DriftError, match_header, overlap
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comity.adapters.field_spec import FieldSpec
    from comity.adapters.formats import CsvFormat

_SEARCHED = 50
_HEAD = 1 << 20


@dataclass(frozen=True)
class Head:
    """``columns``: the field of every column; ``size`` and ``lines``: bytes and lines above the data."""

    columns: tuple[str, ...]
    size: int
    lines: int
    moved: tuple[str, ...] = ()


def find_head(data: bytes, format: CsvFormat, fields: Sequence[FieldSpec], file: str) -> Head:
    """The head of the file that begins with ``data`` (UTF-8). Raises DriftError when the header differs."""
    lines = list(_physical_lines(data[:_HEAD].decode("utf-8", "ignore")))
    if not format.header_rows:
        skipped = lines[: format.preamble_rows]
        columns = _by_position(lines[format.preamble_rows :], format, fields, file)
        return Head(columns, _size(skipped), len(skipped))
    best: DriftError | None = None
    score = 0 if format.find_header else -1
    for first in range(_SEARCHED) if format.find_header else (format.preamble_rows,):
        rows = list(islice(_rows(lines, first, format), format.header_rows))
        # A search stops at the row that shows the names; a counted header may show them in any of its rows.
        for names, _ in rows[:1] if format.find_header else rows:
            if (seen := overlap(names, fields)) <= score:
                continue
            try:
                columns, moved = match_header(names, fields, file=file, line=first + 1)
            except DriftError as error:
                best, score = error, seen
                continue
            end = rows[-1][1]
            return Head(columns, _size(lines[:end]), end, moved)
    if best is not None:
        raise best
    raise ReadError(
        "read.no-header",
        "The file does not show the declared header",
        file=file,
        found=f"none of it in the first {_SEARCHED} lines" if format.find_header else "nothing to read",
        remedy="check 'preamble_rows', 'delimiter' and 'encoding', or whether this is the right file",
    )


def _by_position(
    lines: Sequence[str], format: CsvFormat, fields: Sequence[FieldSpec], file: str
) -> tuple[str, ...]:
    """Without a header columns go by position; optional fields at the end may be absent from the whole
    file.
    """
    names = tuple(field.name for field in fields)
    required = max((place for place, field in enumerate(fields, 1) if not field.optional), default=1)
    widths = [len(row) for row, _ in islice(_rows(lines, 0, format), 1000)]
    usual = max(set(widths), key=widths.count, default=len(names))
    if required <= usual <= len(names):
        return names[:usual]
    if len(names) in widths:
        return names
    raise DriftError(
        found=f"rows of {usual} columns; {len(names)} are declared: {', '.join(names)}", file=file, line=1
    )


def _rows(lines: Sequence[str], first: int, format: CsvFormat) -> Iterator[tuple[list[str], int]]:
    """Rows from line ``first`` on, each with the number of the line behind it; blank lines are none."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if format.quote else csv.QUOTE_NONE
    reader = csv.reader(
        iter(lines[first:]), delimiter=format.delimiter, quotechar=format.quote or '"', quoting=quoting
    )
    try:
        for row in reader:
            if row:
                yield row, first + reader.line_num
    except csv.Error:
        return  # A cell without end: there is no header in it.


def _physical_lines(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=""))


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8")) for line in lines)
