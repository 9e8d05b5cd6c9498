"""A code list: closed, versioned, and honest about what each code rests on.

Invariant: a code occurs once, its parent is in the list, and its status says whether it was read in its
source (``verified``, ``partly_verified``), only recalled (``unverified``) or our own proposal (``own``).
"""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.errors import StandardError, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEADER = ("code", "label", "evidence", "status")
_FEW = 30  # a longer list of codes is named instead of printed
STATUSES = ("verified", "partly_verified", "unverified", "own")


@dataclass(frozen=True)
class Code:
    """``attributes`` are the list's further columns, such as ``alpha3`` of a country, without empty ones."""

    code: str
    label: str
    evidence: str = ""
    status: str = "own"
    parent: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CodeList:
    name: str
    version: str
    title: str
    origin: str
    codes: dict[str, Code]

    @property
    def hard(self) -> bool:
        """Whether a value outside the list may be refused: not while a code of it is only recalled."""
        return all(code.status != "unverified" for code in self.codes.values())

    def code(self, code: str) -> Code:
        found = self.codes.get(code)
        if found is None:
            raise StandardError(
                "standard.unknown-code",
                f"The code list '{self.name}' has no code '{code}'",
                remedy=self.remedy(code),
            )
        return found

    def remedy(self, code: str) -> str:
        """What to write instead of ``code``: what it means by another of its names (label, alpha-3), or the nearest
        code; all codes, if they are few."""
        names = {
            each.casefold(): meant
            for meant in self.codes.values()
            for each in (meant.label, *meant.attributes.values())
        }
        near = did_you_mean(code, self.codes)
        close = difflib.get_close_matches(code.casefold(), names, n=1, cutoff=0.8)
        if close and (meant := names[close[0]]).label != meant.code:
            near = f"did you mean '{meant.code}' ({meant.label})? "
        if len(self.codes) <= _FEW:
            return f"{near}Known: {', '.join(sorted(self.codes))}"
        return f"{near}comity standard codes {self.name} lists all {len(self.codes)}"


def read_code_list(path: Path, version: str, title: str, origin: str) -> CodeList:
    """The list in the CSV file ``path``, named after the file."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise StandardError(
            "standard.missing-code-list",
            f"The code list '{path.stem}' is in index.yaml, but its file does not exist",
            file=path,
            remedy="create it, or take it out of index.yaml",
        ) from None
    except (UnicodeDecodeError, OSError) as error:
        raise _bad(path, None, "The code list cannot be read as UTF-8", str(error)) from None
    reader = csv.reader(io.StringIO(text), strict=True)
    codes: dict[str, Code] = {}
    try:
        header = next(reader, [])
        if tuple(header[: len(HEADER)]) != HEADER or len(set(header)) != len(header):
            raise _bad(path, 1, f"A code list begins with the columns {', '.join(HEADER)}", ", ".join(header))
        for cells in reader:
            line = reader.line_num
            if len(cells) != len(header):
                raise _bad(
                    path, line, f"The row has {len(cells)} cells, the header {len(header)}", ",".join(cells)
                )
            _add(codes, dict(zip(header, cells, strict=True)), path, line)
    except csv.Error as error:
        raise _bad(path, reader.line_num, "The code list is not valid CSV", str(error)) from None
    for code in codes.values():
        if code.parent is not None and code.parent not in codes:
            raise _bad(path, None, f"The parent of '{code.code}' is not in the list", code.parent)
    return CodeList(path.stem, version, title, origin, codes)


def _add(codes: dict[str, Code], row: dict[str, str], path: Path, line: int) -> None:
    code, label, status = row["code"], row["label"], row["status"]
    if not code or not label:
        raise _bad(path, line, "A code and its label may not be empty", ",".join(row.values()))
    if status not in STATUSES:
        raise StandardError(
            "standard.unknown-status",
            f"'{status}' is no status of a code",
            file=path,
            line=line,
            found=code,
            remedy=nearest(status, STATUSES),
        )
    if code in codes:
        raise StandardError(
            "standard.duplicate-code",
            f"The code '{code}' stands twice in the list",
            file=path,
            line=line,
            remedy="keep one of the two",
        )
    rest = {key: value for key, value in row.items() if value and key not in (*HEADER, "parent")}
    codes[code] = Code(code, label, row["evidence"], status, row.get("parent") or None, rest)


def _bad(path: Path, line: int | None, message: str, found: str) -> StandardError:
    return StandardError(
        "standard.bad-code-list",
        message,
        file=path,
        line=line,
        found=found if len(found) <= 120 else found[:119] + "…",
        remedy="correct the CSV file: UTF-8, commas, one code a line",
    )
