"""``comity rejects``: the rows that could not become records, grouped by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings


@click.command("rejects")
@click.option("--source", metavar="SOURCE", help="Only this source.")
@click.option("--run", "run_id", metavar="RUN", help="Only this run; by default the last one of each source.")
@click.option(
    "--examples", metavar="N", type=click.IntRange(0, 20), default=3, help="Rows to name of each reason."
)
@click.option("--json", "as_json", is_flag=True, help="Print the groups as JSON.")
@click.pass_obj
def command(settings: Settings, source: str | None, run_id: str | None, examples: int, as_json: bool) -> int:
    """Rejected rows by source, record type and reason, with how many there are and the first rows of each.

    Raw values are not shown here: they are in the view `rejects`, for those who may see them. After a fix,
    `comity replay SOURCE` runs the export again and says which of them it healed.
    """
    import json

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
            "SELECT source_id, record_type, reason.code, coalesce(reason.column, ''), count(*), "
            "min_by(reason.message, source_row), min(source_row, ?), min_by(file, source_row) "
            "FROM rejects, unnest(reasons) AS u(reason) "
            f"WHERE {' AND '.join(where)} GROUP BY ALL ORDER BY 1, 2, 5 DESC",
            [max(examples, 1), *values],
        ).fetchall()
    if as_json:
        groups = [dict(zip(_GROUP, (*line[:6], line[6][:examples], line[7]), strict=True)) for line in found]
        click.echo(json.dumps(groups, ensure_ascii=False, indent=2))
        return 0
    for source_id, record_type, code, column, count, message, rows, file in found:
        of_column = f" {column}" if column else ""
        told = f"{source_id:<20} {record_type or '':<18} {count:>8,}  {code}{of_column}: {message}"
        if examples:
            more = ", …" if count > len(rows[:examples]) else ""
            where_from = f" of {file}" if file else ""
            told += f" (first: row {', '.join(map(str, rows[:examples]))}{more}{where_from})"
        click.echo(printable(told))
    if not found:
        click.echo("No rejected rows.")
    return 0


_GROUP = ("source_id", "record_type", "code", "column", "count", "message", "example_rows", "file")
