"""Where the federation of the repository is, whose golden outputs `comity adapter test SOURCE --update` writes anew."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
