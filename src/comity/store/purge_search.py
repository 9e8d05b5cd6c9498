"""Looking for very many marks in bytes at once.

Invariant: what is found is exactly what a search for each mark by itself would find; the time does not grow with the
number of marks, but with that of their lengths. A hash of every window of a length is compared with those of the marks
(Rabin and Karp), all windows of a chunk in columns; what has the hash of a mark is then compared with it.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import mmap

_FEW = 64
"""So many are looked for one by one."""
_CHUNK = 1 << 20
_BASE = 0x9E3779B97F4A7C15
_MODULUS = 1 << 64
_BITS = 20


@lru_cache(maxsize=8)
def search_for(marks: tuple[bytes, ...]) -> Search:
    return Search(marks)


class Search:
    """``longest``: what of a chunk has to be kept for the next one, and a byte more."""

    def __init__(self, marks: tuple[bytes, ...]) -> None:
        self.marks = frozenset(marks)
        self.longest = max(map(len, marks), default=0)
        self._lengths: dict[int, tuple[Any, Any]] | None = None

    def any_in(self, content: bytes | memoryview | mmap.mmap) -> bool:
        return bool(self.found(content, first=True))

    def found(self, content: bytes | memoryview | mmap.mmap, *, first: bool = False) -> set[bytes]:
        """The marks that stand in ``content``; one of them, if ``first``."""
        if len(self.marks) <= _FEW:
            whole = content if not isinstance(content, memoryview) else bytes(content)
            hits = (mark for mark in self.marks if whole.find(mark) >= 0)
            return set(islice(hits, 1 if first else None))
        found: set[bytes] = set()
        for start in range(0, len(content), _CHUNK):
            found |= self._chunk(bytes(content[start : start + _CHUNK + self.longest - 1]))
            if found and first:
                break
        return found

    def _chunk(self, content: bytes) -> set[bytes]:
        import numpy as np

        signs = np.frombuffer(content, np.uint8).astype(np.uint64) + np.uint64(1)
        powers, inverse = _powers(len(signs))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(signs * powers, dtype=np.uint64)])
        found: set[bytes] = set()
        for length, (table, hashes) in self._by_length().items():
            if len(content) < length:
                continue
            windows = (sums[length:] - sums[:-length]) * inverse[: len(signs) - length + 1]
            likely = np.flatnonzero(table[windows >> np.uint64(64 - _BITS)])
            likely = likely[np.isin(windows[likely], hashes)]
            found |= {content[at : at + length] for at in likely.tolist()} & self.marks
        return found

    def _by_length(self) -> dict[int, tuple[Any, Any]]:
        """Of every length the hashes of its marks, and which beginnings of a hash there are."""
        import numpy as np

        if self._lengths is None:
            self._lengths = {}
            for length in sorted({len(mark) for mark in self.marks}):
                joined = b"".join(mark for mark in self.marks if len(mark) == length)
                signs = np.frombuffer(joined, np.uint8).reshape(-1, length).astype(np.uint64) + np.uint64(1)
                hashes = (signs * _powers(length)[0]).sum(axis=1, dtype=np.uint64)
                table = np.zeros(1 << _BITS, bool)
                table[hashes >> np.uint64(64 - _BITS)] = True
                self._lengths[length] = table, hashes
        return self._lengths


@lru_cache(maxsize=2)
def _all_powers(count: int) -> tuple[Any, Any]:
    import numpy as np

    def of(base: int) -> Any:
        powers = np.empty(count, np.uint64)
        powers[0] = 1
        done = 1
        while done < count:
            more = min(done, count - done)
            powers[done : done + more] = powers[:more] * np.uint64(pow(base, done, _MODULUS))
            done += more
        return powers

    return of(_BASE), of(pow(_BASE, -1, _MODULUS))


def _powers(count: int) -> tuple[Any, Any]:
    """The first powers of the base, and of its inverse, modulo 2⁶⁴."""
    size = max(_CHUNK + (1 << 16), count)
    powers, inverse = _all_powers(size)
    return powers[:count], inverse[:count]
