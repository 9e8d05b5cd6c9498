"""``comity trace``: from a record back to where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("trace")
@click.argument("record_id")
@click.option(
    "--release", type=click.IntRange(min=1), help="As it was in this release. Default: the last one."
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
@click.pass_obj
def command(settings: Settings, record_id: str, release: int | None, as_json: bool) -> None:
    """Show release, file, export and row of RECORD_ID, its raw cells, and the rule behind every column."""
    from comity.query.trace import trace
    from comity.query.trace_text import trace_text

    found = trace(settings, record_id, release)
    click.echo(found.as_json() if as_json else trace_text(found), nl=as_json)
