"""``comity review``: records whose need must be looked at again, and who said that it goes on."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings

_DAY = click.DateTime(("%Y-%m-%d",))


@click.group("review", invoke_without_command=True)
@click.option("--until", type=_DAY, help="Due up to this day. Default: today.")
@click.option("--source", metavar="SOURCE", help="Only of this source.")
@click.option("--limit", type=click.IntRange(min=1), default=100, help="Records to show. Default: 100.")
@click.pass_context
def command(ctx: click.Context, until: datetime | None, source: str | None, limit: int) -> None:
    """List the records whose review is due, the longest overdue first; `renew` keeps some of them."""
    if ctx.invoked_subcommand is not None:
        return
    from comity.query.federation import open_federation
    from comity.store.review import due_sql

    day = until.date() if until else date.today()
    with open_federation(ctx.obj) as federation, federation.connect() as connection:
        union = due_sql(federation.record_types)
        rows = connection.execute(
            f"SELECT *, count(*) OVER () FROM ({union}) WHERE review_due <= ? AND coalesce(source_id = ?, true)"
            " ORDER BY review_due, record_type, record_id LIMIT ?",
            [day, source, limit],
        ).fetchall()
    for record_type, record_id, source_id, due, purge_after, held, _ in rows:
        more = f", purged after {purge_after}" if purge_after else ""
        more += ", under legal hold" if held else ""
        click.echo(f"{due}  {record_type:<18} {record_id}  {source_id}{more}")
    total = rows[0][-1] if rows else 0
    click.echo(f"{total:,} records are due for review by {day}.")


@command.command("renew")
@click.argument("records", nargs=-1, required=True, metavar="RECORD_ID...")
@click.option("--until", type=_DAY, required=True, help="The day of the next review.")
@click.option("--by", "reviewed_by", required=True, help="Who decided it.")
@click.option("--reason", required=True, help="Why the records are still needed.")
@click.pass_obj
def renew(
    settings: Settings, records: tuple[str, ...], until: datetime, reviewed_by: str, reason: str
) -> None:
    """Keep records until another review. It is kept who decided it, when and why."""
    from comity.cli.store import open_store
    from comity.store.review import renew as keep

    count = keep(open_store(settings, writable=True), records, until.date(), reviewed_by, reason)
    click.echo(f"{count:,} records are due for review on {until.date()}.")


@command.command("list")
@click.option("--record", "record_id", metavar="RECORD_ID", help="Only of this record.")
@click.pass_obj
def listing(settings: Settings, record_id: str | None) -> None:
    """List the renewals, the last one first."""
    from comity.cli.store import open_store
    from comity.store.review import renewals

    found = renewals(open_store(settings, writable=False), record_id)
    for line in found:
        click.echo(
            f"{line['reviewed_at']:%Y-%m-%d %H:%M} UTC  {line['record_id']}  until {line['review_due']}"
            f"  by {line['reviewed_by']}: {line['reason']}"
        )
    if not found:
        click.echo("Nothing was renewed yet.")
