"""The values of a query as text.

Invariant: a value has one text, whichever driver brought it: the one that the database itself prints, times in UTC,
dates by ISO 8601, truth values as ``true`` and ``false``, bytes in hexadecimal. Nothing is rounded.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comity.adapters.sql import quoted_name

if TYPE_CHECKING:
    from collections.abc import Sequence

_POSTGRESQL_BYTEA = 17
"""What a DB-API driver calls the type of a column of bytes."""


def postgresql_text(name: str, kind: Any) -> str:
    """A column as PostgreSQL prints it. Casting there keeps what Arrow and Python cannot hold: ``infinity``, years
    before Christ, types that no driver knows.
    """
    column = quoted_name(name)
    text = f"encode({column}, 'hex')" if _is_bytes(kind) else f"CAST({column} AS text)"
    return f"{text} AS {column}"


def sqlite_text(name: str, kind: Any) -> str:
    """A column of SQLite, where every cell has a type of its own. Its cast rounds to 15 digits; a number that this
    would change is written in full.
    """
    column = quoted_name(name)
    text = f"CAST({column} AS TEXT)"
    return (
        f"CASE typeof({column}) WHEN 'blob' THEN lower(hex({column})) "
        f"WHEN 'real' THEN CASE WHEN CAST({text} AS REAL) = {column} THEN {text} "
        f"ELSE printf('%!.17g', {column}) END ELSE {text} END AS {column}"
    )


def text_column(values: Sequence[Any]) -> Any:
    """A column of a driver's Python objects as text; only what is no text already is looked at cell by cell."""
    import pyarrow as pa

    if not set(map(type, values)) <= {str, type(None)}:
        values = list(map(value_text, values))
    return pa.array(values, pa.string())


def value_text(value: Any) -> str | None:
    """One value as text."""
    import datetime as dt
    from decimal import Decimal

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
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=value_text)
    return str(value)


def _duration(value: Any) -> str:
    """Hours, minutes, seconds: some databases keep the time of day so, and some more than a day."""
    micros = abs(value.days * 86_400_000_000 + value.seconds * 1_000_000 + value.microseconds)
    seconds, micros = divmod(micros, 1_000_000)
    sign = "-" if value.days < 0 else ""
    fraction = f".{micros:06}" if micros else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(kind == _POSTGRESQL_BYTEA if isinstance(kind, int) else kind == pa.binary())
