"""A sheet of an ODS workbook, looked at before it is opened.

Invariant: the XML is parsed in chunks, without entities and network, and what has been seen is let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.adapters.sheet_size import (
    MOST_COLUMNS,
    MOST_UNREAD,
    Extent,
    damaged,
    encrypted,
    missing_sheet,
    unpack,
)

if TYPE_CHECKING:
    import zipfile

    from comity.adapters.part import ExportFile

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_KINDS = ("table", "table-row", "table-cell", "covered-table-cell")


def look_at_ods(book: zipfile.ZipFile, file: ExportFile, sheet: str | int) -> Extent:
    """What the sheet spans. Rows and cells may be repeated by a number; only those that hold something span it."""
    from lxml import etree

    manifest = "META-INF/manifest.xml"
    if manifest in book.namelist() and b"encryption-data" in b"".join(unpack(book, manifest, file, 16 << 20)):
        raise encrypted(file)
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=[_TABLE + name for name in _KINDS],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
    )
    look = _Look(sheet)
    try:
        for chunk in unpack(book, "content.xml", file):
            parser.feed(chunk)
            for event, element in parser.read_events():
                look.see(event, element.tag.rpartition("}")[2], element)
            look.extent.check(file)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise damaged(file, str(error)) from None
    if not (sheet < len(look.names) if isinstance(sheet, int) else sheet in look.names):
        raise missing_sheet(file, sheet, look.names)
    return look.extent


class _Look:
    """What has been seen: the names of the sheets, and the extent of the wanted one."""

    def __init__(self, sheet: str | int) -> None:
        self._sheet = sheet
        self.names: list[str] = []
        self.extent = Extent()
        self._is_wanted = False
        self._row = self._column = self._width = self._filled = 0
        self._unread: dict[int, str] = {}

    def see(self, event: str, kind: str, element: Any) -> None:
        if kind == "table":
            if event == "start":
                self.names.append(element.get(_TABLE + "name", ""))
                self._is_wanted = self._sheet in (len(self.names) - 1, self.names[-1])
            else:
                element.clear()
        elif not self._is_wanted:
            element.clear()
        elif kind == "table-row" and event == "start":
            self._column = self._width = self._filled = 0
            self._unread = {}
        elif kind == "table-row":
            self._end_row(element)
        elif event == "end":
            self._end_cell(element)

    def _end_row(self, element: Any) -> None:
        times, extent = _times(element, "number-rows-repeated"), self.extent
        for row in range(self._row, self._row + min(times, MOST_UNREAD + 1) if self._unread else 0):
            extent.unread |= {(row, column): text for column, text in self._unread.items()}
        self._row += times
        if self._width:
            extent.last_row, extent.rows = self._row, extent.rows + times
            extent.last_column = max(extent.last_column, self._width)
            extent.cells += self._filled * times
        element.clear()
        previous = element.getprevious()
        if previous is not None:
            element.getparent().remove(previous)

    def _end_cell(self, element: Any) -> None:
        times = _times(element, "number-columns-repeated")
        kind = element.get(_OFFICE + "value-type")
        if (text := _unread(element, kind)) is not None:
            self._unread |= dict.fromkeys(range(self._column, self._column + min(times, MOST_COLUMNS)), text)
        self._column += times
        if len(element) or kind or text is not None:
            self._width, self._filled = self._column, self._filled + times


def _unread(element: Any, kind: str | None) -> str | None:
    """What a person sees in an error, or in a formula that nobody has computed."""
    shown = "".join(element.itertext())
    is_error = any(name.endswith("}value-type") and value == "error" for name, value in element.items())
    if shown and (is_error or element.get(_OFFICE + "string-value") == ""):
        return shown
    formula = element.get(_TABLE + "formula")
    if formula is None or kind is not None:
        return None
    return shown or f"={formula.partition('=')[2]}"


def _times(element: Any, attribute: str) -> int:
    text = element.get(_TABLE + attribute, "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1
