"""``comity codes coverage``: how far the codes of every country are mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.workbench.codes.coverage import Coverage


@click.command("coverage")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--list", "code_list", metavar="CODE_LIST", help="Only this code list.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def command(settings: Settings, sources: tuple[str, ...], code_list: str | None, as_json: bool) -> int:
    """Show for every code list and country how many codes its crosswalks know, and of how many records.

    Records are those of the last release; without one only the crosswalks are counted.
    """
    import json
    from dataclasses import asdict

    from comity.nightly.source import load_federation
    from comity.workbench.codes.coverage import coverage
    from comity.workbench.sources import chosen_sources

    names = chosen_sources(settings.federation, sources)
    federation = load_federation(settings.federation, names)
    if code_list is not None:
        federation.standard.code_list(code_list)
    if (settings.data_dir / "current.duckdb").exists():
        from comity.query.federation import open_federation

        with open_federation(settings) as opened, opened.connect() as connection:
            found = coverage(federation, connection, names)
    else:
        found = coverage(federation, None, names)
    found = tuple(each for each in found if code_list in (None, each.code_list))
    if as_json:
        click.echo(json.dumps([asdict(each) | {"share": each.share} for each in found], indent=2))
    else:
        _show(found)
    for name, error in federation.broken:
        click.echo(f"{name}: not counted, for it does not load\n  {error.text()}", err=True)
    return 0


def _show(found: tuple[Coverage, ...]) -> None:
    head = (
        "code list",
        "country",
        "source",
        "lines",
        "reviewed",
        "none",
        "reached",
        "records mapped",
        "unmapped",
    )
    rows = [head]
    for each in found:
        share = "" if each.share is None else f"{each.mapped or 0:,} ({each.share:.1%})"
        rows.append(
            (
                each.code_list,
                each.country,
                each.source,
                str(each.lines),
                str(each.reviewed),
                str(each.without_equivalent),
                f"{each.reached} of {each.codes}",
                share,
                "" if each.unmapped is None else f"{each.unmapped:,}",
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    for number, row in enumerate(rows):
        cells = [
            cell.ljust(width) if place < 3 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.secho("  ".join(cells).rstrip(), bold=number == 0)
