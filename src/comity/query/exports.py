"""An answer for other programs: a sheet, GeoJSON, GeoParquet.

Invariant: like every form these stream; what a form cannot hold is an error, never cut. A text is a text, also one that
begins with ``=``. Coordinates are WGS 84 degrees, longitude first, as the standard keeps them; a record without
them has no geometry and is not left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

from comity.errors import QueryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_SHEET_ROWS, _CELL = 1_048_576, 32_767
_PLAIN = (
    "INTEGER",
    "BIGINT",
    "SMALLINT",
    "TINYINT",
    "UINTEGER",
    "USMALLINT",
    "UTINYINT",
    "DOUBLE",
    "FLOAT",
    "BOOLEAN",
)


def write_xlsx(relation: DuckDBPyRelation, texts: list[str], target: BinaryIO) -> int:
    """One sheet. ``texts``: every column as an expression of text; exact decimals and big numbers stay text."""
    try:
        import xlsxwriter
    except ImportError:
        raise QueryError(
            "query.not-installed",
            "Sheets need the package XlsxWriter",
            remedy='install it with the extra "comity[xlsx]", or take --format csv',
        ) from None
    plain = [str(kind) in _PLAIN for kind in relation.types]
    chosen = ", ".join(
        f"{f'#{number}' if as_is else text} AS c{number}"
        for number, (as_is, text) in enumerate(zip(plain, texts, strict=True), start=1)
    )
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "nan_inf_to_errors": True})
    sheet = book.add_worksheet("answer")
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(relation.columns):
        sheet.write_string(0, column, name)
    row = 0
    for batch in relation.project(chosen).to_arrow_reader(10_000):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            row += 1
            if row >= _SHEET_ROWS:
                raise _too_much(f"more than {_SHEET_ROWS - 1:,} rows")
            for column, value in enumerate(values):
                if isinstance(value, str):
                    if len(value) > _CELL:
                        raise _too_much(f"{len(value):,} characters in row {row}")
                    sheet.write_string(row, column, value)
                elif isinstance(value, bool):
                    sheet.write_boolean(row, column, value)
                elif value is not None:
                    sheet.write_number(row, column, value)
    book.close()
    return row


def _too_much(found: str) -> QueryError:
    return QueryError(
        "query.not-in-xlsx", "A sheet cannot hold this answer", found=found,
        remedy="ask for less, or take --format csv or parquet",
    )  # fmt: skip


def coordinates(relation: DuckDBPyRelation) -> tuple[int, int]:
    """The places, from 1, of the columns with longitude and latitude."""
    names = [name.lower() for name in relation.columns]
    if "latitude" not in names or "longitude" not in names:
        raise QueryError(
            "query.no-coordinates",
            "The answer has no coordinates",
            found=", ".join(relation.columns)[:200],
            remedy="ask for columns called latitude and longitude, in degrees",
        )
    return names.index("longitude") + 1, names.index("latitude") + 1


def point_json(relation: DuckDBPyRelation) -> str:
    """The geometry of a row, as an SQL expression of JSON."""
    longitude, latitude = coordinates(relation)
    return (
        f"CASE WHEN #{longitude} IS NOT NULL AND #{latitude} IS NOT NULL THEN"
        f" {{'type': 'Point', 'coordinates': [#{longitude}::DOUBLE, #{latitude}::DOUBLE]}} END"
    )


def write_geoparquet(relation: DuckDBPyRelation, target: BinaryIO) -> int:
    """GeoParquet 1.1 with a column ``geometry`` of WKB points beside the answer's own columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from comity.query.output import distinct

    longitude, latitude = coordinates(relation)
    about = {
        "version": "1.1.0", "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
    }  # fmt: skip
    reader = relation.to_arrow_reader(100_000)
    names = distinct([*relation.columns, "geometry"])
    about["primary_column"], about["columns"] = (
        names[-1],
        {names[-1]: {"encoding": "WKB", "geometry_types": ["Point"]}},
    )
    fields = [field.with_name(name) for field, name in zip(reader.schema, names[:-1], strict=True)]
    schema = pa.schema([*fields, pa.field(names[-1], pa.binary())], metadata={"geo": json.dumps(about)})
    rows = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in reader:
            points = _points(batch.column(longitude - 1), batch.column(latitude - 1))
            writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, points], schema=schema))
            rows += batch.num_rows
    return rows


def _points(longitudes: object, latitudes: object) -> object:
    """Well-known binary, little-endian, 21 bytes a point; NULL where a coordinate is missing."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    x, y = pc.cast(longitudes, pa.float64()), pc.cast(latitudes, pa.float64())
    made = np.empty(len(x), dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    made["order"], made["kind"] = 1, 1
    made["x"], made["y"] = x.fill_null(0).to_numpy(), y.fill_null(0).to_numpy()
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(21), len(x), [None, pa.py_buffer(made.tobytes())])
    known = pc.and_(pc.is_valid(x), pc.is_valid(y))
    return pc.if_else(known, fixed.cast(pa.binary()), pa.scalar(None, pa.binary()))
