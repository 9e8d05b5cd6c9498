"""What the machine says when storing fails, as a StoreError that a person can act on.

Invariant: a full disk, a missing permission, a locked, corrupt or unreachable ledger keeps its own code
wherever it happens (copying, DuckDB, SQL), and no message holds the ledger's password.
"""

from __future__ import annotations

import errno
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comity.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REMEDIES = {
    "store.disk-full": "free space on that disk and run again; nothing published is lost",
    "store.no-permission": "run as the owner of the data folder, or give this user the right to write there",
    "store.read-only": "mount it writable, or connect as a user who may write",
    "store.ledger-locked": "another program holds it: find it with `fuser`, wait for its end, run again",
    "store.corrupt-ledger": "restore the ledger from its backup; the files under records/ are untouched",
    "store.ledger-unreachable": "check that the database server runs and that the ledger URL is right",
    "store.missing-file": "restore the file from a backup of the data folder",
    "store.io-error": "check the disk and the system log, then run again",
    "store.out-of-memory": "give DuckDB more memory (memory_limit) or free space for its temporary files",
    "store.engine-error": "run again; if it stays, the staged file is not what the standard says",
    "store.ledger-refused": "nothing was changed; if it stays, this is a fault of the program: report it",
}
_MESSAGES = {
    "store.disk-full": "The disk is full",
    "store.no-permission": "Permission is missing",
    "store.read-only": "Nothing can be written there",
    "store.ledger-locked": "The ledger is locked",
    "store.corrupt-ledger": "The ledger is corrupt",
    "store.ledger-unreachable": "The ledger cannot be reached",
    "store.missing-file": "A file is missing",
    "store.io-error": "The disk reports an error",
    "store.out-of-memory": "Memory and temporary space are used up",
    "store.engine-error": "DuckDB cannot do this",
    "store.ledger-refused": "The ledger refused the change",
}
_BY_ERRNO = {
    errno.ENOSPC: "store.disk-full",
    errno.EDQUOT: "store.disk-full",
    errno.EACCES: "store.no-permission",
    errno.EPERM: "store.no-permission",
    errno.EROFS: "store.read-only",
    errno.ENOENT: "store.missing-file",
}
# PostgreSQL's five-character states; https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE = {
    "53100": "store.disk-full",
    "42501": "store.no-permission",
    "28P01": "store.no-permission",
    "28000": "store.no-permission",
    "25006": "store.read-only",
    "55P03": "store.ledger-locked",
    "57014": "store.ledger-locked",
    "40P01": "store.ledger-locked",
    "XX001": "store.corrupt-ledger",
    "XX002": "store.corrupt-ledger",
    "3D000": "store.ledger-unreachable",
    "57P01": "store.ledger-unreachable",
    "57P03": "store.ledger-unreachable",
}
# SQLite and DuckDB only tell in words.
_BY_WORDS = (
    (re.compile(r"no space left|disk is full|disk full|quota exceeded", re.I), "store.disk-full"),
    # SQLite "cannot open" its file, or its journal beside it: a file that is missing has been told before.
    (
        re.compile(r"permission denied|readonly database|not authorized|unable to open database file", re.I),
        "store.no-permission",
    ),
    (re.compile(r"read-only file system", re.I), "store.read-only"),
    (re.compile(r"database (table )?is locked|lock timeout", re.I), "store.ledger-locked"),
    (re.compile(r"malformed|not a database|file is encrypted", re.I), "store.corrupt-ledger"),
    (re.compile(r"connection (failed|refused|is bad)", re.I), "store.ledger-unreachable"),
    (re.compile(r"no such file", re.I), "store.missing-file"),
    (re.compile(r"disk i/o error|input/output error", re.I), "store.io-error"),
)


@contextmanager
def storing(what: str, place: Path | str | None = None) -> Iterator[None]:
    """Turn a failure of the system inside the block into a StoreError that says ``what`` was being done."""
    try:
        yield
    except OSError as error:
        code = _BY_ERRNO.get(error.errno or 0, "store.io-error")
        raise _explained(code, what, error.filename or place, error.strerror or str(error)) from error
    except Exception as error:
        known = _code_of(error)
        if known is None:
            raise
        raise _explained(known, what, place, _first_line(error)) from error


def _code_of(error: Exception) -> str | None:
    """The code of an error of DuckDB or SQLAlchemy; None for any other, which is a fault of ours."""
    duckdb, alchemy = sys.modules.get("duckdb"), sys.modules.get("sqlalchemy.exc")
    if duckdb is not None and isinstance(error, duckdb.Error):
        memory = isinstance(error, duckdb.OutOfMemoryException)
        return _by_words(str(error)) or ("store.out-of-memory" if memory else "store.engine-error")
    if alchemy is None or not isinstance(error, alchemy.DBAPIError):
        return None
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        known = _by_words(str(error.orig))
        broken = isinstance(error, alchemy.OperationalError)
        return known or ("store.ledger-unreachable" if broken else "store.ledger-refused")
    if str(state).startswith("08"):
        return "store.ledger-unreachable"
    return _BY_STATE.get(str(state), "store.ledger-refused")


def _by_words(text: str) -> str | None:
    return next((code for pattern, code in _BY_WORDS if pattern.search(text)), None)


def _explained(code: str, what: str, place: Path | str | None, found: str) -> StoreError:
    return StoreError(code, f"{_MESSAGES[code]}: {what}", file=place, found=found, remedy=_REMEDIES[code])


def _first_line(error: Exception) -> str:
    # SQLAlchemy's own text repeats the statement and its values; the driver's says what went wrong.
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().split("\n")[0]
