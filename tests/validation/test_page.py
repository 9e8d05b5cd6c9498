"""The results of a night as JSON and as one page that needs nothing from outside and runs nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from comity.validation import CheckResult, SuiteResult, write_results

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = """<script>alert(1)</script><img src=x onerror="y">&'"""
CHECKS = (
    CheckResult(
        "a.rule", "expect_rows_to_satisfy", None, "critical", "fail", 3, 1200, None, "It must be.", 1.0, 0
    ),
    CheckResult(
        "b.rule", "expect_rows_to_satisfy", "sex", "warning", "pass", 0, 1200, None, "It should be.", 1.0, 0
    ),
    CheckResult(
        "c.rule", "expect_column_max_to_be_between", "n", "info", "not_applicable", observed="no values"
    ),
    CheckResult("d.rule", "expect_rows_to_satisfy", None, "warning", "error", observed="DuckDB cannot"),
)


class Reader(HTMLParser):
    """What a browser would see: tags, what they refer to, and that all are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.refers_to: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.refers_to += [value or "" for name, value in attrs if name in ("href", "src", "action", "data")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def written(
    folder: Path, *results: tuple[str, str, str, SuiteResult]
) -> tuple[dict[str, object], str, Reader]:
    data, page = write_results("run-1", results, folder)
    reader = Reader()
    reader.feed(page.read_text("utf-8"))
    return json.loads(data.read_text("utf-8")), page.read_text("utf-8"), reader


def test_the_json_has_every_check_with_its_counts(tmp_path: Path) -> None:
    data, _, _ = written(tmp_path, ("aa-wanted", "e1", "person", SuiteResult("person", CHECKS)))

    (result,) = data["results"]
    assert data["run_id"] == "run-1"
    assert (result["source_id"], result["verdict"], result["fail"], result["error"]) == (
        "aa-wanted",
        "blocked",
        1,
        1,
    )
    assert result["checks"][0] == {
        "rule_id": "a.rule",
        "type": "expect_rows_to_satisfy",
        "column": None,
        "severity": "critical",
        "outcome": "fail",
        "violated": 3,
        "denominator": 1200,
        "observed": None,
        "description": "It must be.",
        "threshold": 1.0,
        "tolerated": 0,
        "percent": 0.25,
    }


def test_the_page_tells_what_failed_before_what_passed(tmp_path: Path) -> None:
    _, page, _ = written(tmp_path, ("aa-wanted", "e1", "person", SuiteResult("person", CHECKS)))

    places = [page.index(f"<code>{each}.rule</code>") for each in "adbc"]
    assert places == sorted(places)
    assert "1,200" in page and "could not be computed" in page and "not applicable" in page


def test_sources_that_are_blocked_come_first(tmp_path: Path) -> None:
    clean = SuiteResult("person", CHECKS[1:2])
    marked = SuiteResult("person", (CheckResult("m", "t", None, "warning", "fail", 1, 2),))

    _, page, _ = written(
        tmp_path,
        ("aa-clean", "e1", "person", clean),
        ("bb-marked", "e2", "person", marked),
        ("cc-blocked", "e3", "person", SuiteResult("person", CHECKS)),
    )

    found = re.findall(r'href="#([^".]+)\.person"', page)
    assert found == ["cc-blocked", "bb-marked", "aa-clean"]
    assert "3 suites: 1 blocked, 1 published with a mark,\n1 clean." in page


def test_nothing_that_a_source_says_reaches_the_page_unescaped(tmp_path: Path) -> None:
    check = CheckResult(HOSTILE, HOSTILE, HOSTILE, HOSTILE, "fail", 1, 2, HOSTILE, HOSTILE)

    _, page, reader = written(tmp_path, (HOSTILE, HOSTILE, HOSTILE, SuiteResult(HOSTILE, (check,))))

    assert "<script" not in page and "<img" not in page
    assert not {"script", "img", "iframe", "object", "link"} & set(reader.tags)
    assert reader.handlers == [] and reader.open == []


def test_the_page_refers_to_nothing_but_itself(tmp_path: Path) -> None:
    _, page, reader = written(tmp_path, ("aa-wanted", "e1", "person", SuiteResult("person", CHECKS)))

    assert reader.refers_to and all(each.startswith("#") for each in reader.refers_to)
    assert "http://" not in page and "https://" not in page and "@import" not in page and "url(" not in page
    assert "default-src 'none'" in page


def test_whoever_reads_the_files_is_the_owner_and_sees_whole_ones(tmp_path: Path) -> None:
    data, page = write_results("run-1", [], tmp_path / "quality")

    assert [path.stat().st_mode & 0o777 for path in (data, page)] == [0o600, 0o600]
    assert sorted(path.name for path in (tmp_path / "quality").iterdir()) == ["quality.html", "quality.json"]
