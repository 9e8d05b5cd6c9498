"""When a whole file is in another encoding than declared.

Invariant: it looks at counts only, so a file of any size is given up as soon as most of what was read is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import ReadError

if TYPE_CHECKING:
    from comity.adapters.encoding import Chunk


class WrongEncodingGuard:
    """Gives up on a file most of whose lines cannot be decoded: that is the wrong encoding, not a bad row."""

    _ENOUGH = 10_000
    _BYTES = 1_000_000

    def __init__(self, name: str, encoding: str) -> None:
        self._name, self._encoding = name, encoding
        self._bad = self._lines = self._marks = self._bytes = 0

    def see(self, chunk: Chunk, lines: int) -> None:
        """The next chunk of the file, of so many lines. Raises ReadError when it is enough."""
        self._lines += max(lines, 1)
        self._bytes += len(chunk.raw)
        if not chunk.bad:
            return
        self._bad += len(chunk.bad)
        self._marks += chunk.data.count(b"\\x")
        if (self._bad > self._ENOUGH and self._bad * 2 > self._lines) or (
            self._marks > self._BYTES and self._marks * 10 > self._bytes
        ):
            raise ReadError(
                "read.wrong-encoding",
                f"Most of the file cannot be decoded as {self._encoding}",
                file=self._name,
                found=f"{self._bad} of the first {self._lines} lines; the first: {chunk.bad[0].message}",
                remedy="declare the encoding that the source uses, or a second format if it uses two",
            )
