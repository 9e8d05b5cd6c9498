"""A part of delimited text in which nothing is quoted, read by Arrow.

Invariant: it gives the rows that ``scan_sql`` gives. Without a quote in the part every delimiter and every line end is
one, and Arrow needs half of DuckDB's time for them; where Arrow cannot read it, nothing is given, and DuckDB reads it:
the part then lies in a file of its own.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any, cast

from comity.adapters.field_spec import SOURCE_ROW
from comity.adapters.part import PLACEHOLDER
from comity.adapters.stretch import lay_down, line_starts, mapped, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import CsvFormat
    from comity.adapters.part import Part

_BLOCK = 4 << 20


def read_plain(part: Part, adapter: Adapter) -> pa.Table | None:
    """``source_row`` and the declared fields of a ``csv`` part; None where it may need more than splitting."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    format = cast("CsvFormat", adapter.formats[part.format])
    if not part.plain or not part.rows:
        return None
    columns = list(part.columns or [field.name for field in adapter.fields])
    with opened(part) as stream:
        read = _split(pa.PythonFile(stream, "r"), columns, format, format.missing)
    if read is None or read.num_rows != part.rows:
        lay_down(part)
        return None
    read = read.add_column(0, SOURCE_ROW, pa.array(np.arange(part.first_row, part.first_row + part.rows)))
    if part.marked:
        read = read.filter(pc.fill_null(pc.not_equal(read.column(columns[0]), PLACEHOLDER), True))
    nulls = pa.nulls(read.num_rows, pa.string())
    fields = [field.name for field in adapter.fields]
    return pa.table(
        [read.column(name) if name in read.column_names else nulls for name in (SOURCE_ROW, *fields)],
        [SOURCE_ROW, *fields],
    )


def plain_cells(part: Part, adapter: Adapter, rows: NDArray[np.int64]) -> pa.Table | None:
    """``source_row`` and the cells, as they stand there, of those rows in their order; None as in ``read_plain``."""
    import numpy as np
    import pyarrow as pa

    format = cast("CsvFormat", adapter.formats[part.format])
    if not part.plain:
        return None
    columns = list(part.columns or [field.name for field in adapter.fields])
    if not len(rows):
        return pa.table(
            {SOURCE_ROW: pa.array(rows, pa.int64()), **dict.fromkeys(columns, pa.array([], pa.string()))}
        )
    with mapped(part) as content:
        starts = line_starts(part)
        if starts is None:
            begin = len(BOM_UTF8) if bytes(content[: len(BOM_UTF8)]) == BOM_UTF8 else 0
            starts = np.append(begin, np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n")) + 1)
        last = len(content) - (content[-1] == ord("\n"))  # the last line may have no end
        ends = np.append(starts[1 : part.rows] - 1, last)
        at = rows - part.first_row
        bounds = zip(starts[at].tolist(), ends[at].tolist(), strict=True)
        # Arrow skips a byte order mark, and that of a record is none.
        lines = BOM_UTF8 + b"\n".join([content[start:end] for start, end in bounds])
    read = _split(pa.BufferReader(lines), columns, format, ())
    if read is None:
        lay_down(part)
        return None
    return read.add_column(0, SOURCE_ROW, pa.array(rows))


def _split(source: Any, columns: list[str], format: CsvFormat, missing: Sequence[str]) -> pa.Table | None:
    import pyarrow as pa
    from pyarrow import csv

    try:
        return csv.read_csv(
            source,
            csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=columns),
            csv.ParseOptions(delimiter=format.delimiter, quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=list(missing),
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
