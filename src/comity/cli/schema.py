"""``comity schema``: the JSON Schemas of the YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.group("schema")
def command() -> None:
    """The JSON Schemas by which an editor completes, explains and checks the YAML files of a federation."""


@command.command("export")
@click.argument(
    "folder", required=False, metavar="[FOLDER]", type=click.Path(file_okay=False, path_type=Path)
)
@click.option(
    "--mark", is_flag=True, help="Also put the line on top of every YAML file that names its schema."
)
@click.pass_obj
def export(settings: Settings, folder: Path | None, mark: bool) -> int:
    """Write one schema a kind of file into FOLDER, which is `schemas` in the federation if none is given.

    They are made of this federation's standard and of the readers that are installed here: run it again when either
    changes. A YAML file whose first line is `# yaml-language-server: $schema=…` is completed and checked by any editor
    with a YAML language server; `comity.toml` by one that knows Taplo.
    """
    from comity.standard import load_standard
    from comity.workbench.schemas import FOLDER, mark_file, write_schemas, written_files

    folder = (folder or settings.federation / FOLDER).resolve()
    written = write_schemas(load_standard(settings.federation / "standard"), folder)
    click.echo(f"{len(written)} schemas in {folder}")
    if mark:
        marked = [
            path
            for path, _ in written_files(settings.federation)
            if mark_file(settings.federation, path, folder)
        ]
        click.echo(f"{len(marked)} files now begin with the line that names their schema")
    return 0
