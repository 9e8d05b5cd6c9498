"""``comity mapping diff``: what an edited mapping would alter, before anything runs.

Invariant: the store is only read; the trial's files lie in a temporary folder that is gone when the command ends.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comity.errors import ConfigError, StoreError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.config.settings import Settings
    from comity.mappings.normalise import Limits
    from comity.nightly.mapping_change import MappingChange
    from comity.nightly.record_compare import ColumnChange, RecordDifference, RecordPlace
    from comity.nightly.source import Federation
    from comity.nightly.workers import Workers

_COLUMNS = 12


@click.command("diff")
@click.argument("source")
@click.option(
    "--against",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Compare with the mapping in this federation folder, such as a checkout of an older state, instead of "
    "with what is published.",
)
@click.option(
    "--sample", is_flag=True, help="With --against: over the source's sample, which needs no store."
)
@click.option(
    "--examples", default=3, show_default=True, type=click.IntRange(0, 50), help="Examples of each column."
)
@click.option(
    "--values",
    is_flag=True,
    help="Show values as they are. By default a value of a code list is shown, and of every other only the shape.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if any record would be altered.")
@click.pass_obj
def diff(
    settings: Settings,
    source: str,
    against: Path | None,
    sample: bool,
    examples: int,
    values: bool,
    as_json: bool,
    exit_code: bool,
) -> int:
    """Run the edited mapping of SOURCE over its last published export, and say what would change.

    Records added, removed and changed, by column, with counts and examples; rows that are rejected for another reason.
    The store is only read. The trial needs about as much room in the temporary folder (TMPDIR) as the export has.
    """
    if sample and against is None:
        raise ConfigError(
            "config.missing-option",
            "A sample is not published, so there is nothing to compare it with",
            remedy="say --against DIR with --sample, or `comity adapter test` for the golden output",
        )
    with tempfile.TemporaryDirectory(prefix="comity-") as folder:
        changes = tuple(_changes(settings, source, against, sample, examples, values, Path(folder)))
    if as_json:
        import json
        from dataclasses import asdict

        told = [asdict(change) | {"altered": change.altered} for change in changes]
        click.echo(json.dumps(told if sample else told[0], ensure_ascii=False, indent=2))
    else:
        for change in changes:
            _show(change, examples)
    return 1 if exit_code and any(change.altered for change in changes) else 0


def _changes(
    settings: Settings,
    source: str,
    against: Path | None,
    sample: bool,
    examples: int,
    values: bool,
    into: Path,
) -> Iterator[MappingChange]:
    from comity.mappings.normalise import Limits
    from comity.nightly.mapping_change import mapping_change
    from comity.nightly.workers import Workers
    from comity.store.store import Store

    edited = _federation(settings.federation, source)
    limits = Limits(settings.memory_limit, 1, into / "spill")
    with Workers(settings.jobs) as workers:
        if against is not None:
            yield from _against(settings, edited, against, sample, examples, values, into, limits, workers)
            return
        store = Store.open(settings.data_dir, settings.ledger_url, standard=edited.standard, writable=False)
        change = mapping_change(
            store, edited.sources[0], edited.standard, into, limits,
            workers=workers, examples=examples, values=values,
        )  # fmt: skip
        if change is None:
            raise _nothing_published(source)
        yield change


def _against(
    settings: Settings,
    edited: Federation,
    against: Path,
    sample: bool,
    examples: int,
    values: bool,
    into: Path,
    limits: Limits,
    workers: Workers,
) -> Iterator[MappingChange]:
    """Both mappings over the last export, or over every export of the sample."""
    from comity.nightly.mapping_change import archived_files, compare_trials
    from comity.nightly.sample import RECEIVED_AT, sample_exports
    from comity.nightly.source import adapter_folders
    from comity.nightly.trial import try_export
    from comity.store.store import Store

    source = edited.sources[0]
    older = _federation(against, source.source_id).sources[0]
    if sample:
        folder = adapter_folders(settings.federation)[source.source_id] / "sample"
        exports = sample_exports(source.adapter, folder, into)
    else:
        store = Store.open(settings.data_dir, settings.ledger_url, writable=False)
        published = store.last_published(source.source_id)
        if published is None:
            raise _nothing_published(source.source_id)
        exports = iter((archived_files(store, published),))
    for number, files in enumerate(exports):
        here = into / f"export-{number}"
        before, after = (
            try_export(each, edited.standard, files, RECEIVED_AT, here / name, limits, workers)
            for name, each in (("before", older), ("after", source))
        )
        export = (files[0].sha256, tuple(file.name for file in files))
        yield compare_trials(
            older, before, source, after, edited.standard, limits,
            export=export, examples=examples, values=values,
        )  # fmt: skip


def _federation(root: Path, source: str) -> Federation:
    from comity.nightly.source import load_federation

    federation = load_federation(root, (source,))
    for _, error in federation.broken:
        raise error
    return federation


def _nothing_published(source: str) -> StoreError:
    return StoreError(
        "nightly.nothing-published",
        f"Nothing of '{source}' is published, so there is nothing to compare with",
        remedy="call `comity run` first, or compare over the sample: --against DIR --sample",
    )


def _show(change: MappingChange, examples: int) -> None:
    export = f"{', '.join(change.names)} ({change.export_id[:12]})"
    if not change.edited:
        click.echo(f"{change.source_id}: the mapping is the one that is published; nothing would change.")
        return
    click.secho(
        f"{change.source_id}: this edit changes {change.altered:,} records, over {printable(export)}",
        bold=True,
    )
    click.echo(f"  mapping {change.before_version} → {change.after_version}")
    before = {account.record_type: account for account in change.before}
    after = {account.record_type: account for account in change.after}
    for difference in change.records:
        _show_records(difference, examples)
    for name in sorted({*before, *after}):
        told = []
        for field in ("rows_accepted", "rows_rejected", "rows_not_selected"):
            counts = [getattr(side[name], field) if name in side else 0 for side in (before, after)]
            if counts[0] != counts[1]:
                told.append(f"{field.removeprefix('rows_').replace('_', ' ')} {counts[0]:,} → {counts[1]:,}")
        if told:
            click.echo(f"\n  rows to {name}: {', '.join(told)}")
    for reason in change.reasons:
        of = f" {reason.column}" if reason.column else ""
        click.echo(f"    {reason.record_type}: {reason.code}{of}: {reason.before:,} → {reason.after:,} rows")


def _show_records(difference: RecordDifference, examples: int) -> None:
    counts = ", ".join(f"{getattr(difference, name):,} {name}" for name in ("added", "removed", "changed"))
    click.echo(
        f"\n  {difference.record_type}: {difference.before:,} → {difference.after:,} records; {counts}"
    )
    for kind, places in (
        ("added", difference.added_examples), ("removed", difference.removed_examples),
    ):  # fmt: skip
        if places and examples:
            click.echo(f"    {kind}, for example {', '.join(_place(place) for place in places)}")
    for column in difference.columns[:_COLUMNS]:
        _show_column(column)
    if len(difference.columns) > _COLUMNS:
        rest = ", ".join(f"{each.column} {each.records:,}" for each in difference.columns[_COLUMNS:])
        click.echo(f"    and {rest}")


def _place(place: RecordPlace) -> str:
    return f"{place.record_id} (row {place.source_row})"


def _show_column(column: ColumnChange) -> None:
    click.echo(f"    {column.column:<28} {column.records:>10,}{'  (shapes)' if column.shapes else ''}")
    for example in column.examples:
        before, after = (
            "nothing" if text is None else printable(text) for text in (example.before, example.after)
        )
        click.echo(f"      {example.records:>10,}  {before} → {after}   (first: {example.record_id})")
