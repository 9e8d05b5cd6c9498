"""Which statements an analyst may give.

Invariant: nothing that passes writes a file. The connection itself already refuses every file but those
of its release; what it cannot refuse is COPY over one of them, so COPY does not pass, wherever it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comity.errors import QueryError
from comity.query.failure import READ_ONLY

if TYPE_CHECKING:
    import duckdb

# CREATE, INSERT and the like only reach temporary tables: what is published is attached read-only.
_ALLOWED = frozenset(
    "SELECT EXPLAIN PRAGMA MULTI SET CREATE CREATE_FUNC DROP INSERT UPDATE DELETE PREPARE EXECUTE VARIABLE_SET"
    " TRANSACTION".split()
)
# These answer with nothing that anybody wants to read.
SILENT = frozenset("SET VARIABLE_SET CREATE CREATE_FUNC DROP PREPARE TRANSACTION".split())
_CHANGES = frozenset(("ALTER", "MERGE_INTO"))


def check(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[str, ...]:
    """The kinds of the statements in ``query``; raises when one of them could write a file."""
    import duckdb

    statements = connection.extract_statements(query)
    for statement in statements:
        if statement.type.name in _CHANGES:
            raise QueryError("query.read-only", READ_ONLY[0], remedy=READ_ONLY[1])
        if statement.type.name not in _ALLOWED:
            raise _refused(statement.type.name)
    # COPY may also stand inside EXPLAIN ANALYZE, PREPARE and WITH; a quoted "copy" or a text is no keyword.
    text = query.encode()  # DuckDB counts bytes
    for start, kind in duckdb.tokenize(query):
        word = re.match(rb"\w+", text[start:])
        if kind == duckdb.token_type.keyword and word and word[0].lower() in (b"copy", b"export"):
            raise _refused(word[0].decode().upper())
    return tuple(statement.type.name for statement in statements)


def _refused(what: str) -> QueryError:
    return QueryError(
        "query.not-allowed",
        "A question may only read what is published",
        found=f"{what} statement",
        remedy="write results with --output FILE and --format; a column named copy or export needs double quotes",
    )
