"""One immutable piece of the index: the persons of some files of a release, as arrays that are mapped, not read.

Invariant: a segment holds every name of every person of its files, and says which files those are. Everything in it
can be made again from them.

A name is a main name or an alias; a row is a person. The arrays:

    name_row      row of each name                                        uint32
    name_start    where its words begin in name_word; one more than names uint32
    name_word     its words                                               uint32
    word_skeleton the skeleton of each word, a place in ``skeletons``     uint32
    skeletons     sorted                                                  8 bytes each
    deletes       hash of every skeleton less one letter, sorted          uint64
    delete_of     the skeleton that it came from                          uint32
    singles       skeleton, birth year and name in one number, sorted     uint64
    pairs         hash of two skeletons and name in one number, sorted    uint64
    born_first    first day of birth that is possible, from 1970-01-01    int32, UNKNOWN when not known
    born_last     last such day
    row_file      the file of each row, a place in ``files``              uint32
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

NAME_BITS = 28  # names of one segment
YEAR_BITS = 8
UNKNOWN = -(2**31)
FIRST_YEAR = 1870  # year 1 of the eight bits; 0 is unknown
ARRAYS = (
    "name_row name_start name_word word_skeleton skeletons deletes delete_of singles pairs born_first born_last "
    "row_file"
).split()


def year_code(year: NDArray[Any]) -> Any:
    """Years as the eight bits of ``singles``; what lies outside counts as its nearest."""
    import numpy as np

    return np.clip(year - FIRST_YEAR, 1, 2**YEAR_BITS - 1).astype(np.uint64)


def pair_hash(one: NDArray[Any], other: NDArray[Any]) -> Any:
    """36 bits for two skeletons in any order; two pairs that share them cost a look at a name, no more."""
    import numpy as np

    low, high = np.minimum(one, other).astype(np.uint64), np.maximum(one, other).astype(np.uint64)
    with np.errstate(over="ignore"):
        mixed = (low * np.uint64(0x9E3779B97F4A7C15)) ^ (high * np.uint64(0xC2B2AE3D27D4EB4F))
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return mixed >> np.uint64(NAME_BITS)


def text_hash(texts: list[str]) -> NDArray[Any]:
    """64 bits for each of ``texts``, the same in every process."""
    import numpy as np

    # Eight letters of a skeleton are just the eight bytes of a number.
    return np.array(texts, dtype="S8").view(np.uint64) if texts else np.empty(0, np.uint64)


@dataclass(frozen=True)
class Segment:
    """``files``: paths, in the order of their rows. ``handling``: what owners say of use, by number."""

    folder: Path
    files: tuple[str, ...]
    handling: tuple[dict[str, Any], ...]
    rows: int

    @classmethod
    def open(cls, folder: Path) -> Segment:
        told = json.loads((folder / "segment.json").read_text("utf-8"))
        return cls(folder, tuple(told["files"]), tuple(told["handling"]), told["rows"])

    def array(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        import numpy as np

        # As plain arrays: each slice of a memmap costs ten times as much.
        return {name: np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r")) for name in ARRAYS}

    @cached_property
    def _words(self) -> pa.StringArray:
        import pyarrow as pa

        with pa.memory_map(str(self.folder / "words.arrow")) as source:
            return pa.ipc.open_file(source).read_all().column(0).combine_chunks()

    def words(self, numbers: NDArray[Any]) -> list[str]:
        import pyarrow as pa

        return list(self._words.take(pa.array(numbers)).to_pylist())

    @cached_property
    def _people(self) -> tuple[pa.ipc.RecordBatchFileReader, NDArray[Any]]:
        import numpy as np
        import pyarrow as pa

        reader = pa.ipc.open_file(pa.memory_map(str(self.folder / "people.arrow")))
        starts = np.load(self.folder / "batch_start.npy")
        return reader, starts

    def people(self, rows: NDArray[Any]) -> list[dict[str, Any]]:
        """What is shown of some rows, in their order."""
        import numpy as np

        reader, starts = self._people
        found = []
        for row in rows:
            batch = int(np.searchsorted(starts, row, side="right")) - 1
            found.append(reader.get_batch(batch).slice(int(row - starts[batch]), 1).to_pylist()[0])
        return found
