"""A CSV that a person filled in: questions to ask, decisions on links.

Invariant: it is read as a spreadsheet leaves it, with commas, semicolons or tabs, with or without a byte order mark;
what is no such table, or lacks a column, is an error that names the file and the line.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from comity.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Row = dict[str, str]


def filled_rows(file: Path, columns: Sequence[str], code: str, what: str) -> Iterator[tuple[int, Row]]:
    """Line and values of every row, without blanks around them; ``what`` is the message when it cannot be taken."""
    line = 1
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            head = text.readline()
            text.seek(0)
            reader = csv.DictReader(text, delimiter=max(",;\t", key=head.count))
            if missing := [name for name in columns if name not in (reader.fieldnames or [])]:
                raise QueryError(
                    code, what, file=file, line=1, found=f"no column {', '.join(missing)}",
                    remedy=f"write a header with {', '.join(columns)}",
                )  # fmt: skip
            for row in reader:
                line = reader.line_num
                yield (
                    line,
                    {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)},
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise QueryError(
            code, what, file=file, line=line, found=str(error), remedy="save it as CSV in UTF-8"
        ) from None
