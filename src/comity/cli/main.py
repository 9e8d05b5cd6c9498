"""The command line: a table of commands, each imported when it is called.

Invariant: starting costs next to nothing, and an error that a person can act on is shown as text with its code, never
as a traceback. The exit codes are those of ``EXIT_CODES``.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import Any

import click

from comity.cli.examples import add_examples
from comity.errors import ComityError, ConfigError, ReadError, StoreError

EXIT_CODES = {
    0: "Done. For `run`: all that was new is published, or nothing was new.",
    1: "Something did not pass or could not be read or written: an export failed or was blocked, the disk is full, the "
    "ledger is locked. The message says which; running again may help.",
    2: "The call, the configuration or the question is wrong: running it again changes nothing. For `plan` alone: "
    "there is something to do; what is wrong is 1 there.",
    130: "Interrupted by Ctrl-C. Nothing is half published.",
}

# name → (where it is, what `comity --help` says of it)
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("comity.cli.init:command", "Make a federation folder of your own."),
    "plan": ("comity.cli.plan:command", "Say what a run would take and why, without doing it."),
    "run": ("comity.cli.run:command", "Take what is new in the inbox, normalise, validate, publish."),
    "replay": ("comity.cli.replay:command", "Run an archived export again and say what that healed."),
    "hold": ("comity.cli.hold:command", "Hold a source back: nothing of it is published."),
    "release-hold": ("comity.cli.hold:release", "Release a source that was held."),
    "sources": ("comity.cli.sources:command", "List the sources of the federation, or show one."),
    "adapter": ("comity.cli.adapter:command", "Write, try and check an adapter."),
    "mapping": (
        "comity.cli.mapping:command",
        "Show what a mapping does, and what an edit of it would alter.",
    ),
    "codes": ("comity.cli.codes:command", "Decide what unmapped codes mean; how far codes are mapped."),
    "standard": ("comity.cli.standard:command", "Show, export and compare the standard."),
    "schema": (
        "comity.cli.schema:command",
        "Write the JSON Schemas by which an editor knows every YAML file.",
    ),
    "suite": ("comity.cli.suite:command", "Check and show the validation suites."),
    "report": (
        "comity.cli.report:command",
        "Show or write the report of a run, or of one country's exports.",
    ),
    "quality": ("comity.cli.quality:command", "Show the validation results of a run."),
    "rejects": ("comity.cli.rejects:command", "Show the rows that could not become records, by reason."),
    "sql": ("comity.cli.sql:command", "Ask the federation a question in SQL."),
    "search": ("comity.cli.search:command", "Ask by name or number: person, vehicle, document, firearm."),
    "catalog": (
        "comity.cli.catalog:command",
        "What the federation holds: meaning, coverage, lineage; as a site or DCAT.",
    ),
    "links": ("comity.cli.links:command", "Find, explain and decide on links across countries."),
    "patterns": ("comity.cli.patterns:command", "Ready-made analyses: list, explain and ask them."),
    "shell": ("comity.cli.shell:command", "An interactive SQL shell over the federation."),
    "trace": ("comity.cli.trace:command", "The way from a record back to file, row, raw cells and rules."),
    "releases": ("comity.cli.releases:command", "List the releases."),
    "review": ("comity.cli.review:command", "List the records that are due for review, and renew them."),
    "purge": ("comity.cli.purge:command", "Remove records for good from everywhere, with proof."),
    "store": (
        "comity.cli.store:command",
        "Look after the store: sweep, views of an older release, Iceberg tables.",
    ),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return add_examples(command, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from comity.errors import nearest

            raise ConfigError(
                "config.unknown-command",
                f"There is no command '{args[0]}'",
                remedy=nearest(args[0], COMMANDS),
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Without importing a single command: help answers at once.
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data", metavar="DIR", help="Where the data lives (or COMITY_DATA, or comity.toml). Default: ./data"
)
@click.option(
    "--federation",
    metavar="DIR",
    help="The folder with standard, adapters, mappings and validation (or COMITY_FEDERATION, or comity.toml). "
    "Default: this folder or one above it, else what is shipped.",
)
@click.version_option(package_name="comity", message="comity %(version)s")
@click.pass_context
def cli(ctx: click.Context, data: str | None, federation: str | None) -> None:
    """The adapter between national police and justice databases.

    Exports go into DIR/inbox/SOURCE/; `comity run` turns them into one standard, checks them and publishes them;
    `comity sql` asks all countries one question.
    """
    from comity.config.settings import load_settings

    try:
        ctx.obj = load_settings(data, federation)
    except ComityError as error:
        error.exit_code = 1 if ctx.invoked_subcommand == "plan" else None
        raise


add_examples(cli, "")


def main(args: list[str] | None = None) -> None:
    """The console script."""
    # A command ends soon. What it imports stays, and Python would look through it at every 700th object.
    gc.set_threshold(50_000)
    try:
        code: Any = cli.main(args=args, standalone_mode=False)
    except ComityError as error:
        click.echo(f"comity: {error.text()}", err=True)
        code = error.exit_code or (1 if isinstance(error, ReadError | StoreError) else 2)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("comity: interrupted; nothing half published, run again to go on", err=True)
        code = 130
    except BrokenPipeError:
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
