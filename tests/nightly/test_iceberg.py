"""A night brings the Iceberg tables along; what goes wrong with them is told, fails nothing, and is repaired."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.nightly.small import CARS, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path


def _rows(count: int) -> bytes:
    return "".join(",".join(car) + "\n" for car in CARS[:count]).encode()


def test_a_night_is_not_failed_by_its_tables_and_the_next_one_repairs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_ICEBERG", "yes")
    federation = SmallFederation(tmp_path)
    federation.add(VEHICLES, "cars", files="['*.csv']")
    federation.drop("cars", "one.csv", _rows(2))
    # A file where the table's folder should be.
    obstacle = federation.data / "iceberg" / "vehicle"
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("in the way")

    night = federation.run()

    assert (night.code, night.report["releases"]) == (0, [1])
    assert "The Iceberg tables did not follow; what is published is not affected" in night.said
    assert [error["code"] for error in night.report["iceberg"]] == ["store.io-error"]
    assert len(federation.records("vehicle", "cars")) == 2

    code, said = federation.call("store", "sync", "--check", "--record", "vehicle", "--record", "person")
    assert (code, said.splitlines()[:2]) == (1, ["vehicle  failed", "person   in step (empty)"])
    assert "store.io-error" in said
    obstacle.unlink()
    night = federation.run()
    assert night.report["exports"] == [] and night.report["iceberg"] == []
    code, said = federation.call("store", "sync", "--check", "--record", "vehicle")
    assert (code, said) == (0, "vehicle  in step (release 1, 2 records)\n")

    federation.drop("cars", "two.csv", _rows(3))
    assert federation.run().code == 0
    code, said = federation.call("store", "sync", "--record", "vehicle")
    assert (code, said) == (0, "vehicle  in step (release 2, 3 records)\n")
    code, said = federation.call("store", "sync", "--record", "vehicle", "--rebuild")
    assert (code, said) == (0, "vehicle  rebuilt (release 2, 3 records)\n")
    assert federation.call("store", "sync", "--check", "--rebuild")[0] == 2
    assert federation.call("store", "sync", "--record", "vehicel")[0] == 2


def test_where_no_tables_are_wanted_nothing_is_made_and_sync_says_so(tmp_path: Path) -> None:
    federation = SmallFederation(tmp_path)
    federation.data.mkdir()
    (federation.root / "adapters").mkdir()

    code, said = federation.call("store", "sync")

    assert (code, "[config.iceberg-off]" in said) == (2, True)
    assert not (federation.data / "iceberg").exists()


def test_a_night_whose_tables_are_in_step_does_not_load_pyiceberg() -> None:
    code = (
        "import sys; import comity.store.iceberg.glance, comity.store.iceberg.hook, comity.cli.store, comity.cli.run\n"
        "sys.exit('pyiceberg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_setting_is_yes_or_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from comity.config.settings import load_settings
    from comity.errors import ConfigError

    monkeypatch.delenv("COMITY_ICEBERG")
    assert load_settings(start=tmp_path).iceberg
    (tmp_path / "comity.toml").write_text("iceberg = false\n")
    assert not load_settings(start=tmp_path).iceberg
    (tmp_path / "comity.toml").write_text('iceberg = "perhaps"\n')
    with pytest.raises(ConfigError, match="'iceberg' is yes or no"):
        load_settings(start=tmp_path)
