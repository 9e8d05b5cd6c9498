"""Which sources a command of the workbench is about.

Invariant: a name that the federation does not have is an error that gives the nearest one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import ConfigError, nearest
from comity.nightly.source import adapter_folders

if TYPE_CHECKING:
    from pathlib import Path


def chosen_sources(root: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """``names``, each of which the federation has; all of its sources when there are none."""
    known = adapter_folders(root)
    for name in names:
        if name not in known:
            raise ConfigError(
                "config.unknown-source",
                f"The federation has no source '{name}'",
                remedy=nearest(name, known),
            )
    return tuple(dict.fromkeys(names)) or tuple(sorted(known))
