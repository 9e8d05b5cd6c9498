"""The owner's record description of a fixed-width export: which field stands where.

Invariant: the fields are inside the record and do not overlap; what stands between them is no field.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from comity.errors import ConfigError, nearest

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = ("name", "start", "length", "description")


@dataclass(frozen=True)
class Place:
    """``start``: the first position of the field, from 1, in characters."""

    name: str
    start: int
    length: int
    description: str = ""


@dataclass(frozen=True)
class Layout:
    """``fields`` by position; the record is at least as long as the end of the last."""

    fields: tuple[Place, ...]

    @property
    def end(self) -> int:
        last = self.fields[-1]
        return last.start + last.length - 1


def read_layout(path: Path) -> Layout:
    """A CSV with the columns ``name,start,length`` and, if there is one, ``description``. Raises ConfigError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            names = reader.fieldnames or ()
            if missing := [name for name in _COLUMNS[:3] if name not in names]:
                raise _bad(path, 1, f"no column '{missing[0]}'", nearest(missing[0], _COLUMNS))
            places = [_place(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(path, None, str(error), "give a CSV in UTF-8 with name, start and length") from None
    places.sort(key=lambda place: place.start)
    if not places:
        raise _bad(path, 2, "no field", "write a line for each field: name, start and length")
    for before, after in pairwise(places):
        stop = before.start + before.length - 1
        if after.start <= stop:
            raise _bad(
                path,
                None,
                f"'{after.name}' begins at {after.start}, and '{before.name}' ends at {stop}",
                "positions are counted from 1; describe one kind of record",
            )
    return Layout(tuple(places))


def _place(path: Path, line: int, row: dict[str, str]) -> Place:
    numbers = [row[name].strip() for name in ("start", "length")]
    for number in numbers:
        if not number.isdecimal() or int(number) < 1:
            raise _bad(path, line, f"'{number}'", "start and length are whole numbers from 1")
    start, length = map(int, numbers)
    return Place(row["name"].strip(), start, length, row.get("description", "").strip())


def _bad(path: Path, line: int | None, found: str, remedy: str) -> ConfigError:
    return ConfigError(
        "workbench.bad-layout", "The file is no record description", file=path, line=line, found=found, remedy=remedy
    )  # fmt: skip
