"""A sheet of an XLSX workbook, looked at before it is opened.

Invariant: the sheet's XML is gone through once, in chunks of whole cells; nothing of it is parsed but where cells lie
and which of them the library would give as empty.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from comity.adapters.sheet_size import (
    CHUNK,
    MOST_SHARED_BYTES,
    Extent,
    column_number,
    damaged,
    missing_sheet,
    unpack,
)

if TYPE_CHECKING:
    import zipfile

    from comity.adapters.part import ExportFile

_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_PLACE = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})[0-9]')
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)")
_NUMBER = re.compile(rb'\br="(\d{1,9})"')
_START = re.compile(rb"<(?:\w+:)?(?:c|row)[\s/>]")
_FORMULA = rb"<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)\s*"
_ERROR = re.compile(
    rb'<(?:\w+:)?c\s([^>]*\bt="e"[^>]*)>\s*(?:' + _FORMULA + rb")?<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>"
)
_NO_VALUE = re.compile(
    rb'<(?:\w+:)?c\s((?:(?!\bt="str")[^>])*)>\s*' + _FORMULA
    + rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)  # fmt: skip
_AT = re.compile(r'\br="([A-Z]{1,3})([0-9]{1,7})"')


def look_at_xlsx(book: zipfile.ZipFile, file: ExportFile, sheet: str | int) -> Extent:
    """What the sheet spans."""
    target = _member(book, file, sheet)
    for name in book.namelist():
        # Shared texts and styles are opened with any sheet: unpacking them shows their true size.
        if name != target and name.startswith("xl/") and not name.startswith("xl/worksheets/"):
            for _ in unpack(book, name, file, MOST_SHARED_BYTES):
                pass
    extent, rest = Extent(), b""
    for chunk in unpack(book, target, file):
        data = rest + chunk
        end = len(data)
        if len(chunk) == CHUNK:
            # Whole cells only: the last one may go on in the next chunk.
            end = max(
                (match.start() for match in _START.finditer(data, max(0, len(data) - 65_536))), default=0
            )
            end = end or data.rfind(b"<")
        data, rest = data[:end], data[end:]
        if len(rest) > CHUNK:
            raise damaged(file, "a tag without end")
        _add(extent, data, file)
        extent.check(file)
    return extent


def _add(extent: Extent, data: bytes, file: ExportFile) -> None:
    cells, places = len(_CELL.findall(data)), _PLACE.findall(data)
    rows = _ROW.findall(data)
    numbered = [int(number) for number in _NUMBER.findall(b" ".join(rows))]
    extent.cells += cells
    extent.rows += len(rows)
    extent.last_row = max(extent.last_row, extent.rows, *numbered)
    columns = (column_number(letters.decode()) for letters in set(places))
    extent.last_column = max(extent.last_column, 1, *columns)
    if len(places) < cells:
        # Cells need not say where they are: then they stand side by side.
        widest = max(len(_CELL.findall(row)) for row in _ROW.split(data))
        extent.last_column = max(extent.last_column, widest)
    if b't="e"' in data:
        for attributes, _, value in _ERROR.findall(data):
            _keep(extent, attributes, value, file)
    if b"<f" in data or b":f" in data:
        for attributes, formula in _NO_VALUE.findall(data):
            _keep(extent, attributes, b"=" + formula, file)


def _keep(extent: Extent, attributes: bytes, text: bytes, file: ExportFile) -> None:
    place = _AT.search(attributes.decode("utf-8", "replace"))
    if place is None:
        raise damaged(file, "a cell with an error that does not say where it is")
    at = (int(place[2]) - 1, column_number(place[1]) - 1)
    extent.unread[at] = html.unescape(text.decode("utf-8", "replace"))


def _member(book: zipfile.ZipFile, file: ExportFile, sheet: str | int) -> str:
    """The member that holds the sheet, by the workbook's own list."""
    sheets = _parsed(book, file, "xl/workbook.xml").findall(".//{*}sheet")
    names = [each.get("name", "") for each in sheets]
    index = sheet if isinstance(sheet, int) else names.index(sheet) if sheet in names else len(names)
    if index >= len(names):
        raise missing_sheet(file, sheet, names)
    relation = next((value for key, value in sheets[index].attrib.items() if key.endswith("}id")), None)
    for each in _parsed(book, file, "xl/_rels/workbook.xml.rels").findall("{*}Relationship"):
        if each.get("Id") == relation:
            target = str(each.get("Target", ""))
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise damaged(file, f"the sheet {names[index]!r} has no content")


def _parsed(book: zipfile.ZipFile, file: ExportFile, name: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        return etree.fromstring(b"".join(unpack(book, name, file, 16 << 20)), parser)
    except etree.XMLSyntaxError as error:
        raise damaged(file, str(error)) from None
