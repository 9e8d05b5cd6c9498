"""``comity patterns``: ready-made analyses, listed, explained and asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from comity.cli.options import Size, Span, by_ending

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.query.output import Format
    from comity.query.pattern import Pattern

_GRAPHS = ("graphml", "svg")
_FORMATS = ("table", "csv", "json", "parquet", "xlsx")


@click.command("patterns", context_settings={"ignore_unknown_options": True})
@click.argument("name", required=False)
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED, metavar="[--PARAMETER VALUE]...")
@click.option("--show", is_flag=True, help="Explain the pattern and show its SQL; ask nothing.")
@click.option(
    "--format",
    "form",
    type=click.Choice((*_FORMATS, *_GRAPHS)),
    help="Default: by the ending of --output, else table. graphml and svg: of a network.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file for the answer.")
@click.option("--share", is_flag=True, help="Suppress small counts, and those that would give them away.")
@click.option("--release", type=click.IntRange(min=1), help="An older release. Default: the last one.")
@click.option("--as-of", metavar="WHEN", help="The release that was seen at a date or moment, or its number.")
@click.option("--memory", type=Size(), help="What DuckDB may take. Default: the setting query_memory.")
@click.option("--timeout", type=Span(), help="Seconds it may take. Default: the setting query_timeout.")
@click.pass_obj
def command(
    settings: Settings,
    name: str | None,
    parameters: tuple[str, ...],
    show: bool,
    form: str | None,
    output: Path | None,
    share: bool,
    release: int | None,
    as_of: str | None,
    memory: str | None,
    timeout: float | None,
) -> None:
    """Ask the ready-made analysis NAME; without NAME list all of them, with --show explain one.

    Parameters of the pattern are given as options, --country XX.
    """
    from comity.cli.stop import stopping
    from comity.errors import QueryError
    from comity.query.federation import open_federation
    from comity.query.limits import limits_of, within
    from comity.query.output import output_file, standard_output, write
    from comity.query.pattern import ask_pattern, pattern, patterns
    from comity.query.sharing import shareable

    if name is None:
        for each in patterns().values():
            click.echo(f"{each.name:<16} {each.title}")
        return
    asked = pattern(name)
    if show:
        _explain(asked)
        return
    if release is not None and as_of is not None:
        raise click.UsageError("--release and --as-of say the same: give one of them")
    given = _given(parameters)
    form = form or by_ending(output, (*_FORMATS, *_GRAPHS))
    if form in _GRAPHS and not asked.graph:
        raise QueryError(
            "query.no-graph",
            f"The pattern '{name}' is no network",
            remedy="take table, csv, json or parquet, or the pattern network",
        )
    with (
        open_federation(
            settings, as_of or release, limits=limits_of(settings, memory, timeout)
        ) as federation,
        federation.connect() as connection,
        within(connection, federation.limits, stopping(federation)),
        output_file(output) if output else standard_output() as target,
    ):
        answer = ask_pattern(connection, asked, given)
        if share:
            answer = shareable(asked, answer, settings.minimum_cell)
        if form in _GRAPHS:
            from comity.query.graph import graph_of, graphml, svg

            graph = graph_of(answer, given["record"])
            target.write((svg(graph) if form == "svg" else graphml(graph)).encode())
        elif form in ("parquet", "xlsx") and output is None and sys.stdout.isatty():
            raise QueryError(
                "query.binary-to-terminal",
                "Parquet and sheets are no text for a terminal",
                remedy="add --output FILE",
            )
        else:
            write(answer, cast("Format", form), target)


def _explain(asked: Pattern) -> None:
    click.echo(f"{asked.title}\n\n{asked.about}\n")
    for each in asked.parameters:
        default = "must be given" if each.default is None else f"default: {each.default or 'empty'}"
        click.echo(f"  --{each.name:<10} {each.meaning} ({default})")
    click.echo(f"\nFor sharing: {'yes' if asked.count else 'no, it names single records'}\n\n{asked.sql}")


def _given(words: tuple[str, ...]) -> dict[str, str]:
    """``--name value`` and ``--name=value``."""
    given: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, told, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not (told or rest):
            raise click.UsageError(f"'{word}' is no parameter; write --PARAMETER VALUE")
        given[name] = value if told else rest.pop(0)
    return given
