"""The site in a browser, from a disk: the search works and nothing is refused."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from lxml import html

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"),
]


def opened(address: str, folder: Path, *more: str) -> tuple[str, str]:
    """What the browser made of a page, and what it logged."""
    quiet = ("background-networking", "component-update", "sync")
    ended = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            *(f"--disable-{each}" for each in quiet), f"--user-data-dir={folder}", "--enable-logging=stderr",
            *more, "--dump-dom", address,
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return ended.stdout, "\n".join(line for line in ended.stderr.splitlines() if "CONSOLE" in line)


def test_the_search_finds_columns_fields_and_codes_from_a_file(site: Path, tmp_path: Path) -> None:
    page, logged = opened(f"{(site / 'index.html').as_uri()}#q=Plate", tmp_path)
    tree = html.document_fromstring(page)
    found = [
        (each.xpath("string(a)"), each.xpath("string(small)")) for each in tree.xpath("//ul[@id='found']/li")
    ]

    assert logged == ""
    assert found[0] == ("vehicle.plate", "column")
    assert ("plate", "source field") in found[:2]
    assert tree.xpath("string(//p[@id='count'])") == f"{len(found)} found"
    assert tree.xpath("//ul[@id='found']/li/a/@href")[0] == "columns/vehicle.plate.html"
    assert not tree.xpath("//div[@id='search']/@hidden")


def test_a_search_with_accents_and_several_words(site: Path, tmp_path: Path) -> None:
    page, _ = opened(f"{(site / 'index.html').as_uri()}#q=bírth+date", tmp_path)

    assert "person.birth_date" in html.document_fromstring(page).xpath("//ul[@id='found']/li/a/text()")


def test_a_page_without_a_script_shows_its_shades(site: Path, tmp_path: Path) -> None:
    page, logged = opened((site / "records" / "vehicle.html").as_uri(), tmp_path, "--force-dark-mode")

    assert logged == ""
    assert 'class="share f10"' in page
