"""``comity catalog``: what the federation holds, in the terminal, as a site, or for other catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("catalog")
@click.argument("name", required=False)
@click.option(
    "--site",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a site of HTML pages into this folder; it opens without a network.",
)
@click.option(
    "--dcat",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write DCAT 3 as JSON-LD, as other catalogues take it.",
)
@click.option(
    "--base", metavar="URI", help="What the identifiers in the DCAT begin with. Default: they are UUIDs."
)
@click.option("--publisher", help="Who publishes the catalogue. Default: the title of the standard.")
@click.option("--release", type=click.IntRange(min=1), help="An older release. Default: the last one.")
@click.pass_obj
def command(
    settings: Settings,
    name: str | None,
    site: Path | None,
    dcat: Path | None,
    base: str | None,
    publisher: str | None,
    release: int | None,
) -> None:
    """Show what the federation holds: without NAME the record types and sources; NAME is a record type, a column as
    `vehicle.plate`, a source or a code list.

    Each with its meaning, its coverage by country, and the way of every column back to source fields and rules. It
    holds names, counts, codes and rules, and no value of a record.
    """
    from comity.catalog.catalog import read_catalog
    from comity.catalog.entry import find_entry
    from comity.catalog.text import catalog_text

    whole = site is not None or dcat is not None
    catalog = read_catalog(settings, release, None if whole or name is None else name.partition(".")[0])
    entry = find_entry(name, catalog.standard, [each.source_id for each in catalog.sources]) if name else None
    if site is not None:
        from comity.catalog.site import write_site

        pages = write_site(catalog, site, base=base, publisher=publisher)
        click.echo(f"{pages:,} pages of release {catalog.release}: {site / 'index.html'}")
    if dcat is not None:
        from comity.catalog.dcat import write_dcat

        write_dcat(catalog, dcat, base=base, publisher=publisher)
        click.echo(f"DCAT of release {catalog.release}: {dcat}")
    if not whole or entry is not None:
        click.echo(catalog_text(catalog, entry), nl=False)
