"""What a reader leaves behind: parts on disk, and the account of every row.

Invariant: ``rows_read`` is the rows in the parts plus the refused rows plus the rows that were not
selected, where a marked part's placeholder rows are counted as what they stand for; ``source_row`` of every
row is its position among the export's data rows, whichever part holds it. All of this crosses process
borders, so it is plain and picklable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

PLACEHOLDER = "\u0001refused"
"""First cell of a row that stands in a ``csv`` part for a refused or not selected one, so that rows stay
dense.
"""

PartKind = Literal["csv", "table", "record", "line"]


@dataclass(frozen=True)
class ExportFile:
    """One file of an export, opened: ``name`` as delivered (``a.zip!/b.csv``), ``path`` to its bytes on
    disk.

    ``stays``: nobody changes or removes it as long as its parts are in use, so that they may lie in it.
    """

    name: str
    path: Path
    sha256: str
    size: int
    stays: bool = False


@dataclass(frozen=True)
class Stretch:
    """``size`` bytes from ``start`` on of a file that stays."""

    path: Path
    start: int
    size: int


@dataclass(frozen=True)
class Part:
    """A piece of an export that DuckDB can scan.

    ``csv``: UTF-8 text without header; ``first_row`` and the position in the file give the row.
    The others are Parquet with a column ``source_row`` and: ``table``: a VARCHAR column per field;
    ``record``: a VARCHAR column ``record``, JSON text; ``line``: a VARCHAR column ``line``. ``rows`` counts
    what lies in the file, placeholders included; ``marked`` says that there may be placeholders.
    ``columns``: the fields that a ``csv`` or ``table`` part has, in its order; empty means all, as
    declared. ``format``: which of the adapter's formats it was read by. ``plain``: a ``csv`` part without a
    quote. ``stretch``: where the bytes of a plain part stand in the export's
    own file; ``path`` is then there only after ``stretch.lay_down``.
    """

    path: Path
    kind: PartKind
    first_row: int
    rows: int
    marked: bool = False
    columns: tuple[str, ...] = ()
    format: int = 0
    plain: bool = False
    stretch: Stretch | None = None


@dataclass(frozen=True)
class FileRead:
    """One file as it was read: ``rows`` counts refused and not selected rows too."""

    name: str
    sha256: str
    size: int
    first_row: int
    rows: int
    format: int = 0
    encoding: str | None = None


@dataclass(frozen=True)
class Reading:
    """An export, or one file of it, as read. ``refused`` is Parquet as written by
    ``comity.adapters.refused``.
    """

    parts: tuple[Part, ...]
    rows_read: int
    rows_not_selected: int
    refused: Path | None
    rows_refused: int
    files: tuple[FileRead, ...]
    notes: tuple[str, ...] = ()
