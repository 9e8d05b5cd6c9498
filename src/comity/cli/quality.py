"""``comity quality``: what the suites found in a run.

Invariant: it reads the view ``quality`` and what a run kept of the records that break a rule, so it costs no run; it
shows no value of a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.quality_table import print_table, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from comity.config.settings import Settings


@click.command()
@click.option("--run", "run_id", help="A run's id. Default: the last run that has results.")
@click.option("--source", help="Only this source.")
@click.option("--all", "everything", is_flag=True, help="Passed and not applicable checks as well.")
@click.option("--rule", help="The records that break this rule, with the row that each was made from.")
@click.option(
    "--history",
    is_flag=True,
    help="Over all runs: the rules that did not always hold; with --rule, one rule run by run.",
)
@click.option(
    "--rejudge",
    is_flag=True,
    help="What today's thresholds and severities would make of a run; with --history, of every run. Nothing is run.",
)
@click.option("--limit", default=20, show_default=True, help="How many lines at most.")
def command(
    run_id: str | None,
    source: str | None,
    everything: bool,
    rule: str | None,
    history: bool,
    rejudge: bool,
    limit: int,
) -> None:
    """Show what the validation suites found in a run, the worst first; or in all runs."""
    from comity.query.federation import open_federation

    settings: Settings = click.get_current_context().obj
    with open_federation(settings) as federation, federation.connect() as connection:
        if rejudge or history:
            from comity.cli.quality_history import show_history, show_judged_again

            if rejudge:
                run_id = run_id or (None if history else _last_run(connection))
                show_judged_again(connection, settings, source, run_id)
            else:
                show_history(connection, source, rule, limit)
            return
        run_id = run_id or _last_run(connection)
        if rule is not None:
            _records(connection, settings.data_dir / "runs" / run_id / "quality", rule, source, limit)
            return
        _summary(connection, run_id, source)
        _checks(connection, run_id, source, everything)


def _last_run(connection: duckdb.DuckDBPyConnection) -> str:
    from comity.errors import QueryError

    last = connection.execute("SELECT max(run_id) FROM quality").fetchall()[0][0]
    if last is None:
        raise QueryError("query.no-results", "No run has validation results yet", remedy="call 'comity run'")
    return str(last)


def _summary(connection: duckdb.DuckDBPyConnection, run_id: str, source: str | None) -> None:
    from comity.errors import QueryError

    rows = rows_of(
        connection,
        """SELECT source_id, record_type, count(*) FILTER (WHERE outcome = 'pass'),
                  count(*) FILTER (WHERE outcome = 'fail'), count(*) FILTER (WHERE outcome = 'error'),
                  count(*) FILTER (WHERE outcome = 'not_applicable'),
                  CASE WHEN bool_or(severity = 'critical' AND outcome IN ('fail', 'error')) THEN 'blocked'
                       WHEN bool_or(severity = 'warning' AND outcome = 'fail' OR outcome = 'error') THEN 'marked'
                       ELSE 'clean' END
           FROM quality WHERE run_id = $1 AND source_id = coalesce($2, source_id)
           GROUP BY ALL ORDER BY 1, 2""",
        [run_id, source],
    )
    if not rows:
        raise QueryError(
            "query.no-results",
            f"Run {run_id} has no validation results" + (f" of the source '{source}'" if source else ""),
            remedy="SELECT DISTINCT run_id, source_id FROM quality shows what there is",
        )
    click.echo(f"Quality of run {run_id}\n")
    print_table(("source", "record type", "passed", "failed", "errors", "not applicable", "verdict"), rows)


def _checks(connection: duckdb.DuckDBPyConnection, run_id: str, source: str | None, everything: bool) -> None:
    rows = rows_of(
        connection,
        """SELECT severity, outcome, source_id, record_type, rule_id, violated, denominator,
                  round(percent, 2), observed
           FROM quality WHERE run_id = $1 AND source_id = coalesce($2, source_id)
             AND ($3 OR outcome IN ('fail', 'error'))
           ORDER BY outcome NOT IN ('fail', 'error'), list_position(['critical', 'warning', 'info'], severity),
                    outcome, source_id, record_type, rule_id""",
        [run_id, source, everything],
    )
    if rows:
        click.echo()
        header = ("severity", "outcome", "source", "record type", "rule", "violated", "of", "%", "observed")
        print_table(header, rows)


def _records(
    connection: duckdb.DuckDBPyConnection, results: Path, rule: str, source: str | None, limit: int
) -> None:
    import duckdb

    from comity.errors import QueryError, did_you_mean
    from comity.validation.broken import broken_folder

    run_id = results.parent.name
    known = [
        row[0]
        for row in rows_of(connection, "SELECT DISTINCT rule_id FROM quality WHERE run_id = $1", [run_id])
    ]
    if rule not in known:
        close = did_you_mean(rule, known)
        raise QueryError(
            "query.no-results",
            f"Run {run_id} judged nothing by a rule '{rule}'",
            remedy=f"{close}'comity quality --all' lists the rules of a run",
        )
    files = [str(path) for path in sorted(broken_folder(results).glob(f"{source or '*'}.*.parquet"))]
    rows: list[tuple[str, ...]] = []
    if files:
        with duckdb.connect() as reader:
            rows = rows_of(
                reader,
                """SELECT split_part(parse_filename(filename), '.', 1), record_id, source_row, count(*) OVER ()
                   FROM read_parquet($1, filename = true, union_by_name = true) WHERE rule_id = $2
                   ORDER BY ALL LIMIT $3""",
                [files, rule, limit],
            )
    if not rows:
        click.echo(f"No single record breaks {rule} in run {run_id}")
        return
    print_table(("source", "record", "row"), [row[:3] for row in rows])
    more = int(rows[0][3]) - len(rows)
    click.echo(
        f"\n{more:,} more; --limit shows them" if more else "\nThe way back from one: comity trace RECORD"
    )
