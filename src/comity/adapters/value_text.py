"""Python values as text: what database drivers and spreadsheets bring.

Invariant: a value's text says the whole value: dates by ISO 8601, moments in UTC, truth values as ``true`` and
``false``, bytes in hexadecimal, numbers without exponent.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def text_column(values: Sequence[Any], text: Callable[[Any], str | None] | None = None) -> Any:
    """A column of Python objects as an Arrow array; only what is no text already is looked at cell by cell."""
    import pyarrow as pa

    if not set(map(type, values)) <= {str, type(None)}:
        values = list(map(text or value_text, values))
    return pa.array(values, pa.string())


def value_text(value: Any) -> str | None:
    """One value as text; None stays None."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case dt.datetime():
            return (value.astimezone(dt.UTC) if value.tzinfo else value).isoformat(sep=" ")
        case dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            return _duration(value)
        case float():
            return plain_number(repr(value))
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=value_text)
    return str(value)


def plain_number(text: str) -> str:
    """A number without exponent: ``1e-07`` is 0.0000001."""
    return format(Decimal(text), "f") if "e" in text.lower() else text


def _duration(value: dt.timedelta) -> str:
    """Hours, minutes, seconds: some keep the time of day so, and some more than a day."""
    micros = abs(value // dt.timedelta(microseconds=1))
    seconds, micros = divmod(micros, 1_000_000)
    sign = "-" if value.days < 0 else ""
    fraction = f".{micros:06}" if micros else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"
