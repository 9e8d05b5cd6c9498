"""``comity report``: what a night did, again, in any form; and what a country's exports failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.nightly.report import NightReport
    from comity.store.store import Store


@click.command("report")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "html", "junit")),
    default="text",
    show_default=True,
    help="A summary, the whole report, the page of the night, or JUnit XML.",
)
@click.option("--conformance", "country", metavar="COUNTRY", help="What the exports of this country failed.")
@click.option("--values", is_flag=True, help="With --conformance: the refused values and raw rows too.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="PATH", help="A file; with --conformance a folder."
)
@click.pass_obj
def command(
    settings: Settings, run_id: str | None, form: str, country: str | None, values: bool, output: Path | None
) -> int:
    """Show or write the report of a run, by default of the last one.

    Every run writes them below runs/RUN of the data folder. Nothing in them is a value of a record, but the rows that
    `--conformance COUNTRY --values` writes.
    """
    from comity.nightly.reports.stored import read_report, run_folder
    from comity.store.store import Store

    if values and country is None:
        raise click.UsageError("--values goes with --conformance")
    store = Store.open(settings.data_dir, settings.ledger_url, writable=False)
    report = read_report(run_folder(store.layout, run_id))
    if country is not None:
        _conformance(store, report, country, values, output)
        return 0
    if form == "text":
        from comity.cli.summary import print_summary

        if output is not None:
            raise click.UsageError("--output goes with --format json, html or junit")
        print_summary(report, settings)
        return 0
    content = _content(store, report, form)
    if output is None:
        click.echo(content, nl=False)
    else:
        from comity.store.failure import storing
        from comity.validation.page_style import write_private

        with storing("writing the report", output):
            write_private(output, content)
    return 0


def _content(store: Store, report: NightReport, form: str) -> str:
    from comity.nightly.reports.junit import junit
    from comity.nightly.reports.stored import read_checks
    from comity.nightly.reports.write import page

    if form == "html":
        return page(store, report)
    if form == "junit":
        return junit(report, read_checks(store.layout.runs / report.run_id))
    return report.as_json() + "\n"


def _conformance(store: Store, report: NightReport, country: str, values: bool, output: Path | None) -> None:
    from comity.errors import QueryError, nearest
    from comity.nightly.reports.conformance_text import as_markdown
    from comity.nightly.reports.write import delivered, write_conformance

    known = delivered(store, report)
    if country not in known:
        runs = [
            path.parents[1] for path in store.layout.runs.glob("*/conformance/*.md") if path.stem == country
        ]
        last = sorted(run.name for run in runs if (run / "report.json").exists())
        raise QueryError(
            "query.no-results",
            f"Run {report.run_id} took no export of the country '{country}'",
            remedy=f"ask for the last run that did: comity report {last[-1]} --conformance {country}"
            if last
            else nearest(country, known)
            if known
            else "no run took one; `comity sources` names every source with its country",
        )
    into = output
    if into is None and values:  # beside the others it would be sent by mistake
        into = store.layout.runs / report.run_id / "conformance-with-values"
    found, files = write_conformance(store, report, country, into, values=values)
    click.echo(as_markdown(found, files[2].name))
    click.echo(f"Written: {', '.join(map(str, files))}")
    if values:
        click.secho("The rows hold personal values: send them only to their owner.", fg="yellow", err=True)
