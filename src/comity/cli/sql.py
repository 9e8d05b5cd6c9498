"""``comity sql``: one question, one answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from comity.cli.options import by_ending, which_release

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.query.ftm import Written
    from comity.query.output import Format

_FORMATS = ("table", "csv", "json", "parquet", "xlsx", "geojson", "geoparquet", "ftm")
_BINARY = ("parquet", "xlsx", "geoparquet")


@click.command("sql")
@click.argument("query")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), help="Default: by the ending of --output, else table."
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file for the answer.")
@which_release
@click.option("--recipient", metavar="COUNTRY", help="With --format ftm: who is given the file.")
@click.option(
    "--purpose", metavar="CODE", help="With --format ftm: what it is given for, a code of the list purpose."
)
@click.pass_obj
def command(
    settings: Settings,
    query: str,
    form: Format | None,
    output: Path | None,
    release: int | None,
    as_of: str | None,
    since: str | None,
    read: tuple[Path, ...],
    memory: str | None,
    timeout: float | None,
    recipient: str | None,
    purpose: str | None,
) -> None:
    """Answer QUERY, in DuckDB's SQL. `-` reads it from standard input, `@FILE` from a file.

    Every record type of the standard is a view; beside them are releases, changes, withdrawals, sources, exports,
    accounting, quality, rejects and code_lists. Nothing that is published can be changed.
    """
    from comity.cli.stop import stopping
    from comity.errors import QueryError
    from comity.query.federation import ask, open_federation
    from comity.query.limits import limits_of, within
    from comity.query.output import output_file, standard_output, write

    if release is not None and as_of is not None:
        raise click.UsageError("--release and --as-of say the same: give one of them")
    if form != "ftm" and (recipient or purpose):
        raise click.UsageError("--recipient and --purpose are for --format ftm")
    form = form or cast("Format", by_ending(output, _FORMATS))
    text = _text(query)
    with (
        open_federation(
            settings, as_of or release, since, limits_of(settings, memory, timeout)
        ) as federation,
        federation.connect(read=read) as connection,
        within(connection, federation.limits, stopping(federation)),
    ):
        answer = ask(connection, text)
        if answer is None:
            return

        def put(target: BinaryIO) -> None:
            if form == "ftm":
                from comity.query.ftm import write_ftm

                _tell(write_ftm(connection, answer, target, recipient, purpose))
            else:
                write(answer, form, target)

        if output is not None:
            with output_file(output) as file:
                put(file)
            return
        if form in _BINARY and sys.stdout.isatty():
            raise QueryError(
                "query.binary-to-terminal",
                "Parquet and sheets are no text for a terminal",
                remedy="add --output FILE",
            )
        with standard_output() as stream:
            put(stream)


def _tell(written: Written) -> None:
    """What went, and what did not, on standard error: the file holds entities and nothing else."""
    click.echo(f"{written.entities:,} entities", err=True)
    for reason, number in written.left_out.items():
        click.echo(f"left out: {number:,} ({reason})", err=True)


def _text(query: str) -> str:
    from comity.errors import QueryError

    if query == "-":
        return sys.stdin.read()
    if not query.startswith("@"):
        return query
    try:
        return Path(query[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(
            "query.unreadable-query", "The file with the question cannot be read", file=query[1:],
            found=str(error), remedy="check the name after @; the file must be UTF-8",
        ) from None  # fmt: skip
