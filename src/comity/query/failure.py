"""What DuckDB says of a question, as a QueryError.

Invariant: the error points at the line and column of the analyst's own text, and passes on the names that
DuckDB thinks were meant.
"""

from __future__ import annotations

import difflib
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from comity.errors import QueryError
from comity.query.place import LINE, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

_MEANT = re.compile(
    r"^(?:Did you mean|Candidate bindings|Candidate functions|Candidate \w+)\b.*", re.M | re.S
)
READ_ONLY = ("What is published cannot be changed", "use a TEMP table or view for results of your own")
_UNREADABLE = (
    "query.unreadable-file",
    "A file that the question needs cannot be read",
    "restore it from a backup if it is gone; if the data folder was moved, `comity store views` writes the views anew",
)
_NOT_ALLOWED = (
    "query.not-allowed",
    "A question may only read what is published",
    "name a file of your own with --read FILE; results are written with --output FILE",
)
_LOOK = "see `.tables` and `.schema NAME` in `comity shell`, or SHOW TABLES and DESCRIBE NAME"


def nothing_published(data_dir: Path) -> QueryError:
    return QueryError(
        "query.nothing-published",
        "Nothing has been published here yet",
        file=data_dir,
        remedy="check --data, or put exports into its inbox and run `comity run`",
    )


@contextmanager
def asking() -> Iterator[None]:
    """Turn DuckDB's errors inside the block into a QueryError."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise explained(error) from None
    except MemoryError:
        raise explained(duckdb.OutOfMemoryException("memory is used up")) from None
    except OSError as error:
        if error.errno is not None or not (told := _through_arrow(str(error))):
            raise
        raise explained(told) from None
    except KeyboardInterrupt:
        raise QueryError(
            "query.interrupted", "The question was interrupted", remedy="ask again, or ask for less"
        ) from None


def explained(
    error: duckdb.Error, query: str | None = None, connection: duckdb.DuckDBPyConnection | None = None
) -> QueryError:
    """``error`` with a code of our own, and with its place in ``query``, the analyst's own text."""
    text = str(error)
    code, message, remedy = _kind(error, text, query or "")
    said = LINE.split(text)[0].strip()
    meant = _MEANT.search(said)
    if meant and code == "query.not-allowed":  # a name that is near that of a file helps nobody
        said = said[: meant.start()].strip()
    elif meant:
        said, remedy = said[: meant.start()].strip(), " ".join(meant.group().split())
    elif code == "query.unknown-column" and connection is not None:
        remedy = _nearest_column(said, connection) or remedy
    place = place_of(error, query, connection) if query is not None else None
    return QueryError(
        code,
        message,
        file="SQL" if place else None,
        line=place[0] if place else None,
        column=place[1] if place else None,
        found=" ".join(said.split()) or None,
        remedy=remedy,
    )


def _through_arrow(text: str) -> duckdb.Error | None:
    """The error of DuckDB that came out of an Arrow stream, which makes an OSError of all of them."""
    import duckdb

    kinds = {
        "Out of Memory Error": duckdb.OutOfMemoryException,
        "INTERRUPT Error": duckdb.InterruptException,
        "Permission Error": duckdb.PermissionException,
        "IO Error": duckdb.IOException,
    }
    said = re.match(r"((?:\w+ )+Error): ", text)
    return kinds.get(said[1], duckdb.Error)(text) if said else None


def _nearest_column(said: str, connection: duckdb.DuckDBPyConnection) -> str | None:
    """Where DuckDB names no candidate for a column of a view, the nearest ones of that view."""
    unknown = re.search(r'"([^"]+)" does not have a column named "([^"]+)"', said)
    if unknown is None:
        return None
    view, column = unknown.groups()
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    # The name may be an alias, and the view then any.
    own = {name for table, name in columns if table == view} or {name for _, name in columns} - {column}
    close = difflib.get_close_matches(column, sorted(own), n=3)
    return f"did you mean {', '.join(close)}?" if close else None


def _kind(error: duckdb.Error, text: str, query: str) -> tuple[str, str, str]:
    import duckdb

    # A view is no table, and what is published is attached read-only.
    if "read-only mode" in text or "is not an table" in text or "base table" in text:
        return ("query.read-only", *READ_ONLY)
    match error:
        case _ if "install the required extension" in text:
            return _NOT_ALLOWED
        case duckdb.CatalogException() if re.search(r"Table with name \S*[/.]\S* does not exist", text):
            return _NOT_ALLOWED
        case duckdb.CatalogException():
            return "query.unknown-name", "There is no table, view or function of that name", _LOOK
        case duckdb.BinderException() if "not found" in text or "does not have a column" in text:
            return "query.unknown-column", "There is no column of that name", _LOOK
        case duckdb.ParserException():
            return "query.bad-sql", "This is not SQL as DuckDB reads it", "correct it at the place shown"
        case duckdb.PermissionException() if _is_missing(text, query):
            return _UNREADABLE
        case duckdb.PermissionException():
            return _NOT_ALLOWED
        case duckdb.OutOfMemoryException():
            return (
                "query.out-of-memory",
                "The question needs more memory or temporary space than there is",
                "ask for fewer columns or rows, or give more: --memory, in Python connect({'memory_limit': '8GB'})",
            )
        case duckdb.InterruptException():
            return "query.interrupted", "The question was interrupted", "ask again, or ask for less"
        case duckdb.IOException():
            return _UNREADABLE
        case _ if "configuration has been locked" in text:
            return (
                "query.not-allowed",
                "Settings are fixed while published data is open",
                "give them when you open: connect({'memory_limit': '4GB'})",
            )
    return "query.failed", "DuckDB cannot answer this", "correct the question"


def _is_missing(text: str, query: str) -> bool:
    """Whether the refused file is one that a view reads and that is not there: DuckDB takes the name of a missing file
    for a folder and looks into it, which is not allowed. What the question itself names is no view's.
    """
    refused = re.search(r'Cannot access file "(/[^"*\[?]+?)(/\*\*/\*\.\w+)?"', text)
    if refused is None:
        return False
    path = Path(refused.group(1))
    return not path.exists() and str(path) not in query and str(path.parent) not in query
