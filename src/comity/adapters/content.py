"""What is no export at all: nothing, zeros, a picture, a web page.

Invariant: it is refused before a reader sees it, and named as what it is; a text is never refused for its first
letters alone.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.adapters.part import ExportFile

_TEXT = ("csv", "json", "ndjson", "xml")
_NO_MARKUP = ("csv", "json", "ndjson")
_HEAD = 1 << 16
# Without tab and line ends, those of EBCDIC (5 and 21) included.
_CONTROLS = {*range(1, 9), *range(14, 26)} - {0x05, 0x15}
_FEW = 16
"""So many control characters are damage, in however short a text."""
# What files of other kinds begin with.
_MAGIC = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture",
    b"%PDF-": "a PDF document", b"\xd0\xcf\x11\xe0": "an old Office file", b"\x7fELF": "a program",
    b"MZ": "a program", b"SQLite format 3": "a SQLite database", b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a spreadsheet or another Office file", b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a": "a RAR archive", b"\xfd7zXZ\0": "an xz archive", b"\x28\xb5\x2f\xfd": "a zstd archive",
}  # fmt: skip
_ARCHIVES = "have it packed as zip, gzip or tar"
_WEB_PAGE = (b"<!doctype html", b"<html")


def check_content(file: ExportFile, formats: Sequence[Any]) -> None:
    """Raises ReadError when the file cannot be an export in any of these formats."""
    if file.size == 0:
        raise ReadError(
            "read.empty-export",
            "The export is empty",
            file=file.name,
            found="0 bytes",
            remedy="ask the owner for it again; what is published stays",
        )
    with file.path.open("rb") as handle:
        head = handle.read(_HEAD)
        if not head.strip(b"\0") and _all_zeros(handle):
            raise ReadError(
                "read.zeros",
                "The export is a file of zeros",
                file=file.name,
                found=f"{file.size} zero bytes",
                remedy="the transfer failed: have it delivered again",
            )
    types = {format.type for format in formats}
    if types <= set(_NO_MARKUP) and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith(_WEB_PAGE):
        raise ReadError(
            "read.web-page",
            "The export should be data and is a web page",
            file=file.name,
            found=" ".join(head[:200].decode("utf-8", "replace").split())[:80],
            remedy="it is perhaps a page that asks for a login or tells an error: have it delivered again",
        )
    if types <= set(_TEXT) and (kind := _kind(head, formats)) is not None:
        raise ReadError(
            "read.binary-file",
            f"The export should be text and is {kind}",
            file=file.name,
            remedy=_ARCHIVES if "archive" in kind else "check that the right file was delivered",
        )
    if types == {"csv"} and _is_wide(head) and not _wide(formats):
        told = sorted({format.encoding for format in formats})
        raise ReadError(
            "read.wrong-encoding",
            f"The file has a NUL beside nearly every character, and is read as {' or '.join(told)}",
            file=file.name,
            remedy=f"it is most likely {'utf-16-be' if head[0] == 0 else 'utf-16-le'}: declare that as its encoding",
        )


def _kind(head: bytes, formats: Sequence[Any]) -> str | None:
    named = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    if named is not None and (b"\0" in head or head.startswith(b"%PDF-")):
        return named
    # Of a character of two or four bytes any byte may look like a control character.
    marks = {ord(getattr(format, "delimiter", ",")) for format in formats}
    return (named or "a binary file") if not _wide(formats) and _is_binary(head, marks) else None


def _all_zeros(handle: IO[bytes]) -> bool:
    while chunk := handle.read(1 << 20):
        if chunk.strip(b"\0"):
            return False
    return True


def _wide(formats: Sequence[Any]) -> bool:
    """Whether one of them is declared to have two or four bytes a character."""
    return any((format.encoding or "").startswith(("utf-16", "utf-32")) for format in formats)


def _is_wide(head: bytes) -> bool:
    """Two bytes a character, of which one is most often zero."""
    return max(head[0::2].count(0), head[1::2].count(0)) > len(head) // 4


def _is_binary(head: bytes, marks: set[int]) -> bool:
    """A text has no NUL, unless each character has two or four bytes, and few control characters but ``marks``."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    nuls = head.count(0)
    controls = sum(head.count(code) for code in _CONTROLS - marks)
    return (nuls > 0 and not _is_wide(head) and nuls > len(head) // 100) or controls > max(
        len(head) // 33, _FEW
    )
