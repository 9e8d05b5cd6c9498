"""``comity adapter``: the data engineer's workbench.

Invariant: a subcommand is a line in the table and a file of its own, imported when it is called.
"""

from __future__ import annotations

import click

from comity.cli.lazy import LazyGroup

# name → (where it is, what `comity adapter --help` says of it)
COMMANDS: dict[str, tuple[str, str]] = {
    "new": ("comity.cli.adapter_new:command", "Propose an adapter and a mapping from an export."),
    "profile": ("comity.cli.adapter_profile:profile", "Describe an export without its rare values."),
    "synthesise": ("comity.cli.adapter_profile:synthesise", "Make a synthetic sample from a profile alone."),
    "check": (
        "comity.cli.adapter_check:command",
        "Find what samples never exercise, and what can never fail.",
    ),
    "preview": (
        "comity.cli.adapter_preview:command",
        "Show rows as they come and as they would be published.",
    ),
    "test": ("comity.cli.adapter_test:command", "Run samples and compare them with their golden outputs."),
}


@click.group("adapter", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Write, try and check an adapter."""
