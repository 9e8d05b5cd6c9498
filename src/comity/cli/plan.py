"""``comity plan``: what a run would do, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from comity.cli.options import which_sources
from comity.cli.summary import print_left_alone
from comity.errors import ComityError, printable

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.nightly.planning import NightPlan


class _Planner(click.Command):
    """Its exit code 2 says that there is something to do, so a wrong call is 1 here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.exit_code = 1  # type: ignore[misc]
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ComityError as error:
            error.exit_code = 1
            raise


@click.command("plan", cls=_Planner)
@which_sources
@click.option(
    "--changes",
    is_flag=True,
    help="For a changed mapping, what it would alter: its last export is normalised by both, which takes time.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.pass_obj
def command(
    settings: Settings,
    sources: tuple[str, ...],
    countries: tuple[str, ...],
    retry_failed: bool,
    changes: bool,
    as_json: bool,
) -> int:
    """Say for each source whether `comity run` would take anything of it, and why. Nothing is written.

    Exit code 0: there is nothing to do; 2: there is something to do; 1: an error, in the call, in the configuration,
    or in a source that does not load. Other commands give 2 for a wrong call; this one gives 1, so that 2 has one
    meaning.
    """
    from comity.nightly.planning import plan_night

    plan = plan_night(settings, sources, countries, retry_failed=retry_failed, mapping_changes=changes)
    if as_json:
        click.echo(plan.as_json())
    else:
        _print(plan)
    return plan.exit_code


def _print(plan: NightPlan) -> None:
    width = max((len(intent.source_id) for intent in plan.intents), default=0)
    for intent in plan.intents:
        line = f"{intent.source_id:<{width}}  {intent.owner_country:<3}  {intent.action:<10}  {intent.why}"
        colour = {"run": "green", "ask": "green", "broken": "red", "held": "yellow"}.get(intent.action)
        click.secho(printable(line), fg=colour)
        for names in intent.exports:
            click.echo(printable(f"{'':<{width}}       takes {', '.join(names)}"))
        for told in intent.alters:
            click.echo(printable(f"{'':<{width}}       {told}"))
        if intent.stale is not None:
            click.secho(f"{'':<{width}}       overdue: {intent.stale.text()}", fg="yellow")
        if intent.error is not None:
            place = f" ({intent.error.place})" if intent.error.place else ""
            click.echo(
                printable(f"{'':<{width}}       [{intent.error.code}]{place} {intent.error.remedy or ''}")
            )
    print_left_alone(plan.left_alone)
    counted = [(sum(i.action == action for i in plan.intents), told) for action, told in _TOLD]
    click.echo(", ".join(f"{count} {told}" for count, told in counted if count) or "No source to plan for.")


_TOLD = (
    ("run", "to run"),
    ("ask", "to ask"),
    ("skip", "with nothing to do"),
    ("held", "held"),
    ("not set up", "not set up"),
    ("broken", "broken"),
)
