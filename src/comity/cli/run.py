"""``comity run``: one night."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from comity.cli.options import which_sources

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("run")
@which_sources
@click.option(
    "--jobs", metavar="N", type=click.IntRange(1), help="Worker processes. Default: one a processor."
)
@click.option(
    "--hold",
    "holds",
    multiple=True,
    metavar="SOURCE",
    help="Hold this source from now on, as `comity hold` does; may be repeated.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Send the work to the Dask cluster at tcp://HOST:PORT; see docs/cluster.md.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--log",
    type=click.Choice(("text", "json")),
    help="What goes to stderr meanwhile: progress for a person, or one JSON line an event.",
)
@click.pass_obj
def command(
    settings: Settings,
    sources: tuple[str, ...],
    jobs: int | None,
    countries: tuple[str, ...],
    retry_failed: bool,
    holds: tuple[str, ...],
    cluster: str | None,
    as_json: bool,
    log: str | None,
) -> int:
    """Take what is new in the inbox, oldest first: normalise, validate, publish.

    One source's failure is its own. Exit code 0: all that was new is published; 1: some of it is not, and the summary
    says why; 2: the call or the configuration is wrong, and nothing was run.
    """
    from dataclasses import replace

    from comity.cli.summary import print_summary
    from comity.nightly.night import run_night
    from comity.nightly.progress import progress
    from comity.nightly.without_pandas import without_pandas

    if jobs is not None:
        settings = replace(settings, jobs=jobs)
    if cluster is not None:
        settings = replace(settings, cluster=cluster)
    if log is not None:
        settings = replace(settings, signals=replace(settings.signals, log=log))
    if holds:
        from comity.nightly.holding import hold_sources

        hold_sources(settings, holds, "held when a run was started")
    quiet = as_json or settings.signals.log == "json"
    with (
        progress(sys.stderr, quiet=quiet) as tell,
        without_pandas() if not settings.cluster else nullcontext(),
    ):
        report = run_night(settings, sources, tell, countries=countries, retry_failed=retry_failed)
    if as_json:
        click.echo(report.as_json())
    else:
        if retry_failed and not (report.exports or report.broken or report.held or report.skipped):
            click.echo("\nNothing failed in the last run, so there is nothing to take again.")
        print_summary(report, settings)
    return 0 if report.succeeded else 1
