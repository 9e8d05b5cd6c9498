"""`comity adapter preview`: raw and standard side by side, and nothing of it in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.cli import adapter_preview
from comity.workbench import watch
from tests.nightly.small import CARS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.nightly.small import SmallFederation


def lines(said: str) -> list[str]:
    return [" ".join(line.split()) for line in said.splitlines()]


def test_a_row_stands_beside_what_becomes_of_it_with_every_flag_and_reason(cars: SmallFederation) -> None:
    sample = cars.root / "adapters/cars/sample/cars.csv"
    first = ",".join(CARS[0])
    sample.write_text(f"{sample.read_text('utf-8')}{first}\n", "utf-8")  # the key stands twice

    code, said = cars.call("adapter", "preview", "cars", "--rows", "6")

    assert code == 0 and "vehicle: 4 accepted, 2 rejected, 0 not selected; 4 records" in said
    told = lines(said)
    assert "→ vehicle QQA101|2026-10-03|Canterbury" in told
    assert "colour = White │ colour = white" in told
    assert "(the same in every row) │ status = stolen" in told
    assert not any("not used here" in line and "region" in line for line in told), "the key is made of it"
    assert "colour = Teal │ colour = – ⚠ unmapped" in told
    assert "date = 16/11/2026 │ status_date = – ⚠ unparseable" in told
    at = told.index("row 5")
    assert told[at + 1 : at + 3] == ["too,short", told[at + 2]] and "read." in told[at + 2]
    assert any("kept row 1" in line and "mapping.duplicate-key" in line for line in told)
    assert not cars.data.exists(), "a preview opens no store"


def test_which_rows_are_shown_can_be_chosen(cars: SmallFederation, tmp_path: Path) -> None:
    export = tmp_path / "elsewhere.csv"
    export.write_bytes((cars.root / "adapters/cars/sample/cars.csv").read_bytes())

    def shown(*options: str) -> list[str]:
        code, said = cars.call("adapter", "preview", "cars", str(export), *options)
        assert code == 0, said
        return [line for line in lines(said) if line.startswith("row ")]

    assert shown("--row", "2", "--row", "5") == ["row 2", "row 5"]
    assert shown("--rejected") == ["row 5"]
    assert shown("--flagged") == ["row 4"]
    assert (
        cars.call("adapter", "preview", "cars", str(export), "--row", "99")[1]
        .rstrip()
        .endswith("No such row.")
    )


def test_it_is_shown_again_when_a_file_is_saved_also_after_a_mistake(
    cars: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = cars.root / "mappings/cars/vehicle.yaml"
    right = mapping.read_text("utf-8")
    saves: list[Callable[[], object]] = [
        lambda: mapping.write_text(right.replace("constant: stolen", "constant: stolne"), "utf-8"),
        lambda: mapping.write_text(right.replace("constant: stolen", "constant: recovered"), "utf-8"),
    ]

    def sleep(seconds: float) -> None:
        """A person saves while the command waits, and presses Ctrl-C in the end."""
        if seconds == watch._EVERY:
            if not saves:
                raise KeyboardInterrupt
            saves.pop(0)()

    monkeypatch.setattr(watch.time, "sleep", sleep)

    code, said = cars.call("adapter", "preview", "cars", "--rows", "1", "--watch")

    assert code == 130
    order = [
        said.index(word)
        for word in ("status = stolen", "mapping.unknown-standard-code", "status = recovered")
    ]
    assert order == sorted(order)
    watched = adapter_preview.watched(cars.root, "cars", ())
    assert {"cars", "crosswalks"} <= {path.name for path in watched}


def test_a_source_without_a_sample_needs_a_file(cars: SmallFederation) -> None:
    (cars.root / "adapters/cars/sample/cars.csv").unlink()

    code, said = cars.call("adapter", "preview", "cars")

    assert code == 2 and "config.no-sample" in said
