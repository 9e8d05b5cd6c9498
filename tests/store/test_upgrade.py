"""A ledger of any earlier revision, with data in it, is brought to today's without losing a line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Date, DateTime, Integer, MetaData, Table, create_engine, func, insert, select

import comity.store.migrations
from comity.store.ledger import Ledger, _alembic_config
from comity.store.tables import REVISION, metadata

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

FOLDER = Path(comity.store.migrations.__file__).parent
REVISIONS = [s.revision for s in ScriptDirectory(str(FOLDER)).walk_revisions() if s.revision != REVISION]
# What a check of the table, or a reference, asks for.
VALUES = {"rows_read": 3, "rows_accepted": 1, "rows_rejected": 1, "rows_not_selected": 1, "end_release": None}


def _value(table: Table, name: str) -> object:
    if name in VALUES:
        return VALUES[name]
    kind = table.c[name].type
    if isinstance(kind, DateTime):
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    if isinstance(kind, Date):
        return date(2026, 1, 2)
    if isinstance(kind, Boolean):
        return True
    return 1 if isinstance(kind, Integer) else "one"


def _fill(connection: Connection) -> dict[str, int]:
    """One line in every table there is; how many lines each has."""
    there = MetaData()
    there.reflect(connection)
    counts = {}
    for table in there.sorted_tables:
        if table.name != "alembic_version":
            connection.execute(insert(table).values({c.name: _value(table, c.name) for c in table.c}))
        counts[table.name] = int(connection.execute(select(func.count()).select_from(table)).scalar_one())
    return counts


@pytest.mark.parametrize("revision", sorted(REVISIONS))
def test_an_upgrade_keeps_every_line(tmp_path: Path, ledger_url: str | None, revision: str) -> None:
    file = tmp_path / "ledger.sqlite"
    url = (ledger_url or f"sqlite:///{file}").replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    with engine.begin() as connection:
        command.upgrade(_alembic_config(connection), revision)
        before = _fill(connection)
    engine.dispose()
    with Ledger.open(file, ledger_url).reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert {
            name: connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()
            for name in before
            if name != "alembic_version"
        } == {name: count for name, count in before.items() if name != "alembic_version"}
        for table in metadata.sorted_tables:
            connection.execute(select(table)).all()  # what is in it can be read as today's types
