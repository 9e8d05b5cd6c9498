"""The reader of fixed-width records, in ASCII or EBCDIC.

Invariant: every record of the file is in a part, refused with its place and reason, or a footer that is not selected.
Bytes and characters of a record agree one to one (single-byte code pages), so that a field's place is its place.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.adapters.refused import RefusedRows
from comity.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import FixedWidthFormat
    from comity.adapters.part import ExportFile

_CHUNK = 16 << 20


def read(file: ExportFile, format: FixedWidthFormat, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as parts of kind ``line``."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    needed = max((field.start or 1) + (field.length or 1) - 1 for field in adapter.fields)
    refused = RefusedRows(into, file.name)
    row, footers, skip, offset = first_row, 0, format.preamble_rows, 0
    with PartWriter(into, "line", ("line",)) as writer:
        for texts, offsets in _records(file, format):
            base = offset
            offset += int(offsets[-1])
            lines = pa.array(texts, pa.string())
            places = base + np.asarray(offsets[:-1], np.int64)
            if skip:
                skipped = min(skip, len(lines))
                lines, places, skip = lines[skipped:], places[skipped:], skip - skipped
            if not len(lines):
                continue
            rows = pa.array(np.arange(row, row + len(lines)), pa.int64())
            row += len(lines)
            if format.footer is not None:
                is_footer = pc.match_substring_regex(lines, format.footer)
                footers += pc.sum(is_footer).as_py() or 0
                kept = pc.invert(is_footer)
                lines, rows, places = lines.filter(kept), rows.filter(kept), places[kept.to_numpy(False)]
            length = format.record_length or needed
            wrong = pc.less(pc.utf8_length(lines), length)
            if format.record_length is not None:
                wrong = pc.not_equal(pc.utf8_length(lines), length)
            undecodable = pc.match_substring(lines, "\ufffd")
            for code, message, which in (
                (
                    "read.undecodable-bytes",
                    "the record holds bytes that the encoding does not have",
                    undecodable,
                ),
                (
                    "read.record-length",
                    f"the record has another length than {length}",
                    pc.and_not(wrong, undecodable),
                ),
            ):
                if pc.any(which).as_py():
                    bad = lines.filter(which)
                    count = len(bad)
                    refused.add_columns(
                        source_row=rows.filter(which),
                        code=[code] * count,
                        message=[message] * count,
                        raw=bad,
                        byte_offset=pa.array(places[which.to_numpy(False)]),
                    )
            fine = pc.invert(pc.or_(wrong, undecodable))
            writer.add(rows.filter(fine), [lines.filter(fine)])
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
    """The head decodes strictly and its first record has the declared length."""
    with file.path.open("rb") as handle:
        head = handle.read(1 << 16)
    try:
        codecs.getincrementaldecoder(format.encoding)().decode(head)
    except UnicodeDecodeError as error:
        raise ReadError(
            "read.wrong-encoding", f"The file is not in {format.encoding}", file=file.name, found=str(error)
        ) from None


def _records(file: ExportFile, format: FixedWidthFormat) -> Any:
    """Batches of (texts, byte offsets of each and of the end)."""
    if format.line_ending == "none":
        assert format.record_length is not None  # the format checks it
        length = format.record_length
        step = max(1, _CHUNK // length) * length
        with file.path.open("rb") as handle:
            while chunk := handle.read(step):
                text = _decode(chunk, format.encoding)
                starts = range(0, len(chunk), length)
                yield [text[at : at + length] for at in starts], [*starts, len(chunk)]
        return
    newline = "\n".encode(format.encoding)
    rest = b""
    with file.path.open("rb") as handle:
        while True:
            chunk = handle.read(_CHUNK)
            data = rest + chunk
            if chunk:
                cut = data.rfind(newline) + len(newline)
                data, rest = data[:cut], data[cut:]
            if data:
                pieces = data.split(newline)
                if data.endswith(newline):
                    pieces.pop()
                offsets, at = [], 0
                for piece in pieces:
                    offsets.append(at)
                    at += len(piece) + len(newline)
                text = _decode(newline.join(pieces), format.encoding)
                yield [line.removesuffix("\r") for line in text.split("\n")], [*offsets, len(data)]
            if not chunk:
                return


def _decode(data: bytes, encoding: str) -> str:
    return data.decode(encoding, errors="replace")  # U+FFFD marks the record, which is then refused
