"""One export, whatever its files are, as parts.

Invariant: rows are numbered on over the files in their order; each file is read by the first of the adapter's formats
that fits its head; and what is no export at all (nothing, zeros, a picture) is refused before a reader sees it.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from comity.adapters.archive_file import open_files
from comity.adapters.content import check_content
from comity.adapters.drift import DriftError
from comity.adapters.encoding import PartlyDecodedError
from comity.adapters.part import ExportFile, Reading
from comity.adapters.reader import BUILT_IN, find_reader
from comity.adapters.refused import join_refused
from comity.errors import ComityError, ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from comity.adapters.adapter import Adapter

_TOLERATED = 0.5
"""Of the first lines so many may be undecodable in a format that is taken for want of a better one."""


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
    with _a_readers_own_fault(kind, file):
        reading = find_reader(kind).read(file, chosen, adapter, into, first_row)
    _check_account(reading, file, kind)
    return replace(
        reading,
        parts=tuple(replace(part, format=index) for part in reading.parts),
        files=tuple(replace(read, format=index) for read in reading.files),
    )


@contextmanager
def _a_readers_own_fault(kind: str, file: ExportFile) -> Iterator[None]:
    """Whatever a package's reader does wrong is the failure of this source, in words."""
    try:
        yield
    except (ComityError, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # also what calls sys.exit()
        if kind in BUILT_IN:
            raise
        raise ReadError(
            "read.plug-in-failed",
            f"The reader of '{kind}', which an installed package brings, failed",
            file=file.name,
            found=(f"{type(error).__name__}: {error}".splitlines() or [""])[0],
            remedy="report it to whoever made the package; nothing of this source is published",
        ) from error


def _check_account(reading: Reading, file: ExportFile, kind: str) -> None:
    """Every row is in a part, refused, or not selected; in a ``csv`` part placeholders stand for the latter two."""
    written = sum(part.rows for part in reading.parts)
    if not any(part.kind == "csv" for part in reading.parts):
        written += reading.rows_refused + reading.rows_not_selected
    if written != reading.rows_read:
        raise ReadError(
            "read.rows-do-not-add-up",
            f"The reader of '{kind}' lost rows: a fault of the reader",
            file=file.name,
            found=f"{reading.rows_read} rows read, {written} accounted for",
            remedy="report it with the adapter; nothing of this source is published",
        )


def _choose(adapter: Adapter, file: ExportFile) -> int:
    """The first format that fits, else the one with the fewest lines that cannot be decoded; a single one is it."""
    check_content(file, adapter.formats)
    if len(adapter.formats) == 1:
        return 0
    errors: list[ReadError] = []
    partly: list[tuple[float, int]] = []
    for index, format in enumerate(adapter.formats):
        try:
            with _a_readers_own_fault(format.type, file):
                find_reader(format.type).probe(file, format, adapter)
        except ReadError as error:
            errors.append(error)
            if isinstance(error, PartlyDecodedError) and error.share <= _TOLERATED:
                partly.append((error.share, index))
        else:
            return index
    if partly:
        return min(partly)[1]
    # A header that differs says most: the file could be read so far.
    told = next((error for error in errors if isinstance(error, DriftError)), errors[0])
    told.message += f" (and none of the {len(errors) - 1} other formats of the adapter fits)"
    told.args = (told.text(),)
    raise told
