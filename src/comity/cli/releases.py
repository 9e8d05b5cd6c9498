"""``comity releases``: what was published, and when."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("releases")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """List the releases, the last one first. `comity sql --release N` asks an older one."""
    from comity.store import Store

    releases = Store.open(settings.data_dir, settings.ledger_url, writable=False).releases()
    releases.reverse()
    if as_json:
        click.echo(json.dumps([asdict(release) for release in releases], default=str, indent=2))
        return
    if not releases:
        click.echo("Nothing has been published yet.")
    for release in releases:
        moment = f"{release.published_at:%Y-%m-%d %H:%M:%S} UTC"
        click.echo(f"{release.number:>6}  {moment}  {release.records:>14,} records  by run {release.run_id}")
