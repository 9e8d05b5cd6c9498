"""Archives for tests: whole ones, and bombs that are small on disk."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from comity.adapters.archive_file import open_files
from comity.errors import ReadError
from tests.adapters.exports import make_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEGABYTE = 1 << 20
CSV = b"a,b\n1,x\n2,y\n"


def opened(tmp_path: Path, data: bytes, *patterns: str, name: str = "x.zip") -> dict[str, bytes]:
    """What is in an archive, by the names that rows will carry."""
    file = make_file(tmp_path / name, data)
    into = tmp_path / "into"
    into.mkdir(exist_ok=True)
    return {member.name: member.path.read_bytes() for member in open_files(file, patterns, into)}


def refusal(tmp_path: Path, data: bytes, *patterns: str, name: str = "x.zip") -> ReadError:
    """Why an archive is not read; and nothing of it is left behind."""
    with pytest.raises(ReadError) as caught:
        opened(tmp_path, data, *patterns, name=name)
    assert not list((tmp_path / "into").iterdir())
    assert caught.value.remedy
    return caught.value


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def tarred(members: dict[str, bytes], mode: Any = "w") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def tar_with(member: tarfile.TarInfo) -> bytes:
    """A tar that holds just this header."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(member)
    return target.getvalue()


def zeros_deflated(megabytes: int) -> bytes:
    """So many megabytes of zeros as a deflate stream, made in no time: one megabyte's bytes again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (megabytes - 1) + packer.flush()


def gzip_bomb(megabytes: int) -> bytes:
    head = gzip.compress(b"")[:10]
    return head + zeros_deflated(megabytes) + struct.pack("<II", 0, (megabytes * MEGABYTE) & 0xFFFFFFFF)


def zip_bomb(name: str, megabytes: int, claimed: int | None = None) -> bytes:
    """``claimed``: the size that its directory gives."""
    data, path = zeros_deflated(megabytes), name.encode()
    size = min(megabytes * MEGABYTE if claimed is None else claimed, 0xFFFFFFF0)
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(data), size, len(path), 0)
    local = b"PK\x03\x04" + fields + path
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + path
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local) + len(data), 0)
    return local + data + entry + end


PACKED: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "stored": lambda members: zipped(members, zipfile.ZIP_STORED),
    "bzip2 in zip": lambda members: zipped(members, zipfile.ZIP_BZIP2),
    "tar": tarred,
    "tar.gz": lambda members: tarred(members, "w:gz"),
    "tar.bz2": lambda members: tarred(members, "w:bz2"),
}


def sparse_tar(size: int) -> bytes:
    """A tar whose only member is one hole of that size."""
    member = tarfile.TarInfo("a.csv")
    member.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    head[386:410] = b"%011o\0%011o\0" % (0, 0)
    head[483:495] = b"\x80" + size.to_bytes(11, "big")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + bytes(10_240)
