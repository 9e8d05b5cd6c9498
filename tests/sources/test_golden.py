"""Every source's sample becomes exactly its golden output, and shows what can become of a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from comity.workbench.golden import compare_golden
from tests.sources.golden import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = sorted(path.parent.name for path in (ROOT / "adapters").glob("*/adapter.yaml"))


@pytest.mark.parametrize("source", SOURCES)
def test_a_sample_becomes_its_golden_output(source: str, tmp_path: Path) -> None:
    result = compare_golden(ROOT, source, tmp_path)

    assert result.differences == ()
    accounts = [json.loads(line) for line in result.lines["accounts.ndjson"]]
    assert sum(account["rows_accepted"] for account in accounts)
    assert sum(account["rows_rejected"] for account in accounts)
