"""A text file as UTF-8 that can be read at any position.

Invariant: decoding is strict. A byte that cannot be decoded becomes ``MARK``, a control character that is
legal in no JSON and no XML, so the record that holds it is refused and no other; nothing is ever guessed or
replaced.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from comity.adapters.encoding import open_codec

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from comity.adapters.part import ExportFile

MARK = "\u0001"
_CHUNK = 4 << 20
_HANDLER = "comity.mark"


def _mark(error: UnicodeError) -> tuple[str, int]:
    # Both ways: some codecs decode to a lone surrogate, which is no character either.
    return MARK, cast("UnicodeDecodeError | UnicodeEncodeError", error).end


codecs.register_error(_HANDLER, _mark)


class Utf8File:
    """``file`` as UTF-8. ``exact`` says that positions in it are positions in the file as delivered.

    Raises ReadError when a byte order mark says that the file is in another encoding than declared.
    """

    def __init__(self, file: ExportFile, encoding: str, into: Path, *, head_only: bool = False) -> None:
        self._copy: Path | None = None
        with file.path.open("rb") as source:
            self.encoding = open_codec(source, encoding, file.name).name
            self.start = source.tell()
        self.exact = self.encoding == "utf-8"
        path = file.path
        if not self.exact:
            path = self._copy = into / f"utf8-{uuid4().hex}"
            _transcode(file.path, self.start, self.encoding, path, head_only)
            self.start = 0
        self._handle = path.open("rb")
        self.size = path.stat().st_size
        self.path = path

    def __enter__(self) -> Utf8File:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handle.close()
        if self._copy is not None:
            self._copy.unlink(missing_ok=True)

    def read_at(self, position: int, length: int) -> bytes:
        """The bytes from ``position``; fewer than ``length`` only at the end."""
        self._handle.seek(position)
        return self._handle.read(length)


def _transcode(source: Path, start: int, encoding: str, target: Path, head_only: bool) -> None:
    decoder = codecs.getincrementaldecoder(encoding)(errors=_HANDLER)
    with source.open("rb") as reader, target.open("wb") as writer:
        reader.seek(start)
        while True:
            chunk = reader.read(_CHUNK)
            writer.write(decoder.decode(chunk, final=not chunk).encode("utf-8", errors=_HANDLER))
            if not chunk or head_only:
                return
