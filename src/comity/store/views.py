"""The views file: a small DuckDB database through which anybody reads one release.

Invariant: every view lists its files one by one, so it shows the release it was built for and nothing
else, whatever lies in the folders; it holds no record itself and can be built again at any time. A record
type without a file is an empty view with the right types.

STORAGE_VERSION keeps the file readable by DuckDB 1.4 and later. Any client can open it::

    ATTACH 'current.duckdb' AS comity (READ_ONLY); SELECT count(*) FROM comity.vehicle;
"""

from __future__ import annotations

import shutil
import uuid
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from comity.store.catalogue import last_release
from comity.store.failure import storing
from comity.store.layout import PRIVATE, sync
from comity.store.progress_bar import no_progress_bar
from comity.store.view_fill import fill
from comity.store.view_held import Held, held, made_by
from comity.store.view_sql import literal

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from comity.standard import Standard
    from comity.store.layout import Layout

STORAGE_VERSION = "v1.4.0"
# What a kill leaves is never used, so that a log to recover it by would be written for nothing.
_OPTIONS = f"(STORAGE_VERSION '{STORAGE_VERSION}', RECOVERY_MODE no_wal_writes)"

_BUILDING = Lock()


def build_beside(
    connection: Connection,
    layout: Layout,
    standard: Standard | None,
    path: Path,
    release: int | None = None,
    since: int | None = None,
    *,
    following: bool = False,
) -> Path:
    """The views of ``release`` (the last one by default) in a finished file beside ``path``.

    ``since``: the release that the view ``changes`` compares with, by default the one before. ``following``: what the
    file at ``path`` shows still holds, so that only what is new is written into a copy of it.

    ``connection`` may have written a release that is not committed yet: whoever commits it then moves the
    file to ``path`` in one step.
    """
    beside = path.with_name(f".{path.name}.{uuid.uuid4()}.part")
    number = last_release(connection) if release is None else release
    before = number - 1 if since is None else since
    maker = made_by(layout, standard)
    with storing("building the views file", beside), _BUILDING:
        duck = _engine()
        try:
            known = _follow(duck, connection, path, beside, maker) if following and path.exists() else Held()
            if not known:
                duck.execute(f"ATTACH {literal(beside)} AS views {_OPTIONS}")
                duck.execute("USE views")
            # One transaction: each of the many comments would else wait for the disk.
            duck.begin()
            fill(duck, connection, layout, standard, number, before, known, maker)
            duck.commit()
            duck.execute("USE memory")
            # Detaching writes everything into the one file, so that no write-ahead log is left to go missing.
            duck.execute("DETACH views")
            beside.chmod(PRIVATE)
            sync(beside)
        except BaseException:
            # Whatever state it is in: the next one begins with another.
            _engine.cache_clear()
            duck.close()
            discard(beside)
            raise
    return beside


@cache
def _engine() -> DuckDBPyConnection:
    """An empty database in memory, which files are attached to: to start one takes as long as a small release."""
    import duckdb

    duck = duckdb.connect(config={"threads": 1, "memory_limit": "256MB"})
    duck.execute("SET TimeZone = 'UTC'")
    no_progress_bar(duck)
    return duck


def _follow(duck: DuckDBPyConnection, connection: Connection, path: Path, beside: Path, maker: str) -> Held:
    """Copy the views file at ``path``, open the copy, and tell what it holds; nothing of it is left otherwise."""
    import duckdb

    shutil.copyfile(path, beside)
    try:
        duck.execute(f"ATTACH {literal(beside)} AS views {_OPTIONS}")
        duck.execute("USE views")
    except duckdb.Error:  # a damaged file
        known = Held()
    else:
        known = held(duck, connection, maker)
    if not known:
        duck.execute("USE memory")
        duck.execute("DETACH DATABASE IF EXISTS views")
        discard(beside)
    return known


def put_in_place(beside: Path, path: Path) -> None:
    """Show the new views: a reader that has the old file open goes on reading the old release."""
    with storing("replacing the views file", path):
        beside.replace(path)
        sync(path.parent)


def discard(beside: Path) -> None:
    """Remove a views file that was not put in place."""
    for file in (beside, beside.with_name(beside.name + ".wal")):
        file.unlink(missing_ok=True)


def shown_release(path: Path) -> tuple[int, str | None] | None:
    """The release that the views file shows, 0 before the first, and its run; None when no such file can be
    read.
    """
    import duckdb

    if not path.exists():
        return None
    duck = duckdb.connect()
    try:
        duck.execute(f"ATTACH {literal(path)} AS views (READ_ONLY)")
        rows = duck.execute(
            "SELECT max(release), max_by(run_id, release) FROM views.ledger.releases"
        ).fetchall()
        return rows[0][0] or 0, rows[0][1]
    except duckdb.Error:
        return None
    finally:
        duck.close()
