"""What a worker process does to judge: load the suites, hold the records of one export against them.

Invariant: a worker reads files and writes below the folder that it is given, nothing else; an error of the engine is a
fault of ours and blocks as such, never as bad data. Great Expectations is imported here and in no other process of a
night, once, in the one that these are forked from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from comity.errors import ComityError
from comity.nightly.columns import columns_of_files, constants
from comity.nightly.work import explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

    from comity.mappings.normalise import Limits
    from comity.standard import RecordType, Standard
    from comity.validation.result import SuiteResult
    from comity.validation.suite import Suite

Wanted = tuple[str, str]
"""A source, and a record type that it makes."""


@dataclass(frozen=True)
class Case:
    """The records of one type in an export: its files, and those of the last release."""

    suite: Suite
    record_type: RecordType
    files: tuple[Path, ...]
    previous: tuple[Path, ...]


@dataclass(frozen=True)
class Verdict:
    """``broken``: the file that says which records break which rule, None when no single one does."""

    result: SuiteResult
    broken: Path | None


def suites_task(
    standard: Standard, validation: Path, wanted: tuple[Wanted, ...]
) -> dict[Wanted, Suite | ComityError]:
    """The suite of each, or why it cannot be loaded. Sources without a suite of their own share the general one."""
    from comity.validation.suite import source_files, suite_for

    general: dict[str, Suite] = {}
    found: dict[Wanted, Suite | ComityError] = {}
    for source, record_type in wanted:
        try:
            if source_files(validation, source):
                found[source, record_type] = suite_for(standard, validation, record_type, source)
                continue
            if record_type not in general:
                general[record_type] = suite_for(standard, validation, record_type)
            found[source, record_type] = replace(general[record_type], source_id=source)
        except ComityError as error:
            found[source, record_type] = error
    return found


def judge_task(
    cases: tuple[Case, ...],
    related: Mapping[str, tuple[RecordType, tuple[Path, ...]]],
    code_lists: tuple[tuple[str, str], ...],
    into: Path,
    limits: Limits,
) -> tuple[Verdict, ...]:
    """A verdict on each case. ``related``: by record type the files that a reference may lead to; ``code_lists``:
    every code of the standard, with its list.
    """
    from comity.mappings.normalise import connect
    from comity.validation.broken import violations
    from comity.validation.run import fill_code_lists, validate
    from comity.validation.vocabulary import columns_of

    verdicts = []
    with explained("judging the export", into), connect(limits) as connection:
        # A reference is looked up in all records of a type: here the larger side is not known beforehand.
        connection.execute("RESET disabled_optimizers")
        # Some forty statements read the same files, and each would read their footers again.
        connection.execute("SET parquet_metadata_cache = true")
        lists = fill_code_lists(connection, code_lists)
        views = {name: _view(connection, f"related_{name}", *of_type) for name, of_type in related.items()}
        for case in cases:
            name = case.record_type.name
            columns = columns_of_files(connection, case.files)
            wanted = {each for rule in case.suite.rules for each in columns_of(rule)}
            staged = _view(connection, "staged", case.record_type, case.files)
            previous = (
                _view(connection, "previous", case.record_type, case.previous) if case.previous else None
            )
            result = validate(
                connection,
                staged,
                case.suite,
                related=views,
                previous=previous,
                code_lists=lists,
                repeating=columns.repeating,
                constant=constants(connection, staged, columns, wanted),
            )
            broken = into / f"{name}.broken.parquet"
            written = violations(
                connection, staged, case.suite, result, broken, related=views, code_lists=lists
            )
            verdicts.append(Verdict(result, written))
    return tuple(verdicts)


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, record_type: RecordType, files: Sequence[Path]
) -> str:
    from comity.store.view_sql import parquet_scan

    if files:
        select = f"SELECT * FROM {parquet_scan(files)}"
    else:
        columns = (c for c in record_type.columns if not c.retired)
        nulls = ", ".join(f'CAST(NULL AS {c.duckdb_type}) AS "{c.name}"' for c in columns)
        select = f"SELECT {nulls} WHERE false"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}")
    return name
