"""Workbooks for tests: XLSX by openpyxl or by hand, ODS by odfpy, XLS by hand."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl

from comity.adapters.export import read_export
from tests.adapters.exports import make_adapter, make_file, refused, rows

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import Reading

Cells = list[list[Any]]


def read(tmp_path: Path, data: bytes, fields: Any = ("a", "b"), **format: Any) -> tuple[Reading, Adapter]:
    adapter = make_adapter(tmp_path, list(fields), {"type": "spreadsheet"} | format)
    return read_export(adapter, [make_file(tmp_path / "book", data)], tmp_path / "parts"), adapter


def found(tmp_path: Path, data: bytes, fields: Any = ("a", "b"), **format: Any) -> list[tuple[Any, ...]]:
    """The rows of a workbook in which none is refused."""
    reading, adapter = read(tmp_path, data, fields, **format)
    assert refused(reading) == []
    return rows(reading, adapter)


def xlsx(*sheets: Cells, names: tuple[str, ...] = (), epoch: Any = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    if epoch is not None:
        book.epoch = epoch
    for number, cells in enumerate(sheets):
        sheet = book.create_sheet(names[number] if names else f"Sheet{number}")
        for row in cells:
            sheet.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def unpacked(book: bytes, name: str) -> bytes:
    """One member of a workbook."""
    with zipfile.ZipFile(io.BytesIO(book)) as members:
        return members.read(name)


def with_member(book: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one of its members exchanged, or one more."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return target.getvalue()


def with_sheet_data(xml: str) -> bytes:
    """A workbook whose only sheet has this between ``<sheetData>`` and its end."""
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{xml}'
    return with_member(xlsx([["x"]]), "xl/worksheets/sheet1.xml", f"{sheet}</sheetData></worksheet>".encode())


def ods(*sheets: Cells, names: tuple[str, ...] = ()) -> bytes:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableRow

    book = OpenDocumentSpreadsheet()
    for number, cells in enumerate(sheets):
        table = Table(name=names[number] if names else f"Sheet{number}")
        for row in cells:
            line = TableRow()
            for value in row:
                line.addElement(_ods_cell(value))
            table.addElement(line)
        book.spreadsheet.addElement(table)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _ods_cell(value: Any) -> Any:
    from odf.table import TableCell
    from odf.text import P

    if value is None:
        return TableCell()
    if isinstance(value, dict):
        text, options = value["text"], {name: each for name, each in value.items() if name != "text"}
    elif isinstance(value, bool):
        text, options = str(value).upper(), {"valuetype": "boolean", "booleanvalue": str(value).lower()}
    elif isinstance(value, int | float):
        text, options = str(value), {"valuetype": "float", "value": str(value)}
    elif hasattr(value, "isoformat"):
        text, options = value.isoformat(), {"valuetype": "date", "datevalue": value.isoformat()}
    else:
        text, options = value, {"valuetype": "string"}
    cell = TableCell(**options)
    cell.addElement(P(text=text))
    return cell


def xls(cells: Cells, extra: bytes = b"") -> bytes:
    """A workbook in the format of Excel 97: texts and numbers, and whatever records ``extra`` are."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    globals_ = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    name = b"\x01\x00" + "S".encode("utf-16-le")
    bound = len(globals_) + 4 + 6 + len(name) + 4
    globals_ += record(0x85, struct.pack("<IH", bound, 0) + name) + record(0x0A, b"")
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    width = max(map(len, cells))
    sheet += record(0x200, struct.pack("<IIHHH", 0, len(cells), 0, width, 0))
    for line, row in enumerate(cells):
        for column, value in enumerate(row):
            place = struct.pack("<HHH", line, column, 0)
            if isinstance(value, str):
                text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                sheet += record(0x204, place + text)
            elif value is not None:
                sheet += record(0x203, place + struct.pack("<d", value))
    return _compound(globals_ + sheet + extra + record(0x0A, b""))


def _compound(stream: bytes) -> bytes:
    """One stream, ``Workbook``, in a compound file: header, one sector of allocations, the directory, the stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    fat = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        encoded = (name + "\0").encode("utf-16-le")
        head = encoded.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(encoded), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child
        )
        return head + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    return header + fat + directory.ljust(512, b"\0") + stream
