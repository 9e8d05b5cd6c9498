"""One export, whatever its files are, as parts.

Invariant: rows are numbered on over the files in their order; each file is read by the first of the adapter's formats
that fits its head; and what is no export at all (nothing, zeros, a picture) is refused before a reader sees it.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comity.adapters.archive_file import open_files
from comity.adapters.encoding import PartlyDecodedError
from comity.adapters.part import ExportFile, Reading
from comity.adapters.reader import find_reader
from comity.adapters.refused import join_refused
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from comity.adapters.adapter import Adapter

_TEXT = ("csv", "json", "ndjson", "xml")
_HEAD = 1 << 16
_TOLERATED = 0.5
# Without tab and line ends, those of EBCDIC (5 and 21) included.
_CONTROLS = {*range(1, 9), *range(14, 26)} - {0x05, 0x15}
# What files of other kinds begin with.
_MAGIC = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"%PDF": "a PDF document",
    b"\x7fELF": "a program", b"MZ": "a program", b"GIF8": "a GIF picture", b"SQLite format 3": "a SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Office file", b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"PAR1": "a Parquet file",
}  # fmt: skip


def read_export(adapter: Adapter, files: Sequence[ExportFile], into: Path) -> Reading:
    """Every file of one export, read into the folder ``into``. Raises ReadError when one cannot be read."""
    into.mkdir(parents=True, exist_ok=True)
    readings: list[Reading] = []
    row = 1
    for delivered in files:
        with closing(open_files(delivered, adapter.delivery.files, into)) as opened:
            for file in opened:
                reading = _read_file(adapter, file, into, row)
                readings.append(reading)
                row += reading.rows_read
    refused = [reading.refused for reading in readings if reading.refused is not None]
    return Reading(
        parts=tuple(part for reading in readings for part in reading.parts),
        rows_read=sum(reading.rows_read for reading in readings),
        rows_not_selected=sum(reading.rows_not_selected for reading in readings),
        refused=join_refused(refused, into),
        rows_refused=sum(reading.rows_refused for reading in readings),
        files=tuple(file for reading in readings for file in reading.files),
        notes=tuple(note for reading in readings for note in reading.notes),
    )


def _read_file(adapter: Adapter, file: ExportFile, into: Path, first_row: int) -> Reading:
    index = _choose(adapter, file)
    chosen = adapter.formats[index]
    # The snapshot of a query is a Parquet file, read as one.
    kind = "parquet" if chosen.type == "database" else chosen.type
    reading = find_reader(kind).read(file, chosen, adapter, into, first_row)
    return replace(
        reading,
        parts=tuple(replace(part, format=index) for part in reading.parts),
        files=tuple(replace(read, format=index) for read in reading.files),
    )


def _choose(adapter: Adapter, file: ExportFile) -> int:
    """The first format that fits, else the one with the fewest lines that cannot be decoded; a single one is it."""
    _check_content(file, adapter.formats)
    if len(adapter.formats) == 1:
        return 0
    first: ReadError | None = None
    partly: list[tuple[float, int]] = []
    for index, format in enumerate(adapter.formats):
        try:
            find_reader(format.type).probe(file, format, adapter)
        except ReadError as error:
            first = first or error
            if isinstance(error, PartlyDecodedError) and error.share <= _TOLERATED:
                partly.append((error.share, index))
        else:
            return index
    if partly:
        return min(partly)[1]
    assert first is not None  # there is at least one format, and none fitted
    first.message += f" (and none of the {len(adapter.formats) - 1} other formats of the adapter fits)"
    raise first


def _check_content(file: ExportFile, formats: Sequence[Any]) -> None:
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
    if not all(format.type in _TEXT for format in formats):
        return
    kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    # Of a character of two or four bytes any byte may look like a control character.
    wide = any((format.encoding or "").startswith(("utf-16", "utf-32")) for format in formats)
    if kind is None and not wide and _is_binary(head):
        kind = "a binary file"
    if kind is not None:
        raise ReadError(
            "read.binary-file",
            f"The export should be text and is {kind}",
            file=file.name,
            remedy="check that the right file was delivered",
        )


def _all_zeros(handle: object) -> bool:
    while chunk := handle.read(1 << 20):  # type: ignore[attr-defined]
        if chunk.strip(b"\0"):
            return False
    return True


def _is_binary(head: bytes) -> bool:
    """A text has no NUL, unless each character has two or four bytes, and few control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    nuls = head.count(0)
    wide = max(head[0::2].count(0), head[1::2].count(0)) > len(head) // 4
    return (nuls > 0 and not wide and nuls > len(head) // 100) or sum(
        head.count(code) for code in _CONTROLS
    ) > len(head) // 10
