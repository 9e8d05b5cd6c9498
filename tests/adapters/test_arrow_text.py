"""Arrow values as text."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.adapters.arrow_text import as_text

NOON = dt.datetime(2024, 5, 1, 12, 30, 5)


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([0, -5, 2**63 - 1, None], pa.int64(), ["0", "-5", "9223372036854775807", None]),
        ([2**64 - 1], pa.uint64(), ["18446744073709551615"]),
        ([5.0, 0.1, 1e20, -1e-7, None], pa.float64(), ["5", "0.1", "1" + "0" * 20, "-0.0000001", None]),
        ([0.1], pa.float32(), ["0.1"]),
        ([Decimal("12.50"), Decimal("-0.00")], pa.decimal128(9, 2), ["12.50", "0.00"]),
        ([Decimal("1E-10")], pa.decimal128(20, 10), ["0.0000000001"]),
        ([True, False, None], pa.bool_(), ["true", "false", None]),
        ([dt.date(2024, 2, 29), dt.date(44, 3, 15)], pa.date32(), ["2024-02-29", "0044-03-15"]),
        ([NOON], pa.timestamp("s"), ["2024-05-01 12:30:05"]),
        ([NOON], pa.timestamp("ns"), ["2024-05-01 12:30:05"]),
        ([NOON.replace(microsecond=250_000)], pa.timestamp("ms"), ["2024-05-01 12:30:05.250"]),
        ([NOON], pa.timestamp("us", "Asia/Tokyo"), ["2024-05-01 12:30:05+00:00"]),
        ([dt.time(3, 4, 5)], pa.time64("us"), ["03:04:05"]),
        ([b"\x00\xff", b"", None], pa.binary(), ["00ff", "", None]),
        ([b"\x00\xff"], pa.binary(2), ["00ff"]),
        (["x", None, ""], pa.large_string(), ["x", None, ""]),
        (["東京"], pa.string_view(), ["東京"]),
        (["b", "a", "b"], pa.dictionary(pa.int8(), pa.string()), ["b", "a", "b"]),
        ([None, None], pa.null(), [None, None]),
        ([uuid.UUID(int=10).bytes], pa.uuid(), ["00000000-0000-0000-0000-00000000000a"]),
    ],
    ids=lambda value: str(value) if isinstance(value, pa.DataType) else "",
)
def test_a_value_is_its_whole_text(values: list[Any], kind: pa.DataType, texts: list[str | None]) -> None:
    assert as_text(pa.array(values, kind), many=False).to_pylist() == texts


@given(st.lists(st.one_of(st.none(), st.binary(max_size=8))), st.integers(0, 3))
def test_bytes_are_hexadecimal_also_in_a_slice(values: list[bytes | None], start: int) -> None:
    found = as_text(pa.array(values, pa.binary())[start:], many=False)

    assert found.to_pylist() == [None if value is None else value.hex() for value in values[start:]]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_comes_back_from_its_text(values: list[float]) -> None:
    texts = as_text(pa.array(values, pa.float64()), many=False).to_pylist()

    assert [float(text) for text in texts] == values
    assert not any("e" in text.lower() for text in texts)


@given(st.lists(st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(-9, 9))))), st.integers(0, 3))
def test_a_list_is_a_list_of_texts(values: list[list[int | None] | None], start: int) -> None:
    found = as_text(pa.array(values, pa.list_(pa.int64()))[start:], many=True)

    found.validate(full=True)
    assert found.to_pylist() == [
        None if items is None else [None if item is None else str(item) for item in items]
        for items in values[start:]
    ]


@pytest.mark.parametrize(
    ("column", "many", "named"),
    [
        (pa.array([{"a": 1}]), False, "struct<a: int64>"),
        (pa.array([[1]]), False, "list<item: int64>"),
        (pa.array([5], pa.duration("s")), False, "duration"),
        (pa.array(["a"]), True, "string is no list"),
        (pa.array([[{"a": 1}]]), True, "struct<a: int64>"),
    ],
    ids=["struct", "list", "duration", "no list", "list of structs"],
)
def test_what_has_no_text_is_an_error_that_names_the_type(column: pa.Array, many: bool, named: str) -> None:
    with pytest.raises(TypeError, match=named):
        as_text(column, many=many)
