"""Columns of a query, cast to text where they lie.

Invariant: a value has one text, whichever driver brings it: the one that the database itself prints, bytes in
hexadecimal. Nothing is rounded.
"""

from __future__ import annotations

from typing import Any

from comity.adapters.sql import quoted_name

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


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(kind == _POSTGRESQL_BYTEA if isinstance(kind, int) else kind == pa.binary())
