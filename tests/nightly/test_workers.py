"""How the parts of an export are dealt out to those who do the work."""

from __future__ import annotations

import pytest

from comity.nightly.workers import Workers


@pytest.mark.parametrize("parts", [0, 1, 3, 8, 9, 31])
@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_part_is_in_one_share_and_no_job_has_two_parts_more_than_another(jobs: int, parts: int) -> None:
    with Workers(jobs) as workers:
        shares = workers.shares(parts)
    sizes = [len(share) for share in shares]
    rounds = range(0, len(sizes), jobs)

    assert [number for share in shares for number in share] == list(range(parts))
    assert all(0 < size <= Workers.together for size in sizes)
    assert all(max(sizes[at : at + jobs]) - min(sizes[at : at + jobs]) <= 1 for at in rounds)
