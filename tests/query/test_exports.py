"""Answers for sheets and maps: types, texts that look like formulas, limits, coordinates."""

from __future__ import annotations

import io
import json
import struct
from typing import TYPE_CHECKING

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from comity.errors import QueryError
from comity.query import exports
from comity.query.output import write

if TYPE_CHECKING:
    from pathlib import Path

    from comity.query.output import Format

PLACES = """SELECT * FROM (VALUES ('a', 59.5::DOUBLE, 24.75::DOUBLE, '=1+1'), ('b', NULL, 24.0, 'x'))
t(name, latitude, longitude, note)"""


def _written(query: str, form: Format) -> io.BytesIO:
    target = io.BytesIO()
    with duckdb.connect() as connection:
        write(connection.sql(query), form, target)
    return io.BytesIO(target.getvalue())


def test_a_sheet_has_types_and_no_formulas() -> None:
    query = "SELECT '=1+1' AS a, 2.5::DOUBLE AS b, true AS c, DATE '2026-01-02' AS d, [1, 2] AS e, NULL AS f, 7 AS g"
    sheet = openpyxl.load_workbook(_written(query, "xlsx")).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows == [tuple("abcdefg"), ("=1+1", 2.5, True, "2026-01-02", "[1,2]", None, 7)]
    assert sheet["A2"].data_type == "s"


def test_what_no_sheet_can_hold_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_SHEET_ROWS", 4)
    assert _written("FROM range(3)", "xlsx").getvalue()
    for query in ("FROM range(4)", "SELECT repeat('x', 40_000) AS a"):
        with pytest.raises(QueryError) as error:
            _written(query, "xlsx")
        assert error.value.code == "query.not-in-xlsx"


def test_geojson_has_points_longitude_first() -> None:
    found = json.load(_written(PLACES, "geojson"))
    assert found["type"] == "FeatureCollection"
    first, second = found["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [24.75, 59.5]}
    assert first["properties"]["name"] == "a" and second["geometry"] is None
    assert json.load(_written(f"{PLACES} LIMIT 0", "geojson"))["features"] == []


def test_geoparquet_says_where_its_points_are() -> None:
    table = pq.read_table(_written(PLACES, "geoparquet"))
    about = json.loads(table.schema.metadata[b"geo"])
    assert about["primary_column"] == "geometry" and about["columns"]["geometry"]["encoding"] == "WKB"
    point, nothing = table["geometry"].to_pylist()
    assert struct.unpack("<BIdd", point) == (1, 1, 24.75, 59.5) and nothing is None


@pytest.mark.parametrize("form", ["geojson", "geoparquet"])
def test_without_coordinates_there_is_no_map(form: Format) -> None:
    with pytest.raises(QueryError) as error:
        _written("SELECT 1 AS a", form)
    assert error.value.code == "query.no-coordinates"


def test_an_answer_goes_on_in_arrow_pandas_and_polars(data: Path) -> None:
    from comity.config.settings import Settings
    from comity.query.federation import open_federation
    from tests.query.test_guard import ROOT

    with open_federation(Settings(data, ROOT)) as federation:
        assert federation.sql("FROM vehicle").to_arrow_table().num_rows == 9
        assert len(federation.sql("FROM vehicle").df()) == 9
        pytest.importorskip("polars")
        assert federation.sql("FROM vehicle").pl().height == 9
