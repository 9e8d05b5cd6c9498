"""An XLS workbook, looked at before it is opened.

Invariant: its sheets cannot be larger than 65,536 × 256, so they need no measuring. A cell with an error, which the
library would give as empty, stops the source: where it lies cannot be told without reading the whole format.
"""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING

from comity.adapters.sheet_size import damaged, encrypted
from comity.errors import ReadError

if TYPE_CHECKING:
    from comity.adapters.part import ExportFile

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CODES = rb"[\x00\x07\x0f\x17\x1d\x24\x2a]"
# A cell that is an error, and a formula whose result is one: record, length, row, column, style, value.
_ERROR = re.compile(
    rb"\x05\x02\x08\x00.{6}" + _CODES + rb"\x01|\x06\x00..[^\xff].{5}\x02." + _CODES + rb".{3}\xff\xff",
    re.DOTALL,
)


def look_at_xls(file: ExportFile) -> None:
    """Raises ReadError when it is none, is encrypted or holds errors."""
    with file.path.open("rb") as handle:
        if handle.read(len(_COMPOUND)) != _COMPOUND:
            raise damaged(file, "it does not begin as a workbook")
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
                raise encrypted(file)
            if _ERROR.search(content) is not None:
                raise ReadError(
                    "read.cell-errors",
                    "The workbook holds cells with errors, which an XLS file does not let us place",
                    file=file.name,
                    remedy="have it saved as XLSX or ODS: there such cells are kept and told",
                )
