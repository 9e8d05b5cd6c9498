"""The summary of a night in the terminal: one line for each source and record type, then what needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.config.settings import Settings
    from comity.nightly.left_alone import LeftAlone
    from comity.nightly.report import ErrorLine, ExportReport, NightReport

HEAD = ("source", "record type", "read", "accepted", "rejected", "not sel.", "records", "")


def print_summary(report: NightReport, settings: Settings) -> None:
    """Every account of the night, then errors, marks and unmapped codes with what to do about them."""
    lines: list[tuple[str, ...]] = [HEAD]
    for export in report.exports:
        became = f"release {export.release}" if export.release else export.outcome
        if not export.accounts:
            lines.append((export.source_id, "", "", "", "", "", "", became))
        for index, account in enumerate(export.accounts):
            counts = (
                account.rows_read, account.rows_accepted, account.rows_rejected, account.rows_not_selected,
                account.records,
            )  # fmt: skip
            source = export.source_id if index == 0 else ""
            lines.append(
                (source, account.record_type, *(f"{n:,}" for n in counts), became if index == 0 else "")
            )
    if len(lines) > 1:
        _table(lines)
    _print_changes(report)
    for export in report.exports:
        _print_trouble(export)
    for source_id, error in report.broken:
        click.secho(f"\n{source_id}: not run", fg="red")
        _print_error(error)
    _print_unmapped(report)
    if report.skipped:
        click.echo(f"\nNothing new: {', '.join(report.skipped)}")
    for source_id, why in report.held:
        click.secho(f"\n{source_id}: {printable(why)}", fg="yellow")
        click.echo(f"  next   comity release-hold {source_id}")
    if report.stale:
        click.secho("\nOverdue:", fg="yellow")
        for line in report.stale:
            click.echo(f"  {line.source_id:<22} {line.text()}")
    print_left_alone(report.left_alone)
    for source_id, why in report.not_set_up:
        click.echo(f"\n{source_id}: not set up here, so not read\n  {printable(why)}")
    if report.iceberg:
        click.secho("\nThe Iceberg tables did not follow; what is published is not affected", fg="yellow")
        for error in report.iceberg:
            _print_error(error)
    for each in report.undelivered:
        click.secho(f"\nNot told: {printable(each)}", fg="yellow")
    released = ", ".join(map(str, report.releases)) or "none"
    click.echo(f"\nRun {report.run_id} took {report.seconds:.1f} s. Releases: {released}.")
    click.echo(f"Report: {settings.data_dir / 'runs' / report.run_id}")


def print_left_alone(lines: Sequence[LeftAlone]) -> None:
    if lines:
        click.secho("\nLeft in the inbox:", fg="yellow")
    for line in lines:
        click.echo(printable(f"  {line.place:<22} {line.text()}"))


def _print_changes(report: NightReport) -> None:
    """What differs from the release before, for sources that were there before."""
    lines = [
        f"  {export.source_id:<20} {c.record_type:<18} {c.added:>9,} {c.changed_by_source:>9,} "
        f"{c.changed_by_mapping:>11,} {c.withdrawn:>10,}"
        for export in report.exports
        for c in export.changes
        if c.changed_by_source or c.changed_by_mapping or c.withdrawn or (c.added and c.columns)
    ]
    if lines:
        click.echo(f"\nChanged records: {'added':>33} {'by source':>9} {'by mapping':>11} {'withdrawn':>10}")
        click.echo("\n".join(lines))


def _table(lines: list[tuple[str, ...]]) -> None:
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    for number, line in enumerate(lines):
        cells = [
            cell.ljust(width) if column in (0, 1, 7) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text = "  ".join(cells).rstrip()
        click.secho(text, bold=number == 0, fg="red" if line[7] in ("failed", "blocked") else None)


def _print_trouble(export: ExportReport) -> None:
    if export.error is not None:
        click.secho(f"\n{export.source_id}: {export.outcome}, nothing of it is published", fg="red")
        _print_error(export.error)
    elif export.blocks:
        click.secho(f"\n{export.source_id}: blocked by validation, the last release stays", fg="red")
        for block in export.blocks:
            click.echo(f"  critical  {block}")
    if export.marks:
        click.echo(f"\n{export.source_id}: published with a mark" if export.release else "")
        for mark in export.marks[:5]:
            click.echo(f"  warning   {mark}")
        if len(export.marks) > 5:
            click.echo(f"  … and {len(export.marks) - 5} more: comity quality --source {export.source_id}")


def _print_error(error: ErrorLine) -> None:
    click.echo(f"  {printable(error.message)} [{error.code}]")
    for label, text in (("at", error.place), ("found", error.found), ("next", error.remedy)):
        if text:
            click.echo(f"  {label:<6} {printable(text)}")


def _print_unmapped(report: NightReport) -> None:
    from comity.nightly.report import FEWEST

    lines = [(export.source_id, line) for export in report.exports for line in export.unmapped]
    if not lines:
        return
    click.echo(
        "\nCodes that no crosswalk has (the value is kept as a flag, or its row refused, as the mapping says):"
    )
    for source_id, line in lines[:10]:
        if line.rare:
            told = (
                f"{source_id} {line.column}: {line.codes:,} in fewer than {FEWEST} rows each, {line.count:,} rows in"
                f" all; they may be personal: comity codes review {source_id}"
            )
        else:
            told = (
                f"{source_id} {line.column}: '{line.code}' {line.count:,} times, first in row {line.example_row}; "
                f"add to {line.crosswalk}.csv: {line.suggestion()}"
            )
        click.echo(f"  {printable(told)}")
    if len(lines) > 10:
        click.echo(f"  … and {len(lines) - 10} more, in the run's report")
