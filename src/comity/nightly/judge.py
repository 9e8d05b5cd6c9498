"""Validating what a round has normalised, before any of it is published.

Invariant: every source and record type of the round has a verdict; an error of the engine is a fault of ours and
blocks as such, never as bad data. Great Expectations is imported once a run, when there is something to judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import ComityError
from comity.mappings.text_steps import sql_text
from comity.store.layout import make_folder
from comity.validation.broken import broken_folder
from comity.validation.gate import blocks, marks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from comity.mappings.normalise import Limits
    from comity.nightly.passage import Passage
    from comity.nightly.source import Federation
    from comity.store.store import Store
    from comity.validation.result import CheckResult, SuiteResult


class Judge:
    """One run's validation: it keeps the results of every round for the page and the view ``quality``, and beside them
    which records break which rule.
    """

    def __init__(self, federation: Federation, store: Store, limits: Limits, run_id: str) -> None:
        from comity.mappings.normalise import connect
        from comity.validation.run import load_code_lists

        self.federation, self.store = federation, store
        self.folder = store.layout.runs / run_id / "quality"
        self.connection: duckdb.DuckDBPyConnection = connect(limits)
        # A reference is looked up in all records of a type: here the larger side is not known beforehand.
        self.connection.execute("RESET disabled_optimizers")
        self.code_lists = load_code_lists(self.connection, federation.standard)
        self.results: list[tuple[str, str, str, SuiteResult]] = []

    def judge(self, passages: Sequence[Passage]) -> None:
        """Give every passage of a round its blocks and marks, or the error that kept it from being judged.

        What is blocked is not published, so nobody's reference leads to it: whoever may have counted on it is judged
        again without it, until nobody else is blocked.
        """
        judged, there = list(passages), list(passages)
        while judged:
            for passage in judged:
                passage.blocks, passage.marks = (), ()
                try:
                    self._judge(passage, there, passages)
                except ComityError as error:
                    passage.fail(error)
            lost = [passage for passage in there if passage.blocks or passage.error]
            there = [passage for passage in there if passage not in lost]
            types = {plan.record_type for passage in lost for plan in passage.source.plans}
            judged = [passage for passage in there if types and self._refers(passage, types)]
            again = {(passage.name, passage.provenance.export_id) for passage in judged}
            self.results = [result for result in self.results if result[:2] not in again]

    def _judge(self, passage: Passage, there: Sequence[Passage], round_: Sequence[Passage]) -> None:
        from comity.validation.broken import violations
        from comity.validation.run import validate
        from comity.validation.suite import suite_for

        standard, suites = self.federation.standard, self.federation.root / "validation"
        related = self._related(there, round_)
        for plan in passage.source.plans:
            suite = suite_for(standard, suites, plan.record_type, passage.name)
            self._view("staged", _paths(passage, plan.record_type), plan.record_type)
            before = [file.path for file in self.store.files(plan.record_type, passage.name)]
            if before:
                self._view("previous", before, plan.record_type)
            result = validate(
                self.connection,
                "staged",
                suite,
                related=related,
                previous="previous" if before else None,
                code_lists=self.code_lists,
            )
            export_id = passage.provenance.export_id
            self.results.append((passage.name, export_id, plan.record_type, result))
            broken = (
                broken_folder(self.folder) / f"{passage.name}.{plan.record_type}.{export_id[:12]}.parquet"
            )
            make_folder(broken.parent)
            violations(
                self.connection, "staged", suite, result, broken, related=related, code_lists=self.code_lists
            )
            told = [
                (check, f"{plan.record_type}: {check.rule_id}: {_counted(check)}") for check in _wrong(result)
            ]
            passage.blocks += tuple(text for check, text in told if blocks(check))
            passage.marks += tuple(text for check, text in told if marks(check) and not blocks(check))

    def write_results(self, run_id: str, staging: Path) -> None:
        """The run's results: a table for the view ``quality``, JSON, and one offline page."""
        import pyarrow.parquet as pq

        from comity.validation.page import write_results
        from comity.validation.result import quality_table

        make_folder(self.folder)
        write_results(run_id, self.results, self.folder)
        path = staging / "quality.parquet"
        pq.write_table(quality_table(run_id, self.results), path)
        self.store.record_quality(run_id, path)

    def _refers(self, passage: Passage, record_types: set[str]) -> bool:
        """Whether a rule over the passage's records looks for records of those types."""
        from comity.validation.suite import suite_for

        suites = self.federation.root / "validation"
        return any(
            "record_type_column" in rule.kwargs or rule.kwargs.get("record_type") in record_types
            for plan in passage.source.plans
            for rule in suite_for(self.federation.standard, suites, plan.record_type, passage.name).rules
        )

    def _related(self, there: Sequence[Passage], round_: Sequence[Passage]) -> dict[str, str]:
        """For every record type a view of what the federation would hold: the records of this round that are still
        ``there``, and the last release's of every other source.
        """
        fresh = {passage.name for passage in there}
        paths: dict[str, list[Path]] = {
            plan.record_type: [] for passage in round_ for plan in passage.source.plans
        }
        for passage in there:
            for file in passage.finished.files if passage.finished else ():
                paths.setdefault(file.record_type, []).append(file.path)
        for stored in self.store.files():
            if stored.source_id not in fresh:
                paths.setdefault(stored.record_type, []).append(stored.path)
        for record_type, files in paths.items():
            self._view(f"related_{record_type}", files, record_type)
        return {record_type: f"related_{record_type}" for record_type in paths}

    def _view(self, name: str, files: Sequence[Path], record_type: str) -> None:
        if files:
            listed = ", ".join(sql_text(str(file)) for file in files)
            select = (
                f"SELECT * FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
            )
        else:
            columns = self.federation.standard.record_types[record_type].columns
            nulls = ", ".join(
                f'CAST(NULL AS {c.duckdb_type}) AS "{c.name}"' for c in columns if not c.retired
            )
            select = f"SELECT {nulls} WHERE false"
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}")


def _paths(passage: Passage, record_type: str) -> list[Path]:
    files = passage.finished.files if passage.finished else ()
    return [file.path for file in files if file.record_type == record_type]


def _wrong(result: SuiteResult) -> list[CheckResult]:
    return [check for check in result.checks if check.outcome in ("fail", "error")]


def _counted(check: CheckResult) -> str:
    if check.outcome == "error":
        return f"could not be judged: {check.observed}"
    if check.violated is not None and check.denominator:
        return f"{check.violated:,} of {check.denominator:,} records"
    return str(check.observed or "failed")
