"""JUnit, the reports to owners, the history that charts are drawn from, and ``comity report``."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from comity.errors import QueryError
from comity.nightly.reports.history import history
from comity.nightly.reports.stored import read_report, run_folder
from comity.store.store import Store
from tests.nightly.told import PERSON

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nightly.told import Told


def test_junit_has_a_suite_a_source_and_counts_that_agree(told: Told) -> None:
    root = ET.parse(told.folder / "junit.xml").getroot()
    suites = {suite.get("name"): suite for suite in root}

    assert set(suites) == {"cars", "small", "register", "torn"}
    assert root.get("errors") == "3" and root.get("failures") == "0"
    for each in (root, *root):
        assert each.get("tests") == str(len(each.findall(".//testcase")))
        assert each.get("skipped") == str(len(each.findall(".//testcase/skipped")))
    (error,) = suites["small"].findall(".//error")
    assert error.get("type") == "read.unusual-volume"
    checks = {case.get("name") for case in suites["cars"] if case.get("classname") == "cars.vehicle"}
    assert checks == {rule for (rule,) in told.federation.ask("SELECT rule_id FROM quality")}


def test_an_owner_hears_which_rows_were_rejected_and_why_but_no_value(told: Told) -> None:
    folder = told.folder / "conformance"

    assert sorted(path.name for path in folder.iterdir()) == ["NZ.html", "NZ.md", "NZ.rows.csv"]
    text = (folder / "NZ.md").read_text("utf-8")
    assert "| cars | cars.csv | published | 5 | 4 | 1 | 0 |" in text
    assert "| cars | vehicle | read.column-count |" in text
    assert "| small |" in text and "read.unusual-volume" in text
    with (folder / "NZ.rows.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["source"], row["file"], row["row"], row["what"], row["rule"]) for row in rows] == [
        ("cars", "cars.csv", "5", "rejected", "read.column-count")
    ]
    assert set(rows[0]) == {
        "source",
        "file",
        "row",
        "line",
        "record_type",
        "what",
        "rule",
        "column",
        "explanation",
    }


def test_asked_for_values_it_gives_them_in_a_place_of_their_own(told: Told, tmp_path: Path) -> None:
    code, said = told.federation.call("report", "--conformance", "NZ", "--values", "--output", str(tmp_path))

    assert code == 0 and "send them only to their owner" in said
    with (tmp_path / "NZ.rows.csv").open(encoding="utf-8") as file:
        assert [row["raw"] for row in csv.DictReader(file)] == [f"{PERSON},too,short"]
    assert PERSON not in (tmp_path / "NZ.md").read_text("utf-8") + said
    assert (tmp_path / "NZ.rows.csv").stat().st_mode & 0o077 == 0


def test_a_value_that_a_spreadsheet_would_run_is_text(tmp_path: Path) -> None:
    import duckdb

    from comity.nightly.reports.conformance import _broken, _rejected, _write_rows

    with duckdb.connect() as reader:
        raw = "=HYPERLINK(''x'')"
        reader.execute(
            f"""COPY (SELECT 's' AS source_id, 'e' AS export_id, 'person' AS record_type, 'f.csv' AS file,
                1 AS source_row, 1 AS line, true AS row_rejected, '{raw}' AS raw,
                [{{'code': 'c', 'column': 'x', 'found': '@SUM(1)', 'message': 'm'}}] AS reasons)
            TO '{tmp_path}/r.parquet' (FORMAT parquet)"""
        )
        _rejected(reader, [f"{tmp_path}/r.parquet"])
        _broken(reader, tmp_path, {"s"})
        _write_rows(reader, tmp_path / "rows.csv", True)

    with (tmp_path / "rows.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["found"], row["raw"]) == ("'@SUM(1)", "'=HYPERLINK('x')")


@pytest.mark.parametrize(("form", "begins"), [("json", "{"), ("html", "<!doctype html>"), ("junit", "<?xml")])
def test_a_report_is_given_again_in_any_form(told: Told, tmp_path: Path, form: str, begins: str) -> None:
    path = tmp_path / "report"

    assert (
        told.federation.call("report", told.night.report["run_id"], "--format", form, "--output", str(path))[
            0
        ]
        == 0
    )
    printed = told.federation.call("report", "--format", form)[1]

    assert path.read_text("utf-8").startswith(begins) and printed.startswith(begins)
    assert path.stat().st_mode & 0o077 == 0


def test_without_a_form_it_is_the_summary_that_the_run_printed(told: Told) -> None:
    code, said = told.federation.call("report")

    assert code == 0
    assert said in told.night.said


@pytest.mark.parametrize(
    ("arguments", "code", "told_of"),
    [
        (("20990101T000000Z-ffff",), 2, "query.no-report"),
        (("--conformance", "ZZ"), 2, "query.no-results"),
        (("--values",), 2, "--values goes with --conformance"),
        (("--output", "x"), 2, "--output goes with --format"),
        (("--format", "json", "--output", "/nowhere/at/all"), 1, "store."),
    ],
)
def test_a_wrong_call_says_what_to_do(
    told: Told, arguments: tuple[str, ...], code: int, told_of: str
) -> None:
    ended, said = told.federation.call("report", *arguments)

    assert ended == code and told_of in said


def test_after_a_night_without_an_export_of_a_country_the_last_one_with_it_is_named(told: Told) -> None:
    runs = told.federation.data / "runs"
    idle = runs / "20990101T000000Z-ffff"
    idle.mkdir()
    report = json.loads((told.folder / "report.json").read_text("utf-8"))
    (idle / "report.json").write_text(json.dumps(report | {"run_id": idle.name, "exports": []}), "utf-8")
    try:
        code, said = told.federation.call("report", idle.name, "--conformance", "NZ")
    finally:
        shutil.rmtree(idle)

    assert code == 2 and f"comity report {told.night.report['run_id']} --conformance NZ" in said


def test_a_report_that_was_cut_off_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"run_id": "x"', "utf-8")

    with pytest.raises(QueryError) as caught:
        read_report(tmp_path)

    assert caught.value.code == "query.no-report" and str(tmp_path) in str(caught.value.file)


def test_what_was_written_is_what_is_read(told: Told) -> None:
    store = Store.open(told.federation.data, writable=False)
    report = read_report(run_folder(store.layout, None))

    assert report.as_json() + "\n" == (told.folder / "report.json").read_text("utf-8")


def test_the_history_is_by_country_and_a_night_without_an_export_is_a_gap(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    begin = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    _three_nights(store, begin)

    found = history(store, "20260303T020000Z-0000")

    assert found.nights == tuple(begin + timedelta(days=day) for day in range(3))
    assert found.rows == {"AA": (100.0, None, 300.0), "BB": (50.0, 60.0, None)}
    assert found.rejects == {"AA": (10.0, None, 0.0), "BB": (0.0, 50.0, None)}
    # BB has two sources, one of which was never published: the age is that of the other; AA waits two days.
    assert found.age == {"AA": (0.0, 1.0, 2.0), "BB": (0.0, 0.0, 1.0)}
    assert history(store, "20260302T020000Z-0000").rows == {"AA": (100.0, None), "BB": (50.0, 60.0)}
    assert history(store, "20260303T020000Z-0000", nights=1).rows == {"AA": (300.0,)}


def _three_nights(store: Store, begin: datetime) -> None:
    """Night 1: both publish. Night 2: ``b`` publishes. Night 3: ``a`` comes and is blocked."""
    from comity.store import tables as t

    runs = [f"2026030{day + 1}T020000Z-0000" for day in range(3)]
    with store.ledger.writing() as ledger:
        for source, country in (("a", "AA"), ("b", "BB"), ("b-new", "BB")):
            ledger.execute(
                t.sources.insert().values(
                    source_id=source, owner_country=country, due="daily", recorded_at=begin
                )
            )
        for day, run in enumerate(runs):
            at = begin + timedelta(days=day)
            ledger.execute(t.runs.insert().values(run_id=run, started_at=at, status="succeeded"))
            if day < 2:
                ledger.execute(
                    t.releases.insert().values(release=day + 1, published_at=at, run_id=run, records=1)
                )
        for run, source, outcome, read, rejected in (
            (runs[0], "a", "published", 100, 10),
            (runs[0], "b", "published", 50, 0),
            (runs[1], "b", "published", 60, 30),
            (runs[2], "a", "blocked", 300, 0),
        ):
            key = {"run_id": run, "source_id": source, "export_id": f"{run}{source}"}
            ledger.execute(t.exports.insert().values(**key, kind="full", outcome=outcome))
            ledger.execute(
                t.accounts.insert().values(
                    **key, record_type="person", rows_read=read, rows_accepted=read - rejected,
                    rows_rejected=rejected, rows_not_selected=0, records=read - rejected,
                )
            )  # fmt: skip
