"""What a check found, and what was accepted with a reason.

Invariant: a finding has a code that never changes its meaning, a subject by which it can be accepted, a place and a
remedy; what was accepted and is not found any more is itself a finding, so that reasons do not outlive their cause.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from comity.config.yaml_file import place_of, read_yaml, validate_model

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from comity.config.yaml_file import Location
    from comity.errors import ComityError

Severity = Literal["error", "warning", "info"]
ORDER: tuple[Severity, ...] = ("error", "warning", "info")
FILE = "check.yaml"


@dataclass(frozen=True)
class Finding:
    """``subject``: what it is about, as ``check.yaml`` names it. ``accepted``: why it may stay."""

    severity: Severity
    code: str
    subject: str
    message: str
    remedy: str
    file: Path
    line: int | None = None
    column: int | None = None
    accepted: str | None = None

    def place(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class _Accepted(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    finding: str
    """The code of the finding."""
    of: str
    """Its subject; ``*`` stands for anything."""
    why: str = Field(min_length=10)
    """Why it may stay."""


class AcceptanceFile(BaseModel):
    """``adapters/<source>/check.yaml``: findings that may stay, each with the reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    accepted: tuple[_Accepted, ...] = ()
    """Findings that may stay."""


def of_error(error: ComityError, file: Path) -> Finding:
    """A source that does not load."""
    from pathlib import Path

    return Finding(
        "error", error.code, error.message, error.message + (f": {error.found}" if error.found else ""),
        error.remedy or "correct it", Path(error.file) if error.file else file, error.line, error.column,
    )  # fmt: skip


def placed(places: dict[Location, tuple[int, int]], location: Location) -> tuple[int | None, int | None]:
    """Line and column of a key, as a Finding takes them."""
    return place_of(places, location)


def accept(findings: Iterable[Finding], path: Path) -> tuple[Finding, ...]:
    """The findings, those that ``path`` accepts with their reason; and what it accepts in vain. The worst first."""
    told = list(findings)
    if path.exists():
        content, places = read_yaml(path)
        file = validate_model(content if content is not None else {}, AcceptanceFile, path, places)
        for index, each in enumerate(file.accepted):
            met = [
                place
                for place, finding in enumerate(told)
                if finding.code == each.finding and fnmatch.fnmatchcase(finding.subject, each.of)
            ]
            for place in met:
                told[place] = replace(told[place], accepted=each.why)
            if not met:
                told.append(
                    Finding(
                        "warning",
                        "check.accepted-in-vain",
                        f"{each.finding} {each.of}",
                        f"'{each.finding}' of '{each.of}' is accepted, and is not found",
                        "remove it, or write the subject as the finding has it",
                        path,
                        *placed(places, ("accepted", index)),
                    )
                )
    return tuple(
        sorted(
            told, key=lambda f: (f.accepted is not None, ORDER.index(f.severity), str(f.file), f.line or 0)
        )
    )
