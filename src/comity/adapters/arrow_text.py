"""Arrow columns as text: what Parquet files and an adapter's own reader bring.

Invariant: a value's text says the whole value and nothing else: numbers without exponent and without a needless
``.0``, dates by ISO 8601, moments in UTC, truth values as ``true`` and ``false``, bytes in hexadecimal. A type that
has no such text is an error that names its column.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

_NO_FRACTION = r"\.0+$"
_HEX = np.array([f"{byte:02x}" for byte in range(256)], "S2")


def as_text(column: Any, *, many: bool) -> Any:
    """``column`` as an array of text, or of lists of text. Raises TypeError when its type has no text."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ExtensionArray):
        column = _uuid(column) if column.type.extension_name == "arrow.uuid" else column.storage
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not many:
        return _text(column)
    if types.is_null(column.type):
        return pa.nulls(len(column), pa.list_(pa.string()))
    if not (types.is_list(column.type) or types.is_large_list(column.type)):
        raise TypeError(f"{column.type} is no list")
    column = column.cast(pa.list_(column.type.value_type)).take(
        np.arange(len(column))
    )  # no slice of a longer one
    items = as_text(column.values, many=False)
    return pa.ListArray.from_arrays(column.offsets, items, mask=column.is_null())


def _text(column: Any) -> Any:
    kind = column.type
    if types.is_null(kind) or types.is_boolean(kind) or types.is_integer(kind) or types.is_date(kind):
        return column.cast(pa.string())
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return column.cast(pa.binary()).view(pa.string()) if kind != pa.string() else column
    if types.is_floating(kind) or types.is_decimal(kind):
        return _without_exponent(column.cast(pa.string()))
    if types.is_timestamp(kind):
        return _moment(column)
    if types.is_time(kind):
        return pc.replace_substring_regex(column.cast(pa.string()), _NO_FRACTION, "")
    binary = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
    if any(is_kind(kind) for is_kind in binary):
        return _hexadecimal(column)
    raise TypeError(f"{kind} has no text")


def _moment(column: Any) -> Any:
    if column.type.tz is None:
        return pc.replace_substring_regex(column.cast(pa.string()), _NO_FRACTION, "")
    column = column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.timestamp(column.type.unit))
    return pc.binary_join_element_wise(_moment(column), "+00:00", "")


def _without_exponent(texts: Any) -> Any:
    """Few numbers are so large or small: only those are looked at one by one, and each once."""
    short = pc.match_substring(texts, "e", ignore_case=True)
    if not pc.any(short).as_py():
        return texts
    found = pc.if_else(short, texts, None).dictionary_encode()
    written = pa.array([format(Decimal(text), "f") for text in found.dictionary.to_pylist()], pa.string())
    return pc.coalesce(written.take(found.indices), texts)


def _hexadecimal(column: Any) -> Any:
    column = column.cast(pa.large_binary())
    offsets = np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    octets = np.frombuffer(data if data is not None else b"", np.uint8)[offsets[0] : offsets[-1]]
    return pa.LargeStringArray.from_buffers(
        len(column),
        pa.py_buffer((offsets - offsets[0]) * 2),
        pa.py_buffer(_HEX[octets].tobytes()),
        _validity(column),
    ).cast(pa.string())


def _validity(column: Any) -> Any:
    return column.is_valid().buffers()[1] if column.null_count else None


def _uuid(column: Any) -> Any:
    pattern = "^(.{8})(.{4})(.{4})(.{4})(.{12})$"
    return pc.replace_substring_regex(_hexadecimal(column.storage), pattern, r"\1-\2-\3-\4-\5")
