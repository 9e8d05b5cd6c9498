"""``comity sources``: what the federation reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("sources")
@click.argument("source", required=False)
@click.pass_obj
def command(settings: Settings, source: str | None) -> int:
    """List the sources of the federation, or show one: owner, delivery, fields and the record types it gives.

    A source whose adapter or mapping does not load is listed with its error, and the exit code is 1.
    """
    from comity.nightly.source import load_federation

    federation = load_federation(settings.federation, (source,) if source else ())
    for each in federation.sources:
        adapter = each.adapter
        types = ", ".join(plan.record_type for plan in each.plans)
        click.echo(f"{each.source_id:<22} {adapter.owner.country:<4} {adapter.title} → {types}")
        if source:
            click.echo(f"  delivery  {adapter.delivery.kind}, {adapter.delivery.due}")
            click.echo(f"  inbox     {settings.data_dir / 'inbox' / source}")
            click.echo(f"  mapping   version {each.mapping_version}")
            for field in adapter.fields:
                click.echo(
                    f"  field     {field.name}" + (f": {field.description}" if field.description else "")
                )
    for name, error in federation.broken:
        click.secho(f"{name}: {error.text()}", fg="red")
    return 1 if federation.broken else 0
