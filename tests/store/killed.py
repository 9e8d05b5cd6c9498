"""Forks of a process that kill themselves before any one of their steps.

The steps are all the openings for writing, renames, removals, new folders and connections to the ledger that Python
reports below the data folder; between two of them nothing outside the process changes, but for what one of them began.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).parents[2]
# Does the work once on a folder of its own, so that everything is imported, then forks a process for every number that
# it reads, which kills itself before that step; answers with the signal that ended the work, or 0.
_PROGRAM = """
import importlib, os, signal, sys, tempfile
from pathlib import Path

module, name, data = sys.argv[1], sys.argv[2], Path(sys.argv[3])
work = getattr(importlib.import_module(module), name)
with tempfile.TemporaryDirectory() as folder:
    work(Path(folder) / "data")

def watched(event, arguments):
    if event == "open":
        writes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return writes and str(arguments[0]).startswith(str(data))
    if event == "sqlite3.connect":
        return True
    return event in ("os.rename", "os.remove", "os.mkdir", "os.chmod", "os.rmdir") and str(data) in str(arguments[0])

for line in sys.stdin:
    last, steps = int(line), 0
    child = os.fork()
    if child == 0:
        def count(event, arguments):
            global steps
            if event in ("open", "sqlite3.connect") or event.startswith("os."):
                if watched(event, arguments):
                    steps += 1
                    if steps == last:
                        os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        work(data)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), flush=True)
"""


@contextmanager
def killing(work: Callable[[Path], None], data: Path) -> Iterator[Callable[[int], int]]:
    """Does ``work(data)`` and dies before the step of that number; SIGKILL, or 0 where there is no such step."""
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, work.__module__, work.__name__, str(data)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(kill_before: int) -> int:
        assert program.stdin and program.stdout
        program.stdin.write(f"{kill_before}\n")
        program.stdin.flush()
        return int(program.stdout.readline())

    try:
        yield run
    finally:
        assert program.stdin
        program.stdin.close()
        assert program.wait() == 0
