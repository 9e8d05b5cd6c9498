"""Archives made to harm us: they stop within bounds of memory, time and disk."""

from __future__ import annotations

import bz2
import tarfile
from typing import TYPE_CHECKING

import pytest

from comity.adapters import archive_members
from tests.adapters.archives import (
    MEGABYTE,
    PACKED,
    gzip_bomb,
    refusal,
    sparse_tar,
    tar_with,
    tarred,
    zip_bomb,
    zipped,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_too_many_members_are_refused(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_members, "MOST_MEMBERS", 20)

    assert (
        refusal(tmp_path, PACKED[kind]({str(i): b"" for i in range(21)}), "nothing").code
        == "read.archive-too-large"
    )


def test_a_header_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 1 << 40
    data = bytearray(tar_with(tarfile.TarInfo("a.csv")))
    data[:0] = member.tobuf(tarfile.GNU_FORMAT)

    assert refusal(tmp_path, bytes(data), "*.csv").code == "read.archive-too-large"


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: gzip_bomb(1_000),
        lambda: zip_bomb("a.csv", 1_000),
        lambda: zipped({"in.csv.gz": gzip_bomb(1_000)}),
        lambda: bz2.compress(tarred({"a.csv": bytes(100 * MEGABYTE)})),
        lambda: sparse_tar(1 << 40),
    ],
    ids=["gzip", "zip", "nested", "bzip2", "sparse"],
)
def test_a_bomb_is_refused_before_it_has_gone_off(tmp_path: Path, bomb: Callable[[], bytes]) -> None:
    assert refusal(tmp_path, bomb(), "*.csv", "*.csv.gz").code == "read.archive-too-large"


@pytest.mark.slow
def test_ten_gigabytes_in_ten_megabytes_are_refused(tmp_path: Path) -> None:
    bomb = zip_bomb("a.csv", 10_000)

    error = refusal(tmp_path, bomb, "*.csv")

    assert 5 * MEGABYTE < len(bomb) < 11 * MEGABYTE
    assert error.code == "read.archive-too-large"


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, zip_bomb("a.csv", 5, claimed=1_000), "*.csv").code == "read.damaged-archive"
