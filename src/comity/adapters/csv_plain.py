"""A part of delimited text in which nothing is quoted, read by Arrow.

Invariant: it gives the rows that ``scan_sql`` gives. Without a quote in the part every delimiter and every line end is
one, and Arrow needs half of DuckDB's time for them; where Arrow cannot read it, nothing is given, and DuckDB reads it.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, cast

from comity.adapters.adapter import SOURCE_ROW
from comity.adapters.part import PLACEHOLDER

if TYPE_CHECKING:
    import pyarrow as pa

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import CsvFormat
    from comity.adapters.part import Part

_BLOCK = 4 << 20


def read_plain(part: Part, adapter: Adapter) -> pa.Table | None:
    """``source_row`` and the declared fields of a ``csv`` part; None where it may need more than splitting."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    format = cast("CsvFormat", adapter.formats[part.format])
    if part.kind != "csv" or not part.rows or not _is_plain(part, format):
        return None
    columns = list(part.columns or [field.name for field in adapter.fields])
    try:
        read = csv.read_csv(
            part.path,
            csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=columns),
            csv.ParseOptions(delimiter=format.delimiter, quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=list(format.missing),
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if read.num_rows != part.rows:
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


def _is_plain(part: Part, format: CsvFormat) -> bool:
    with part.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        quoted = format.quote is not None and content.find(format.quote.encode()) >= 0
        return not quoted and content.find(b"\r") < 0
