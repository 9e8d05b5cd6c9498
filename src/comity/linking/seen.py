"""Which persons tier two has not looked at as they are now.

Invariant: a person is seen only when tier two, with the model in force, has looked at a release in which all that is
compared of that person was as it is now. A release of decisions, or one that came while links were sought, changes
nothing of that. Where it is not known what was looked at, nobody is seen.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.linking.features import compared_sql
from comity.linking.model import MODEL

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from comity.store.store import Store

_SEEN = "seen.json"


def make_unseen(connection: duckdb.DuckDBPyConnection, store: Store, folder: Path, table: str) -> bool:
    """Make ``table`` of the ids of those whom tier two has not seen; False, and no table, when that is everybody."""
    told = folder / _SEEN
    try:
        seen = json.loads(told.read_text("utf-8"))
        then = {str(file.path) for file in store.files("person", release=seen["release"])}
    except (FileNotFoundError, ValueError, StoreError):  # never, or in a release that has expired since
        return False
    if seen["model"] != _fingerprint(folder):
        return False
    now = {str(file.path) for file in store.files("person")}
    came, went = (compared_sql(sorted(files)) if files else None for files in (now - then, then - now))
    query = f"({came}) EXCEPT ({went})" if came and went else came or "SELECT NULL AS unique_id WHERE false"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT unique_id FROM ({query})")
    return True


def remember(folder: Path, release: int) -> None:
    """Tier two has looked at all persons of ``release``."""
    told = folder / _SEEN
    told.write_text(json.dumps({"release": release, "model": _fingerprint(folder)}), "utf-8")
    told.chmod(0o600)


def _fingerprint(folder: Path) -> str:
    return hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
