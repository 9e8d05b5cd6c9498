"""What a views file holds already, so that the next one is a copy of it in which only what changed is new.

Invariant: a file is only followed by the program, the data folder and the standard that made it, and when it showed the
last release as it was; whatever else it is, the views are built whole. What rewrites published files builds them whole
too; should that have been killed before it did, the files that are shown would not add up with those of the ledger.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import comity
from comity.store.view_tables import LedgerTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from comity.standard import Standard
    from comity.store.layout import Layout


_HELD = """
SELECT made.*, (SELECT list(name ORDER BY rowid) FROM ledger.record_types),
       (SELECT map_from_entries(list((report, paths)))
        FROM (SELECT report, list(path ORDER BY rowid) AS paths FROM ledger.report_files GROUP BY report)),
       (SELECT map_from_entries(list((name, (text, lists)))) FROM ledger.view_texts)
FROM ledger.made
"""


@dataclass(frozen=True)
class Held:
    """What the views file shows that is followed; by default nothing.

    ``settled``: of runs before that one nothing more will be said. ``views``: the record types that have a view;
    ``renewed``: those of them of which some record was renewed; ``reported``: the files of each report;
    ``texts``: of each of these views a hash of its SQL, and how many lists of files it calls.
    """

    release: int = 0
    settled: str = ""
    views: tuple[str, ...] = ()
    renewed: frozenset[str] = frozenset()
    reported: Mapping[str, Sequence[str]] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.views)


def made_by(layout: Layout, standard: Standard | None) -> str:
    """A hash of everything but the ledger that determines what a views file holds."""
    text = f"{comity.__version__}\n{layout.root}\n{standard and standard.fingerprint}"
    return hashlib.sha256(text.encode()).hexdigest()


def held(duck: DuckDBPyConnection, connection: Connection, maker: str) -> Held:
    """What the views file holds that is in use in ``duck``; nothing, when it cannot be followed."""
    import duckdb

    from comity.store.catalogue import held_by, run_of

    try:
        [row] = duck.execute(_HELD).fetchall()
    except (duckdb.Error, ValueError):
        return Held()
    found, settled, release, run_id, *sums, renewed, views, files, texts = row
    if found != maker or run_of(connection, release) != run_id or held_by(connection, release) != tuple(sums):
        return Held()
    return Held(release, settled, tuple(views), frozenset(renewed), files or {}, texts or {})


def made_rows(connection: Connection, maker: str, release: int, renewed: Iterable[str]) -> LedgerTable:
    """Who made the views file, of what, and up to which run all is said: of those that run now, more will be."""
    from sqlalchemy import func, select

    from comity.store.catalogue import held_by, run_of
    from comity.store.tables import runs

    first = connection.execute(select(func.min(runs.c.run_id)).where(runs.c.status == "running")).scalar()
    settled = first or connection.execute(select(func.max(runs.c.run_id))).scalar() or ""
    return LedgerTable(
        "made",
        {
            **{"made_by": "VARCHAR", "settled": "VARCHAR", "release": "BIGINT", "run_id": "VARCHAR"},
            **{"files": "BIGINT", "records": "BIGINT", "bytes": "BIGINT", "renewed": "VARCHAR[]"},
        },
        [
            (
                *(maker, settled, release, run_of(connection, release)),
                *held_by(connection, release),
                sorted(renewed),
            )
        ],
    )
