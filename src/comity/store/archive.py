"""The archive: the exact bytes of every export file, named by their hash.

Invariant: a file at ``archive/<aa>/<sha256>`` is whole, durable and never written again. Archiving twice
changes nothing, and a file whose size and time are those of last time is not even read.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.failure import storing
from comity.store.layout import FINAL, PRIVATE, make_folder, sync
from comity.store.lock import guard

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store.layout import Layout
    from comity.store.ledger import Ledger

_CHUNK = 256 * 1024
# A file written again within the clock's grain keeps its time; one as young as this is not remembered.
_SETTLED_NS = 2_000_000_000


def archive(layout: Layout, ledger: Ledger, path: Path) -> str:
    """Keep the bytes of ``path`` for good; their SHA-256."""
    with storing("archiving an export file", path):
        before = path.stat()
        key = str(path.resolve())
        known = _remembered(ledger, key, before)
        if known is not None and _is_archived(layout.archived(known), before.st_size):
            return known
        sha256 = _copy(layout, path)
        after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise StoreError(
            "store.file-changed",
            "The export file was still being written while it was archived",
            file=path,
            found=f"{before.st_size} bytes before, {after.st_size} after",
            remedy="have it delivered under a name that ends in .part, and renamed when it is complete",
        )
    if time.time_ns() - after.st_mtime_ns > _SETTLED_NS:
        _remember(ledger, key, after, sha256)
    return sha256


def _copy(layout: Layout, path: Path) -> str:
    """Copy and hash in one pass, beside the final name first."""
    beside = layout.archive / f"{uuid.uuid4()}.part"
    digest, size = hashlib.sha256(), 0
    handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        # A sweep in another process leaves a guarded file alone.
        guard(handle)
        with path.open("rb", buffering=0) as source, os.fdopen(os.dup(handle), "wb", buffering=0) as copy:
            # One buffer for all: new memory for each chunk would cost as much as all the rest.
            buffer = memoryview(bytearray(_CHUNK))
            while read := source.readinto(buffer):
                view = buffer[:read]
                digest.update(view)
                size += read
                while view:
                    view = view[copy.write(view) :]
        final = layout.archived(digest.hexdigest())
        if not _is_archived(final, size):
            os.fsync(handle)
            make_folder(final.parent)
            beside.chmod(FINAL)
            beside.replace(final)
            sync(final.parent)
        return digest.hexdigest()
    finally:
        beside.unlink(missing_ok=True)
        os.close(handle)


def _is_archived(final: Path, size: int) -> bool:
    try:
        return final.stat().st_size == size
    except FileNotFoundError:
        return False


def _remembered(ledger: Ledger, key: str, stat: os.stat_result) -> str | None:
    from sqlalchemy import select

    from comity.store.tables import seen_files as seen

    with ledger.reading() as connection:
        return connection.execute(
            select(seen.c.sha256).where(
                seen.c.path == key, seen.c.size == stat.st_size, seen.c.mtime_ns == stat.st_mtime_ns
            )
        ).scalar()


def _remember(ledger: Ledger, key: str, stat: os.stat_result, sha256: str) -> None:
    from comity.store.tables import seen_files as seen

    with ledger.writing("remembering an export file") as connection:
        connection.execute(seen.delete().where(seen.c.path == key))
        connection.execute(
            seen.insert().values(path=key, size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=sha256)
        )
