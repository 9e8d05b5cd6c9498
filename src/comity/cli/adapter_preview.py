"""``comity adapter preview``: raw and standard side by side.

Invariant: the store is not opened; the trial's files lie in a temporary folder that is gone afterwards. With
``--watch`` an error in an edited file is shown like a result, and the next save tries again.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comity.errors import ComityError, ConfigError, printable

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.workbench.preview import Made, Preview, Row, Which

_LONGEST = 60


@click.command("preview")
@click.argument("source")
@click.argument(
    "files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--rows", "count", default=6, show_default=True, type=click.IntRange(1), help="How many rows.")
@click.option(
    "--row",
    "numbers",
    multiple=True,
    metavar="N",
    type=click.IntRange(1),
    help="Exactly this row; may be repeated.",
)
@click.option(
    "--rejected", "which", flag_value="rejected", help="Only rows that are rejected, one for every reason."
)
@click.option("--flagged", "which", flag_value="flagged", help="Only rows with a flag, one for every flag.")
@click.option(
    "--watch", is_flag=True, help="Show it again whenever adapter, mapping, crosswalk or file is saved."
)
@click.pass_obj
def command(
    settings: Settings,
    source: str,
    files: tuple[Path, ...],
    count: int,
    numbers: tuple[int, ...],
    which: Which | None,
    watch: bool,
) -> int:
    """Show some rows of SOURCE as they come and as they would be published, with every flag and reason.

    FILE is an export, several files are one export together; without any, the sample. The rows are the first ones, and
    then one for every reason and every flag that occurs. Of a large text file only the head is read. The output holds
    the values of the file: of a real export it is as personal as that. Nothing is written to the store.
    """
    from comity.workbench.sources import chosen_sources

    chosen_sources(settings.federation, (source,))
    if not watch:
        _once(settings, source, files, count, numbers, which or "some")
        return 0
    from comity.workbench.watch import stamp, wait_for_change

    places = watched(settings.federation, source, files)
    seen = stamp(places)
    while True:
        click.clear()
        try:
            _once(settings, source, files, count, numbers, which or "some")
        except ComityError as error:
            click.secho(error.text(), fg="red")
        click.echo("\nWaiting for a change; Ctrl-C ends it.")
        seen = wait_for_change(places, seen)


def watched(root: Path, source: str, files: tuple[Path, ...]) -> tuple[Path, ...]:
    """What a preview depends on: adapter, mapping, crosswalks of its own and shared, the standard, the files."""
    from comity.nightly.source import adapter_folders

    rooms = (root / "mappings" / source, root / "mappings" / "crosswalks", root / "standard")
    return (adapter_folders(root)[source], *rooms, *files)


def _once(
    settings: Settings,
    source: str,
    files: tuple[Path, ...],
    count: int,
    numbers: tuple[int, ...],
    which: Which,
) -> None:
    from comity.workbench.preview import previews

    shown = False
    with tempfile.TemporaryDirectory(prefix="comity-") as folder:
        for preview in previews(
            settings.federation, source, files, Path(folder), count=count, numbers=numbers, which=which
        ):
            _show(source, preview)
            shown = True
    if not shown:
        raise ConfigError(
            "config.no-sample",
            f"The source '{source}' has no sample, or none whose file names its adapter looks for",
            remedy="name a file: comity adapter preview SOURCE FILE",
        )


def _show(source: str, preview: Preview) -> None:
    click.secho(f"{source}: {printable(', '.join(preview.names))}, {preview.rows_read:,} rows", bold=True)
    for record_type, accepted, rejected, left, records in preview.counts:
        click.echo(
            f"  {record_type}: {accepted:,} accepted, {rejected:,} rejected, {left:,} not selected; {records:,} records"
        )
    for note in preview.notes:
        click.echo(f"  note: {printable(note)}")
    for row in preview.rows:
        _show_row(row)
    if not preview.rows:
        click.echo("  No such row.")


def _show_row(row: Row) -> None:
    click.secho(f"\nrow {row.number}", bold=True)
    for made in row.records:
        _show_record(made)
    if not row.records:
        _show_raw(row)
    for refusal in row.refusals:
        where = f"{refusal.column}: " if refusal.column else ""
        found = f", found {_short(refusal.found)}" if refusal.found is not None else ""
        click.secho(
            f"  ✗ {refusal.record_type}: {where}{printable(refusal.message)}{found} [{refusal.code}]",
            fg="red",
        )
    if not row.records and not row.refusals:
        click.echo("  – not selected, as the mapping's 'where' says")


def _show_raw(row: Row) -> None:
    if row.cells:
        for name, text in row.cells.items():
            if text is not None:
                click.echo(f"    {printable(name)} = {_short(text)}")
    elif row.raw is not None:
        click.echo(f"    {_short(row.raw)}")


def _show_record(made: Made) -> None:
    from comity.query.terminal import cells as width

    click.secho(f"  → {made.record_type}  {printable(made.source_key)}", fg="green")
    lines = []
    for cell in made.cells:
        raw = (
            ", ".join(f"{printable(name)} = {_short(text)}" for name, text in cell.raw)
            or "(the same in every row)"
        )
        flags = "".join(f"  ⚠ {flag}" for flag in cell.flags)
        lines.append((raw, f"{cell.column} = {_short(cell.value)}", flags))
    widest = min(max((width(raw) for raw, _, _ in lines), default=0), _LONGEST)
    for raw, told, flags in lines:
        click.echo(f"    {raw}{' ' * max(widest - width(raw), 0)} │ {told}", nl=not flags)
        if flags:
            click.secho(flags, fg="yellow")
    if made.unused:
        unused = ", ".join(f"{printable(name)} = {_short(text)}" for name, text in made.unused)
        click.echo(f"    not used here: {unused}")


def _short(text: str | None) -> str:
    if text is None:
        return "–"
    text = printable(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
