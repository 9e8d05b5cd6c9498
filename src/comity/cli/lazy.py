"""A group whose subcommands are a table, each imported when it is called.

Invariant: neither the group's help nor a call of one subcommand imports another one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from comity.cli.examples import add_examples

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(click.Group):
    """``table``: name → (where it is, as ``module:attribute``; what the group's help says of it)."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module, _, name = self.table[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return add_examples(command, f"{self.name} {cmd_name}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self.table:
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.table.items()])


def subcommands(command: click.Command) -> dict[str, click.Command]:
    """Every subcommand of a group by its name, imported; none for what is no group."""
    if not isinstance(command, LazyGroup):
        return dict(getattr(command, "commands", {}))
    context = click.Context(command)
    found = {name: command.get_command(context, name) for name in command.table}
    return {name: each for name, each in found.items() if each is not None}
