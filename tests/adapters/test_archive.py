"""Archives: what is in them is read, and what they do to harm us is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.adapters.export import read_export
from comity.errors import ReadError
from tests.adapters.archives import CSV, PACKED, opened, refusal, tar_with, tarred, zipped
from tests.adapters.exports import assert_adds_up, make_adapter, make_file, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("kind", PACKED)
def test_every_wanted_member_is_opened_in_order(tmp_path: Path, kind: str) -> None:
    data = PACKED[kind]({"b/2.csv": b"two", "1.csv": b"one", "LIESMICH.txt": b"no"})

    found = opened(tmp_path, data, "*.csv")

    assert list(found.items()) == [("x.zip!/b/2.csv", b"two"), ("x.zip!/1.csv", b"one")]
    assert not list((tmp_path / "into").iterdir())


@pytest.mark.parametrize(("name", "becomes"), [("x.csv.gz", "x.csv"), ("x.csv.GZ", "x.csv"), ("x", "x")])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
def test_a_single_compressed_file_has_the_name_without_its_ending(
    tmp_path: Path, name: str, becomes: str, pack: Callable[[bytes], bytes]
) -> None:
    assert opened(tmp_path, pack(CSV), "*", name=name) == {becomes: CSV}


def test_rows_are_numbered_on_over_members_and_name_their_file(tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path, ["a", "b"], {"type": "csv"}, delivery={"files": ["*.csv", "*.zip"]})
    data = zipped({"1.csv": CSV, "2.csv": b"a,b\n3,z\n", "notes.txt": b"?"})

    reading = read_export(adapter, [make_file(tmp_path / "x.zip", data)], tmp_path / "parts")

    assert rows(reading, adapter) == [(1, "1", "x"), (2, "2", "y"), (3, "3", "z")]
    assert [(file.name, file.first_row) for file in reading.files] == [
        ("x.zip!/1.csv", 1),
        ("x.zip!/2.csv", 3),
    ]
    assert_adds_up(reading, adapter)
    assert not list((tmp_path / "parts").glob("member-*"))


@pytest.mark.parametrize(
    ("data", "name"), [(zipped({"a.csv": CSV}), "x.csv"), (CSV, "x.zip"), (CSV, "x.csv.gz")]
)
def test_what_a_file_is_called_does_not_decide_what_it_is(tmp_path: Path, data: bytes, name: str) -> None:
    assert set(opened(tmp_path, data, "*", name=name).values()) == {CSV}


def test_patterns_that_name_only_archives_want_every_member(tmp_path: Path) -> None:
    data = zipped({"a": b"1", ".hidden": b"", "__MACOSX/._a": b"", "sub/.b/c": b"", "d/": b"", "d/e": b"2"})

    assert opened(tmp_path, data, "*.zip") == {"x.zip!/a": b"1", "x.zip!/d/e": b"2"}


def test_an_archive_in_an_archive_is_opened(tmp_path: Path) -> None:
    data = zipped({"in.tar.gz": tarred({"a.csv": CSV}, "w:gz"), "b.csv.gz": gzip.compress(b"b")})

    found = opened(tmp_path, data, "*.csv", "*.gz", "*.zip")

    assert found == {"x.zip!/in.tar.gz!/a.csv": CSV, "x.zip!/b.csv": b"b"}


def test_an_archive_in_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    data = zipped({"a.zip": zipped({"b.zip": zipped({"c.csv": CSV})})})

    assert refusal(tmp_path, data, "*.zip").code == "read.nested-archive"


def test_a_workbook_is_no_archive(tmp_path: Path) -> None:
    data = zipped({f"xl/{i}": b"" for i in range(30)} | {"[Content_Types].xml": b""})

    assert opened(tmp_path, data, "*.xlsx", name="x.xlsx") == {"x.xlsx": data}


@pytest.mark.parametrize("data", [zipped({"b.txt": b"", "c.txt": b""}), tarred({"b.txt": b"", "c.txt": b""})])
def test_an_archive_without_a_wanted_member_says_what_it_holds(tmp_path: Path, data: bytes) -> None:
    error = refusal(tmp_path, data, "*.csv", "*.zip")

    assert (error.code, error.found) == ("read.no-member", "b.txt, c.txt")
    assert "*.csv" in str(error.remedy)


def test_an_archive_without_members_is_an_error(tmp_path: Path) -> None:
    assert refusal(tmp_path, zipped({}), "*").found == "no members"


@pytest.mark.parametrize(
    "name",
    [
        "../x.csv",
        "a/../../x.csv",
        "/etc/x.csv",
        "..\\x.csv",
        "C:\\x.csv",
        "c:x.csv",
        "\\\\host\\share\\x.csv",
        "..",
    ],
)
@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
def test_a_member_that_would_leave_the_folder_is_refused(
    tmp_path: Path, name: str, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    error = refusal(tmp_path, pack({"fine.csv": CSV, name: CSV}), "*.csv")

    assert error.code == "read.path-traversal"
    assert not list(tmp_path.parent.glob("x.csv"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_a_link_or_a_device_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("a.csv")
    member.type, member.linkname = kind, "/etc/passwd"

    assert refusal(tmp_path, tar_with(member), "*.csv").code == "read.link-in-archive"


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("a.csv")
    member.external_attr = 0o120777 << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(member, "/etc/passwd")

    assert refusal(tmp_path, target.getvalue(), "*.csv").code == "read.link-in-archive"


def test_an_encrypted_member_is_refused_if_it_is_wanted(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.csv": CSV}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1

    assert refusal(tmp_path, bytes(data), "*.csv").code == "read.encrypted-archive"
    assert refusal(tmp_path, bytes(data), "*.txt").code == "read.no-member"


def test_an_unknown_compression_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.csv": CSV}))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(mark) + at] = 9  # deflate64

    error = refusal(tmp_path, bytes(data), "*.csv")

    assert (error.code, error.found) == (
        "read.unsupported-archive",
        "That compression method is not supported",
    )


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path: Path, kind: str) -> None:
    target = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("a.csv", b"1")
            archive.writestr("a.csv", b"2")
    else:
        target.write(tarred({"a.csv": b"1"})[:1024] + tarred({"a.csv": b"2"}))

    error = refusal(tmp_path, target.getvalue(), "*.csv")

    assert (error.code, error.found) == ("read.duplicate-member", "'a.csv'")


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.97])
def test_a_truncated_archive_is_refused(tmp_path: Path, kind: str, kept: float) -> None:
    whole = PACKED[kind]({f"{i}.csv": bytes((i * j * j) % 251 for j in range(5_000)) for i in range(9)})
    data = whole[: min(int(len(whole) * kept), len(whole.rstrip(b"\0")))]

    assert refusal(tmp_path, data, "*.csv").code == "read.damaged-archive"


@pytest.mark.parametrize("kind", PACKED)
def test_a_byte_that_fell_over_is_noticed(tmp_path: Path, kind: str) -> None:
    whole = bytearray(
        PACKED[kind]({f"{i}.csv": bytes((i * j * j) % 251 for j in range(5_000)) for i in range(9)})
    )
    at = whole.index(b"1.csv", 600) if kind == "tar" else len(whole) // 2
    whole[at] ^= 1

    assert refusal(tmp_path, bytes(whole), "*.csv").code == "read.damaged-archive"


def test_two_tars_in_one_file_are_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, tarred({"a.csv": CSV}) + tarred({"b.csv": CSV}), "*.csv")

    assert (error.code, error.found) == ("read.damaged-archive", "there is more behind its end")


def test_a_tar_that_leads_back_is_refused(tmp_path: Path) -> None:
    data = bytearray(tarred({"a.csv": CSV, "b.csv": CSV}))
    data[1024 + 124 : 1024 + 136] = b"\xff" * 10 + b"\xfc\x00"  # a negative size
    data[1024 + 148 : 1024 + 156] = b" " * 8
    data[1024 + 148 : 1024 + 156] = b"%06o\0 " % sum(data[1024:1536])

    assert refusal(tmp_path, bytes(data), "*.csv").code == "read.damaged-archive"


@given(st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_damaged_it_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(PACKED)))
    whole = bytearray(PACKED[kind]({"a.csv": CSV * 9, "d/b.csv": b"\x01" * 700}))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    try:
        found = opened(tmp_path, bytes(whole), "*.csv")
    except ReadError as error:
        assert error.code.startswith("read.")
    else:
        assert found
    assert not list((tmp_path / "into").iterdir())


def test_an_archive_of_more_than_four_gigabytes_may_say_so(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, archive.open("a.csv", "w", force_zip64=True) as member:
        member.write(CSV)

    assert opened(tmp_path, target.getvalue(), "*.csv") == {"x.zip!/a.csv": CSV}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (zipped({"données_警察.csv": CSV}), "données_警察.csv"),
        (zipped({"cafXe.csv": CSV}).replace(b"cafX", b"caf\x82"), "cafée.csv"),  # cp437
        (tarred({"données_警察.csv": CSV}), "données_警察.csv"),
        (tarred({"cafXe.csv": CSV}), "cafXe.csv"),
        (zipped({"a\x1b[31m\nb.csv": CSV}), "a\\x1b[31m\\nb.csv"),
    ],
    ids=["utf-8", "cp437", "tar", "plain", "control characters"],
)
def test_names_of_members_are_read_and_made_printable(tmp_path: Path, written: bytes, shown: str) -> None:
    assert opened(tmp_path, written, "*.csv") == {f"x.zip!/{shown}": CSV}


def test_a_name_in_bytes_that_are_no_text_is_escaped(tmp_path: Path) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("caf\udce9.csv"))

    assert opened(tmp_path, target.getvalue(), "*.csv") == {"x.zip!/caf\\xe9.csv": b""}
