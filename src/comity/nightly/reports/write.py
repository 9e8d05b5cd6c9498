"""Writing the reports of a run beside each other.

Invariant: each file is put in place whole, for the user of the night alone; one that cannot be written keeps no other
from being written.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from comity.nightly.freshness import freshness
from comity.nightly.reports.conformance import conformance
from comity.nightly.reports.conformance_text import as_html, as_markdown
from comity.nightly.reports.history import history
from comity.nightly.reports.junit import junit
from comity.nightly.reports.page import night_page
from comity.nightly.reports.stored import read_checks
from comity.store.layout import make_folder
from comity.validation.page_style import write_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.nightly.report import NightReport
    from comity.nightly.reports.conformance import Conformance
    from comity.store.store import Store

PAGE, JUNIT, CONFORMANCE = "report.html", "junit.xml", "conformance"


def write_reports(
    store: Store, report: NightReport, attempt: Callable[[str, Callable[[], object]], None]
) -> None:
    """The page, JUnit, and a report to each country that delivered. ``attempt`` keeps a failure to itself."""
    folder = store.layout.runs / report.run_id
    attempt("report.html", lambda: write_private(folder / PAGE, page(store, report)))
    attempt("junit.xml", lambda: write_private(folder / JUNIT, junit(report, read_checks(folder))))
    for country in delivered(store, report):
        attempt(f"conformance of {country}", partial(write_conformance, store, report, country))


def page(store: Store, report: NightReport) -> str:
    """The page of the night."""
    fresh = freshness(store, datetime.now(UTC))
    return night_page(report, history(store, report.run_id), fresh)


def delivered(store: Store, report: NightReport) -> list[str]:
    """The countries that sent an export which this run took."""
    owners = _owners(store)
    return sorted({owners[export.source_id] for export in report.exports if export.source_id in owners})


def write_conformance(
    store: Store, report: NightReport, country: str, into: Path | None = None, *, values: bool = False
) -> tuple[Conformance, tuple[Path, ...]]:
    """Markdown, HTML and the rows as CSV, by default below the run: what was found, and the files."""
    folder = store.layout.runs / report.run_id
    into = into or folder / CONFORMANCE
    make_folder(into)
    files = tuple(into / f"{country}{ending}" for ending in (".md", ".html", ".rows.csv"))
    sources = {source for source, owner in _owners(store).items() if owner == country}
    found = conformance(store, folder, report, read_checks(folder), country, sources, files[2], values=values)
    write_private(files[0], as_markdown(found, files[2].name))
    write_private(files[1], as_html(found, files[2].name))
    return found, files


def _owners(store: Store) -> dict[str, str]:
    return {each.source_id: each.owner_country for each in freshness(store, datetime.now(UTC))}
