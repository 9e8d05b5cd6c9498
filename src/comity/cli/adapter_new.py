"""``comity adapter new``: a proposal for a source from its export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("new")
@click.argument("source")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--country", required=True, metavar="CC", help="The owner: a code of the list of countries and bodies."
)
@click.option("--authority", default="", metavar="TEXT", help="The owner's authority, in its own words.")
@click.option(
    "--record", metavar="RECORD_TYPE", help="The record type. Default: the one that the fields fit best."
)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The federation to write into. Default: the one in use.",
)
@click.option(
    "--database",
    metavar="URL",
    help="Instead of files: a database, as SQLAlchemy writes it; ${NAME} is read from the environment.",
)
@click.option("--query", metavar="SQL", help="With --database: the query whose result is the export.")
@click.option(
    "--layout",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Of fixed width: the owner's record description, with the columns name, start and length.",
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.option("--show", is_flag=True, help="Print the report only; write nothing.")
@click.pass_obj
def command(
    settings: Settings, source: str, files: tuple[Path, ...], country: str, authority: str, record: str | None,
    into: Path | None, database: str | None, query: str | None, layout: Path | None, force: bool, show: bool,
) -> int:  # fmt: skip
    """Look at FILES, exports of SOURCE, and write a proposal of its adapter, mapping, crosswalks and suite.

    A large file is sampled. What the proposal is not sure of is marked TODO, and no run takes the source before each is
    decided.
    """
    from comity.errors import ConfigError
    from comity.standard import load_standard
    from comity.workbench.draft import Owner
    from comity.workbench.layout import read_layout
    from comity.workbench.propose import propose, write_draft
    from comity.workbench.report import report_lines

    if bool(files) == bool(database) or bool(database) != bool(query):
        raise ConfigError(
            "workbench.nothing-to-look-at",
            "An export is either files, or a database with a query",
            remedy="name FILES, or give --database URL and --query SQL",
        )
    root = (into or settings.federation).resolve()
    standard = load_standard(settings.federation / "standard")
    owner = Owner(source, country, authority)
    draft = propose(
        files,
        owner,
        standard,
        settings.federation,
        record=record,
        database=(database, query) if database and query else None,
        layout=read_layout(layout) if layout else None,
    )
    written = [root / path for path in draft.files] if show else write_draft(draft, root, force=force)
    for line in report_lines(draft, written, root):
        click.echo(line)
    return 0
