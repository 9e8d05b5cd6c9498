"""The room of the store: immutable files, the ledger that lists them, and the views through which they
are read.

Invariant: importing this package loads nothing; a name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.store.layout import Layout as Layout
    from comity.store.publication import Account as Account
    from comity.store.publication import ArchivedFile as ArchivedFile
    from comity.store.publication import Publication as Publication
    from comity.store.publication import Release as Release
    from comity.store.publication import StagedChanges as StagedChanges
    from comity.store.publication import StagedFile as StagedFile
    from comity.store.publication import StoredFile as StoredFile
    from comity.store.store import Store as Store

_HOMES = {
    "Layout": "layout",
    "Account": "publication",
    "ArchivedFile": "publication",
    "Publication": "publication",
    "Release": "publication",
    "StagedChanges": "publication",
    "StagedFile": "publication",
    "StoredFile": "publication",
    "Store": "store",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"comity.store has no '{name}'")
    return getattr(import_module(f"comity.store.{_HOMES[name]}"), name)
