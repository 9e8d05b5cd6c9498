"""What a command costs: CPU seconds, wall seconds and peak memory, of the process and all that it starts.

Invariant: CPU is what the kernel counted for the process and everything that it started, also what outlives it (the
process that tasks are forked from ends by itself, and nobody waits for it); memory is the sum over the tree at one
moment, each shared page counted once (proportional set size), taken every tenth of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INTERVAL = 0.1  # seconds between two looks at the memory
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """``cpu`` and ``wall`` in seconds, ``memory`` in bytes; ``said`` is the JSON that the command printed last."""

    cpu: float
    wall: float
    memory: int
    said: dict[str, Any]


class TooMuchMemoryError(Exception):
    """The command was stopped: it held more than it was allowed, and the machine has other work."""


def cost_of(module: str, *arguments: object, limit: int | None = None) -> Cost:
    """Run ``python -m module`` and wait for it; raises when it fails, TooMuchMemoryError above ``limit`` bytes."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans become ours, and so does their CPU
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as told:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=told)
        peak, ended = [0], threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, ended, limit))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        cpu = usage.ru_utime + usage.ru_stime + _cpu_of_orphans()
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watcher.join()
        out.seek(0)
        told.seek(0)
        text = out.read().strip()
        if limit is not None and peak[0] > limit:
            raise TooMuchMemoryError(f"{module} held more than {limit / 1e9:.0f} GB")
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{text}\n{told.read()}")
    last = text.splitlines()[-1] if text else ""
    said = json.loads(last) if last.startswith("{") else {}
    return Cost(cpu, wall, peak[0], said)


def _cpu_of_orphans() -> float:
    """Of those that the process left behind, once they have ended too."""
    cpu = 0.0
    with contextlib.suppress(ChildProcessError):
        while True:
            _, _, usage = os.wait4(-1, 0)
            cpu += usage.ru_utime + usage.ru_stime
    return cpu


def _watch(pid: int, peak: list[int], ended: threading.Event, limit: int | None) -> None:
    while not ended.wait(INTERVAL):
        tree = _tree(pid)
        peak[0] = max(peak[0], sum(map(_proportional_set_size, tree)))
        if limit is not None and peak[0] > limit:
            for process in reversed(tree):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            return


def _tree(pid: int) -> list[int]:
    found = [pid]
    for process in found:
        try:
            for task in Path(f"/proc/{process}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it has ended
    return found


def _proportional_set_size(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has ended
    return 0
