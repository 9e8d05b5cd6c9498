"""A code that whoever asks gives, such as a country.

Invariant: a code that its list does not have is an error that names the nearest, and never an answer of nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import QueryError

if TYPE_CHECKING:
    import duckdb


def check_code(connection: duckdb.DuckDBPyConnection, name: str, code: str | None) -> None:
    """Raise when the code list ``name`` of the release has no ``code``."""
    from comity.standard.code_list import Code, CodeList

    if code is None:
        return
    rows = connection.execute("SELECT code, label FROM ledger.code_lists WHERE list = ?", [name]).fetchall()
    known = CodeList(name, "", "", "", {each: Code(each, label) for each, label in rows})
    if code not in known.codes:
        raise QueryError(
            "query.unknown-code",
            f"The code list '{name}' has no such code",
            found=code,
            remedy=known.remedy(code),
        )
