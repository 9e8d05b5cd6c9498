"""``comity store check``, ``compact``, ``expire``, ``backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings

_SHOWN = 50


@click.command("check")
@click.option("--quick", is_flag=True, help="Look at sizes and numbers of rows only, and work out no hash.")
@click.pass_obj
def check(settings: Settings, quick: bool) -> int:
    """See whether every file that the ledger lists is there and what it was, and whether the rows add up.

    Nothing is changed. Exit code 1 if anything is wrong.
    """
    from comity.cli.store import open_store
    from comity.store.check import check as look

    store = open_store(settings, writable=False)
    looked, faults = look(store.layout, store.ledger, quick=quick)
    for fault in faults[:_SHOWN]:
        click.echo(f"{fault.kind:<11} {fault.path}: {fault.found}")
    if len(faults) > _SHOWN:
        click.echo(f"… and {len(faults) - _SHOWN:,} more")
    click.echo(f"{looked:,} files looked at, {len(faults):,} faults.")
    if any(fault.kind == "unlisted" for fault in faults):
        click.echo("Unlisted files are removed by `comity store sweep`.")
    return 1 if faults else 0


@click.command("compact")
@click.option(
    "--smaller-than", "megabytes", type=click.IntRange(min=1), default=64, metavar="MB",
    help="Files smaller than this are written together. Default: 64.",
)  # fmt: skip
@click.pass_obj
def compact(settings: Settings, megabytes: int) -> None:
    """Write many small files of one source and record type into one, in every release that has them."""
    from comity.cli.store import open_store
    from comity.store.compact import compact as together

    store = open_store(settings, writable=True)
    before, after = together(store, smaller_than=megabytes * 1024 * 1024, memory_limit=settings.memory_limit)
    if not before:
        click.echo("There is nothing to write together.")
        return
    click.echo(f"{before:,} files are {after:,} now.")
    click.echo("The old ones stay for those who read them now, until the next run or `comity store sweep`.")


@click.command("expire")
@click.option(
    "--before", metavar="WHEN", required=True, help="A release number, a date (its end, UTC) or a moment."
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_obj
def expire(settings: Settings, before: str, dry_run: bool) -> None:
    """Let go of releases before another one, and remove the files that no kept release has.

    --before a number keeps that release; --before a date keeps the release that was seen at its end.
    """
    from comity.cli.store import open_store
    from comity.query.moment import release_number
    from comity.store.expire import expire as let_go

    store = open_store(settings, writable=True)
    count, files, size = let_go(store, release_number(store, before), dry_run=dry_run)
    would = "would go" if dry_run else "are gone"
    click.echo(f"{_counted(count, 'release')} and {_counted(files, 'file')} of {size / 1e6:,.1f} MB {would}.")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def backup(settings: Settings, folder: Path) -> None:
    """Copy the ledger and every file that it lists into FOLDER, as one state, also while a run publishes.

    Into the same FOLDER again only what is new is copied, and what the store no longer has is removed.
    """
    from comity.cli.store import open_store
    from comity.store.backup import backup as copy

    told = copy(open_store(settings, writable=False), folder)
    click.echo(
        f"Release {told['release']}: {told['files']:,} files, {int(str(told['bytes'])) / 1e6:,.1f} MB in {folder}"
    )


@click.command("restore")
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.pass_obj
def restore(settings: Settings, folder: Path) -> int:
    """Make the store anew, in an empty data folder (--data) and an empty ledger, from the backup in FOLDER."""
    from comity.cli.store import open_store
    from comity.store.backup import restore as bring_back
    from comity.store.check import check as look

    told = bring_back(folder, settings.data_dir, settings.ledger_url)
    store = open_store(settings, writable=True)
    store.refresh_views()
    _, faults = look(store.layout, store.ledger)
    for fault in faults[:_SHOWN]:
        click.echo(f"{fault.kind:<11} {fault.path}: {fault.found}")
    click.echo(f"Release {told['release']} of the backup of {told['made_at']} is in {settings.data_dir}.")
    return 1 if faults else 0
