"""``comity hold`` and ``comity release-hold``: keep a source from being published, until somebody has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.store.store import Store


@click.command("hold")
@click.argument("source", required=False)
@click.option("--reason", metavar="TEXT", help="Why, for those who find it held; needed with a source.")
@click.option("--all", "everything", is_flag=True, help="List also holds that were released.")
@click.option("--json", "as_json", is_flag=True, help="Print the holds as JSON.")
@click.pass_obj
def command(
    settings: Settings, source: str | None, reason: str | None, everything: bool, as_json: bool
) -> int:
    """Hold SOURCE: no export of it is taken or published until `comity release-hold SOURCE`.

    What waits in its inbox stays there, and its last release stays as it is. Also a run that is under way does not
    publish it any more. Without SOURCE: list what is held, by whom, since when and why.
    """
    import json
    from dataclasses import asdict

    if source is None:
        if reason:
            raise click.UsageError("--reason goes with a SOURCE")
        holds = [
            hold for hold in _store(settings).holds(everything=True) if everything or not hold.released_at
        ]
        if as_json:
            click.echo(
                json.dumps([asdict(hold) for hold in holds], default=str, ensure_ascii=False, indent=2)
            )
            return 0
        for hold in holds:
            ended = (
                f"; released by {hold.released_by} {hold.released_at:%Y-%m-%d %H:%M}Z"
                if hold.released_at
                else ""
            )
            click.echo(f"{hold.source_id:<22} {hold.text()}{ended}")
        if not holds:
            click.echo("No source is held.")
        return 0
    if not (reason or "").strip():
        raise click.UsageError("say why: comity hold SOURCE --reason TEXT")
    from comity.nightly.holding import hold_sources

    (hold,) = hold_sources(settings, (source,), str(reason))
    click.echo(f"{source}: {hold.text()}")
    return 0


@click.command("release-hold")
@click.argument("source")
@click.pass_obj
def release(settings: Settings, source: str) -> int:
    """Release a source that was held: the next run takes what waits in its inbox."""
    from comity.nightly.holding import release_source

    hold = release_source(settings, source)
    click.echo(f"{source}: released ({hold.text()})")
    return 0


def _store(settings: Settings) -> Store:
    from comity.store.store import Store

    return Store.open(settings.data_dir, settings.ledger_url, writable=False)
