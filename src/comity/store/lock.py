"""Locks between processes on one data folder.

Invariant: a lock belongs to an open file, so the kernel frees it when its process dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comity.errors import StoreError
from comity.store.failure import storing
from comity.store.layout import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def holding(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock at ``path`` for the block; wait for another holder, but not for ever."""
    deadline = time.monotonic() + wait_seconds
    while (handle := take(path)) is None:
        if time.monotonic() > deadline:
            raise StoreError(
                "store.busy",
                f"Another process has been publishing or sweeping for more than {wait_seconds:g} seconds",
                file=path,
                remedy="wait for it to end and run again; a dead process never holds this lock",
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        os.close(handle)


def take(path: Path) -> int | None:
    """The open handle that holds the lock at ``path``, or None when another process holds it."""
    with storing("taking a lock", path):
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return None
            # A sweep may have unlinked the file between open and lock: then this lock guards nothing.
            if path.exists() and os.path.samestat(path.stat(), os.fstat(handle)):
                return handle
            os.close(handle)


def guard(handle: int) -> None:
    """Mark the open file as in use for as long as it is open."""
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether a living process holds ``path``."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
