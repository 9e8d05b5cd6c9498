"""Holding sources back, and releasing them, in the name of whoever calls.

Invariant: only a source that the federation or the ledger knows can be held; the name is that of the account that runs
the command, on its machine.
"""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING

from comity.errors import ConfigError, StoreError, nearest

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.store.holds import Hold


def hold_sources(settings: Settings, names: tuple[str, ...], reason: str) -> list[Hold]:
    """Hold every source of ``names``, all of them or none."""
    from comity.nightly.source import adapter_folders
    from comity.store.store import Store

    known = adapter_folders(settings.federation)
    for name in names:
        if name not in known:
            raise ConfigError(
                "config.unknown-source",
                f"The federation has no source '{name}'",
                remedy=nearest(name, known),
            )
    store = Store.open(settings.data_dir, settings.ledger_url)
    return store.hold(names, whoever_calls(), reason)


def release_source(settings: Settings, name: str) -> Hold:
    """Release one source; the hold that it had."""
    from comity.store.store import Store

    store = Store.open(settings.data_dir, settings.ledger_url)
    hold = store.release_hold(name, whoever_calls())
    if hold is None:
        held = [each.source_id for each in store.holds()]
        raise StoreError(
            "store.not-held",
            f"The source '{name}' is not held",
            remedy=nearest(name, held) if held else "no source is held; see `comity hold`",
        )
    return hold


def whoever_calls() -> str:
    """``user@machine``, as far as the system tells."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
