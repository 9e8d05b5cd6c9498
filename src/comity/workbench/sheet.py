"""Tables that are no text: spreadsheets, Parquet, the result of a query.

Invariant: cells become the text that the reader of the same format gives; a sheet's size is known before it is opened.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from comity.adapters.value_text import value_text
from comity.errors import ReadError
from comity.workbench.delimited import unique_names
from comity.workbench.frame import find_frame
from comity.workbench.table import SampleField, Table, columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.adapters.part import ExportFile

MOST = 20_000


def read_sheet(file: ExportFile) -> Table:
    """The sheet with the most cells."""
    from python_calamine import CalamineWorkbook

    from comity.adapters.sheet_size import look_at

    workbook = CalamineWorkbook.from_path(str(file.path))
    for number in range(len(workbook.sheet_names)):
        look_at(file, number)
    sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
    index = max(range(len(sheets)), key=lambda place: sheets[place].total_height * sheets[place].total_width)
    total = sheets[index].total_height
    # A list, where rows of delimited text are tuples: blank cells at the end are none.
    raw = [list(map(_text, row)) for row in islice(sheets[index].iter_rows(), MOST)]
    raw = [row for row in raw if any(cell.strip() for cell in row)]
    frame = find_frame(raw, whole=total <= MOST)
    rows = raw[frame.preamble + frame.headers : len(raw) - frame.footers]
    format: dict[str, Any] = {"type": "spreadsheet"}
    if len(sheets) > 1:
        format["sheet"] = workbook.sheet_names[index]
    if frame.preamble and frame.headers:
        format["find_header"] = True
    if frame.headers != 1:
        format["header_rows"] = frame.headers
    if frame.footer_pattern:
        format["footer"] = frame.footer_pattern
    width = frame.width
    names = unique_names(frame.names or [f"column_{place}" for place in range(1, width + 1)])
    columns = columns_of([row[:width] for row in rows], width)
    evidence = (f"spreadsheet: sheet '{workbook.sheet_names[index]}' of {len(sheets)}", *frame.evidence)
    return Table(
        format, tuple(SampleField(name, values) for name, values in zip(names, columns, strict=True)), len(rows), total,
        bool(frame.names), evidence, {"header_rows": frame.doubt} if frame.doubt else {},
        tuple(map(tuple, raw[: frame.preamble])),
        tuple(map(tuple, raw[len(raw) - frame.footers :])) if frame.footers else (),
    )  # fmt: skip


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return (value_text(value) or "").strip()


def read_parquet(file: ExportFile) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(file.path)
    batches = (
        list(opened.iter_batches(batch_size=MOST))[:1]
        if opened.metadata.num_rows <= MOST
        else [next(opened.iter_batches(MOST))]
    )
    fields = []
    for name in opened.schema_arrow.names:
        cells = [value for batch in batches for value in batch.column(name).to_pylist()]
        if pa.types.is_list(opened.schema_arrow.field(name).type):
            items = tuple(value_text(item) for cell in cells for item in cell or ())
            fields.append(SampleField(name, items, many=True))
        else:
            fields.append(SampleField(name, tuple(value_text(cell) or None for cell in cells)))
    rows = sum(batch.num_rows for batch in batches)
    total = opened.metadata.num_rows
    return Table(
        {"type": "parquet"},
        tuple(fields),
        rows,
        total,
        True,
        (f"Parquet: {total:,} rows, {len(fields)} columns",),
    )


def read_query(url: str, query: str, source: str) -> Table:
    """The first rows of a query's result; ``${NAME}`` in the URL is read from the environment."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    from comity.adapters.database_url import parse_url

    database = parse_url(url, source)
    try:
        engine = create_engine(database.url)
        with engine.connect() as connection:
            result = connection.execution_options(stream_results=True).execute(text(query))
            names = list(result.keys())
            rows = [list(map(value_text, row)) for row in result.fetchmany(MOST)]
        engine.dispose()
    except SQLAlchemyError as error:
        found = str(getattr(error, "orig", None) or type(error).__name__)
        for secret in database.secrets:
            found = found.replace(secret, "…")
        raise ReadError(
            "read.query-failed", "The query cannot be run", file=database.place, found=found,
            remedy="try the query with the database's own client first",
        ) from None  # fmt: skip
    columns = columns_of(rows, len(names)) if rows else [()] * len(names)
    fields = tuple(SampleField(name, values) for name, values in zip(names, columns, strict=True))
    return Table({"type": "database"}, fields, len(rows), None, True, (f"query: {len(names)} columns",))


def names_of(tables: Sequence[Table]) -> list[tuple[str, ...]]:
    return [tuple(field.name for field in table.fields) for table in tables]
