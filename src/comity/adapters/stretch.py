"""Parts whose bytes stand in the export's own file: read there, and written to a file only for DuckDB.

Invariant: the rows of a part are the same wherever it lies, and no more of it is in memory than the system keeps
anyway. Only a file that stays (``ExportFile.stays``) has such parts.
"""

from __future__ import annotations

import mmap
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from comity.adapters.part import Part, Stretch

_BLOCK = 4 << 20


class PartStream:
    """A part's bytes from first to last, as far as Arrow asks for them."""

    closed = False

    def __init__(self, part: Part, file: BinaryIO) -> None:
        self._file, self._left = file, -1
        if part.stretch is not None:
            file.seek(part.stretch.start)
            self._left = part.stretch.size

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end."""
        block = self._file.read(size if self._left < 0 else min(size, self._left))
        self._left -= len(block) if self._left > 0 else 0
        return block


@contextmanager
def opened(part: Part) -> Iterator[PartStream]:
    """The part for reading once through."""
    with (part.stretch or part).path.open("rb", buffering=0) as file:
        yield PartStream(part, file)


@contextmanager
def mapped(part: Part) -> Iterator[memoryview]:
    """The part for reading here and there."""
    start, size = (part.stretch.start, part.stretch.size) if part.stretch else (0, 0)
    before = start % mmap.ALLOCATIONGRANULARITY
    with (
        (part.stretch or part).path.open("rb") as file,
        mmap.mmap(
            file.fileno(), size and before + size, access=mmap.ACCESS_READ, offset=start - before
        ) as content,
        memoryview(content) as whole,
        whole[before:] as view,
    ):
        yield view


def keep_line_starts(part: Part, starts: NDArray[np.uint32]) -> None:
    """Note where every row of a stretch begins, counted from its own beginning, for those who look up some rows."""
    np.save(_line_starts(part), starts)


def line_starts(part: Part) -> NDArray[np.uint32] | None:
    """What ``keep_line_starts`` noted, of which only what is looked at is read; None of a part that is no stretch."""
    if part.stretch is None:
        return None
    found: NDArray[np.uint32] = np.load(_line_starts(part), mmap_mode="r")
    return found


def _line_starts(part: Part) -> Path:
    return part.path.with_suffix(".lines.npy")


def lay_down(part: Part) -> None:
    """Write the part to its own file, where DuckDB scans it, unless it lies there; its line ends are made ``\\n``."""
    if part.stretch is None or part.path.exists():
        return
    beside = part.path.with_name(f"{part.path.name}.{uuid4().hex}")
    # With a buffer: without one, half a block is what a full disk may take.
    with beside.open("wb") as file:
        copy_stretch(part.stretch, file)
    beside.replace(part.path)  # another task may want it too


def copy_stretch(stretch: Stretch, into: BinaryIO) -> None:
    """The lines of the stretch; in it carriage returns only stand in front of line feeds."""
    left = stretch.size
    with stretch.path.open("rb", buffering=0) as file:
        file.seek(stretch.start)
        while left and (block := file.read(min(left, _BLOCK))):
            into.write(block.replace(b"\r", b""))
            left -= len(block)
