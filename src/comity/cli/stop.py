"""What ends the process when a question does not end at its limit of time.

Invariant: nothing half written stays behind, and error and exit code are those of a question that did end.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from comity.errors import QueryError
    from comity.query.federation import Federation


def stopping(federation: Federation) -> Callable[[QueryError], None]:
    """For ``within``: remove what is temporary, say why, and end."""

    def stop(error: QueryError) -> None:
        from comity.query.output import remove_unfinished

        remove_unfinished()
        federation.close()
        click.echo(f"comity: {error.text()}", err=True)
        os._exit(2)  # the question holds the main thread, which therefore cannot raise

    return stop
