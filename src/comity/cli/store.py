"""``comity store``: looking after the store by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.store import Store


@click.group("store")
def command() -> None:
    """Look after the store. None of this is needed in the normal course of nights."""


@command.command("sweep")
@click.pass_obj
def sweep(settings: Settings) -> None:
    """Remove what dead runs left behind, and finish a release whose views were not shown. Every run
    begins with it.
    """
    removed = _open(settings, writable=True).sweep()
    click.echo(f"{removed:,} {'file' if removed == 1 else 'files'} removed.")


@command.command("views")
@click.option("--release", type=click.IntRange(min=1), help="Default: the last one.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. Default: current.duckdb of the data folder, for the last release only.",
)
@click.pass_obj
def views(settings: Settings, release: int | None, output: Path | None) -> None:
    """Write a DuckDB file with the views of a release, for any DuckDB client from 1.4 on."""
    if release is not None and output is None:
        raise click.UsageError("--release needs --output: current.duckdb always shows the last release")
    store = _open(settings, writable=output is None)
    if output is None:
        store.refresh_views()
    else:
        store.build_views(output, release)
    click.echo(f"Written: {output or store.layout.views_file}")


def _open(settings: Settings, *, writable: bool) -> Store:
    from comity.errors import StoreError
    from comity.standard import load_standard
    from comity.store import Store

    # A name that was mistyped shall not become a data folder.
    if not settings.data_dir.is_dir():
        raise StoreError(
            "store.no-data-folder",
            "There is no such data folder",
            file=settings.data_dir,
            remedy="check --data; `comity run` makes a new one",
        )
    standard = load_standard(settings.federation / "standard")
    return Store.open(settings.data_dir, settings.ledger_url, standard=standard, writable=writable)
