"""Which record ids of an export may stand twice, without reading its files again.

Invariant: beside every file of records lie half of the bits of its ids, in order; so those that may stand twice are
found by a merge, range by range, in memory that does not grow with the export. An id that stands twice is always among
them; one that shares its half with another, or with a row that was refused, may be too, and is told apart by whoever
reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

_TOGETHER = 1 << 20  # ids


def save_halves(path: Path, ids: NDArray[Any]) -> None:
    """Those of the records in ``path``, in order, beside it."""
    import numpy as np

    np.save(_beside(path), ids)


def in_order(ids: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The halves of all batches."""
    import numpy as np

    return np.sort(np.concatenate([np.zeros(0, np.uint64), *ids]))


def standing_twice(batches: Sequence[pa.Array]) -> tuple[NDArray[Any], NDArray[Any]]:
    """For every row of a part whether its record id may stand in another one too; and the halves of the others, in
    order. A row without a key has no id.
    """
    import numpy as np

    ids = [halves(batch.drop_null()) for batch in batches]
    ordered = in_order(ids)
    alone, alike = np.ones(len(ordered), bool), ordered[1:] == ordered[:-1]
    alone[1:] &= ~alike
    alone[:-1] &= ~alike
    there = [batch.is_valid().to_numpy(zero_copy_only=False) for batch in batches]
    twice = np.concatenate([np.zeros(0, bool), *there])
    twice[twice] = np.isin(np.concatenate(ids), ordered[~alone]) if not alone.all() else False
    return twice, ordered[alone]


def halves(record_ids: pa.Array) -> NDArray[Any]:
    """64 bits of every id, whose 32 digits are 128."""
    import numpy as np

    if not len(record_ids):
        return np.zeros(0, np.uint64)
    begin = np.frombuffer(record_ids.buffers()[1], np.int32)[record_ids.offset]
    words = np.frombuffer(record_ids.buffers()[2], np.uint64, 4 * len(record_ids), begin).reshape(-1, 4)
    return np.asarray(words[:, 0] * np.uint64(0x9E3779B97F4A7C15) + words[:, 1])


def suspected(paths: Sequence[Path]) -> tuple[NDArray[Any], list[Path]]:
    """The halves that stand more than once in all these files, in order; and the files that have some of them."""
    import numpy as np

    listed = [np.load(_beside(path), mmap_mode="r") for path in paths]
    several = np.concatenate([np.zeros(0, np.uint64), *(_several(each) for each in _ranges(listed))])
    concerned = [path for path, ids in zip(paths, listed, strict=True) if _has_any(ids, several)]
    return several, concerned


def _ranges(listed: Sequence[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """All halves, of one range after the other; they are as evenly spread as the hashes that they are of."""
    import numpy as np

    count = sum(map(len, listed)) // _TOGETHER + 1
    bounds = np.array([(number << 64) // count for number in range(1, count)], np.uint64)
    places = [[0, *np.searchsorted(ids, bounds).tolist(), len(ids)] for ids in listed]
    for number in range(count if listed else 0):
        yield np.concatenate(
            [ids[at[number] : at[number + 1]] for ids, at in zip(listed, places, strict=True)]
        )


def _several(ids: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    ids.sort(kind="stable")  # which merges what is in order already
    again = ids[1:][ids[1:] == ids[:-1]]
    return np.unique(again)


def _has_any(ids: NDArray[Any], sought: NDArray[Any]) -> bool:
    import numpy as np

    if not len(ids) or not len(sought):
        return False
    places = np.minimum(np.searchsorted(ids, sought), len(ids) - 1)
    return bool((ids[places] == sought).any())


def _beside(path: Path) -> Path:
    return path.with_suffix(".ids.npy")
