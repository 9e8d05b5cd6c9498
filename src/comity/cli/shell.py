"""``comity shell``: an interactive prompt, or questions from a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from comity.cli.options import which_release

if TYPE_CHECKING:
    from pathlib import Path

    from comity.config.settings import Settings
    from comity.query.output import Format


@click.command("shell")
@click.option(
    "--format", "form", type=click.Choice(("table", "csv", "json")), default="table", help="Default: table."
)
@which_release
@click.pass_obj
def command(
    settings: Settings,
    form: Format,
    release: int | None,
    as_of: str | None,
    since: str | None,
    read: tuple[Path, ...],
    memory: str | None,
    timeout: float | None,
) -> int:
    """Ask one question after the other, in DuckDB's SQL; .help says what else there is."""
    from comity.cli.stop import stopping
    from comity.query.federation import open_federation
    from comity.query.limits import limits_of
    from comity.query.output import standard_output
    from comity.query.shell import prompted, run_shell

    interactive = sys.stdin.isatty()
    with (
        open_federation(
            settings, as_of or release, since, limits_of(settings, memory, timeout)
        ) as federation,
        federation.connect(read=read) as connection,
        standard_output() as out,
    ):
        lines = prompted(federation.release) if interactive else iter(sys.stdin)
        return run_shell(
            connection,
            lines,
            out,
            interactive=interactive,
            form=form,
            limits=federation.limits,
            give_up=stopping(federation),
        )
