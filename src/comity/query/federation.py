"""The federation as an analyst opens it: one release, every record type a view.

Invariant: a connection reads the files of its release and no others, and writes nowhere but in memory and
its own temporary folder: what is published is attached read-only, other files and settings are locked. A
release that is published meanwhile is seen by the next connection, never in the middle of this one.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from comity.errors import QueryError
from comity.query.failure import asking, explained, nothing_published
from comity.query.moment import release_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from comity.config.settings import Settings
    from comity.query.limits import Limits
    from comity.query.moment import When

NAME = "comity"


def open_data(
    data: str | Path | None = None,
    release: When | None = None,
    *,
    since: When | None = None,
    federation: str | Path | None = None,
) -> Federation:
    """Open the federation whose data lies in ``data``, at its last release or at ``release``.

    ``release`` and ``since``, the release that the view ``changes`` compares with, are numbers, dates or moments:
    a date means its end in UTC. What is not given comes from the environment, from ``comity.toml``, or from the
    defaults, as on the command line.
    """
    from comity.config.settings import load_settings

    settings = load_settings(
        str(data) if data is not None else None, str(federation) if federation is not None else None
    )
    return open_federation(settings, release, since)


def open_federation(
    settings: Settings, release: When | None = None, since: When | None = None, limits: Limits | None = None
) -> Federation:
    """Open the federation of ``settings``; for an older release its views are built on demand, over the same files.

    ``limits``: what its questions may use; by default those of the settings.
    """
    from comity.query.limits import limits_of

    views = settings.data_dir / "current.duckdb"
    if not views.exists():
        raise nothing_published(settings.data_dir)
    scratch = Path(tempfile.mkdtemp(prefix="comity-"))
    try:
        if release is not None or since is not None:
            views = _views_of(settings, release, since, scratch / "views.duckdb")
        return Federation(views, scratch, settings, limits or limits_of(settings))
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _views_of(settings: Settings, release: When | None, since: When | None, path: Path) -> Path:
    from comity.standard import load_standard
    from comity.store import Store

    standard = load_standard(settings.federation / "standard")
    store = Store.open(settings.data_dir, settings.ledger_url, standard=standard, writable=False)
    then = release_number(store, since) if since is not None else None
    return store.build_views(path, release_number(store, release) if release is not None else None, then)


class Federation:
    """One release, opened. Close it, or use it in a ``with`` block, to remove its temporary files."""

    def __init__(self, views: Path, scratch: Path, settings: Settings, limits: Limits) -> None:
        self.views = views
        self.limits = limits
        self._scratch = scratch
        self._settings = settings
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._remove = weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)

    def connect(
        self, config: Mapping[str, str | int] | None = None, *, read: Sequence[Path | str] = ()
    ) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection in which every record type and report is a view.

        ``config``: settings of DuckDB, such as ``memory_limit``; later they are locked. ``read``: files
        of your own that questions may read too. Relations and Arrow tables can be registered as always.
        """
        import duckdb

        from comity.store.progress_bar import no_progress_bar
        from comity.store.view_sql import literal, path_list

        with asking():
            bounds = {
                "memory_limit": self.limits.memory,
                "max_temp_directory_size": self.limits.spill and f"{self.limits.spill}B",
            }
            known = {name: value for name, value in bounds.items() if value}
            connection = duckdb.connect(
                config={"python_enable_replacements": False, **known, **(config or {})}
            )
            try:
                connection.execute("SET TimeZone = 'UTC'")
                no_progress_bar(connection)
                connection.execute(f"SET temp_directory = {literal(self._scratch / 'spill')}")
                connection.execute(f"ATTACH {literal(self.views)} AS {NAME} (READ_ONLY)")
                connection.execute(f"USE {NAME}")
                listed = "SELECT path FROM ledger.files UNION ALL SELECT path FROM ledger.report_files"
                paths = [row[0] for row in connection.execute(listed).fetchall()]
                connection.execute(f"SET allowed_paths = {path_list([*paths, *map(_absolute, read)])}")
                connection.execute("SET enable_external_access = false")
                connection.execute("SET lock_configuration = true")
            except BaseException:
                connection.close()
                raise
        return connection

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """The answer as a DuckDB relation: ``.df()``, ``.pl()``, ``.to_arrow_table()``, ``.fetchall()`` …"""
        answer = ask(self._own(), query)
        if answer is None:
            raise QueryError(
                "query.no-answer",
                "This statement has no answer",
                found=query.strip()[:80],
                remedy="use connect() for statements that only prepare others",
            )
        return answer

    def at(self, release: When | None = None, *, since: When | None = None) -> Federation:
        """The same federation at another release: a number, a date (its end, in UTC) or a moment.

        ``since``: the release that its view ``changes`` compares with. Nothing is copied: the views of that release are
        built over the files that hold it.
        """
        return open_federation(self._settings, release, since, self.limits)

    @property
    def record_types(self) -> tuple[str, ...]:
        """The names of the record types, in the order of the standard."""
        rows = self._own().execute("SELECT name FROM ledger.record_types ORDER BY rowid").fetchall()
        return tuple(row[0] for row in rows)

    @property
    def release(self) -> int:
        """The number of the release that is open; 0 before the first."""
        rows = self._own().execute("SELECT coalesce(max(release), 0) FROM releases").fetchall()
        return int(rows[0][0])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._remove()

    def __enter__(self) -> Federation:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _own(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self.connect()
        return self._connection


def ask(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation | None:
    """The answer to the last statement of ``query``; None when it has none. Nothing in it may write a
    file.
    """
    import duckdb

    from comity.query.guard import SILENT, check

    with asking():
        try:
            kinds = check(connection, query)
            if not kinds:
                raise QueryError("query.bad-sql", "There is no statement", remedy="write a question in SQL")
            if kinds[-1] not in SILENT:
                return connection.sql(query)
            connection.execute(query)
            return None
        except duckdb.Error as error:
            raise explained(error, query, connection) from None


def _absolute(path: Path | str) -> Path:
    found = Path(path).resolve()
    if not found.is_file():
        raise QueryError(
            "query.unreadable-file", "There is no such file to read", file=found, remedy="check --read"
        )
    return found
