"""Proposals for exports that have a mapping by hand: at least four in five right, and none wrong without a TODO."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.proposals import measure

ROOT = Path(__file__).parents[2]
EXPORTS = ROOT.parent / "shared" / "exports"
REAL = (
    "nz-police-vehicles",
    "tw-taipei-thefts",
    "ee-police-offences",
    "de-berlin-bicycles",
    "se-police-events",
)
# The synthetic registers that are one table, with how many of their proposed fields are right at least.
TABLES = {"int-red-notices": 0.8, "pl-wanted": 0.8, "th-wanted": 0.9, "sa-wanted": 0.9, "co-statistics": 0.8}


@pytest.mark.skipif(
    not EXPORTS.is_dir(), reason="the published exports are not beside the repository, in shared/exports"
)
def test_of_the_real_exports_four_in_five_are_right_and_none_is_silently_wrong() -> None:
    found = [measure(source, sorted((EXPORTS / source).iterdir()), REAL) for source in REAL]

    assert all(each.record_right for each in found)
    assert [each.silently_wrong for each in found] == [()] * len(REAL)
    for each in found:
        assert each.right >= 0.8 * each.proposed, each
    assert sum(each.right for each in found) >= 0.8 * sum(len(each.fields) for each in found)
    assert sum(each.sure for each in found) >= 0.5 * sum(len(each.fields) for each in found)


@pytest.mark.parametrize("source", TABLES)
def test_of_registers_in_other_languages_few_are_wrong_and_none_silently(source: str) -> None:
    found = measure(source, sorted((ROOT / "adapters" / source / "sample").iterdir()), [source])

    assert found.record_right
    assert found.silently_wrong == ()
    assert found.right >= TABLES[source] * found.proposed
