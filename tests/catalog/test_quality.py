"""Quality over time: what is read of the results, and how the pages show it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest
from lxml import html

from comity.catalog.quality import Quality, read_quality
from comity.catalog.quality_page import quality_page
from comity.catalog.source_page import source_page
from comity.catalog.text import catalog_text
from comity.nightly.reports.history import History

if TYPE_CHECKING:
    from comity.catalog.catalog import Catalog

SOURCE = "us-vehicles"
RESULTS = """
  (VALUES ('r1', 'plate.form', 'plate', 'warning', 'fail', 4, 10, 40.0),
          ('r1', 'plate.some', 'plate', 'critical', 'pass', 0, 10, 0.0),
          ('r2', 'plate.form', 'plate', 'warning', 'pass', 1, 10, 10.0),
          ('r2', 'plate.some', 'plate', 'critical', 'fail', 9, 10, 90.0),
          ('r2', 'rows.many', NULL, 'info', 'not_applicable', NULL, NULL, NULL))
  AS results(run_id, rule_id, column_name, severity, outcome, violated, denominator, percent)
"""


@pytest.fixture(scope="module")
def quality() -> Quality:
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE quality AS SELECT '{SOURCE}' AS source_id, 'e' AS export_id, 'vehicle' AS record_type, * "
            f"FROM {RESULTS}"
        )
        return read_quality(connection)


@pytest.fixture(scope="module")
def judged(catalog: Catalog, quality: Quality) -> Catalog:
    now = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
    nights = (now - timedelta(days=1), now)
    line = {"US": (100.0, 90.0), "NZ": (None, 3.0)}
    return replace(catalog, quality=quality, history=History(nights, line, line, line, line))


def test_the_last_outcome_of_every_rule_the_worst_first_and_how_often_it_failed(quality: Quality) -> None:
    assert quality.runs == ("r1", "r2")
    assert quality.held == {SOURCE: (50.0, 50.0)} and quality.last(SOURCE) == 50.0
    assert quality.last("another") is None
    assert [
        (check.rule_id, check.outcome, check.failed_runs, check.runs) for check in quality.checks[SOURCE]
    ] == [
        ("plate.some", "fail", 1, 2),
        ("plate.form", "pass", 1, 2),
        ("rows.many", "not_applicable", 0, 1),
    ]


def test_only_the_last_runs_are_looked_at() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE quality AS SELECT 'a' AS source_id, 'vehicle' AS record_type, * FROM {RESULTS}"
        )

        assert read_quality(connection, runs=1).runs == ("r2",)


def test_the_page_of_quality_draws_every_country_and_source(judged: Catalog) -> None:
    tree = html.document_fromstring(quality_page(judged, "made now"))
    lines = tree.xpath("//svg/title/text()")

    assert "US, Rows read: last 90, lowest 90, highest 100, in 2 of 2 nights" in lines
    assert any(line.startswith(f"{SOURCE}: last 50 %") for line in lines)
    (row,) = tree.xpath(f"//tr[.//a[text()='{SOURCE}']]")
    assert [cell.text_content() for cell in row.xpath("td")][2:] == ["50", "3", "1", "1"]


def test_the_page_of_a_source_shows_the_rules_that_failed_and_folds_the_others(judged: Catalog) -> None:
    source = judged.source(SOURCE)
    assert source is not None
    tree = html.document_fromstring(source_page(judged, source, "made now"))

    shown = tree.xpath("//h2[text()='Quality']/following-sibling::div[1]//tbody/tr/th/code/text()")
    assert shown == ["plate.some", "plate.form"]
    assert tree.xpath("//details//tbody/tr/th/code/text()") == ["rows.many"]
    assert tree.xpath("//td[@class='fail critical']/text()") == ["fail"]


def test_the_overview_in_the_terminal_says_how_many_checks_hold(judged: Catalog) -> None:
    (line,) = (line for line in catalog_text(judged, None).splitlines() if line.startswith(SOURCE))

    assert "50 %" in line
