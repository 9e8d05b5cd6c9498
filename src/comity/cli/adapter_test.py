"""``comity adapter test``: samples against their golden outputs.

Invariant: nothing is written but the golden output, and that only with ``--update``; a source that does not load is
told and stops no other.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comity.errors import ComityError, printable

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.workbench.golden import GoldenResult, LineDifference
    from comity.workbench.junit import Case

_LONGEST = 100


@click.command("test")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--update", is_flag=True, help="Make what the sample becomes now the golden output.")
@click.option(
    "--junit",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the results as JUnit XML too.",
)
@click.option("--limit", default=20, show_default=True, help="How many differences of a source are shown.")
@click.pass_obj
def command(
    settings: Settings, sources: tuple[str, ...], update: bool, junit: Path | None, limit: int
) -> int:
    """Run the samples of the sources (of all by default) and compare each with its golden output.

    Shows what differs by record and field. Exit code 1: something differs, or a source does not load.
    """
    from comity.workbench.golden import accept, compare_golden
    from comity.workbench.junit import Case, write_junit
    from comity.workbench.sources import chosen_sources

    failed = False
    cases: list[Case] = []
    for source in chosen_sources(settings.federation, sources):
        try:
            with tempfile.TemporaryDirectory(prefix="comity-") as folder:
                result = compare_golden(settings.federation, source, Path(folder))
        except ComityError as error:
            failed = True
            click.secho(f"{source}: not tested", fg="red")
            click.echo("  " + error.text().replace("\n", "\n  "))
            cases.append(Case(source, "sample", "error", error.message, error.text()))
            continue
        cases += _cases(result)
        if not result.differences:
            counts = ", ".join(
                f"{name.removesuffix('.ndjson')} {len(lines)}" for name, lines in result.lines.items()
            )
            click.echo(f"{source}: as it should be ({counts})")
            continue
        failed = failed or not update
        _show(result, limit, update)
        if update:
            accept(result)
            click.echo(f"  written to {result.folder}; read every changed line before it is kept")
    if junit is not None:
        write_junit(junit, cases)
    return 1 if failed else 0


def _show(result: GoldenResult, limit: int, update: bool) -> None:
    count = len(result.differences)
    click.secho(
        f"{result.source_id}: {count} difference{'s' if count > 1 else ''}", fg="yellow" if update else "red"
    )
    file = None
    for difference in result.differences[:limit]:
        if difference.file != file:
            file = difference.file
            click.echo(f"  golden/{file}")
        for line in told(difference):
            click.echo(f"    {line}")
    if count > limit:
        click.echo(f"  … and {count - limit} more: --limit {count} shows them all")


def told(difference: LineDifference) -> list[str]:
    """A difference in lines: the record, then every field as it is expected and as it was found."""
    what = printable(difference.what)
    lines = [
        {"changed": what, "new": f"+ {what}", "gone": f"- {what}", "moved": f"{what} differs"}[
            difference.kind
        ]
    ]
    for field in difference.fields:
        if difference.kind == "new":
            lines.append(f"    {field.name} = {_short(field.found)}")
        elif difference.kind == "changed":
            lines += [
                f"  {field.name}",
                f"    expected  {_short(field.expected)}",
                f"    found     {_short(field.found)}",
            ]
    return lines


def _short(text: str | None) -> str:
    if text is None:
        return "(nothing)"
    text = printable(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _cases(result: GoldenResult) -> list[Case]:
    """A case for every file of the golden output."""
    from comity.workbench.junit import Case

    cases = []
    for name in sorted({*result.lines, *(each.file for each in result.differences)}):
        own = [each for each in result.differences if each.file == name]
        text = "\n".join(line for each in own for line in told(each))
        case = Case(result.source_id, f"golden/{name}")
        if own:
            case = Case(result.source_id, f"golden/{name}", "failure", f"{len(own)} differences", text)
        cases.append(case)
    return cases
