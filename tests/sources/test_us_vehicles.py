"""Numbers whose last digit carries the sign, in EBCDIC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bench.exports.us_vehicles import frame, record, zoned

from comity.nightly.sample import run_sample
from tests.sources.golden import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("number", "text"), [(-121, "0012J"), (-120, "0012}"), (120, "0012{"), (2018, "0201H")]
)
def test_the_sign_stands_over_the_last_digit(number: int, text: str) -> None:
    assert zoned(number, 5) == text


def test_cents_and_signs_survive_the_code_page(tmp_path: Path) -> None:
    entry = record(
        "1", "V000000001", "EV", "OHOHP0417", "ABC 123", "OH", "2027", "PC", "1M8GDM9AXKP042788", zoned(1989, 4),
        "FORD", "F15", "PK", "BLU", zoned(20260100, 8), "26-1", zoned(-1210, 9), "20260120", "¢ AND ¬",
    )  # fmt: skip
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "SVMF.D20261120.DAT").write_bytes(frame([entry], "20261120"))

    (run,) = run_sample(ROOT, "us-vehicles", tmp_path / "work", tmp_path / "in")

    (vehicle,) = run.records["vehicle"]
    assert entry.startswith(b"\xf1\xe5\xf0")  # 1V0
    assert vehicle["remarks"] == "¢ AND ¬; case of the agency 26-1; value USD -12.10"
    assert (vehicle["model_year"], vehicle["vin_status"]) == (1989, "valid")
    assert (vehicle["status_date"], vehicle["status_date_latest"]) == ("2026-01", "2026-01-31")
