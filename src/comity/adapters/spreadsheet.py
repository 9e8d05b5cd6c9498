"""The reader of spreadsheets: XLSX, ODS and XLS.

Invariant: a sheet is not opened before its size is known, so that one stray cell in the last column costs
nothing. Cells become the text that a person sees, errors too; a blank row is no row, and a value outside the declared
columns is refused and never cut off.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from comity.adapters.drift import DriftError, match_header, overlap
from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.adapters.refused import RefusedRows
from comity.adapters.sheet_size import MOST_COLUMNS, damaged, encrypted, look_at, missing_sheet
from comity.adapters.value_text import plain_number, text_column, value_text
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import SpreadsheetFormat
    from comity.adapters.part import ExportFile

    Row = list[Any]

_SEARCHED = 50
_BATCH = 10_000
_DIGITS = 15
"""Spreadsheet programs show no more, and what they compute is often wrong behind them."""


def read(
    file: ExportFile, format: SpreadsheetFormat, adapter: Adapter, into: Path, first_row: int
) -> Reading:
    """``file`` as parts of kind ``table``."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = _rows(file, format)
    head = list(islice(rows, _SEARCHED + format.preamble_rows + format.header_rows))
    columns, places, start, moved = _header(head, format, adapter, file)
    refused, row, line, footers = RefusedRows(into, file.name), first_row, start + 1, 0
    with PartWriter(into, "table", columns) as writer:
        for batch in _batches(head[start:], rows):
            texts = [
                pc.utf8_trim_whitespace(text_column(values, _text)) for values in zip(*batch, strict=True)
            ]
            if not texts:
                break  # a sheet without a single cell
            filled = np.array([pc.not_equal(text, "").to_numpy(zero_copy_only=False) for text in texts])
            is_row = filled.any(axis=0)
            numbers = row - 1 + np.cumsum(is_row)
            outside = np.delete(filled, places, axis=0).any(axis=0)
            is_footer = is_row & _footers(texts, format)
            footers += int(is_footer.sum())
            kept = pa.array(is_row & ~is_footer & ~outside)
            writer.add(
                pa.array(numbers, pa.int64()).filter(kept), [texts[place].filter(kept) for place in places]
            )
            bad = np.flatnonzero(is_row & ~is_footer & outside)
            raw = pc.binary_join_element_wise(*(text.take(pa.array(bad)) for text in texts), "\t")
            message = f"the row has values outside the {len(columns)} declared columns"
            refused.add_columns(
                source_row=pa.array(numbers[bad], pa.int64()),
                code=pa.repeat("read.column-count", len(bad)),
                message=pa.repeat(message, len(bad)),
                raw=raw,
                line=pa.array(line + bad, pa.int64()),
            )
            row += int(is_row.sum())
            line += len(batch)
        parts = writer.finish()
    count = row - first_row
    notes = (f"{file.name}: columns in another order: {', '.join(moved)}",) if moved else ()
    read_file = FileRead(file.name, file.sha256, file.size, first_row, count)
    return Reading(parts, count, footers, refused.close(), refused.count, (read_file,), notes)


def probe(file: ExportFile, format: SpreadsheetFormat, adapter: Adapter) -> None:
    """The sheet is there and shows the declared header."""
    head = list(islice(_rows(file, format), _SEARCHED + format.preamble_rows + format.header_rows))
    _header(head, format, adapter, file)


def _rows(file: ExportFile, format: SpreadsheetFormat) -> Iterator[Row]:
    """The rows of the sheet from its first line on, all of one length; the first column is the first that is used."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    sheet = format.sheet
    unread = look_at(file, sheet)
    try:
        workbook = CalamineWorkbook.from_path(str(file.path))
        names = workbook.sheet_names
        if (sheet not in names) if isinstance(sheet, str) else (sheet >= len(names)):
            raise missing_sheet(file, sheet, names)
        found = workbook.get_sheet_by_name(names[sheet] if isinstance(sheet, int) else sheet)
    except PasswordError:
        raise encrypted(file) from None
    except (CalamineError, OSError, ValueError) as error:
        raise damaged(file, str(error)) from None
    except BaseException as error:
        # The library's own assertions arrive as a panic, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise damaged(file, str(error)) from None
    rows = iter(found.iter_rows())
    return _with_unread(rows, found.start[1] if found.start else 0, found.width, unread) if unread else rows


def _with_unread(
    rows: Iterator[Row], first: int, width: int, unread: Mapping[tuple[int, int], str]
) -> Iterator[Row]:
    """The rows, of ``width`` columns from ``first`` on, with the texts of cells that the library gave as empty."""
    by_row: dict[int, dict[int, str]] = defaultdict(dict)
    for (line, column), text in unread.items():
        by_row[line][column] = text
    left = min(first if width else MOST_COLUMNS, *(column for _, column in unread))
    right = max(first + width, *(column + 1 for _, column in unread))
    for line, (row, _) in enumerate(zip_longest(rows, range(max(by_row) + 1))):
        cells = [""] * (first - left) + (row or [])
        cells += [""] * (right - left - len(cells))
        for column, text in by_row.get(line, {}).items():
            cells[column - left] = text
        yield cells


def _header(
    rows: Sequence[Row], format: SpreadsheetFormat, adapter: Adapter, file: ExportFile
) -> tuple[tuple[str, ...], list[int], int, tuple[str, ...]]:
    """The fields in the order of the columns, where these are, the first data row, and what moved."""
    if not format.header_rows:
        return _by_position(rows, format, adapter, file)
    best: DriftError | None = None
    score = 0 if format.find_header else -1
    first = 0 if format.find_header else format.preamble_rows
    last = _SEARCHED if format.find_header else first + format.header_rows
    for at, row in enumerate(rows[first:last], first):
        names = [_text(value) for value in row]
        if (seen := overlap(names, adapter.fields)) <= score:
            continue
        places = [place for place, name in enumerate(names) if name]
        try:
            columns, moved = match_header(
                [names[place] for place in places], adapter.fields, file=file.name, line=at + 1
            )
        except DriftError as error:
            best, score = error, seen
            continue
        return columns, places, (at if format.find_header else first) + format.header_rows, moved
    if best is not None:
        raise best
    raise ReadError(
        "read.no-header",
        "The sheet does not show the declared header",
        file=file.name,
        found=f"none of it in the first {_SEARCHED} rows" if format.find_header else "nothing to read",
        remedy="check 'sheet' and 'preamble_rows', or whether this is the right file",
    )


def _by_position(
    rows: Sequence[Row], format: SpreadsheetFormat, adapter: Adapter, file: ExportFile
) -> tuple[tuple[str, ...], list[int], int, tuple[str, ...]]:
    """Without a header columns go by position; optional fields at the end may be absent."""
    names = tuple(field.name for field in adapter.fields)
    required = max((place for place, field in enumerate(adapter.fields, 1) if not field.optional), default=1)
    width = len(rows[0]) if rows else len(names)
    if width < required:
        raise DriftError(
            found=f"{width} columns; {len(names)} are declared: {', '.join(names)}", file=file.name
        )
    columns = names[:width]
    return columns, list(range(len(columns))), format.preamble_rows, ()


def _footers(texts: Sequence[Any], format: SpreadsheetFormat) -> Any:
    """Which rows have a first filled cell that the footer's pattern finds."""
    import numpy as np
    import pyarrow.compute as pc

    if format.footer is None:
        return np.zeros(len(texts[0]), dtype=bool)
    first = pc.coalesce(*(pc.if_else(pc.equal(text, ""), None, text) for text in texts), "")
    return pc.match_substring_regex(first, format.footer).to_numpy(zero_copy_only=False)


def _batches(head: list[Row], rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch = head + list(islice(rows, _BATCH))
    while batch:
        yield batch
        batch = list(islice(rows, _BATCH))


def _text(value: Any) -> str:
    """What a person sees, as far as it does not depend on the cell's format."""
    if isinstance(value, float):
        text = plain_number(repr(float(f"{value:.{_DIGITS}g}")))
        return text.removesuffix(".0")
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()  # a day is kept as its midnight
    return (value_text(value) or "").strip()
