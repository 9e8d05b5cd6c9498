"""The processes that do the work of a night.

Invariant: a worker runs Comity's own functions and nothing of the program that started the night; it leaves Ctrl-C to
the coordinator, and does not outlive it, however that ends. A pool whose worker died is replaced by a new one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor, Future


class Workers:
    """``jobs`` processes. Used as a context: what still runs when an exception leaves it is stopped."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._executor: Executor = self._new()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stop()
        self._executor.shutdown(cancel_futures=True)

    def submit(self, call: Callable[..., Any], *args: Any) -> Future[Any]:
        """Raises BrokenProcessPool when a worker has died; then ``renew``."""
        with _without_main():
            return self._executor.submit(call, *args)

    def renew(self) -> None:
        """New processes for those of a broken pool."""
        self._executor.shutdown(cancel_futures=True)
        self._executor = self._new()

    def _new(self) -> Executor:
        # Spawned, not forked: DuckDB and Arrow run threads, and a fork would copy their locks.
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.jobs, mp_context=spawn, initializer=_begin)

    def _stop(self) -> None:
        # Python has no word for it before 3.14. What a worker has half written lies in the run's staging.
        for process in list((getattr(self._executor, "_processes", None) or {}).values()):
            process.kill()


def worker_died(source_id: str, error: BaseException) -> ReadError:
    """A process died with the only task that was in the pool."""
    return ReadError(
        "nightly.worker-died",
        f"The worker process that had the export of '{source_id}' died, perhaps killed for its memory",
        found=str(error),
        remedy="nothing of this source was published; run again with a lower 'memory_limit', and look into the "
        "system's log for what killed it",
    )


def _begin() -> None:
    """In the worker: Ctrl-C reaches every process of the terminal, and the coordinator answers it for all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.meta_path.insert(0, _WithoutPandas())
    threading.Thread(target=_end_with_the_coordinator, daemon=True).start()


class _WithoutPandas:
    """Arrow imports pandas, for a second and 40 MB, to ask whether an array is one of pandas'. Here none ever is."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("a worker does without pandas", name=name)


def _end_with_the_coordinator() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _without_main() -> Iterator[None]:
    """A spawned process imports the main script again, which would start a second night where the script has no
    ``if __name__ == "__main__"``. No task is defined there, so a worker is not told of it.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
