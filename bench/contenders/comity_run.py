"""Comity's whole night over one export: read, normalise, validate by the standard's suite, publish."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from comity.cli.main import main as comity


def main(export: str, data: str, federation: str) -> None:
    inbox = Path(data) / "inbox" / "aq-persons"
    inbox.mkdir(parents=True)
    os.link(export, inbox / Path(export).name)
    comity(["--data", data, "--federation", federation, "run", "--jobs", "2"])


if __name__ == "__main__":
    main(*sys.argv[1:])
