"""The page of a night: whole without a network, readable without eyes, and harmless whatever a name holds."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import html

from comity.nightly.freshness import freshness_of
from comity.nightly.report import AccountLine, ErrorLine, ExportReport, NightReport, UnmappedLine
from comity.nightly.reports.chart import bars, number, sparkline
from comity.nightly.reports.history import History
from comity.nightly.reports.page import night_page

if TYPE_CHECKING:
    from tests.nightly.told import Told

HOSTILE = "</title></style><script>alert('x')</script><img src=x onerror=y> & \"quoted\""
NOW = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
ERROR = ErrorLine("read.x", HOSTILE, HOSTILE, "a value that was found", HOSTILE)
FAILED = ExportReport(HOSTILE, "e1", (HOSTILE,), "failed", None, (), (), (), (), (), ERROR, 1.0)
PUBLISHED = replace(
    FAILED,
    outcome="published",
    release=7,
    error=None,
    accounts=(AccountLine(HOSTILE, 1200, 1000, 150, 50, 2000),),
    marks=(HOSTILE,),
    unmapped=(
        UnmappedLine("person", "sex", "sex", "MANY" + HOSTILE, 5, 3),
        UnmappedLine("person", "sex", "sex", "A Rare Name", 4, 9),
        UnmappedLine("person", "sex", "sex", "", 7, 2, codes=3),
    ),
)
REPORT = NightReport(
    "20260331T040000Z-abcd", (7,), (PUBLISHED, FAILED), (HOSTILE,), ((HOSTILE, HOSTILE),), ((HOSTILE, ERROR),), 3.0,
    undelivered=(HOSTILE,),
)  # fmt: skip
HISTORY = History(
    (NOW - timedelta(days=2), NOW - timedelta(days=1), NOW),
    {"XX": (100.0, None, 1200.0), HOSTILE: (1.0, 1.0, 1.0)},
    {"XX": (0.0, None, 12.5)},
    {"XX": (100.0, None, 98.0)},
    {"XX": (0.0, 1.0, 0.0), "YY": (None, None, 40.0)},
)


def test_names_that_hold_markup_are_text() -> None:
    page = night_page(REPORT, HISTORY, (freshness_of(HOSTILE, "XX", "daily", NOW - timedelta(days=9), NOW),))
    tree = html.document_fromstring(page)

    assert tree.xpath("//script | //img | //link | //iframe | //@onerror | //@style | //@src") == []
    assert page.count("alert('x')") + page.count("alert(&#x27;x&#x27;)") >= 8
    assert "<script" not in page
    assert "a value that was found" not in page


def test_a_code_in_few_rows_is_not_shown() -> None:
    page = night_page(REPORT, HISTORY, ())

    assert "A Rare Name" not in page and "MANY" in page
    assert "(1 rare)" in page and "(3 rare)" in page


def test_it_may_load_nothing_and_use_one_style_by_its_hash(told: Told) -> None:
    pages = [told.folder / "report.html", told.folder / "quality" / "quality.html"]
    for page in [*pages, *(told.folder / "conformance").glob("*.html")]:
        text = page.read_text("utf-8")
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = html.document_fromstring(text).xpath("string(//meta[@http-equiv]/@content)")

        assert (
            policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        )
        assert not re.search(r"(?i)https?://|url\(|@import|javascript:", text)


def test_every_link_leads_to_something_beside_it(told: Told) -> None:
    for page in told.folder.rglob("*.html"):
        tree = html.document_fromstring(page.read_text("utf-8"))
        ids = set(tree.xpath("//@id"))
        for link in tree.xpath("//a/@href"):
            assert link[1:] in ids if link.startswith("#") else (page.parent / link).is_file()


def test_it_can_be_read_without_eyes(told: Told) -> None:
    tree = html.document_fromstring((told.folder / "report.html").read_text("utf-8"))

    assert tree.get("lang") == "en" and tree.xpath("count(//main)") == 1 and tree.xpath("count(//h1)") == 1
    for picture in tree.xpath("//svg[not(@aria-hidden)]"):
        assert picture.get("role") == "img"
        assert picture.get("aria-label") or picture.xpath("string(title)")
    assert tree.xpath("//th[not(@scope)]") == []


def test_it_says_what_became_of_every_source(told: Told) -> None:
    tree = html.document_fromstring((told.folder / "report.html").read_text("utf-8"))

    heads = {head.text_content() for head in tree.xpath("//h3")}
    assert "small: failed, nothing of it is published" in heads
    assert "torn: not run, its adapter or mapping does not load" in heads
    rows = [[cell.text_content() for cell in row] for row in tree.xpath("//tbody/tr")]
    assert ["cars", "vehicle", "5", "4", "1", "0", "4", "release 1"] in rows
    charts = tree.xpath("//svg/title/text()")
    assert "NZ, rows read: last 8, lowest 8, highest 8, in 1 of 1 nights" in charts
    assert "NZ, rejected: last 12.5 %, lowest 12.5 %, highest 12.5 %, in 1 of 1 nights" in charts


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.0, None, 4.0), "x: last 4, lowest 0, highest 4, in 2 of 3 nights"),
        ((7.5,), "x: last 7.5, lowest 7.5, highest 7.5, in 1 of 1 nights"),
        ((0.0, 0.0), "x: last 0, lowest 0, highest 0, in 2 of 2 nights"),
    ],
)
def test_a_line_says_in_words_what_it_shows(values: tuple[float | None, ...], said: str) -> None:
    drawn = html.fragment_fromstring(sparkline("x", values))

    assert drawn.xpath("string(title)") == said
    points = [
        tuple(map(float, point.split(","))) for point in drawn.xpath("string(polyline/@points)").split()
    ]
    assert len(points) == sum(value is not None for value in values)
    assert all(0 <= x <= 170 and 0 <= y <= 40 for x, y in points)


def test_a_chart_of_nothing_is_no_chart() -> None:
    assert "no value yet" in sparkline("x", (None, None))
    assert bars("x", [("a", [("accepted", 0)])]) == ""


def test_the_smallest_part_of_a_bar_can_be_seen() -> None:
    drawn = html.fragment_fromstring(bars("x", [("a", [("accepted", 10**9), ("rejected", 1)])]))

    assert [float(width) for width in drawn.xpath("//rect/@width")] == [450.0, 1.0]
    assert drawn.xpath("string(//title)") == "a: 1,000,000,000 accepted, 1 rejected"


def test_numbers_have_no_more_digits_than_matter() -> None:
    assert [number(each) for each in (None, 0.0, 12.0, 0.123, 3.14159, 1234.5)] == [
        "–", "0", "12", "0.12", "3.1", "1,234",
    ]  # fmt: skip
