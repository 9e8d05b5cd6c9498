"""``comity store``: looking after the store by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from comity.cli.upkeep import backup, check, compact, expire, restore

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
    removed = open_store(settings, writable=True).sweep()
    click.echo(f"{removed:,} {'file' if removed == 1 else 'files'} removed.")


@command.command("views")
@click.option("--release", type=click.IntRange(min=1), help="Default: the last one.")
@click.option(
    "--since", type=click.IntRange(min=1), help="The release that the view `changes` compares with."
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. Default: current.duckdb of the data folder, for the last release only.",
)
@click.pass_obj
def views(settings: Settings, release: int | None, since: int | None, output: Path | None) -> None:
    """Write a DuckDB file with the views of a release, for any DuckDB client from 1.4 on."""
    if (release or since) is not None and output is None:
        raise click.UsageError(
            "--release and --since need --output: current.duckdb always shows the last release"
        )
    store = open_store(settings, writable=output is None)
    if output is None:
        store.refresh_views()
    else:
        store.build_views(output, release, since)
    click.echo(f"Written: {output or store.layout.views_file}")


@command.command("sync")
@click.option(
    "--record", "record_types", multiple=True, metavar="TYPE", help="Only this record type; may be repeated."
)
@click.option(
    "--check", is_flag=True, help="Only say whether the tables are in step; exit code 1 if one is not."
)
@click.option(
    "--rebuild", is_flag=True, help="Build the tables again, whatever they say, and drop what they said."
)
@click.pass_obj
def sync(settings: Settings, record_types: tuple[str, ...], check: bool, rebuild: bool) -> int:
    """Bring the Iceberg tables in step with the ledger: those that are missing, behind, ahead, or list other files.

    Every kept snapshot is compared with the ledger, file by file, and metadata that no snapshot needs is removed. A run
    does this by itself, for the current snapshot, after it has published.
    """
    from comity.errors import ConfigError
    from comity.store.iceberg import sync as bring

    if check and rebuild:
        raise click.UsageError("--check changes nothing, so it does not go with --rebuild")
    if not settings.iceberg:
        raise ConfigError(
            "config.iceberg-off",
            "This federation keeps no Iceberg tables",
            found="the setting iceberg is no",
            remedy="set `iceberg = true` in comity.toml, or COMITY_ICEBERG=yes",
        )
    store = open_store(settings, writable=True)
    outcomes = bring(store, record_types or None, thorough=True, check=check, anew=rebuild)
    width = max((len(outcome.record_type) for outcome in outcomes), default=0)
    for outcome in outcomes:
        shown = f"release {outcome.release}, {outcome.rows:,} records" if outcome.release else "empty"
        why = f": {outcome.reason}" if outcome.reason else ""
        said = "failed" if outcome.error else f"{outcome.action}{why} ({shown})"
        click.echo(f"{outcome.record_type:<{width}}  {said}")
    for error in {o.error.text(): o.error for o in outcomes if o.error}.values():
        click.echo(f"comity: {error.text()}", err=True)
    return 0 if all(o.action not in ("failed", "out of step") for o in outcomes) else 1


for each in (check, compact, expire, backup, restore):
    command.add_command(each)


def open_store(settings: Settings, *, writable: bool) -> Store:
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
