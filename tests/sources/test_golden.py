"""Every source's sample becomes exactly its golden output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sources.golden import ROOT, golden_lines, run_sample

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = sorted(path.parent.name for path in (ROOT / "adapters").glob("*/adapter.yaml"))


@pytest.mark.parametrize("source", SOURCES)
def test_a_sample_becomes_its_golden_output(source: str, tmp_path: Path) -> None:
    golden = ROOT / "adapters" / source / "golden"

    found = golden_lines(run_sample(ROOT, source, tmp_path))

    assert sorted(found) == sorted(path.name for path in golden.glob("*.ndjson"))
    for name, lines in found.items():
        assert lines == (golden / name).read_text("utf-8").splitlines(), f"{source}/{name}"


@pytest.mark.parametrize("source", SOURCES)
def test_a_sample_shows_all_three_fates_of_a_row(source: str, tmp_path: Path) -> None:
    accounts = [account for run in run_sample(ROOT, source, tmp_path) for account in run.finished.accounts]

    assert sum(account.rows_accepted for account in accounts)
    assert sum(account.rows_rejected for account in accounts)
