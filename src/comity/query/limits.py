"""How much a question may take: memory, temporary disk, time.

Invariant: a question that reaches a limit ends with an error that names the limit; the connection, and in the shell
the next question, live on. DuckDB counts its own buffers and what it spills; texts and Arrow batches of an answer it
does not count, so on Linux the process has a bound of its own, which lies well above.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from comity.errors import QueryError
from comity.query.failure import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

    from comity.config.settings import Settings

_AGAIN = 0.2  # seconds; an interrupt between two steps of a question is lost, so it is given again
_PATIENCE = 10.0  # seconds that DuckDB has to heed an interrupt; inside one function over a long text it does not look
_BESIDE = 1_000_000_000  # bytes for what is not a question's: libraries, files in work


@dataclass(frozen=True)
class Limits:
    """``memory``: of DuckDB, in its words, ``2GB``. ``seconds``: for one question, None: no end. ``spill``: bytes of
    temporary files, None: DuckDB's own rule.
    """

    memory: str | None = None
    seconds: float | None = None
    spill: int | None = None


def limits_of(settings: Settings, memory: str | None = None, seconds: float | None = None) -> Limits:
    """The limits in force: what the command line gives, else the settings. ``seconds`` 0: without end.

    Temporary files may take ten times the memory, for a sort or a join that does not fit.
    """
    from comity.config.settings import bytes_of

    memory = memory or settings.query_memory
    seconds = settings.query_timeout if seconds is None else seconds
    return Limits(memory, seconds or None, 10 * bytes_of(memory))


@contextmanager
def within(
    connection: duckdb.DuckDBPyConnection,
    limits: Limits,
    give_up: Callable[[QueryError], object] | None = None,
) -> Iterator[None]:
    """Ask and fetch inside the block: it ends with ``query.timed-out`` or ``query.out-of-memory`` at a limit.

    ``give_up`` is called, from another thread, with the error of a question that no interrupt ends.
    """
    ended, late = threading.Event(), threading.Event()
    timed_out = QueryError(
        "query.timed-out",
        f"The question took longer than its {limits.seconds or 0:g} seconds",
        remedy="ask for less, narrow it by owner_country or a date, or give it longer with --timeout",
    )

    def watch() -> None:
        if ended.wait(limits.seconds):
            return
        late.set()
        patience = time.monotonic() + _PATIENCE
        while not ended.wait(_AGAIN):
            connection.interrupt()
            if give_up is not None and time.monotonic() > patience:
                give_up(timed_out)
                return

    watcher = threading.Thread(target=watch, name="time limit", daemon=True)
    if limits.seconds is not None:
        watcher.start()
    try:
        with _bounded(limits.memory), asking():
            yield
    except QueryError as error:
        if late.is_set() and error.code == "query.interrupted":
            raise timed_out from None
        raise
    finally:
        ended.set()
        if limits.seconds is not None:
            watcher.join()


@contextmanager
def _bounded(memory: str | None) -> Iterator[None]:
    """Let the process take twice the memory beside what it has, and no more."""
    from comity.config.settings import bytes_of

    taken = _taken()
    if memory is None or taken is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = taken + 2 * bytes_of(memory) + _BESIDE
    if soft != resource.RLIM_INFINITY:
        bound = min(bound, soft)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _taken() -> int | None:
    """Bytes of data that the process has; None where the system does not say or does not bound them."""
    try:
        with Path("/proc/self/status").open(encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmData:")), None)
    except OSError:
        return None
