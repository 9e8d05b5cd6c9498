"""What DuckDB says of a question, as a QueryError.

Invariant: the error points at the line and column of the analyst's own text, and passes on the names that
DuckDB thinks were meant.
"""

from __future__ import annotations

import difflib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comity.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

_LINE = re.compile(r"^LINE (\d+): ", re.M)
_MEANT = re.compile(
    r"^(?:Did you mean|Candidate bindings|Candidate functions|Candidate \w+)\b.*", re.M | re.S
)
_LOOK = "see `.tables` and `.schema NAME` in `comity shell`, or SHOW TABLES and DESCRIBE NAME"


@contextmanager
def asking() -> Iterator[None]:
    """Turn DuckDB's errors inside the block into a QueryError."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise explained(error) from None
    except KeyboardInterrupt:
        raise QueryError(
            "query.interrupted", "The question was interrupted", remedy="ask again, or ask for less"
        ) from None


def explained(error: duckdb.Error) -> QueryError:
    """``error`` with a code of our own."""
    text = str(error)
    code, message, remedy = _kind(error, text)
    line, column = _place(text)
    said = _LINE.split(text)[0].strip()
    meant = _MEANT.search(said)
    if meant:
        said, remedy = said[: meant.start()].strip(), " ".join(meant.group().split())
    return QueryError(
        code,
        message,
        file="SQL" if line else None,
        line=line,
        column=column,
        found=" ".join(said.split()) or None,
        remedy=remedy,
    )


def nearest_column(error: duckdb.Error, connection: duckdb.DuckDBPyConnection) -> QueryError:
    """``error`` explained; where DuckDB names no candidate for a column, the nearest of those published."""
    found = explained(error)
    unknown = re.search(r'column named "([^"]+)"', found.found or "")
    if found.code != "query.unknown-column" or unknown is None:
        return found
    rows = connection.execute(
        "SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    close = difflib.get_close_matches(unknown.group(1), [row[0] for row in rows], n=3)
    if close:
        found.remedy = f"did you mean {', '.join(close)}?"
    return found


def _kind(error: duckdb.Error, text: str) -> tuple[str, str, str]:
    import duckdb

    if "read-only mode" in text:
        return (
            "query.read-only",
            "What is published cannot be changed",
            "use a TEMP table or view for results of your own",
        )
    match error:
        case duckdb.CatalogException():
            return "query.unknown-name", "There is no table, view or function of that name", _LOOK
        case duckdb.BinderException() if "not found" in text or "does not have a column" in text:
            return "query.unknown-column", "There is no column of that name", _LOOK
        case duckdb.ParserException():
            return "query.bad-sql", "This is not SQL as DuckDB reads it", "correct it at the place shown"
        case duckdb.PermissionException():
            return (
                "query.not-allowed",
                "A question may only read what is published",
                "name a file of your own with --read FILE; results are written with --output FILE",
            )
        case duckdb.OutOfMemoryException():
            return (
                "query.out-of-memory",
                "The question needs more memory or temporary space than there is",
                "ask for fewer columns or rows, or raise memory_limit",
            )
        case duckdb.InterruptException():
            return "query.interrupted", "The question was interrupted", "ask again, or ask for less"
        case duckdb.IOException():
            return (
                "query.unreadable-file",
                "A file behind the views cannot be read",
                "if a published file is gone, restore it from a backup; `comity store views` writes the views anew",
            )
        case _ if "configuration has been locked" in text:
            return (
                "query.not-allowed",
                "Settings are fixed while published data is open",
                "give them when you open: connect({'memory_limit': '4GB'})",
            )
    return "query.failed", "DuckDB cannot answer this", "correct the question"


def _place(text: str) -> tuple[int | None, int | None]:
    """Line and column of the caret under ``LINE n: …``; a long line is shown in part, then only its
    number helps.
    """
    found = _LINE.search(text)
    if found is None:
        return None, None
    shown, _, below = text[found.end() :].partition("\n")
    caret = below.partition("\n")[0].find("^") - (found.end() - found.start())
    whole = caret >= 0 and not shown.startswith("...")
    return int(found.group(1)), caret + 1 if whole else None
