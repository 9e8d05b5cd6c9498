"""A reader for card indexes: one ``key: value`` a line, an empty line behind every card.

    NUMBER: 17
    TOOL: hammer

    NUMBER: 18

Every card becomes a row or is refused with its text; memory does not grow with the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pydantic import Field, field_validator

from comity.adapters.drift import DriftError
from comity.adapters.formats import PlugInFormat, check_encoding
from comity.adapters.table_sink import TableSink
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile, Reading


_BATCH = 10_000


class Format(PlugInFormat):
    """Cards of ``key: value`` lines with an empty line between them."""

    encoding: str = "utf-8"
    """As Python names it; a card with bytes that it does not have is refused."""
    separator: str = Field(":", min_length=1)
    """What stands between a key and its value."""

    @field_validator("encoding")
    @classmethod
    def _is_a_codec(cls, name: str) -> str:
        return check_encoding(name)


def read(file: ExportFile, format: Format, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """Every card of ``file``, in its order."""
    names = [field.name for field in adapter.fields]
    with TableSink(file, adapter, into, names, first_row) as sink:
        waiting: list[dict[str, str]] = []

        def hand_over() -> None:
            if waiting:
                sink.add([pa.array([card.get(name) for card in waiting], pa.string()) for name in names])
                waiting.clear()

        for line, text in _cards(file.path):
            try:
                card = _card(text, format)
            except ValueError as error:
                hand_over()  # rows keep their order
                sink.refuse("card_index.bad-card", str(error), raw=text.decode("latin-1"), line=line)
                continue
            if new := sorted(card.keys() - set(names)):
                raise DriftError(new=new, file=file.name, line=line)
            waiting.append({key: value for key, value in card.items() if value not in format.missing})
            if len(waiting) == _BATCH:
                hand_over()
        hand_over()
        return sink.finish()


def probe(file: ExportFile, format: Format, adapter: Adapter) -> None:
    """A card index begins with a line that has a separator."""
    with file.path.open("rb") as opened:
        head = opened.readline(4096)
    if format.separator.encode(format.encoding) not in head:
        raise ReadError(
            "card_index.no-card",
            "The file does not begin with a card",
            file=file.name,
            line=1,
            found=repr(head[:80]),
            remedy="check the format's 'separator'",
        )


def _cards(path: Path) -> Iterator[tuple[int, bytes]]:
    """The number of the first line of every card, and its bytes."""
    lines: list[bytes] = []
    with path.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            if line.strip():
                lines.append(line)
            elif lines:
                yield number - len(lines), b"".join(lines)
                lines = []
    if lines:
        yield number - len(lines) + 1, b"".join(lines)


def _card(text: bytes, format: Format) -> dict[str, str]:
    """A card's keys and values; ValueError says what is wrong with it."""
    card: dict[str, str] = {}
    for line in text.decode(format.encoding).splitlines():
        key, separator, value = line.partition(format.separator)
        if not separator:
            raise ValueError(f"a line of the card has no '{format.separator}'")
        if key.strip() in card:
            raise ValueError(f"'{key.strip()}' stands twice on the card")
        card[key.strip()] = value.strip()
    return card
