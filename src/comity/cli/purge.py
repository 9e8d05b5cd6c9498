"""``comity purge``: remove records for good, and show the proof."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("purge")
@click.option(
    "--record", "records", multiple=True, metavar="RECORD_ID", help="This record. May be given again."
)
@click.option(
    "--key",
    "keys",
    nargs=2,
    multiple=True,
    metavar="SOURCE KEY",
    help="The records of this key in this source.",
)
@click.option(
    "--past-due", is_flag=True, help="Every record whose purge_after has passed, but those under legal hold."
)
@click.option("--reason", help="Why: an order, a request, a retention rule. Kept with the proof.")
@click.option("--by", "requested_by", help="Who asked for it. Kept with the proof.")
@click.option("--dry-run", is_flag=True, help="Only say which records would go.")
@click.option(
    "--resume", is_flag=True, help="Only finish a purge that was interrupted, as the next run would."
)
@click.option("--list", "listing", is_flag=True, help="List the purges that were done.")
@click.option("--proof", "purge_id", metavar="PURGE", help="Show the proof of a purge, as JSON.")
@click.pass_obj
def command(
    settings: Settings,
    records: tuple[str, ...],
    keys: tuple[tuple[str, str], ...],
    past_due: bool,
    reason: str | None,
    requested_by: str | None,
    dry_run: bool,
    resume: bool,
    listing: bool,
    purge_id: str | None,
) -> int:
    """Remove records from every release, the archive and all that was made of them; and what cannot be without them: an
    alert without its subject, a link without one of its ends.

    The exports that hold them are dropped from the archive and the inbox. All other records stay in every release. What
    is under legal hold stays. The proof says what was looked through and what was found before and after.
    """
    from comity.cli.store import open_store
    from comity.store import purge as purging
    from comity.store.purge_find import check_found, find

    if listing or purge_id is not None:
        return _show(purging.proofs(open_store(settings, writable=False)), purge_id)
    if not (records or keys or past_due or resume):
        raise click.UsageError("say which: --record, --key or --past-due; or --resume, --list, --proof")
    if resume and (records or keys or past_due or dry_run):
        raise click.UsageError("--resume stands alone: what it finishes was said before")
    if resume:
        return _resume(purging.resume(open_store(settings, writable=True)))
    if not dry_run and not (reason and requested_by):
        raise click.UsageError("a purge needs --reason and --by: both are kept with its proof")
    store = open_store(settings, writable=not dry_run)
    if not dry_run:
        _resume(purging.resume(store))
    targets = find(store, record_ids=records, keys=keys, past=date.today() if past_due else None)
    held = [target for target in targets if target.held and past_due]
    targets = [target for target in targets if target not in held]
    check_found(targets, records, keys)
    for target in held:
        click.echo(
            f"under legal hold, stays  {target.record_type:<18} {target.record_id}  {target.source_id}"
        )
    for target in targets:
        click.echo(
            f"{'would go' if dry_run else 'goes':<23}  {target.record_type:<18} {target.record_id}  {target.source_id}"
        )
    if dry_run or not targets:
        click.echo(f"{len(targets):,} records" + (" would go." if dry_run else " to purge."))
        return 0
    proof = purging.purge(store, targets, str(reason), str(requested_by))
    _summary(proof)
    return 0 if proof["status"] == "gone" else 1


def _resume(finished: list[dict[str, Any]]) -> int:
    for proof in finished:
        click.echo(f"Purge {proof['purge_id']} was interrupted; it is finished now.")
        _summary(proof)
    return 0 if all(proof["status"] == "gone" for proof in finished) else 1


def _summary(proof: dict[str, Any]) -> None:
    click.echo(f"\n{'looked through':<12} {'files':>8} {'before':>8} {'after':>8}")
    for place, after in proof["after"].items():
        before = proof["before"].get(place, {}).get("found", 0)
        if after["files"] or before:
            click.echo(f"{place:<14} {after['files']:>8,} {before:>8,} {after['found']:>8,}")
    if unread := sum(after.get("unread", 0) for after in proof["after"].values()):
        click.echo(
            f"{unread:,} {'file' if unread == 1 else 'files'} could not be looked into: the proof says where."
        )
    gone = proof["status"] == "gone"
    left = ", ".join(proof["marks_left_in"])
    click.echo(
        f"\nPurge {proof['purge_id']}: " + ("nothing is left." if gone else f"marks are left in {left}.")
    )
    click.echo(f"The proof: comity purge --proof {proof['purge_id']}")


def _show(purges: list[dict[str, Any]], purge_id: str | None) -> int:
    from comity.errors import StoreError, nearest

    if purge_id is None:
        for line in purges:
            moment = f"{line['requested_at']:%Y-%m-%d %H:%M:%S} UTC"
            click.echo(
                f"{line['purge_id']}  {line['status']:<10}  {moment}  by {line['requested_by']}: {line['reason']}"
            )
        if not purges:
            click.echo("Nothing was ever purged here.")
        return 0
    chosen = [line for line in purges if line["purge_id"] == purge_id]
    if not chosen:
        known = [line["purge_id"] for line in purges]
        raise StoreError(
            "store.unknown-purge", f"There is no purge '{purge_id}'", remedy=nearest(purge_id, known)
        )
    click.echo(json.dumps(chosen[0]["proof"] or {"status": "running"}, indent=2, ensure_ascii=False))
    return 0
