"""A sample of a text file: its head, its tail, and places between.

Invariant: however large the file is, at most ``HEAD + PLACES * PLACE + TAIL`` bytes are read, and every piece begins
and ends with a whole line; what was looked at is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

HEAD: Final = 3 << 20
PLACE: Final = 192 << 10
PLACES: Final = 8
TAIL: Final = 256 << 10
_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Pieces:
    """``pieces`` in the order of the file; ``whole``: they are all of it. ``size`` in bytes."""

    pieces: tuple[bytes, ...]
    size: int
    whole: bool

    @property
    def looked_at(self) -> int:
        return sum(map(len, self.pieces))


def sample_bytes(path: Path) -> Pieces:
    """The pieces of ``path``. Of UTF-16 and UTF-32 only the head is taken."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= HEAD + PLACES * PLACE + TAIL:
            return Pieces((file.read(),), size, True)
        head = file.read(HEAD)
        if head.startswith(_WIDE) or head[:4096].count(0) > 512:
            return Pieces((head[: head.rfind(b"\n") // 4 * 4],), size, False)
        pieces = [_whole_lines(head, first=True)]
        step = (size - HEAD - TAIL) // (PLACES + 1)
        for place in range(1, PLACES + 1):
            file.seek(HEAD + place * step)
            pieces.append(_whole_lines(file.read(PLACE)))
        file.seek(size - TAIL)
        pieces.append(_whole_lines(file.read(), last=True))
    return Pieces(tuple(piece for piece in pieces if piece), size, False)


def _whole_lines(block: bytes, *, first: bool = False, last: bool = False) -> bytes:
    """A piece from the middle of a file begins and ends somewhere in a line."""
    start = 0 if first else block.find(b"\n") + 1
    stop = len(block) if last else block.rfind(b"\n") + 1
    return block[start : stop or len(block)]
