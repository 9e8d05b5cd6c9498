"""Options, and kinds of option, that several commands have.

Invariant: a size and a time are written on the command line as in the settings; what is no such thing is an error of
the call that shows the form.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from comity.config.settings import is_size, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Size(click.ParamType[str]):
    """``2GB``, ``512MiB``, kept as text."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_size(str(value)):
            self.fail(f"'{value}' is no size; write a number with a unit, for example 2GB", param, ctx)
        return str(value)


class Span(click.ParamType[float]):
    """``60`` seconds, ``90s``, ``5min``, in seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value)
        seconds = seconds_of(text if text[-1:].isalpha() else f"{text}s")
        if seconds is None:
            self.fail(f"'{value}' is no time; write seconds, or a number with s, min or h", param, ctx)
        return seconds


def by_ending(output: Path | None, formats: Sequence[str]) -> str:
    """The format that the ending of ``output`` says; a table without one, and as plain text."""
    from comity.errors import QueryError, nearest

    ending = output.suffix.lstrip(".").lower() if output else ""
    if ending in ("", "txt"):
        return "table"
    if ending not in formats:
        raise QueryError(
            "query.unknown-format",
            f"The ending '.{ending}' says no format",
            file=output,
            remedy=f"add --format, or take another ending. {nearest(ending, formats)}",
        )
    return ending


def _all_of(*options: Callable[..., Any]) -> Callable[..., Any]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


which_sources = _all_of(
    click.option(
        "--source", "sources", multiple=True, metavar="SOURCE", help="Only this source; may be repeated."
    ),
    click.option(
        "--country",
        "countries",
        multiple=True,
        metavar="CC",
        help="Only sources of this country; may be repeated.",
    ),
    click.option(
        "--retry-failed", is_flag=True, help="Only sources of which something failed in the last run."
    ),
)
"""What a plan and a run are about: ``sources``, ``countries``, ``retry_failed``."""

which_release = _all_of(
    click.option("--release", type=click.IntRange(min=1), help="An older release. Default: the last one."),
    click.option(
        "--as-of",
        metavar="WHEN",
        help="The release that was seen at a date (its end, UTC) or moment, or a release number.",
    ),
    click.option(
        "--since",
        metavar="WHEN",
        help="What the view `changes` compares with. Default: the release before.",
    ),
    click.option(
        "--read",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A file of your own that a question may read, as FROM 'FILE'. May be given again.",
    ),
    click.option(
        "--memory", type=Size(), help="What DuckDB may take, as 2GB. Default: the setting query_memory."
    ),
    click.option(
        "--timeout",
        type=Span(),
        help="Seconds that a question may take, or 5min; 0 is without end. Default: the setting query_timeout.",
    ),
)
"""What is asked, what may be read beside, and what a question may take: ``release``, ``as_of``, ``since``, ``read``,
``memory``, ``timeout``.
"""
