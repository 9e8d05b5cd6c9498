"""``comity replay``: an archived export run again, and what that healed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.nightly.replay import ReplayReport


@click.command("replay")
@click.argument("source")
@click.option(
    "--export", "export_id", metavar="ID", help="The export whose id begins so. Default: the last one."
)
@click.option("--json", "as_json", is_flag=True, help="Print the replay as JSON.")
@click.pass_obj
def command(settings: Settings, source: str, export_id: str | None, as_json: bool) -> int:
    """Run an export of SOURCE again from the archive, after a mapping, a crosswalk or an adapter was mended.

    It is a run like any other: judged, and published when it passes. Then it is told by reason how many rows were
    rejected before, how many of them are accepted now, and which rows are newly rejected. Exit codes as for `run`.
    """
    from comity.cli.summary import print_summary
    from comity.nightly.progress import progress
    from comity.nightly.replay import replay_export

    with progress(sys.stderr, quiet=as_json) as tell:
        report = replay_export(settings, source, export_id, tell)
    if as_json:
        click.echo(report.as_json())
    else:
        print_summary(report.night, settings)
        _print(report)
    return 0 if report.night.succeeded else 1


def _print(report: ReplayReport) -> None:
    click.echo(f"\nExport {report.export_id[:16]} of {report.source_id}, compared with run {report.run}:")
    for line in report.reasons:
        column = f" {line.column}" if line.column else ""
        told = f"{line.healed:,} of {line.before:,} healed" if line.before else ""
        new = f"{line.new:,} newly rejected" if line.new else ""
        click.echo(
            f"  {line.record_type:<18} {line.code}{column}: {', '.join(each for each in (told, new) if each)}"
        )
    click.echo(f"  {report.rows_healed:,} rows healed, {report.rows_newly_rejected:,} newly rejected.")
