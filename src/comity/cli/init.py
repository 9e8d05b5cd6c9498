"""``comity init``: a federation folder of one's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("init")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--empty", is_flag=True, help="Without the invented source that shows what one looks like.")
def command(folder: Path, empty: bool) -> int:
    """Make FOLDER a federation of your own: the standard, and room for adapters, mappings and suites.

    It holds one invented source, whose export waits in the inbox, so that `comity run` in it publishes a first release;
    and what an editor needs to complete and check every file. FOLDER must be empty, or not exist.
    """
    from comity.workbench.starter import EXAMPLE, make_federation

    made = make_federation(folder.resolve(), example=not empty)
    click.echo(f"{folder}: {', '.join(made)}")
    click.echo("next:")
    click.echo(f"  cd {folder}")
    if not empty:
        click.echo("  comity run                       # its export waits in data/inbox")
        click.echo('  comity sql "SELECT * FROM item"')
        click.echo(f"  comity mapping show {EXAMPLE}")
    click.echo(
        "  comity adapter new SOURCE FILE --country CC   # a source of your own, from an export that you have"
    )
    return 0
