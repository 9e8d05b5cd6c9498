"""The reader of spreadsheets: XLSX, ODS and XLS.

Invariant: a sheet is not opened before its size is known, so that one stray cell in the last column costs
nothing. Cells become the text that a person sees; a blank row is no row, and a value outside the declared
columns is refused and never cut off.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from comity.adapters.drift import DriftError, match_header, overlap
from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.adapters.refused import RefusedRows
from comity.adapters.sheet_size import check_size, damaged, missing_sheet
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import SpreadsheetFormat
    from comity.adapters.part import ExportFile

    Row = list[Any]

_SEARCHED = 50
_BATCH = 10_000


def read(
    file: ExportFile, format: SpreadsheetFormat, adapter: Adapter, into: Path, first_row: int
) -> Reading:
    """``file`` as parts of kind ``table``."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = _rows(file, format)
    head = list(islice(rows, _SEARCHED + format.preamble_rows + format.header_rows))
    columns, left, start, moved = _header(head, format, adapter, file)
    refused, row, line, footers = RefusedRows(into, file.name), first_row, start + 1, 0
    with PartWriter(into, "table", columns) as writer:
        for batch in _batches(head[start:], rows):
            texts = [_column(values) for values in zip(*batch, strict=True)]
            if not texts:
                break  # a sheet without a single cell
            filled = np.array([pc.not_equal(text, "").to_numpy(zero_copy_only=False) for text in texts])
            is_row = filled.any(axis=0)
            numbers = row - 1 + np.cumsum(is_row)
            outside = filled[:left].any(axis=0) | filled[left + len(columns) :].any(axis=0)
            is_footer = np.zeros(len(batch), dtype=bool)
            if format.footer is not None:
                first = pc.coalesce(*(pc.if_else(pc.equal(text, ""), None, text) for text in texts), "")
                found = pc.match_substring_regex(first, format.footer)
                is_footer = is_row & found.to_numpy(zero_copy_only=False)
            footers += int(is_footer.sum())
            kept = pa.array(is_row & ~is_footer & ~outside)
            inside = [text.filter(kept) for text in texts[left : left + len(columns)]]
            inside += [pa.repeat("", len(inside[0]))] * (len(columns) - len(inside))
            writer.add(pa.array(numbers, pa.int64()).filter(kept), inside)
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
    """The rows of the sheet from its top left corner on, all of one length."""
    from python_calamine import CalamineError, CalamineWorkbook

    sheet = format.sheet
    check_size(file, sheet)
    try:
        workbook = CalamineWorkbook.from_path(str(file.path))
        names = workbook.sheet_names
        if (sheet not in names) if isinstance(sheet, str) else (sheet >= len(names)):
            raise missing_sheet(file, sheet, names)
        found = workbook.get_sheet_by_name(names[sheet] if isinstance(sheet, int) else sheet)
    except (CalamineError, OSError, ValueError) as error:
        raise damaged(file, str(error)) from None
    except BaseException as error:
        # The library's own assertions arrive as a panic, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise damaged(file, str(error)) from None
    return iter(found.iter_rows())


def _header(
    rows: Sequence[Row], format: SpreadsheetFormat, adapter: Adapter, file: ExportFile
) -> tuple[tuple[str, ...], int, int, tuple[str, ...]]:
    """The fields in the order of the columns, the first column, the first data row, and what moved."""
    if not format.header_rows:
        return tuple(field.name for field in adapter.fields), 0, format.preamble_rows, ()
    best: DriftError | None = None
    score = 0 if format.find_header else -1
    first = 0 if format.find_header else format.preamble_rows
    last = _SEARCHED if format.find_header else first + format.header_rows
    for at, row in enumerate(rows[first:last], first):
        names = [_text(value) for value in row]
        if (seen := overlap(names, adapter.fields)) <= score:
            continue
        left = next((place for place, name in enumerate(names) if name), 0)
        while names and not names[-1]:
            names.pop()
        try:
            columns, moved = match_header(names[left:], adapter.fields, file=file.name, line=at + 1)
        except DriftError as error:
            best, score = error, seen
            continue
        return columns, left, (at if format.find_header else first) + format.header_rows, moved
    if best is not None:
        raise best
    raise ReadError(
        "read.no-header",
        "The sheet does not show the declared header",
        file=file.name,
        found=f"none of it in the first {_SEARCHED} rows" if format.find_header else "nothing to read",
        remedy="check 'sheet' and 'preamble_rows', or whether this is the right file",
    )


def _batches(head: list[Row], rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch = head + list(islice(rows, _BATCH))
    while batch:
        yield batch
        batch = list(islice(rows, _BATCH))


def _column(values: Sequence[Any]) -> Any:
    """One column of a batch as text; only what is no text already is looked at cell by cell."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if set(map(type, values)) != {str}:
        values = list(map(_text, values))
    return pc.utf8_trim_whitespace(pa.array(values, pa.string()))


def _text(value: Any) -> str:
    """A number without a needless ``.0`` or exponent, a date by ISO 8601, the rest as it stands."""
    import datetime as dt

    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer():
            return str(int(value))
        text = repr(value)
        return text if "e" not in text else f"{value:.20f}".rstrip("0")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ") if value.time() != dt.time() else value.date().isoformat()
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return str(value)
