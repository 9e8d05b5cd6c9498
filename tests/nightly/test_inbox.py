"""Which files of an inbox are exports, and in which order."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from comity.adapters.adapter import Adapter, Delivery, load_adapter
from comity.errors import ReadError
from comity.nightly.inbox import InboxFile, deliveries, waiting_files
from comity.nightly.work import explained
from tests.nightly.small import ROOT, VEHICLES

if TYPE_CHECKING:
    from pathlib import Path


def adapter(order: str | None = None) -> Adapter:
    delivery = Delivery(files=("*.csv", "*.csv.gz"), order=order)
    return load_adapter(ROOT / "adapters" / VEHICLES).model_copy(update={"delivery": delivery})


def put(folder: Path, *names: str) -> None:
    """Files of which each was changed a second after the one before."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (1_000_000 + number, 1_000_000 + number))


def names(folder: Path, order: str | None = None) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in waiting_files(folder, adapter(order))]


def test_without_an_order_the_file_that_was_changed_first_comes_first(tmp_path: Path) -> None:
    put(tmp_path, "c.csv", "a.csv", "b.csv.gz")

    assert names(tmp_path) == ["c.csv", "a.csv", "b.csv.gz"]


def test_with_an_order_its_group_in_the_name_decides_whenever_the_file_came(tmp_path: Path) -> None:
    put(tmp_path, "x_2026-02.csv", "y_2026-01.csv", "z_2025-12.csv")

    assert names(tmp_path, r"_(\d{4}-\d{2})") == ["z_2025-12.csv", "y_2026-01.csv", "x_2026-02.csv"]


def test_files_that_are_hidden_unfinished_of_other_names_or_no_files_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, ".a.csv", ".hidden/b.csv", "c.csv.part", "d.csv.tmp", "e.txt", "f.csv", "below/g.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "not there")

    assert names(tmp_path) == ["f.csv", "below/g.csv"]


def test_each_file_is_an_export_or_all_together_are_one(tmp_path: Path) -> None:
    put(tmp_path, "b.csv", "a.csv")
    files = tuple(
        InboxFile(path, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
        for path in waiting_files(tmp_path, adapter())
    )

    apart, together = deliveries(files, together=False), deliveries(files, together=True)

    assert [[file.path.name for file in each.files] for each in apart] == [["b.csv"], ["a.csv"]]
    assert [[file.path.name for file in each.files] for each in together] == [["a.csv", "b.csv"]]
    assert [each.export_id for each in apart] == [file.sha256 for file in files]
    assert together[0].export_id not in {file.sha256 for file in files}
    assert deliveries(files[:1], together=True)[0].export_id == files[0].sha256
    assert deliveries(tuple(reversed(files)), together=True) == together


def test_what_comity_did_not_foresee_in_a_worker_is_one_sources_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as error, explained("reading the export", tmp_path):
        raise ZeroDivisionError("division by zero")

    assert error.value.code == "nightly.fault"
    assert (error.value.file, error.value.found) == (str(tmp_path), "ZeroDivisionError: division by zero")
    assert error.value.remedy
