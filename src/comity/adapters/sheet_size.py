"""How large a sheet is, found before it is opened.

Invariant: the rectangle that a sheet spans is known in flat memory, since opening it takes memory for every
cell of that rectangle, filled or not. What a file says of its own size is never believed: it is unpacked
and counted.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.errors import ReadError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.adapters.part import ExportFile

MOST_COLUMNS = 2_000
MOST_CELLS = 64_000_000
MOST_BYTES = 2 << 30
MOST_SHARED_BYTES = 512 << 20
"""Texts that cells share are held in memory, whole."""
_CHUNK = 4 << 20
_LARGE = 1_000_000
"""Cells that a sheet may span however few of them are filled."""
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})[0-9]')
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)")
_NUMBER = re.compile(rb'\br="(\d{1,9})"')
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


@dataclass
class _Extent:
    """What has been seen of a sheet."""

    last_row: int = 0
    last_column: int = 0
    rows: int = 0
    cells: int = 0

    def check(self, file: ExportFile) -> None:
        """Raises ReadError when the sheet spans more than it can hold in earnest."""
        area = self.last_row * self.last_column
        sparse = area > _LARGE and self.cells * 20 < area
        stray_row = self.last_row > 10_000 and self.rows * 10 < self.last_row
        if self.last_column > MOST_COLUMNS or area > MOST_CELLS or sparse or stray_row:
            raise _too_large(
                file,
                f"it reaches to row {self.last_row}, column {column_name(self.last_column)}, with about "
                f"{self.cells} cells in {self.rows} rows",
            )


def check_size(file: ExportFile, sheet: str | int) -> None:
    """Look at the sheet that is to be read. XLS needs no look: its sheets cannot be larger than 65,536 × 256."""
    if not zipfile.is_zipfile(file.path):
        return
    try:
        with zipfile.ZipFile(file.path) as book:
            names = book.namelist()
            if "content.xml" in names:
                _check_ods(book, file, sheet)
                return
            target = _xlsx_sheet(book, file, sheet) if "xl/workbook.xml" in names else None
            for name in names:
                # Shared texts and styles are opened with any sheet: unpacking them shows their true size.
                if name != target and name.startswith("xl/") and not name.startswith("xl/worksheets/"):
                    for _ in _unpack(book, name, file, MOST_SHARED_BYTES):
                        pass
            if target in names:
                _check_xlsx(book, str(target), file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise damaged(file, str(error)) from None


def damaged(file: ExportFile, found: str) -> ReadError:
    """The error for a file that is no spreadsheet."""
    return ReadError(
        "read.damaged-spreadsheet",
        "The file is no spreadsheet that can be read",
        file=file.name,
        found=(found.splitlines() or ["nothing"])[0],
        remedy="check that the right file was delivered, and that it opens in a spreadsheet program",
    )


def missing_sheet(file: ExportFile, sheet: str | int, names: list[str]) -> ReadError:
    """The error that names the sheets there are."""
    return ReadError(
        "read.missing-sheet",
        f"The workbook has no sheet {sheet!r}",
        file=file.name,
        found=f"{len(names)} sheets, counted from 0",
        remedy=nearest(str(sheet), names) if names else "check that the right file was delivered",
    )


def column_name(number: int) -> str:
    """``1`` is A, ``27`` is AA."""
    name = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        name = chr(65 + letter) + name
    return name


def _check_xlsx(book: zipfile.ZipFile, name: str, file: ExportFile) -> None:
    extent, rest = _Extent(), b""
    for chunk in _unpack(book, name, file):
        data = rest + chunk
        # Whole tags only: the last one may go on in the next chunk.
        end = data.rfind(b"<") if len(chunk) == _CHUNK else len(data)
        data, rest = data[:end], data[end:]
        if len(rest) > _CHUNK:
            raise damaged(file, "a tag without end")
        places = _CELL.findall(data)
        rows = _ROW.findall(data)
        numbered = [int(number) for number in _NUMBER.findall(b" ".join(rows))]
        extent.cells += len(places)
        extent.rows += len(rows)
        extent.last_row = max(extent.last_row, extent.rows, *numbered)
        extent.last_column = max(extent.last_column, *map(_column, set(places)), 1)
    extent.check(file)


def _check_ods(book: zipfile.ZipFile, file: ExportFile, sheet: str | int) -> None:
    """Rows and cells may be repeated by a number; only those that hold something span the sheet."""
    from lxml import etree

    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=[_TABLE + name for name in ("table", "table-row", "table-cell", "covered-table-cell")],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
    )
    names: list[str] = []
    extent = _Extent()
    is_wanted = False
    row = column = width = filled = 0
    for chunk in _unpack(book, "content.xml", file):
        try:
            parser.feed(chunk)
        except etree.XMLSyntaxError as error:
            raise damaged(file, str(error)) from None
        for event, element in parser.read_events():
            kind = element.tag.rpartition("}")[2]
            if kind == "table":
                if event == "start":
                    names.append(element.get(_TABLE + "name", ""))
                    is_wanted = sheet in (len(names) - 1, names[-1])
                else:
                    element.clear()
            elif not is_wanted:
                element.clear()
            elif kind == "table-row" and event == "start":
                column = width = filled = 0
            elif kind == "table-row":
                times = _times(element, "number-rows-repeated")
                row += times
                if width:
                    extent.last_row, extent.rows = row, extent.rows + times
                    extent.last_column = max(extent.last_column, width)
                    extent.cells += filled * times
                element.clear()
                previous = element.getprevious()
                if previous is not None:
                    element.getparent().remove(previous)
            elif event == "end":
                times = _times(element, "number-columns-repeated")
                column += times
                if len(element) or element.get(_OFFICE + "value-type"):
                    width, filled = column, filled + times
    if not (sheet < len(names) if isinstance(sheet, int) else sheet in names):
        raise missing_sheet(file, sheet, names)
    extent.check(file)


def _times(element: Any, attribute: str) -> int:
    text = element.get(_TABLE + attribute, "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _xlsx_sheet(book: zipfile.ZipFile, file: ExportFile, sheet: str | int) -> str:
    """The member that holds the sheet, by the workbook's own list."""
    from lxml import etree

    def parsed(name: str) -> Any:
        parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
        try:
            return etree.fromstring(b"".join(_unpack(book, name, file, 16 << 20)), parser)
        except (etree.XMLSyntaxError, KeyError) as error:
            raise damaged(file, str(error)) from None

    sheets = parsed("xl/workbook.xml").findall(".//{*}sheet")
    names = [each.get("name", "") for each in sheets]
    index = sheet if isinstance(sheet, int) else names.index(sheet) if sheet in names else len(names)
    if index >= len(names):
        raise missing_sheet(file, sheet, names)
    relation = next((value for key, value in sheets[index].attrib.items() if key.endswith("}id")), None)
    for each in parsed("xl/_rels/workbook.xml.rels").findall("{*}Relationship"):
        if each.get("Id") == relation:
            target = str(each.get("Target", ""))
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise damaged(file, f"the sheet {names[index]!r} has no content")


def _unpack(book: zipfile.ZipFile, name: str, file: ExportFile, most: int = MOST_BYTES) -> Iterator[bytes]:
    seen = 0
    with book.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            seen += len(chunk)
            if seen > most:
                raise _too_large(file, f"'{name}' has more than {most >> 20} MB unpacked")
            yield chunk


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_large(file: ExportFile, found: str) -> ReadError:
    return ReadError(
        "read.sheet-too-large",
        "The sheet spans more cells than it can hold in earnest",
        file=file.name,
        found=found,
        remedy="look for a stray cell far to the right or far below, delete it and have it delivered again; "
        "a register of that size is better delivered as CSV",
    )
