"""What is wrong after a night, in the few lines that a webhook and an e-mail carry.

Invariant: it names sources, countries, codes, places and counts, and no value of a record: neither what an error found
nor a code that no crosswalk has.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from comity.errors import ComityError, printable
from comity.nightly.freshness import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.nightly.freshness import Freshness
    from comity.nightly.report import ErrorLine, NightReport
    from comity.nightly.signals.hide import Hide

SHOWN = 20
"""Lines of each kind at most: a message is read on a telephone."""


@dataclass(frozen=True)
class Fault:
    """One source that is not published. ``what``: failed, blocked, broken."""

    source: str
    country: str | None
    what: str
    code: str | None
    message: str
    place: str | None


@dataclass(frozen=True)
class Late:
    """One source whose export is overdue, by so many seconds."""

    source: str
    country: str
    due: str
    overdue_seconds: int
    overdue: str


@dataclass(frozen=True)
class Trouble:
    """``published``: how many exports were. ``ended``: the error that ended the whole night, if one did."""

    run: str
    host: str
    published: int
    releases: tuple[int, ...]
    faults: tuple[Fault, ...]
    late: tuple[Late, ...]
    ended: str | None = None

    def __bool__(self) -> bool:
        return bool(self.faults or self.late or self.ended)

    @property
    def title(self) -> str:
        if self.ended:
            return f"Comity: the night {self.run} ended early"
        told = [f"{len(self.faults)} not published"] if self.faults else []
        told += [f"{len(self.late)} overdue"] if self.late else []
        return f"Comity: {', '.join(told) or 'all is well'} ({self.run})"

    def text(self) -> str:
        """Plain text, a line a source."""
        lines = [self.title, ""]
        if self.ended:
            lines += [self.ended, ""]
        for fault in self.faults[:SHOWN]:
            code = f" [{fault.code}]" if fault.code else ""
            lines.append(f"{fault.source} ({fault.country or '?'}): {fault.what}: {fault.message}{code}")
            if fault.place:
                lines.append(f"  at {fault.place}")
        lines += _rest(len(self.faults))
        lines += [
            f"{late.source} ({late.country}): {late.due}, overdue by {late.overdue}"
            for late in self.late[:SHOWN]
        ]
        lines += _rest(len(self.late))
        released = ", ".join(map(str, self.releases)) or "none"
        lines += ["", f"Published: {self.published} exports. Releases: {released}. Machine: {self.host}."]
        lines.append(f"The whole of it: comity report {self.run}")
        return "\n".join(printable(line) for line in lines) + "\n"

    def as_json(self) -> dict[str, object]:
        """For a webhook; ``text`` is what chat servers show."""
        return {"text": self.text(), "title": self.title} | asdict(self)


def _rest(count: int) -> list[str]:
    return [f"… and {count - SHOWN} more"] if count > SHOWN else []


def trouble_of(
    report: NightReport, freshness: Sequence[Freshness], countries: dict[str, str], host: str, hide: Hide
) -> Trouble:
    """What is wrong after ``report``."""
    faults = []
    for export in report.exports:
        country = countries.get(export.source_id)
        if export.error is not None:
            faults.append(_fault(export.source_id, country, export.outcome, export.error, hide))
        elif export.outcome != "published":
            faults += [
                Fault(export.source_id, country, export.outcome, None, hide(b), None) for b in export.blocks
            ]
    faults += [_fault(name, countries.get(name), "broken", error, hide) for name, error in report.broken]
    late = tuple(
        Late(f.source_id, f.owner_country, f.due, int(f.overdue.total_seconds()), duration(f.overdue))
        for f in freshness
        if f.stale
    )
    published = sum(export.outcome == "published" for export in report.exports)
    return Trouble(report.run_id, host, published, report.releases, tuple(faults), late)


def ended_early(run_id: str, error: BaseException, host: str, hide: Hide) -> Trouble:
    """The night itself could not go on."""
    if isinstance(error, ComityError):
        told = f"{error.message} [{error.code}]" + (f" at {error.place()}" if error.place() else "")
    elif isinstance(error, KeyboardInterrupt):
        told = "It was interrupted."
    else:
        told = f"A fault of Comity: {type(error).__name__}"
    return Trouble(run_id, host, 0, (), (), (), hide(told))


def _fault(source: str, country: str | None, what: str, error: ErrorLine, hide: Hide) -> Fault:
    place = hide(error.place) if error.place else None
    return Fault(source, country, what, error.code, hide(error.message), place)
