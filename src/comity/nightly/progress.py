"""Progress of a run while it works: a bar on a terminal, plain lines elsewhere.

Invariant: it shows names, stages and counts, never a value; whatever it is told, it does not fail.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from comity.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DONE = ("published", "blocked", "failed")


@contextmanager
def progress(
    stream: TextIO = sys.stderr, *, quiet: bool = False
) -> Iterator[Callable[[str, str, str], None]]:
    """A function to tell of (source, stage, detail)."""
    if quiet:
        yield lambda source, stage, detail: None
    elif stream.isatty():
        yield from _bars(stream)
    else:
        yield lambda source, stage, detail: _line(stream, source, stage, detail)


def _line(stream: TextIO, source: str, stage: str, detail: str) -> None:
    if stage != "part":
        print(printable(f"{source:<22} {stage} {detail}").rstrip(), file=stream, flush=True)


def _bars(stream: TextIO) -> Iterator[Callable[[str, str, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<22}", markup=False),
        BarColumn(24),
        TextColumn("{task.fields[stage]}", markup=False),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(file=stream), transient=True) as bars:

        def tell(source: str, stage: str, detail: str) -> None:
            detail = printable(detail)
            if source not in tasks:
                tasks[source] = bars.add_task(source, total=None, stage=stage)
            task = tasks[source]
            if stage == "part":
                done, _, total = detail.partition("/")
                bars.update(task, completed=int(done), total=max(int(total), 1), stage=f"part {detail}")
            elif stage in _DONE:
                bars.remove_task(tasks.pop(source))
                bars.console.print(f"{source:<22} {stage} {detail}", highlight=False, markup=False)
            else:
                bars.update(task, stage=f"{stage} {detail}"[:48])

        yield tell
