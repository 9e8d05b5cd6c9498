"""The reader of delimited text.

Invariant: every record of the file is in a part, refused with its place and reason, or a footer that is not
selected; the three add up to ``rows_read``. The file is read once, in chunks, and nothing grows with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comity.adapters.csv_head import Head, find_head
from comity.adapters.csv_part import CsvParts, cells
from comity.adapters.csv_records import (
    BAD_LINE,
    COLUMN_COUNT,
    FINE,
    STRAY_QUOTE,
    TOO_LONG,
    UNCLOSED_QUOTE,
    Dialect,
    find_records,
)
from comity.adapters.encoding import MAX_LINE, PartlyDecodedError, read_chunks
from comity.adapters.part import PLACEHOLDER, FileRead, Reading
from comity.adapters.refused import RefusedRows
from comity.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from comity.adapters.adapter import Adapter
    from comity.adapters.csv_records import Records
    from comity.adapters.encoding import Chunk
    from comity.adapters.formats import CsvFormat
    from comity.adapters.part import ExportFile

_PROBED = 1 << 16
_TRUNCATED, _RESERVED, _FOOTER = 10, 11, 20
_REASONS = {
    STRAY_QUOTE: ("read.stray-quote", "a quote stands where it neither opens nor closes a cell"),
    UNCLOSED_QUOTE: ("read.unclosed-quote", "a quote opens here and is not closed"),
    TOO_LONG: ("read.record-too-long", f"the record is longer than {MAX_LINE} bytes"),
    _RESERVED: ("read.reserved-mark", "the record holds the mark that stands for refused rows"),
}
_MARK = PLACEHOLDER.encode("ascii")


def read(file: ExportFile, format: CsvFormat, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as parts of kind ``csv``."""
    head: Head | None = None
    rest: Chunk | None = None
    refused = RefusedRows(into, file.name)
    row, footers, encoding, suspect = first_row, 0, None, False
    stays = file.path if file.stays else None
    for chunk in read_chunks(file.path, format.encoding, file.name):
        if head is None:
            head = find_head(chunk.data, format, adapter.fields, file.name)
            chunk = chunk.after(head.size, head.lines)
            encoding = chunk.codec.name
            dialect = _dialect(format, len(head.columns))
            parts = CsvParts(into, head.columns, dialect, first_row, stays)
        chunk = chunk if rest is None else rest.then(chunk)
        bad_lines = np.array([each.line for each in chunk.bad], np.int64)
        records = find_records(chunk.data, dialect, bad_lines, chunk.last, suspect)
        suspect = records.suspect
        codes = _codes(chunk, records, format)
        kept = None if codes is None else codes == FINE
        parts.add(chunk.data, records, kept, chunk.offset if chunk.raw is chunk.data else None)
        if codes is not None:
            footers += int((codes == _FOOTER).sum())
            _refuse(refused, chunk, records, codes, row, dialect.columns)
        row += len(records.starts)
        rest = chunk.after(records.consumed, records.lines_consumed)
    if head is None:
        raise AssertionError("a file has at least one chunk")
    rows = row - first_row
    notes = (f"{file.name}: columns in another order: {', '.join(head.moved)}",) if head.moved else ()
    return Reading(
        parts=parts.finish(),
        rows_read=rows,
        rows_not_selected=footers,
        refused=refused.close(),
        rows_refused=refused.count,
        files=(FileRead(file.name, file.sha256, file.size, first_row, rows, encoding=encoding),),
        notes=notes,
    )


def probe(file: ExportFile, format: CsvFormat, adapter: Adapter) -> None:
    """The first chunk must show the header, or without one some row with the columns, and then decode."""
    chunk = next(read_chunks(file.path, format.encoding, file.name, _PROBED))
    try:
        head = find_head(chunk.data, format, adapter.fields, file.name)
    except ReadError:
        if chunk.bad:
            raise PartlyDecodedError(chunk, format.encoding, file.name, share=1.0) from None
        raise
    if not format.header_rows:
        body = chunk.after(head.size, head.lines)
        records = find_records(
            body.data, _dialect(format, len(head.columns)), np.zeros(0, np.int64), chunk.last
        )
        if len(records.codes) and not (records.codes == FINE).any():
            raise ReadError("read.no-header", "No row has the declared columns", file=file.name)
    if chunk.bad:
        raise PartlyDecodedError(chunk, format.encoding, file.name)


def _dialect(format: CsvFormat, columns: int) -> Dialect:
    return Dialect(ord(format.delimiter), ord(format.quote) if format.quote else None, columns, MAX_LINE)


def _codes(chunk: Chunk, records: Records, format: CsvFormat) -> NDArray[np.uint8] | None:
    """Why each record is not kept; None when all are."""
    codes = records.codes.copy()
    if chunk.last and len(codes) and codes[-1] == COLUMN_COUNT and not chunk.data.endswith((b"\n", b"\r")):
        codes[-1] = _TRUNCATED
    if _MARK[:1] in chunk.data and _MARK in chunk.data:  # one byte is sought in a tenth of the time
        import pyarrow.compute as pc

        held = pc.match_substring(cells(chunk.data, records.starts, records.ends), _MARK.decode())
        codes[(codes == FINE) & held.to_numpy(zero_copy_only=False)] = _RESERVED
    if format.footer is not None and len(codes):
        codes[_footers(chunk.data, records, format)] = _FOOTER
    return codes if codes.any() else None


def _footers(data: bytes, records: Records, format: CsvFormat) -> NDArray[np.bool_]:
    """Which records have a first cell, without its quotes, that the footer's pattern finds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = np.frombuffer(data, np.uint8)
    starts, ends = records.starts.copy(), records.ends
    stops = np.append(np.flatnonzero(text == ord(format.delimiter)), len(data))
    ends = np.minimum(ends, stops[np.searchsorted(stops, starts)])
    if format.quote is not None:
        quotes = np.append(np.flatnonzero(text == ord(format.quote)), len(data))
        quoted = text[np.minimum(starts, len(text) - 1)] == ord(format.quote)
        starts = starts + quoted
        closing = np.minimum(quotes[np.searchsorted(quotes, starts)], records.ends)
        ends = np.where(quoted, np.maximum(closing, starts), ends)
    first = cells(data, starts, ends).cast(pa.string())
    return np.asarray(pc.match_substring_regex(first, format.footer).to_numpy(zero_copy_only=False))


def _refuse(
    refused: RefusedRows,
    chunk: Chunk,
    records: Records,
    codes: NDArray[np.uint8],
    first_row: int,
    columns: int,
) -> None:
    """The refused records in columns; only a line that cannot be decoded has words of its own."""
    at = np.flatnonzero((codes != FINE) & (codes != _FOOTER))
    if not len(at):
        return
    lines = records.lines[at]
    offsets = chunk.line_offsets()[lines]
    named, words = np.full(len(at), "", object), np.full(len(at), "", object)
    for reason, (code, message) in _REASONS.items():
        named[codes[at] == reason], words[codes[at] == reason] = code, message
    counts = records.columns[at]
    for reason, code, also in (
        (COLUMN_COUNT, "read.column-count", ""),
        (_TRUNCATED, "read.truncated-row", "; the file ends here without a line end, so it may be cut off"),
    ):
        for count in np.unique(counts[codes[at] == reason]).tolist():
            these = (codes[at] == reason) & (counts == count)
            named[these] = code
            words[these] = f"the row has {count} columns; {columns} are declared{also}"
    bad = {each.line: each for each in chunk.bad}
    for place in np.flatnonzero(codes[at] == BAD_LINE).tolist():
        line = bad[int(lines[place])]
        named[place], words[place], offsets[place] = line.code, line.message, line.offset
    refused.add_columns(
        source_row=first_row + at,
        code=named,
        message=words,
        raw=_text(cells(chunk.data, records.starts[at], records.ends[at])),
        line=chunk.line + lines,
        byte_offset=offsets,
    )


def _text(raw: Any) -> Any:
    import pyarrow as pa

    return raw.cast(pa.string())
