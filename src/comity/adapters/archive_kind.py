"""Which kind of archive a file is, by its content and not by its name.

Invariant: only the head of a file is unpacked to find out. Workbooks are zip files too, and are no archives.
"""

from __future__ import annotations

import bz2
import gzip
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

DAMAGE = (
    EOFError, OSError, RuntimeError, ValueError, OverflowError, struct.error,
    zipfile.BadZipFile, tarfile.TarError, zlib.error,
)  # fmt: skip
"""What the libraries raise when an archive is not whole; an OSError with a number is the disk's."""
Kind = Literal["zip", "tar", "stream"]
_BLOCK = 512
_WORKBOOK = {"[Content_Types].xml", "mimetype"}


def archive_kind(path: Path) -> Kind | None:
    """``stream``: one file, compressed. None: no archive."""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return None if _is_workbook(path) else "zip"
    if head[257:262] == b"ustar":
        return "tar"
    if not _is_gzip(head) and not _is_bzip2(head):
        return None
    try:
        with open_stream(path) as inside:
            return "tar" if inside.read(_BLOCK)[257:262] == b"ustar" else "stream"
    except DAMAGE:
        return "stream"  # reading it says what is wrong


def open_stream(path: Path) -> IO[bytes]:
    """The content of a compressed file; of any other, the file."""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    if _is_gzip(head):
        return cast("IO[bytes]", gzip.open(path))
    return cast("IO[bytes]", bz2.open(path)) if _is_bzip2(head) else path.open("rb")


def _is_gzip(head: bytes) -> bool:
    return head[:3] == b"\x1f\x8b\x08"


def _is_bzip2(head: bytes) -> bool:
    return head[:3] == b"BZh" and head[4:10] == b"1AY&SY"


def _is_workbook(path: Path) -> bool:
    from comity.adapters.archive_members import open_zip

    try:
        with open_zip(path) as archive:
            return not _WORKBOOK.isdisjoint(archive.namelist())
    except DAMAGE:
        return False
