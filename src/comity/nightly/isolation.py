"""One task in a process of its own, within bounds of time, memory and disk.

Invariant: whatever the task does (crash, hang, eat the memory, fill the disk, be killed), its caller gets a result or
a ComityError that names the source, and nothing of it lives on. It is the same on this machine and on one of a cluster:
the caller is a thread of the night there, a thread of a cluster's worker here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import connection as pipes
from multiprocessing import forkserver
from multiprocessing.forkserver import ForkServer
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from comity.errors import ComityError, ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

LOOK_SECONDS = 0.1
"""Between two looks at the memory; at the folder, ten times as long."""
_PRELOADS = {"comity.nightly.judging": "comity.nightly.preload_judging"}
"""By the module of a task, what is imported where it is forked from; for others it is ``comity.nightly.preload``."""
_SERVERS: dict[str, ForkServer] = {}
_STARTING = threading.Lock()
_LIVING: set[BaseProcess] = set()
_PAGE = os.sysconf("SC_PAGE_SIZE")
_GIGABYTE = 1 << 30


@dataclass(frozen=True)
class Bounds:
    """What one task of ``source_id`` may use: ``seconds`` of time, ``memory`` and ``disk`` in bytes; None: no bound.

    ``folder``: where it writes, whose size is held against ``disk``. When the folder goes, the task is not wanted any
    more and ends. ``version``: the Comity that the task was made for.
    """

    source_id: str
    folder: Path
    seconds: float | None = None
    memory: int | None = None
    disk: int | None = None
    version: str = ""


@dataclass(frozen=True)
class Done:
    """What a task gave, and what it took: seconds of time and of processor, and its highest memory in bytes."""

    value: Any
    seconds: float
    cpu: float
    memory: int


def run_isolated(bounds: Bounds, call: Callable[..., Any], args: tuple[Any, ...]) -> Done:
    """``call(*args)`` in a new process; raises the ComityError that it ended with."""
    check_version(bounds)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=_child, args=(sender, bounds, call, args, dict(os.environ)))
    began = time.monotonic()
    with _STARTING, _without_main(), _as_no_daemon(), _forked_from(call.__module__):
        process.start()
        _LIVING.add(process)
    sender.close()
    try:
        kind, value, cpu, memory = _watch(process, receiver, bounds, began)
    finally:
        with _STARTING:
            process.kill()
            process.join()
            _LIVING.discard(process)
        receiver.close()
    if kind == "error":
        raise value
    return Done(value, time.monotonic() - began, cpu, memory)


def make_ready(call: Callable[..., Any]) -> None:
    """Begin to import what that task needs, while others run."""
    with _STARTING:
        _server_of(call.__module__).ensure_running()


def _server_of(module: str) -> ForkServer:
    """The process that tasks of that module are forked from. Imported things are forked from one that has never run
    anything: DuckDB and Arrow keep threads, and a fork of a process that used them would copy their locks.
    """
    preload = _PRELOADS.get(module, "comity.nightly.preload")
    if preload not in _SERVERS:
        _SERVERS[preload] = ForkServer()
        _SERVERS[preload].set_forkserver_preload(["comity.nightly.preload_first", preload])
    return _SERVERS[preload]


@contextlib.contextmanager
def _forked_from(module: str) -> Iterator[None]:
    """Python has one such process, and asks it by this function; here it is one of ours."""
    was = forkserver.connect_to_new_process
    forkserver.connect_to_new_process = _server_of(module).connect_to_new_process
    try:
        yield
    finally:
        forkserver.connect_to_new_process = was


def stop_all() -> None:
    """Kill every task of this process; what they have half written lies in the run's staging."""
    with _STARTING:
        for process in _LIVING:
            process.kill()


def check_version(bounds: Bounds) -> None:
    """A plan that another Comity made may mean something else here."""
    from comity import __version__

    if bounds.version and bounds.version != __version__:
        raise ReadError(
            "nightly.other-version",
            f"A worker of the cluster runs another Comity, and had the export of '{bounds.source_id}'",
            found=f"{os.uname().nodename}, process {os.getpid()}: {__version__}; the night runs {bounds.version}",
            remedy="install the same version on every machine, restart that worker, and run again",
        )


def _watch(
    process: BaseProcess, receiver: Connection, bounds: Bounds, began: float
) -> tuple[str, Any, float, int]:
    looks = 0
    while not pipes.wait([receiver, process.sentinel], timeout=LOOK_SECONDS):
        looks += 1
        if bounds.seconds is not None and time.monotonic() - began > bounds.seconds:
            raise _too_long(bounds)
        if bounds.memory is not None and (used := resident(process.pid)) > bounds.memory:
            raise too_much_memory(bounds.source_id, bounds.memory, f"{megabytes(used)} in use")
        if looks % 10 == 0:
            _look_at_folder(bounds)
    try:
        if receiver.poll():
            kind, value, cpu, memory = receiver.recv()
            return str(kind), value, float(cpu), int(memory)
    except (EOFError, OSError):
        pass
    with _STARTING:
        process.join()
    raise worker_died(bounds.source_id, process.exitcode)


def _look_at_folder(bounds: Bounds) -> None:
    if not bounds.folder.is_dir():
        raise ReadError(
            "nightly.abandoned",
            f"The work on '{bounds.source_id}' was given up: another step of it failed, or its night ended",
            file=bounds.folder,
            remedy="see why that was; run again",
        )
    if bounds.disk is not None and (used := size_of(bounds.folder)) > bounds.disk:
        raise ReadError(
            "nightly.disk-limit",
            f"The export of '{bounds.source_id}' takes more disk than one export may",
            file=bounds.folder,
            found=f"{megabytes(used)} written, {megabytes(bounds.disk)} allowed",
            remedy="nothing of it was published and its files are removed; if it is no bomb, raise 'source_disk'",
        )


def resident(pid: int | None) -> int:
    """The memory of a process in bytes; 0 where the system does not tell, or when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def size_of(folder: Path) -> int:
    """All files below ``folder`` in bytes, also while they come and go."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(parent, name).lstat().st_blocks * 512
    return total


def megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def worker_died(source_id: str, exitcode: int | None) -> ReadError:
    """A process ended without a word."""
    code = exitcode or 0
    how = f"killed by signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"
    return ReadError(
        "nightly.worker-died",
        f"The worker process that had the export of '{source_id}' died",
        found=how,
        remedy="nothing of this source was published; run again; if the system's log says that "
        "memory ran out, lower 'jobs' or 'memory_limit'",
    )


def too_much_memory(source_id: str, allowed: int, found: str) -> ReadError:
    return ReadError(
        "nightly.memory-limit",
        f"The export of '{source_id}' needs more memory than one process may take",
        found=f"{found}, {megabytes(allowed)} allowed",
        remedy="nothing of it was published; raise 'source_memory', or look for one enormous record",
    )


def _too_long(bounds: Bounds) -> ReadError:
    return ReadError(
        "nightly.time-limit",
        f"The export of '{bounds.source_id}' takes longer than one export may",
        found=f"still at work after the {bounds.seconds:,.0f} seconds that were left to it",
        remedy="nothing of it was published; if it does not hang but is large, raise 'source_time'",
    )


def _child(
    sender: Connection, bounds: Bounds, call: Callable[..., Any], args: tuple[Any, ...], env: dict[str, str]
) -> None:
    """In the new process. It leaves Ctrl-C to the coordinator, and does not outlive the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        # It was killed while this was still to be forked: the next night may be at work, and its sweep over.
        os._exit(1)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    os.environ.clear()  # the process that it was forked from may be older than a variable
    os.environ.update(env)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump of the memory would hold records
    if bounds.memory is not None:
        # Reserved memory is about twice what is used: this stops a leap between two looks, the look is exact.
        ceiling = 2 * bounds.memory + _GIGABYTE
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or hard > ceiling:
            resource.setrlimit(resource.RLIMIT_DATA, (ceiling, hard))
    message: tuple[str, Any]
    try:
        message = "value", call(*args)
    except ComityError as error:
        message = "error", error
    except MemoryError:
        message = "error", too_much_memory(bounds.source_id, bounds.memory or 0, "an allocation refused")
    except BaseException as fault:
        message = "error", fault_of(bounds.source_id, fault)
    used = resource.getrusage(resource.RUSAGE_SELF)
    try:
        sender.send((*message, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024))
    except Exception as fault:  # what it gave cannot be sent
        sender.send(("error", fault_of(bounds.source_id, fault), 0.0, 0))
    # At once: a thread that a reader of somebody's own left behind is nobody's concern.
    os._exit(0)


def fault_of(source_id: str, fault: BaseException) -> ReadError:
    return ReadError(
        "nightly.fault",
        f"Something failed that Comity did not foresee in the work on '{source_id}'",
        found=(f"{type(fault).__name__}: {fault}".splitlines() or [""])[0],
        remedy="the other sources go on; report it with this message",
    )


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """A new process imports the main script again, which would start a second night where the script has no
    ``if __name__ == "__main__"``. No task is defined there, so a task is not told of it.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _as_no_daemon() -> Iterator[None]:
    """A cluster's worker is a daemon of its nanny, and Python forbids those to have children, lest they stay behind.
    Ours end by themselves when their parent does.
    """
    config: dict[str, Any] = getattr(multiprocessing.current_process(), "_config", {})
    was = config.pop("daemon", None)
    try:
        yield
    finally:
        if was is not None:
            config["daemon"] = was
