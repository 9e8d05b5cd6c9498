"""The reader of spreadsheets: XLSX, ODS and XLS.

Invariant: a sheet is not opened before its size is known, so that one stray cell in the last column costs nothing;
cells are read as the text that a person sees.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Any

from comity.adapters.drift import DriftError, match_header, overlap
from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.adapters.refused import RefusedRows
from comity.errors import ReadError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import SpreadsheetFormat
    from comity.adapters.part import ExportFile

MOST_COLUMNS = 2_000
MOST_BYTES = 1 << 30
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_SEARCHED = 50
_BATCH = 20_000


def read(
    file: ExportFile, format: SpreadsheetFormat, adapter: Adapter, into: Path, first_row: int
) -> Reading:
    """``file`` as parts of kind ``table``."""
    import pyarrow as pa

    rows = _rows(file, format)
    columns, start = _header(rows, format, adapter, file)
    footer = re.compile(format.footer) if format.footer else None
    refused = RefusedRows(into, file.name)
    row, footers = first_row, 0
    with PartWriter(into, "table", columns) as writer:
        numbers: list[int] = []
        cells: list[list[str]] = []
        for line, values in enumerate(rows[start:], start + 1):
            texts = [_text(value) for value in values]
            if not any(texts):
                continue  # a blank line is no row
            if footer is not None and footer.search(next(text for text in texts if text)):
                footers += 1
            elif any(texts[len(columns) :]):
                refused.add(
                    "read.column-count",
                    f"the row has values behind the {len(columns)} declared columns",
                    source_row=row,
                    raw="\t".join(texts),
                    line=line,
                )
            else:
                numbers.append(row)
                cells.append((texts + [""] * len(columns))[: len(columns)])
            row += 1
            if len(numbers) >= _BATCH:
                writer.add(
                    pa.array(numbers, pa.int64()),
                    [pa.array(c, pa.string()) for c in zip(*cells, strict=True)],
                )
                numbers, cells = [], []
        if numbers:
            writer.add(
                pa.array(numbers, pa.int64()), [pa.array(c, pa.string()) for c in zip(*cells, strict=True)]
            )
        parts = writer.finish()
    count = row - first_row
    read_file = FileRead(file.name, file.sha256, file.size, first_row, count)
    return Reading(parts, count, footers, refused.close(), refused.count, (read_file,))


def probe(file: ExportFile, format: SpreadsheetFormat, adapter: Adapter) -> None:
    """The sheet is there and shows the declared header."""
    _header(_rows(file, format), format, adapter, file)


def _rows(file: ExportFile, format: SpreadsheetFormat) -> list[list[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    _check_size(file)
    try:
        workbook = CalamineWorkbook.from_path(str(file.path))
        names = workbook.sheet_names
        sheet = format.sheet
        if (isinstance(sheet, str) and sheet not in names) or (
            isinstance(sheet, int) and sheet >= len(names)
        ):
            raise ReadError(
                "read.missing-sheet",
                f"The workbook has no sheet '{sheet}'",
                file=file.name,
                remedy=nearest(str(sheet), names),
            )
        found = workbook.get_sheet_by_name(names[sheet] if isinstance(sheet, int) else sheet)
        return list(found.to_python(skip_empty_area=False))
    except (CalamineError, OSError, ValueError) as error:
        raise ReadError(
            "read.damaged-spreadsheet",
            "The file is no spreadsheet that can be read",
            file=file.name,
            found=str(error).splitlines()[0],
            remedy="check that the right file was delivered, and that it opens in a spreadsheet program",
        ) from None


def _header(
    rows: list[list[Any]], format: SpreadsheetFormat, adapter: Adapter, file: ExportFile
) -> tuple[tuple[str, ...], int]:
    """The field of every column, and where the data begins."""
    if not format.header_rows:
        return tuple(field.name for field in adapter.fields), format.preamble_rows
    best: DriftError | None = None
    score = 0
    places = range(min(_SEARCHED, len(rows))) if format.find_header else (format.preamble_rows,)
    for at in places:
        names = [_text(value) for value in rows[at]] if at < len(rows) else []
        while names and not names[-1]:
            names.pop()
        if format.find_header and (seen := overlap(names, adapter.fields)) <= score:
            continue
        try:
            return match_header(names, adapter.fields, file=file.name, line=at + 1)[
                0
            ], at + format.header_rows
        except DriftError as error:
            best, score = error, seen if format.find_header else 0
    if best is not None:
        raise best
    raise ReadError(
        "read.no-header",
        "The sheet does not show the declared header",
        file=file.name,
        remedy="check 'sheet'",
    )


def _text(value: Any) -> str:
    """A number without a needless ``.0``, a date by ISO 8601, the rest as it stands."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "hour") and hasattr(value, "year"):
        return (
            str(value.date())
            if not (value.hour or value.minute or value.second)
            else value.isoformat(sep=" ")
        )
    return str(value).strip()


def _check_size(file: ExportFile) -> None:
    """Stream every sheet of an XLSX and look at the cells' places: calamine allocates the whole rectangle."""
    if not zipfile.is_zipfile(file.path):
        return
    with zipfile.ZipFile(file.path) as book:
        if sum(member.file_size for member in book.infolist()) > MOST_BYTES:
            raise _too_large(file, f"more than {MOST_BYTES >> 20} MB unpacked")
        for member in book.infolist():
            if not member.filename.startswith("xl/worksheets/") or member.is_dir():
                continue
            tail, read = b"", 0
            with book.open(member) as stream:
                while chunk := stream.read(1 << 20):
                    read += len(chunk)
                    if read > MOST_BYTES:
                        raise _too_large(file, f"more than {MOST_BYTES >> 20} MB unpacked")
                    for letters, _ in _REFERENCE.findall(tail + chunk):
                        if _column(letters) > MOST_COLUMNS:
                            raise _too_large(file, f"a cell in column {letters.decode()}")
                    tail = chunk[-32:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_large(file: ExportFile, found: str) -> ReadError:
    return ReadError(
        "read.sheet-too-large",
        "The sheet is larger than a register's export can be",
        file=file.name,
        found=found,
        remedy="look for a stray cell far to the right or below, delete it and deliver again",
    )
