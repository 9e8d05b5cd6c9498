"""``comity codes``: what codes mean that no crosswalk has, and how far a country's codes are mapped.

Invariant: a subcommand is a line in the table and a file of its own, imported when it is called.
"""

from __future__ import annotations

import click

from comity.cli.lazy import LazyGroup

# name → (where it is, what `comity codes --help` says of it)
COMMANDS: dict[str, tuple[str, str]] = {
    "review": ("comity.cli.codes_review:command", "Decide what unmapped codes mean."),
    "coverage": ("comity.cli.codes_coverage:command", "How far codes are mapped, by code list and country."),
}


@click.group("codes", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Decide what unmapped codes mean, and see how far codes are mapped."""
