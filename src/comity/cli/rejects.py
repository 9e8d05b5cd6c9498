"""``comity rejects``: the rows that could not become records, grouped by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("rejects")
@click.option("--source", metavar="SOURCE", help="Only this source.")
@click.option("--run", "run_id", metavar="RUN", help="Only this run; by default the last one of each source.")
@click.pass_obj
def command(settings: Settings, source: str | None, run_id: str | None) -> int:
    """Rejected rows by source, record type and reason, with how many and the first row of each.

    Raw values are not shown here: they are in the view `rejects`, for those who may see them.
    """
    from comity.errors import QueryError, nearest
    from comity.query.federation import open_federation
    from comity.query.terminal import printable

    where, values = ["true"], []
    if source:
        where.append("source_id = ?")
        values.append(source)
    if run_id:
        where.append("run_id = ?")
        values.append(run_id)
    else:
        where.append("run_id = (SELECT max(run_id) FROM rejects r WHERE r.source_id = rejects.source_id)")
    with open_federation(settings) as federation, federation.connect() as connection:
        known = [row[0] for row in connection.execute("SELECT source_id FROM sources").fetchall()]
        if source and source not in known:
            raise QueryError(
                "query.unknown-source", f"No run has met a source '{source}'", remedy=nearest(source, known)
            )
        found = connection.execute(
            "SELECT source_id, record_type, reason.code, coalesce(reason.column, ''), count(*), min(source_row), "
            "min_by(reason.message, source_row) FROM rejects, unnest(reasons) AS u(reason) "
            f"WHERE {' AND '.join(where)} GROUP BY ALL ORDER BY 1, 2, 5 DESC",
            values,
        ).fetchall()
    for source_id, record_type, code, column, count, row, message in found:
        of_column = f" {column}" if column else ""
        told = f"{source_id:<20} {record_type or '':<18} {count:>8,}  {code}{of_column}: {message} (first: row {row})"
        click.echo(printable(told))
    if not found:
        click.echo("No rejected rows.")
    return 0
