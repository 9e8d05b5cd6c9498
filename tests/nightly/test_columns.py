"""What the files of an export tell of their columns: which repeat, and which hold one value in every row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.nightly.columns import columns_of_files, constants

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 1000


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def write(path: Path, *, statistics: bool = True, **columns: list[object]) -> Path:
    """A file with each of the columns, in three row groups."""
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    pq.write_table(table, path, row_group_size=ROWS // 3, write_statistics=statistics)
    return path


def found(connection: duckdb.DuckDBPyConnection, *files: Path) -> dict[str, object]:
    """Every constant that is found, with its value."""
    paths = [str(path) for path in files]
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW rows AS FROM read_parquet({paths}, union_by_name = true)"
    )
    names = [row[0] for row in connection.execute("DESCRIBE rows").fetchall()]
    values = constants(connection, "rows", columns_of_files(connection, files), names)
    return {name: connection.execute(f"SELECT {value}").fetchall()[0][0] for name, value in values.items()}


def test_the_files_say_which_columns_repeat(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    few, many, other = (tmp_path / f"{name}.parquet" for name in ("few", "many", "other"))
    for path, value in ((few, "'DE'"), (other, "'FR'"), (many, "uuid()::VARCHAR")):
        connection.execute(
            f"COPY (SELECT {value} AS code, [{value}] AS codes, NULL::VARCHAR AS nothing FROM range(5000))"
            f" TO '{path}' (FORMAT parquet)"
        )

    assert columns_of_files(connection, [few, other]).repeating >= {"code", "codes"}
    assert not columns_of_files(connection, [few, many]).repeating & {"code", "codes"}
    assert columns_of_files(connection, []).repeating == frozenset()


@pytest.mark.parametrize("statistics", [True, False])
def test_a_column_with_one_value_in_every_row_is_constant(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, statistics: bool
) -> None:
    columns: dict[str, list[object]] = {
        "country": ["DE"] * ROWS,
        "hold": [False] * ROWS,
        "purposes": [["a", "b"]] * ROWS,
        "denied": [[]] * ROWS,
        "row": list(range(ROWS)),
    }
    first = write(tmp_path / "a.parquet", statistics=statistics, **columns)
    second = write(tmp_path / "b.parquet", statistics=statistics, **columns)

    constant = found(connection, first, second)

    assert constant == {"country": "DE", "hold": False, "purposes": ["a", "b"], "denied": []}


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize(
    ("most", "other"),
    [("DE", "FR"), ("DE", None), (None, "DE"), ([], None), (None, []), (["a"], ["b"]), (["a"], [])],
)
def test_one_row_with_another_value_makes_a_column_none(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, most: object, other: object, statistics: bool
) -> None:
    kind = pa.list_(pa.string()) if isinstance(most, list) or isinstance(other, list) else pa.string()
    files = []
    for name, last in (("a", most), ("b", other)):
        table = pa.table({"x": pa.array([most] * (ROWS - 1) + [last], kind)})
        files.append(tmp_path / f"{name}.parquet")
        pq.write_table(table, files[-1], row_group_size=ROWS // 3, write_statistics=statistics)

    assert found(connection, files[0]) == {"x": most}
    assert found(connection, *files) == {}


def test_a_column_that_a_file_lacks_is_none_there(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with_it = write(tmp_path / "a.parquet", row=list(range(ROWS)), country=["DE"] * ROWS)
    without = write(tmp_path / "b.parquet", row=list(range(ROWS)))

    assert found(connection, with_it) == {"country": "DE"}
    assert found(connection, with_it, without) == {}


def test_what_is_equal_and_not_the_same_is_not_constant(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "a.parquet",
        zero=[0.0, -0.0] * (ROWS // 2),
        same=[1.5] * ROWS,
        no=[float("nan"), 1.0] * (ROWS // 2),
    )

    assert found(connection, path) == {}


def test_no_rows_have_no_constant(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert columns_of_files(connection, []).constant == frozenset()
    assert found(connection, write(tmp_path / "a.parquet", country=[])) == {}
