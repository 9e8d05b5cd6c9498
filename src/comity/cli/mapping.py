"""``comity mapping``: the rules of a source's mappings, the SQL that each becomes, and what an edit would alter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.mapping_diff import diff

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.mappings.plan import Plan


@click.group("mapping")
def command() -> None:
    """Show what a mapping does, and what an edit of it would alter."""


command.add_command(diff)


@command.command("show")
@click.argument("source")
@click.option("--record", metavar="RECORD_TYPE", help="Only the mapping to this record type.")
@click.option("--sql", "as_sql", is_flag=True, help="The DuckDB SELECT that the mapping is compiled to.")
@click.pass_obj
def show(settings: Settings, source: str, record: str | None, as_sql: bool) -> int:
    """The rules of SOURCE's mappings, column by column, with the source fields that each comes from."""
    from comity.errors import MappingError, nearest
    from comity.mappings.plan import Provenance
    from comity.nightly.source import load_federation

    federation = load_federation(settings.federation, (source,))
    for _, error in federation.broken:
        raise error
    plans = federation.sources[0].plans
    if record is not None and record not in {plan.record_type for plan in plans}:
        known = nearest(record, (plan.record_type for plan in plans))
        raise MappingError("mapping.unknown-record-type", f"'{source}' gives no '{record}'", remedy=known)
    for plan in plans:
        if record is not None and plan.record_type != record:
            continue
        if as_sql:
            provenance = Provenance("0" * 64, "2000-01-01T00:00:00Z", federation.sources[0].mapping_version)
            scan = (
                "SELECT * FROM export  -- one part of the export: source_row and the declared fields as text"
            )
            click.echo(f"-- {source} to {plan.record_type}")
            for lookup in (lookup for branch in plan.branches for lookup in branch.lookups):
                click.echo(f"-- {lookup.name}: filled before, once for every distinct {lookup.text}")
            click.echo(f"{plan.record_sql(scan, provenance)}\n;")
            continue
        _show_rules(source, plan)
    return 0


def _show_rules(source: str, plan: Plan) -> None:
    click.echo(f"{source} → {plan.record_type}")
    click.echo(f"  of records with one key: {plan.duplicates}")
    for number, branch in enumerate(plan.branches, 1):
        if len(plan.branches) > 1:
            click.echo(f"  kind {number} of {len(plan.branches)}")
        for line in branch.told:
            click.echo(f"  {line}")
        for column, rule in plan.rules_of(number).items():
            click.echo(f"    {column:<26} {rule['rule']}")
