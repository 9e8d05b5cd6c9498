"""What a night did: for every source what was read, accepted, rejected and published, and why not.

Invariant: a report is plain data, made once and shown in several ways; it holds no personal value.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from comity.nightly.left_alone import LeftAlone  # noqa: TC001  (a stored report is read by the types of its fields)
from comity.nightly.overdue import StaleLine  # noqa: TC001  (the same)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from comity.errors import ComityError

Outcome = Literal["published", "blocked", "failed"]


@dataclass(frozen=True)
class AccountLine:
    """Rows of one export for one record type; the first is the sum of the next three."""

    record_type: str
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rows_not_selected: int
    records: int


@dataclass(frozen=True)
class ChangeLine:
    """What a published export changed in the records of one type, in records; ``columns``: column → records in which
    the source changed it, and in which the mapping did.
    """

    record_type: str
    added: int
    changed_by_source: int
    changed_by_mapping: int
    withdrawn: int
    columns: dict[str, tuple[int, int]]


FEWEST = 5
"""A code in fewer rows is not shown: it may be a value of one person that stands in the wrong column."""


@dataclass(frozen=True)
class UnmappedLine:
    """A code that no crosswalk has: extend ``crosswalk``, or leave it flagged. Of those in fewer than FEWEST rows each
    only how many there are, ``codes``, and in how many rows; ``code`` is then empty.
    """

    record_type: str
    column: str
    crosswalk: str
    code: str
    count: int
    example_row: int
    codes: int = 1

    @property
    def rare(self) -> bool:
        return not self.code

    def suggestion(self) -> str:
        """The crosswalk line to complete."""
        return f"{self.code},,,exact,proposed,,"


def without_rare(lines: Iterable[UnmappedLine]) -> tuple[UnmappedLine, ...]:
    """The lines of codes that may be shown, and one for each column of those that may not."""
    shown: list[UnmappedLine] = []
    rare: dict[tuple[str, str, str], list[UnmappedLine]] = {}
    for line in lines:
        if line.count >= FEWEST:
            shown.append(line)
        else:
            rare.setdefault((line.record_type, line.column, line.crosswalk), []).append(line)
    hidden = (
        UnmappedLine(
            *column, "", sum(one.count for one in some), min(one.example_row for one in some), len(some)
        )
        for column, some in rare.items()
    )
    return (*shown, *hidden)


@dataclass(frozen=True)
class ErrorLine:
    """An error as the report keeps it."""

    code: str
    message: str
    place: str | None
    found: str | None
    remedy: str | None

    @classmethod
    def of(cls, error: ComityError) -> ErrorLine:
        return cls(error.code, error.message, error.place(), error.found, error.remedy)


@dataclass(frozen=True)
class ExportReport:
    """One export of one source. ``marks``: checks that failed with a warning; ``blocks``: those that stopped it.

    ``cpu_seconds``, ``peak_memory``: processor time of all its tasks, and the most bytes that one of them took.
    """

    source_id: str
    export_id: str
    files: tuple[str, ...]
    outcome: Outcome
    release: int | None
    accounts: tuple[AccountLine, ...]
    blocks: tuple[str, ...]
    marks: tuple[str, ...]
    unmapped: tuple[UnmappedLine, ...]
    notes: tuple[str, ...]
    error: ErrorLine | None
    seconds: float
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    changes: tuple[ChangeLine, ...] = ()


@dataclass(frozen=True)
class NightReport:
    """A whole run. ``skipped``: sources with nothing new. ``not_set_up``: those whose database is not named here, and
    why. ``broken``: those whose adapter or mapping does not load. ``iceberg``: what kept tables from following the
    last release; the release stands all the same. ``undelivered``: reports and signals that could not be made or sent,
    which is not the night's failure. ``held``: those that a person holds back, and the hold in words. ``stale``:
    those that are overdue. ``left_alone``: what lies in the inbox and no run takes.
    """

    run_id: str
    releases: tuple[int, ...]
    exports: tuple[ExportReport, ...]
    skipped: tuple[str, ...]
    not_set_up: tuple[tuple[str, str], ...]
    broken: tuple[tuple[str, ErrorLine], ...]
    seconds: float
    iceberg: tuple[ErrorLine, ...] = ()
    undelivered: tuple[str, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    stale: tuple[StaleLine, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()

    @property
    def succeeded(self) -> bool:
        return not self.broken and all(export.outcome == "published" for export in self.exports)

    def as_json(self) -> str:
        return json.dumps(asdict(self) | {"succeeded": self.succeeded}, ensure_ascii=False, indent=2)


def write_unmapped(unmapped: Mapping[str, Iterable[UnmappedLine]], folder: Path) -> None:
    """``unmapped.json`` in ``folder``: by source every code that no crosswalk has, also the rare ones, for the person
    who decides what they mean. Nothing else shows it.
    """
    told = {source: [asdict(line) for line in lines] for source, lines in unmapped.items()}
    _write(folder / "unmapped.json", json.dumps(told, ensure_ascii=False))


def write_report(report: NightReport, folder: Path) -> Path:
    """``report.json`` in ``folder``."""
    return _write(folder / "report.json", report.as_json())


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(0o600)
    path.write_text(text + "\n", "utf-8")
    path.chmod(0o600)
    return path
