"""How large a sheet is, and what it holds that the library leaves out, found before it is opened.

Invariant: the rectangle that a sheet spans is known in flat memory, since opening it takes memory for every
cell of that rectangle, filled or not. What a file says of its own size is never believed: it is unpacked
and counted.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.errors import ReadError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.adapters.part import ExportFile

MOST_COLUMNS = 2_000
MOST_CELLS = 25_000_000
"""An open sheet takes about 100 bytes a cell."""
MOST_BYTES = 2 << 30
MOST_SHARED_BYTES = 512 << 20
"""Texts that cells share are held in memory, whole."""
MOST_UNREAD = 100_000
CHUNK = 4 << 20
_LARGE = 1_000_000
"""Cells that a sheet may span however few of them are filled."""
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    KeyError,
)
"""What is raised when a workbook is not whole."""


@dataclass
class Extent:
    """What has been seen of a sheet. ``unread``: by row and column, both from 0, what a person sees in cells that the
    library gives as empty: errors, and formulas whose value nobody has computed.
    """

    last_row: int = 0
    last_column: int = 0
    rows: int = 0
    cells: int = 0
    unread: dict[tuple[int, int], str] = field(default_factory=dict)

    def check(self, file: ExportFile, *, whole: bool = False) -> None:
        """Raises ReadError when the sheet spans more than it can hold in earnest. ``whole``: all of it was seen."""
        area = self.last_row * self.last_column
        sparse = whole and area > _LARGE and self.cells * 20 < area
        stray_row = whole and self.last_row > 10_000 and self.rows * 10 < self.last_row
        if (
            self.last_column > MOST_COLUMNS
            or max(area, self.cells) > MOST_CELLS
            or sparse
            or stray_row
            or len(self.unread) > MOST_UNREAD
        ):
            raise too_large(
                file,
                f"it reaches to row {self.last_row}, column {column_name(self.last_column)}, with about "
                f"{self.cells} cells in {self.rows} rows, {len(self.unread)} of them errors",
            )


def look_at(file: ExportFile, sheet: str | int) -> dict[tuple[int, int], str]:
    """The unread cells of the sheet that is to be read. Raises ReadError when it is too large, or not there."""
    from comity.adapters.sheet_ods import look_at_ods
    from comity.adapters.sheet_xls import look_at_xls
    from comity.adapters.sheet_xlsx import look_at_xlsx

    try:
        if not zipfile.is_zipfile(file.path):
            look_at_xls(file)
            return {}
        with zipfile.ZipFile(file.path) as book:
            names = set(book.namelist())
            if "content.xml" in names:
                extent = look_at_ods(book, file, sheet)
            elif "xl/workbook.xml" in names:
                extent = look_at_xlsx(book, file, sheet)
            else:
                raise damaged(file, "a zip file that is neither XLSX nor ODS")
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the file's
        raise damaged(file, str(error)) from None
    extent.check(file, whole=True)
    return extent.unread


def unpack(book: zipfile.ZipFile, name: str, file: ExportFile, most: int | None = None) -> Iterator[bytes]:
    """A member of the workbook in chunks. Raises ReadError when there is more of it than it may have."""
    seen, most = 0, most or MOST_BYTES
    with book.open(name) as stream:
        while chunk := stream.read(CHUNK):
            seen += len(chunk)
            if seen > most:
                raise too_large(file, f"'{name}' has more than {most >> 20} MB unpacked")
            yield chunk


def damaged(file: ExportFile, found: str) -> ReadError:
    """The error for a file that is no spreadsheet."""
    return ReadError(
        "read.damaged-spreadsheet",
        "The file is no spreadsheet that can be read",
        file=file.name,
        found=(found.splitlines() or ["nothing"])[0],
        remedy="check that the right file was delivered, and that it opens in a spreadsheet program",
    )


def encrypted(file: ExportFile) -> ReadError:
    """The error for a workbook with a password."""
    return ReadError(
        "read.encrypted-spreadsheet",
        "The workbook is protected by a password",
        file=file.name,
        remedy="have it delivered without a password, over a channel that is itself protected",
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


def too_large(file: ExportFile, found: str) -> ReadError:
    """The error for a sheet that would take more memory than it is worth."""
    return ReadError(
        "read.sheet-too-large",
        "The sheet spans more cells than it can hold in earnest",
        file=file.name,
        found=found,
        remedy="look for a stray cell far to the right or far below, delete it and have it delivered again; "
        "a register of that size is better delivered as CSV",
    )


def column_name(number: int) -> str:
    """``1`` is A, ``27`` is AA."""
    name = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        name = chr(65 + letter) + name
    return name


def column_number(letters: str) -> int:
    """``A`` is 1, ``AA`` is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
