"""Which record ids may stand twice is found beside the files, in ranges."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from comity.mappings import record_ids
from comity.mappings.record_ids import halves, in_order, save_halves, standing_twice, suspected

if TYPE_CHECKING:
    from pathlib import Path


def ids(*keys: int | None) -> pa.Array:
    named = (key if key is None else hashlib.sha256(str(key).encode()).hexdigest()[:32] for key in keys)
    return pa.array(list(named), pa.string())


@pytest.mark.parametrize("together", [1, 7, 1000, 1 << 20])
def test_ids_of_several_files_that_stand_twice_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(record_ids, "_TOGETHER", together)
    keys = {"a": range(500), "b": range(499, 900), "c": range(900, 950), "d": [960, 970, 960], "e": []}
    paths = [tmp_path / f"{name}.records.parquet" for name in keys]
    for path, some in zip(paths, keys.values(), strict=True):
        save_halves(path, in_order([halves(ids(*some))]))

    several, concerned = suspected(paths)

    assert several.tolist() == in_order([halves(ids(499, 960))]).tolist()
    assert [path.name[0] for path in concerned] == ["a", "b", "d"]
    assert suspected(paths[1:3])[1] == []
    assert suspected([])[1] == []


def test_halves_are_of_the_ids_alone_wherever_they_lie_in_memory() -> None:
    column = ids(*range(10))

    assert halves(column.slice(4, 3)).tolist() == halves(column).tolist()[4:7]
    assert len(halves(column.slice(4, 0))) == 0
    assert len(set(halves(column).tolist())) == 10


def test_what_stands_twice_in_a_part_is_told_from_what_stands_once() -> None:
    twice, once = standing_twice([ids(1, None, 2), ids(2, 3, None, 1), ids(4)])

    assert twice.tolist() == [True, False, True, True, False, False, True, False]
    assert once.tolist() == in_order([halves(ids(3, 4))]).tolist()


def test_a_part_without_a_key_has_no_ids() -> None:
    twice, once = standing_twice([ids(None, None)])

    assert twice.tolist() == [False, False]
    assert not len(once)
    assert [len(each) for each in standing_twice([])] == [0, 0]


def test_ids_are_spread_evenly_over_the_ranges() -> None:
    spread = np.histogram(halves(ids(*range(20_000))) >> np.uint64(60), bins=16, range=(0, 16))[0]

    assert spread.min() > 20_000 / 16 * 0.8
