"""The reader of fixed-width records, in ASCII, EBCDIC or any code page of one byte a character; or in UTF-8, by lines.

Invariant: every record of the file is in a part, refused with its place and reason, or a footer that is not selected.
A field's place counts characters, and a character of a code page is a byte. Records are handled as columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comity.adapters.fixed_records import records_of
from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.adapters.refused import RefusedRows
from comity.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.fixed_records import FixedRecords
    from comity.adapters.formats import FixedWidthFormat
    from comity.adapters.part import ExportFile

_HEAD = 1 << 16
_MOST_CONTROLS = 0.1
_WRONG_LENGTH, _TRUNCATED = "read.record-length", "read.truncated-row"


def read(file: ExportFile, format: FixedWidthFormat, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as parts of kind ``line``."""
    import pyarrow as pa

    _check_framing(file, format)
    refused = RefusedRows(into, file.name)
    row, footers, skip = first_row, 0, format.preamble_rows
    with PartWriter(into, "line", ("line",)) as writer:
        for number, found in enumerate(records_of(file, format)):
            if number == 0:
                _check_text(found, file, format)
            skipped = min(skip, len(found.lines))
            records, skip = found.after(skipped), skip - skipped
            lines = records.lines
            rows = np.arange(row, row + len(lines))
            row += len(lines)
            is_footer = _footers(lines, format)
            codes, messages = _faults(records, format, _needed(format, adapter))
            bad = np.flatnonzero(~is_footer & (codes != ""))
            footers += int(is_footer.sum())
            kept = pa.array(~is_footer & (codes == ""))
            writer.add(pa.array(rows).filter(kept), [lines.filter(kept)])
            refused.add_columns(
                source_row=rows[bad],
                code=codes[bad],
                message=messages[bad],
                raw=lines.take(pa.array(bad)),
                line=None if records.first_line is None else records.first_line + bad,
                byte_offset=records.offsets[bad],
            )
        parts = writer.finish()
    count = row - first_row
    return Reading(
        parts=parts,
        rows_read=count,
        rows_not_selected=footers,
        refused=refused.close(),
        rows_refused=refused.count,
        files=(FileRead(file.name, file.sha256, file.size, first_row, count, encoding=format.encoding),),
    )


def probe(file: ExportFile, format: FixedWidthFormat, adapter: Adapter) -> None:
    """The head is text in this encoding, and the first record has its length."""
    _check_framing(file, format)
    found = next(records_of(file, format, _HEAD))
    _check_text(found, file, format)
    records = found.after(min(format.preamble_rows, len(found.lines)))
    if not len(records.lines):
        return
    is_footer = _footers(records.lines, format)
    codes, messages = _faults(records, format, _needed(format, adapter))
    if codes[0] and not is_footer[0]:
        raise ReadError(
            "read.record-length",
            "The file's first record is not of this format",
            file=file.name,
            found=str(messages[0]),
            remedy="check 'record_length', 'line_ending' and 'encoding', or whether this is the right file",
        )


def _needed(format: FixedWidthFormat, adapter: Adapter) -> int:
    """The length of a record: as declared, or so that every field is in it."""
    return format.record_length or max(
        (field.start or 1) + (field.length or 1) - 1 for field in adapter.fields
    )


def _footers(lines: Any, format: FixedWidthFormat) -> Any:
    import pyarrow.compute as pc

    if format.footer is None:
        return np.zeros(len(lines), bool)
    return pc.match_substring_regex(lines, format.footer).to_numpy(zero_copy_only=False)


def _faults(records: FixedRecords, format: FixedWidthFormat, length: int) -> tuple[Any, Any]:
    """Why each record cannot be read: code and message, empty for the good ones."""
    import pyarrow.compute as pc

    codes, messages = np.full(len(records.lines), "", object), np.full(len(records.lines), "", object)
    found = pc.utf8_length(records.lines).to_numpy()
    wrong = np.zeros(len(found), bool) if format.trimmed else found < length
    if format.record_length is not None:
        wrong |= found > length
    for other in np.unique(found[wrong]).tolist():
        these = wrong & (found == other)
        codes[these] = _WRONG_LENGTH
        messages[these] = f"the record has {other} characters; {length} are declared"
    if records.cut and len(found) and found[-1] < length:
        codes[-1] = _TRUNCATED
        messages[-1] = f"the file ends after {found[-1]} of the record's {length} characters"
    codes[records.bad] = records.bad_codes
    messages[records.bad] = records.bad_messages
    return codes, messages


def _check_framing(file: ExportFile, format: FixedWidthFormat) -> None:
    """Records without line ends, when the file has them: every record would be read askew."""
    length = format.record_length or 0
    if format.line_ending != "none" or not file.size % length:
        return
    with file.path.open("rb") as handle:
        head = handle.read(3 * (length + 2))
    ends = {"\n".encode(format.encoding)[0], "\r".encode(format.encoding)[0]}
    ends |= {0x15} if "\n".encode(format.encoding) == b"\x25" else set()
    for size in (length + 1, length + 2):
        if len(head) >= 2 * size and head[length] in ends and head[size + length] in ends:
            raise ReadError(
                "read.record-length",
                "The records end with line ends, and none are declared",
                file=file.name,
                found=f"a line end after {length} bytes, again and again",
                remedy="take 'line_ending: none' out of the adapter",
            )


def _check_text(records: FixedRecords, file: ExportFile, format: FixedWidthFormat) -> None:
    """A code page has a character for nearly every byte, so the wrong one shows by its control characters."""
    text = "".join(records.lines.slice(0, 1_000).to_pylist())[:_HEAD]
    controls = sum(mark < " " or "\x7f" <= mark <= "\x9f" for mark in text) - text.count("\0")
    if controls > _MOST_CONTROLS * len(text):
        raise ReadError(
            "read.wrong-encoding",
            f"The file is no text in {format.encoding}",
            file=file.name,
            found=f"{100 * controls // len(text)} of 100 characters are control characters",
            remedy="check 'encoding', or whether this is the right file; packed numbers cannot be read as text",
        )
