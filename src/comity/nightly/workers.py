"""Those who do the work of a night: threads of this machine, or the workers of a cluster.

Invariant: one code path. Both are a ``concurrent.futures.Executor``, and both run every task in a process of its own
(``isolation``); workers only write files, and the coordinator alone commits. Ctrl-C, and the end of the coordinator
however it comes, ends every task.
"""

from __future__ import annotations

import shutil
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from comity.nightly.isolation import Bounds, fault_of, run_isolated, stop_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from comity.config.settings import Settings
    from comity.errors import ComityError
    from comity.nightly.passage import Tell


class Workers:
    """``jobs`` tasks at a time. Used as a context: what still runs when an exception leaves it is stopped.

    ``seconds``, ``memory``, ``disk``: what one export may use (``Bounds``). ``together``: parts of an export that a
    task may have.
    """

    together = 8

    def __init__(
        self,
        jobs: int,
        *,
        seconds: float | None = None,
        memory: int | None = None,
        disk: int | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.jobs = jobs
        self.seconds, self.memory, self.disk = seconds, memory, disk
        self._executor = executor or ThreadPoolExecutor(jobs, thread_name_prefix="comity")

    @classmethod
    def of(cls, settings: Settings, staging: Path, tell: Tell = lambda *_: None) -> Workers:
        """Those of this machine, or of the cluster that the settings name, with the bounds of the settings."""
        disk = settings.source_disk or shutil.disk_usage(staging).free // 2
        if settings.cluster:
            from comity.nightly.cluster import ClusterWorkers

            return ClusterWorkers(settings, staging, tell, disk)
        return cls(settings.jobs, seconds=settings.source_time, memory=settings.source_memory, disk=disk)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            stop_all()
        self._executor.shutdown(cancel_futures=True)

    def submit(
        self, source_id: str, folder: Path, spent: float, call: Callable[..., Any], *args: Any
    ) -> Future[Any]:
        """One task of a source, of whose time ``spent`` seconds are gone; the future gives a ``Done``."""
        from comity import __version__

        left = None if self.seconds is None else max(self.seconds - spent, 1.0)
        bounds = Bounds(source_id, folder, left, self.memory, self.disk, str(__version__))
        return self._executor.submit(run_isolated, bounds, call, args)

    def shares(self, parts: int) -> list[range]:
        """The numbers of so many parts, for one task each: every job has as many as any other, or one less."""
        rounds = -(-parts // (self.jobs * self.together))
        tasks = min(parts, rounds * self.jobs)
        return [range(parts * task // tasks, parts * (task + 1) // tasks) for task in range(tasks)]

    def wait(self, doing: set[Future[Any]]) -> set[Future[Any]]:
        """Those of ``doing`` that are done: at least one."""
        return wait(doing, return_when=FIRST_COMPLETED).done

    def explain(self, source_id: str, fault: Exception) -> ComityError:
        """What a task ended with that is no ComityError: not the task, but the one who had it, failed."""
        return fault_of(source_id, fault)
