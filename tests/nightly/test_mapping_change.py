"""What an edited mapping would alter, told over the last export; the store is left as it is."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.nightly.small import CARS, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 24  # even: a change alike in all of them must not cancel out


def contents(folder: Path) -> dict[str, str]:
    """Every file with its hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows(first: int, last: int) -> bytes:
    _, *rest = CARS[0]
    return "".join(f"QQ{number:04},{','.join(rest)}\n" for number in range(first, last)).encode()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    """A full source, and one whose second delta is the last export."""
    federation = SmallFederation(tmp_path_factory.mktemp("mapping-change"))
    federation.add(VEHICLES, "cars", files="['*.csv']")
    federation.drop("cars", "cars.csv", rows(0, COUNT) + b"too,short\n")
    federation.add(VEHICLES, "daily", files="['*.csv']", kind="delta", order="'day-(.)'")
    federation.drop("daily", "day-1.csv", rows(0, 10))
    federation.drop("daily", "day-2.csv", rows(8, 12))
    assert federation.run().code == 0
    return federation


@pytest.fixture
def edited(published: SmallFederation, tmp_path: Path) -> SmallFederation:
    """The same data under content that the test edits."""
    copy = object.__new__(SmallFederation)
    copy.root, copy.data = tmp_path / "federation", published.data
    shutil.copytree(published.root, copy.root, symlinks=True)
    return copy


def change(federation: SmallFederation, source: str, *options: str) -> dict[str, Any]:
    before = contents(federation.data)
    code, said = federation.call("mapping", "diff", source, "--json", *options)
    assert code == 0, said
    assert contents(federation.data) == before
    return dict(json.loads(said))


def vehicle(federation: SmallFederation, source: str, pattern: str, new: str) -> None:
    federation.edit(f"mappings/{source}/vehicle.yaml", pattern, new)


def test_what_changes_is_told_by_column_with_values_or_else_with_shapes(edited: SmallFederation) -> None:
    vehicle(edited, "cars", "constant: stolen", "constant: recovered")
    vehicle(edited, "cars", "plate_as_given: plate", "plate_as_given: {from: plate, apply: [lower]}")

    told = change(edited, "cars")

    (records,) = told["records"]
    assert told["altered"] == records["changed"] == COUNT
    assert (records["before"], records["after"], records["added"], records["removed"]) == (COUNT, COUNT, 0, 0)
    shown = [
        (column["column"], column["records"], each["before"], each["after"], each["records"])
        for column in records["columns"]
        for each in column["examples"]
    ]
    assert shown == [
        ("plate_as_given", COUNT, "AA9999", "aa9999", COUNT),
        ("status", COUNT, "stolen", "recovered", COUNT),
    ]


def test_personal_values_are_shown_when_asked_for(edited: SmallFederation) -> None:
    vehicle(edited, "cars", "plate_as_given: plate", "plate_as_given: {from: plate, apply: [lower]}")

    code, said = edited.call("mapping", "diff", "cars", "--values", "--examples", "1")

    assert code == 0 and re.search(r"  QQ(\d{4}) → qq\1 ", said)


def test_another_key_removes_every_record_and_adds_as_many(edited: SmallFederation) -> None:
    vehicle(edited, "cars", r"key: \[.*\]", "key: [plate]")

    (records,) = change(edited, "cars")["records"]

    assert (records["added"], records["removed"], records["changed"]) == (COUNT, COUNT, 0)
    assert records["added_examples"][0]["source_row"] == 1 and len(records["added_examples"]) == 3


def test_rows_that_are_rejected_now_are_told_with_their_reason(edited: SmallFederation) -> None:
    vehicle(
        edited, "cars", r"model_year: \{.*\}",
        'model_year: {from: year, integer: true, missing: {"2004": unknown}, invalid: reject}',
    )  # fmt: skip
    vehicle(edited, "cars", "status_date: .*", 'status_date: {from: date, date: "%d.%m.%Y", invalid: reject}')

    told = change(edited, "cars")

    assert told["records"][0]["removed"] == told["altered"] == COUNT
    assert [(each["code"], each["column"], each["before"], each["after"]) for each in told["reasons"]] == [
        ("mapping.value-unparseable", "status_date", 0, COUNT)
    ]
    assert [(each["rows_accepted"], each["rows_rejected"]) for each in (*told["before"], *told["after"])] == [
        (COUNT, 1), (0, COUNT + 1),
    ]  # fmt: skip


def test_how_long_a_record_is_kept_is_a_change_too(edited: SmallFederation) -> None:
    edited.edit("adapters/cars/adapter.yaml", "review_after: 1 year", "review_after: 2 years")

    assert [each["column"] for each in change(edited, "cars")["records"][0]["columns"]] == ["review_due"]


def test_of_a_delta_the_records_of_the_last_export_are_compared(edited: SmallFederation) -> None:
    vehicle(edited, "daily", "constant: stolen", "constant: recovered")

    told = change(edited, "daily")

    assert told["names"] == ["day-2.csv"] and told["altered"] == 4


def test_an_edit_of_words_alters_nothing(edited: SmallFederation) -> None:
    vehicle(edited, "cars", "description: .*", "description: Said in other words.")

    code, said = edited.call("mapping", "diff", "cars", "--exit-code")

    assert code == 0 and "nothing would change" in said


def test_a_checkout_of_an_older_state_is_compared_over_export_or_sample(
    edited: SmallFederation, published: SmallFederation
) -> None:
    vehicle(edited, "cars", "constant: stolen", "constant: recovered")
    sample = edited.root / "adapters" / "cars" / "sample"
    sample.mkdir()
    (sample / "cars.csv").write_bytes(rows(0, 3))

    assert change(edited, "cars", "--against", str(published.root))["altered"] == COUNT
    code, said = edited.call(
        "mapping", "diff", "cars", "--against", str(published.root), "--sample", "--exit-code"
    )
    assert code == 1 and "changes 3 records" in said and "stolen → recovered" in said


def test_what_was_never_published_and_what_is_no_longer_archived_is_said(edited: SmallFederation) -> None:
    edited.add(VEHICLES, "new")
    code, said = edited.call("mapping", "diff", "new")
    assert code == 1 and "nightly.nothing-published" in said

    code, said = edited.call("mapping", "diff", "cars", "--sample")
    assert code == 2 and "config.missing-option" in said

    vehicle(edited, "cars", "constant: stolen", "constant: recovered")
    archive = edited.data / "archive"
    archive.rename(edited.data / "elsewhere")
    try:
        code, said = edited.call("mapping", "diff", "cars")
    finally:
        (edited.data / "elsewhere").rename(archive)
    assert code == 1 and "nightly.export-not-archived" in said
