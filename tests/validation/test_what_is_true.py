"""What the hand-written rules say of the repository's own sources: no correct export is blocked, no finding is false.

The samples hold every quirk of their sources, in a dozen records each; the real exports lie beside the repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.nightly.sample import run_sample
from comity.validation import Suite, load_code_lists, suite_for, validate
from comity.validation.scope import name, text
from tests.validation.small import ROOT, standard

if TYPE_CHECKING:
    from pathlib import Path

    from comity.validation import SuiteResult

EXPORTS = ROOT.parent / "shared" / "exports"
# Each was looked up in its sample: the record says what the rule says that it says.
FOUND: dict[str, set[str]] = {
    "co-statistics": {"statistic.not-negative", "co.municipality", "co.count"},
    "de-berlin-bicycles": {"incident.begins-before-end", "incident.reported-after-beginning"},
    "es-cases": {
        "es.note-information-grade",
        "evidence.collected-by",
        "link.from-exists",
        "note.not-passed-on",
    },
    "fr-documents": {
        "document.issuer-is-owner",
        "document.mrz-holds",
        "document.mrz-lines",
        "document.no-specimen",
    },
    "int-red-notices": {"alert.red-needs-warrant", "warrant.issuer"},
    "jp-incidents": {"jp.date"},
    "tw-taipei-thefts": {"taipei.address-in-taipei", "taipei.character-lost", "taipei.time-slot"},
    "us-vehicles": {
        "vehicle.identified",
        "vehicle.vin-check-digit",
        "vehicle.vin-check-digit-elsewhere",
        "vehicle.vin-once",
        "vehicle.vin-readable",
    },
}
SOURCES = sorted(path.parent.name for path in ROOT.glob("adapters/*/golden"))


def judge(files: dict[str, list[str]], source: str, read: str, *, written: bool) -> list[SuiteResult]:
    """The records of every type in ``files`` by the source's suites, or by what a person wrote of them."""
    connection = duckdb.connect()
    lists = load_code_lists(connection, standard())
    for record_type, paths in files.items():
        columns = [column for column in standard().record_type(record_type).columns if not column.retired]
        typed = ", ".join(f"{text(c.name)}: {text(c.duckdb_type)}" for c in columns)
        listed = ", ".join(map(text, paths))
        connection.execute(
            f"CREATE TABLE {name(record_type)} AS FROM {read.format(files=f'[{listed}]', columns=f'{{{typed}}}')}"
        )
    results = []
    for record_type in files:
        suite = suite_for(standard(), ROOT / "validation", record_type, source)
        rules = tuple(rule for rule in suite.rules if rule.file is not None or not written)
        results.append(
            validate(
                connection,
                name(record_type),
                Suite(record_type, source, rules),
                related={each: name(each) for each in files},
                code_lists=lists,
            )
        )
    return results


@pytest.mark.parametrize("source", SOURCES)
def test_a_sample_breaks_the_rules_that_its_quirks_break_and_is_not_blocked(source: str) -> None:
    folder = ROOT / "adapters" / source / "golden"
    files = {
        path.stem: [str(path)] for path in folder.glob("*.ndjson") if path.stem in standard().record_types
    }

    results = judge(files, source, "read_ndjson({files}, columns = {columns})", written=True)

    assert not any(result.blocks or result.count("error") for result in results)
    failed = {check.rule_id for result in results for check in result.checks if check.outcome == "fail"}
    assert failed == FOUND.get(source, set()), (
        "if the sample has changed, look each new finding up: is it true?"
    )


@pytest.mark.slow
@pytest.mark.skipif(
    not EXPORTS.is_dir(), reason="the published exports are not beside the repository, in shared/exports"
)
@pytest.mark.parametrize(
    ("source", "counted"),
    [
        # Four thefts that end, three that begin, after the day on which they were reported; typed so by the police.
        ("de-berlin-bicycles", {"incident.reported-after-end": 4, "incident.reported-after-beginning": 3}),
        ("ee-police-offences", {}),
        ("nz-police-vehicles", {}),
        ("se-police-events", {}),
        ("tw-taipei-thefts", {"taipei.character-lost": 8}),
    ],
)
def test_a_real_export_passes_all_of_its_suites(source: str, counted: dict[str, int], tmp_path: Path) -> None:
    for run in run_sample(ROOT, source, tmp_path, EXPORTS / source):
        files: dict[str, list[str]] = {}
        for file in run.finished.files:
            files.setdefault(file.record_type, []).append(str(file.path))

        results = judge(files, source, "read_parquet({files}, union_by_name = true)", written=False)

        checks = [check for result in results for check in result.checks]
        assert not any(result.blocks or result.count("error") for result in results)
        assert {check.rule_id: check.violated for check in checks if check.outcome == "fail"} == counted
