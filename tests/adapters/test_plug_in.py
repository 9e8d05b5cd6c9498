"""Readers and adapters that an installed package announces: their options, and what becomes of their mistakes."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters.export import read_export
from comity.errors import ComityError, ConfigError, ReadError
from comity.nightly.source import load_federation
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, refused, rows
from tests.nightly.small import SmallFederation

if TYPE_CHECKING:
    from comity.adapters.adapter import Adapter

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "docs" / "example-package" / "src"
CARDS = b"a: 1\nb: x\n\na: 2\n\na; 3\n\na: 4\nb: ?\n"


def announce(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Packages that announce readers (names with _) and adapters (names with -), as if they were installed."""
    points = {
        "comity.readers": [EntryPoint(n, v, "comity.readers") for n, v in values.items() if "-" not in n],
        "comity.adapters": [EntryPoint(n, v, "comity.adapters") for n, v in values.items() if "-" in n],
    }
    monkeypatch.syspath_prepend(str(PACKAGE))
    for module in ("reader", "announced"):
        monkeypatch.setattr(f"comity.adapters.{module}.entry_points", lambda group: points[group])


def adapter_of(tmp_path: Path, **format: Any) -> Adapter:
    return make_adapter(tmp_path, ["a", {"name": "b", "optional": True}], {"type": "card_index"} | format)


def test_a_readers_own_options_are_declared_as_any_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(monkeypatch, card_index="comity_card_index.reader")
    adapter = adapter_of(tmp_path, missing=["?"])

    reading = read_export(adapter, [make_file(tmp_path / "x.cards", CARDS)], tmp_path / "parts")

    assert rows(reading, adapter) == [(1, "1", "x"), (2, "2", None), (4, "4", None)]
    assert refused(reading) == [(3, 6, "card_index.bad-card")]
    assert_adds_up(reading, adapter)


@pytest.mark.parametrize(
    ("option", "code", "said"),
    [
        ({"seperator": "="}, "config.unknown-key", "did you mean 'separator'?"),
        ({"separator": ""}, "config.invalid-value", "separator"),
        ({"encoding": "klingon"}, "config.invalid-value", "nobody knows the encoding 'klingon'"),
    ],
)
def test_what_is_wrong_with_an_option_is_told_in_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: dict[str, Any], code: str, said: str
) -> None:
    announce(monkeypatch, card_index="comity_card_index.reader")

    with pytest.raises(ConfigError) as caught:
        adapter_of(tmp_path, **option)

    assert caught.value.code == code and said in str(caught.value) and caught.value.line is not None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("comity_no_such_module:reader", "ModuleNotFoundError"),
        ("comity_card_index", "it has no function 'read'"),
    ],
)
def test_a_package_that_is_wrong_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    announce(monkeypatch, card_index=value)

    with pytest.raises(ConfigError, match="which cannot be used") as caught:
        adapter_of(tmp_path)

    assert caught.value.code == "config.broken-plug-in" and said in str(caught.value)


def test_a_reader_that_fails_is_the_failure_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(monkeypatch, card_index="comity_card_index.reader")
    adapter = adapter_of(tmp_path)
    monkeypatch.setattr("comity_card_index.reader._cards", lambda path: 1 / 0)

    with pytest.raises(ReadError) as caught:
        read_export(adapter, [make_file(tmp_path / "x.cards", CARDS)], tmp_path / "parts")

    assert caught.value.code == "read.plug-in-failed" and "ZeroDivisionError" in str(caught.value)


def test_an_announced_source_stands_beside_the_federations_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(
        monkeypatch,
        card_index="comity_card_index.reader",
        **{"uto-lost-tools": "comity_card_index:LOST_TOOLS", "uto-broken": "comity_card_index:NOTHING"},
    )
    federation = SmallFederation(tmp_path)
    federation.add("nz-police-vehicles", "cars")

    loaded = load_federation(federation.root)

    assert {source.source_id for source in loaded.sources} == {"cars", "uto-lost-tools"}
    assert [(name, error.code) for name, error in loaded.broken] == [("uto-broken", "config.broken-plug-in")]
    assert isinstance(loaded.broken[0][1], ComityError)
