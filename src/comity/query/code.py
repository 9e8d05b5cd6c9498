"""A code that whoever asks gives, such as a country.

Invariant: a code that its list does not have is an error that names the nearest, and never an answer of nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import QueryError, nearest

if TYPE_CHECKING:
    import duckdb


def check_code(connection: duckdb.DuckDBPyConnection, name: str, code: str | None) -> None:
    """Raise when the code list ``name`` of the release has no ``code``."""
    rows = connection.execute("SELECT code FROM ledger.code_lists WHERE list = ?", [name]).fetchall()
    known = [row[0] for row in rows]
    if code is not None and code not in known:
        raise QueryError(
            "query.unknown-code",
            f"The code list '{name}' has no such code",
            found=code,
            remedy=nearest(code, known),
        )
