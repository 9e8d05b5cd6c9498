"""Real database servers, each started when the first test asks for it and ended with the last."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers import postgresql_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A PostgreSQL server: ``psql(sql)`` runs a script, ``get_uri()`` is its URL."""
    pytest.importorskip("adbc_driver_postgresql")
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """A MariaDB server of its own, if the machine has the program."""
    pytest.importorskip("pymysql")
    program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    install = shutil.which("mariadb-install-db")
    if program is None or install is None:
        pytest.skip("MariaDB is not installed: mariadbd and mariadb-install-db are not on the PATH")
    # A path of its own: a socket's name may have no more than 107 characters.
    with tempfile.TemporaryDirectory(prefix="mariadb-") as folder:
        user = f"--user={getpass.getuser()}"
        data, socket = f"--datadir={folder}/data", f"{folder}/socket"
        setup = [install, "--no-defaults", data, user, "--auth-root-authentication-method=normal"]
        subprocess.run([*setup, "--skip-test-db"], check=True, capture_output=True)
        log = Path(folder) / "log"
        options = [
            "--skip-networking",
            f"--socket={socket}",
            f"--pid-file={folder}/pid",
            f"--log-error={log}",
        ]
        server = subprocess.Popen([program, "--no-defaults", data, user, *options])
        try:
            yield MariaDb(socket, server, log)
        finally:
            server.terminate()
            server.wait(30)


class MariaDb:
    """A running server, reached by its socket."""

    def __init__(self, socket: str, server: subprocess.Popen[bytes], log: Path) -> None:
        self.socket = socket
        self.url = f"mysql+pymysql://root@localhost/export?unix_socket={socket}&charset=utf8mb4"
        for _ in range(300):
            if Path(socket).exists():
                break
            if server.poll() is not None:
                raise RuntimeError(log.read_text("utf-8", "replace"))
            time.sleep(0.1)
        self.run("CREATE DATABASE export CHARACTER SET utf8mb4", database=None)

    def run(self, *statements: str, database: str | None = "export") -> None:
        import pymysql

        connection = pymysql.connect(
            unix_socket=self.socket, user="root", database=database, charset="utf8mb4", autocommit=True
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
