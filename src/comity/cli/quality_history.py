"""``comity quality --history`` and ``--rejudge``: the results of many nights, and of any night under today's suites.

Invariant: both read what earlier runs kept; neither runs anything, changes anything or shows a value of a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.quality_table import print_table, rows_of

if TYPE_CHECKING:
    import duckdb

    from comity.config.settings import Settings

NIGHTS = 10
"""Runs in a line of the history."""


def show_history(
    connection: duckdb.DuckDBPyConnection, source: str | None, rule: str | None, limit: int
) -> None:
    """One rule night by night; else every rule that did not always hold, with its last nights in one line."""
    if rule is not None:
        header = ("run", "source", "record type", "severity", "outcome", "violated", "of", "%")
        found = rows_of(
            connection,
            """SELECT run_id, source_id, record_type, severity, outcome, violated, denominator, round(percent, 2)
               FROM quality WHERE rule_id = $1 AND source_id = coalesce($2, source_id)
               ORDER BY source_id, record_type, run_id DESC LIMIT $3""",
            [rule, source, limit],
        )
        _print_or_say(header, found, f"No run has judged anything by a rule '{rule}'")
        return
    told = f"% violated, last {NIGHTS} runs"
    heads = ("source", "record type", "rule", "severity", "failed in", told, "since")
    found = rows_of(
        connection,
        f"""WITH told AS (
              SELECT *, row_number() OVER (PARTITION BY source_id, record_type, rule_id ORDER BY run_id DESC) AS nr
              FROM quality WHERE source_id = coalesce($1, source_id)),
            lines AS (
              SELECT source_id, record_type, rule_id, max_by(severity, run_id) AS severity,
                count(*) FILTER (outcome IN ('fail', 'error')) AS failed, count(*) AS runs,
                string_agg(CASE outcome WHEN 'error' THEN 'error' WHEN 'not_applicable' THEN '–'
                           ELSE coalesce(printf('%.2f', percent), outcome) END, ' ' ORDER BY run_id)
                  FILTER (nr <= {NIGHTS}) AS line,
                max(run_id) FILTER (outcome NOT IN ('fail', 'error')) AS last_good,
                max_by(outcome, run_id) AS last,
                list(run_id ORDER BY run_id) FILTER (outcome IN ('fail', 'error')) AS bad
              FROM told GROUP BY ALL)
            SELECT source_id, record_type, rule_id, severity, failed || ' of ' || runs, line,
              CASE WHEN last IN ('fail', 'error')
                   THEN list_filter(bad, lambda run: run > coalesce(last_good, ''))[1] ELSE 'holds' END
            FROM lines WHERE failed > 0
            ORDER BY last NOT IN ('fail', 'error'), list_position(['critical', 'warning', 'info'], severity),
              source_id, record_type, rule_id LIMIT $2""",
        [source, limit],
    )
    _print_or_say(heads, found, "Every rule has held in every run")
    if len(found) == limit:
        click.echo("\nThere may be more; --limit shows them")


def show_judged_again(
    connection: duckdb.DuckDBPyConnection, settings: Settings, source: str | None, run_id: str | None
) -> None:
    """What today's thresholds and severities would have made of a run, or of all of them."""
    from comity.standard import load_standard
    from comity.validation.again import COLUMNS, judged_again

    rows = connection.execute(
        f"""SELECT {", ".join(COLUMNS)} FROM quality
            WHERE run_id = coalesce($1, run_id) AND source_id = coalesce($2, source_id)
            ORDER BY run_id, source_id, record_type, rule_id""",
        [run_id, source],
    ).fetchall()
    standard = load_standard(settings.federation / "standard")
    suites = judged_again(rows, standard, settings.federation / "validation")
    changed = [
        (suite.run_id, suite.source_id, suite.record_type, *suite.verdicts)
        for suite in suites
        if suite.verdicts[0] != suite.verdicts[1]
    ]
    checks = [
        (
            suite.run_id, suite.source_id, suite.record_type, new.rule_id, f"{old.severity} {old.outcome}",
            f"{new.severity} {new.outcome}", "" if new.percent is None else f"{new.percent:.2f}",
        )
        for suite in suites
        for old, new in suite.changed
    ]  # fmt: skip
    gone = [
        (suite.run_id, suite.source_id, suite.record_type, rule) for suite in suites for rule in suite.gone
    ]
    click.echo(f"{len(suites)} suites judged again by the rules in {settings.federation / 'validation'}\n")
    if not checks and not gone:
        click.echo("Nothing would be judged otherwise.")
    if checks:
        print_table(("run", "source", "record type", "rule", "then", "today", "% violated"), checks)
    if gone:
        click.echo("\nRules that the suites no longer have:")
        print_table(("run", "source", "record type", "rule"), gone)
    if changed:
        click.echo("\nVerdicts that would be others:")
        print_table(("run", "source", "record type", "then", "today"), changed)
    click.echo(
        "\nA threshold, a tolerance and a severity are judged again; a rule that asks something else of the values "
        "needs a run. What is published stays as it is."
    )


def _print_or_say(header: tuple[str, ...], rows: list[tuple[str, ...]], nothing: str) -> None:
    if rows:
        print_table(header, rows)
    else:
        click.echo(nothing)
