"""A night asks nothing of a network: every attempt of every process of it would be written down here."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from comity.mappings.normalise import Limits, connect
from tests.nightly.small import COMITY, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

HOOK = """
import os, sys

def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        address = arguments[-1] if event in ("socket.connect", "socket.sendto") else arguments[:2]
        if not isinstance(address, (str, bytes)):  # the path of a socket on this machine
            with open(os.environ["NOTED"], "a") as noted:
                noted.write(f"{event} {address}\\n")

sys.addaudithook(note)
"""


def test_a_night_and_a_question_open_no_connection(tmp_path: Path) -> None:
    federation = SmallFederation(tmp_path)
    federation.add(VEHICLES)
    federation.drop_sample(VEHICLES)
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK)
    noted = tmp_path / "noted"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "hook"), "NOTED": str(noted)}
    comity = [*COMITY, "--data", str(federation.data), "--federation", str(federation.root)]

    for arguments in (["run"], ["quality"], ["sql", "SELECT count(*) FROM vehicle"]):
        done = subprocess.run([*comity, *arguments], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    probe = "import socket; socket.socket().connect(('127.0.0.1', 9))"
    subprocess.run([COMITY[0], "-c", probe], env=environment, capture_output=True)

    assert (
        noted.read_text() == "socket.connect ('127.0.0.1', 9)\n"
    )  # only the probe, which shows that it works
    for page in federation.data.rglob("*.html"):
        assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page.read_text("utf-8"))


def test_duckdb_downloads_no_extension(tmp_path: Path) -> None:
    settings = ("autoinstall_known_extensions", "autoload_known_extensions")

    with connect(Limits("256MB", 1, tmp_path)) as connection:
        told = [connection.execute(f"SELECT current_setting('{name}')").fetchall()[0][0] for name in settings]

    assert told == [False, False]
