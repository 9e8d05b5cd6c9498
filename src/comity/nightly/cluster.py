"""The workers of a Dask cluster, for a night that is too much for one machine.

Invariant: the same tasks as on one machine, by the same path (``isolation``); a worker gets work only when it runs this
very version of Comity and sees the data folder under the same path. Workers write files; the coordinator, which is not
part of the cluster, alone commits.
"""

from __future__ import annotations

import os
import secrets
import time
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.errors import ComityError, ConfigError, ReadError
from comity.nightly.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from comity.config.settings import Settings
    from comity.nightly.passage import Tell

WAIT_SECONDS = 15
"""For the scheduler to answer, and for a first worker to be there."""
LOST_SECONDS = 60
"""Without a single worker for so long, the cluster is lost."""


class ClusterWorkers(Workers):
    """Those of the cluster at ``settings.cluster`` that may have work. Others are told of by name."""

    together = 1  # who is there is not known for long, and a worker more shall have something to do

    def __init__(self, settings: Settings, staging: Path, tell: Tell, disk: int | None) -> None:
        self.address = settings.cluster or ""
        self.client = _connect(self.address)
        self._missing_since: float | None = None
        try:
            self._good, refused = _muster(self.client, staging, self.address)
            for name, why in sorted(refused.items()):
                tell("cluster", "refused", f"{name}: {why}")
            if not self._good:
                raise _no_worker(self.address, refused)
            # Only where somebody is refused: a worker that comes later is good, or tells so with its first task.
            only = {"workers": sorted(self._good), "allow_other_workers": False} if refused else {}
            executor = self.client.get_executor(**only)
        except BaseException:
            self.client.close()
            raise
        super().__init__(
            settings.jobs,
            seconds=settings.source_time,
            memory=settings.source_memory,
            disk=disk,
            executor=_Quiet(executor),
        )
        self._restricted = bool(refused)

    def __exit__(self, kind: type[BaseException] | None, *args: object) -> None:
        # What nobody waits for is cancelled; a task that runs all the same ends when its folder goes.
        try:
            self._executor.shutdown(wait=kind is None)
        finally:
            self.client.close()

    def wait(self, doing: set[Future[Any]]) -> set[Future[Any]]:
        """Those that are done; raises when the cluster has no worker any more."""
        while True:
            done, _ = wait(doing, timeout=5, return_when=FIRST_COMPLETED)
            if done:
                self._missing_since = None
                return done
            if self._someone_is_there():
                self._missing_since = None
            elif self._missing_since is None:
                self._missing_since = time.monotonic()
            elif time.monotonic() - self._missing_since > LOST_SECONDS:
                raise self.lost("all", "no worker is left")

    def explain(self, source_id: str, fault: Exception) -> ComityError:
        return self.lost(source_id, f"{type(fault).__name__}: {fault}".splitlines()[0])

    def lost(self, source_id: str, found: str) -> ReadError:
        return ReadError(
            "nightly.cluster-lost",
            f"The cluster lost the work on '{source_id}'",
            file=self.address,
            found=found,
            remedy="nothing of it was published; look into the logs of the scheduler and its workers, and run again",
        )

    def _someone_is_there(self) -> bool:
        try:
            there = set(self.client.scheduler_info(n_workers=-1)["workers"])
        except Exception:  # whatever keeps the scheduler from answering
            return False
        return bool(there & self._good if self._restricted else there)


class _Quiet(Executor):
    """Dask's executor, over which a task's error comes back as a value: a worker logs what is raised on it, and so what
    was found in an export.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, call: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        told: Future[Any] = Future()
        on_its_way = self._executor.submit(_kept, call, args)
        told.add_done_callback(lambda _: on_its_way.cancel())
        on_its_way.add_done_callback(partial(_pass_on, told))
        return told

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait=wait)


def _kept(call: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    """On a worker: what a task gave, and what it raised."""
    try:
        return call(*args), None
    except Exception as error:
        return None, error


def _pass_on(told: Future[Any], done: Future[tuple[Any, Exception | None]]) -> None:
    if not told.set_running_or_notify_cancel():
        return
    try:
        value, error = done.result()
    except Exception as lost:  # the worker, and not the task
        value, error = None, lost
    if error is None:
        told.set_result(value)
    else:
        told.set_exception(error)


def look(token: str) -> dict[str, Any]:
    """On a worker: who it is, and the content of the file ``token``, or None where it does not see it."""
    from comity import __version__

    path = Path(token)
    return {
        "version": str(__version__),
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "token": path.read_text("utf-8") if path.exists() else None,
    }


def _connect(address: str) -> Any:
    try:
        dask = import_module("distributed")
    except ModuleNotFoundError:
        raise ConfigError(
            "nightly.no-cluster-library",
            "To send work to a cluster, Dask is needed",
            remedy='install it: pip install "comity[cluster]"',
        ) from None
    try:
        return dask.Client(address, timeout=WAIT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ReadError(
            "nightly.cluster-unreachable",
            "No scheduler of a cluster answers",
            file=address,
            found=(str(error) or type(error).__name__).splitlines()[0],
            remedy="start it: dask scheduler; check the address, tcp://HOST:PORT, and the network between",
        ) from None


def _muster(client: Any, staging: Path, address: str) -> tuple[set[str], dict[str, str]]:
    """The addresses of the workers that may have work; of the others, name and reason."""
    from comity import __version__

    deadline = time.monotonic() + WAIT_SECONDS
    while not (known := client.scheduler_info(n_workers=-1)["workers"]) and time.monotonic() < deadline:
        time.sleep(0.2)
    if not known:
        return set(), {}
    token, word = staging / "cluster.token", secrets.token_hex(8)
    token.write_text(word, "utf-8")
    answers = client.run(look, str(token), on_error="return")
    good, refused = set(), {}
    for worker, answer in answers.items():
        name = f"{known.get(worker, {}).get('name', '')} ({worker})".strip()
        if not isinstance(answer, dict):
            refused[name] = f"it cannot run Comity: {type(answer).__name__}: {answer}".splitlines()[0]
        elif answer["version"] != str(__version__):
            refused[name] = (
                f"on {answer['host']}, runs Comity {answer['version']}; this night is {__version__}"
            )
        elif answer["token"] != word:
            refused[name] = f"on {answer['host']}, does not see the data folder at {staging.parents[1]}"
        else:
            good.add(worker)
    return good, refused


def _no_worker(address: str, refused: dict[str, str]) -> ReadError:
    return ReadError(
        "nightly.no-cluster-worker",
        "The cluster has no worker that may have work",
        file=address,
        found="; ".join(f"{name}: {why}" for name, why in sorted(refused.items())) or "no worker at all",
        remedy="start workers of this version that see the data folder under the same path: dask worker ADDRESS",
    )
