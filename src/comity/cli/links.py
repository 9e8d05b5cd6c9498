"""``comity links``: which records of different countries may be about one person or thing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.linking.decide import Decision
    from comity.linking.review import Waiting


@click.group("links")
def command() -> None:
    """Find, explain and decide on links across countries.

    The machine writes `possible_same_as`, with a weight in bits and its reasons, and merges nothing. What a person
    decides is written as `same_as` or `not_same_as`, with who, when and why, and does not come back.
    """


@command.command("find")
@click.option(
    "--likely/--exact-only",
    default=False,
    help="Tier two as well, by a trained model. Default: exact keys only.",
)
@click.option(
    "--new-only", is_flag=True, help="Tier two looks only at pairs with a record that is new or was changed."
)
@click.pass_obj
def find(settings: Settings, likely: bool, new_only: bool) -> None:
    """Find links in the last release and publish them as a release of their own."""
    from comity.linking.find import find_links

    found = find_links(settings, likely=likely, fresh_only=new_only)
    click.echo(f"pairs by exact keys: {found.exact:,}")
    if likely:
        click.echo(f"pairs by likelihood: {found.likely:,}")
    click.echo(f"possible links: {found.possible:,}, decided: {found.decided:,}")
    click.echo(f"release {found.release}" if found.release else "nothing changed, no release")


@command.command("train")
@click.option(
    "--pairs", type=float, default=5e6, show_default=True, help="Pairs looked at for what chance gives."
)
@click.pass_obj
def train_model(settings: Settings, pairs: float) -> None:
    """Train the model of tier two on the persons of the last release."""
    from comity.linking.learn import train_links

    path = train_links(settings, pairs)
    click.echo(f"model: {path}")


@command.command("review")
@click.option("--limit", type=click.IntRange(min=1), help="The likeliest pairs only.")
@click.option("--country", metavar="CC", type=str.upper, help="Pairs with a record that this country owns.")
@click.option("--by", metavar="WHO", help="Who decides, to decide in the terminal, pair after pair.")
@click.option(
    "--export", "to", type=click.Path(dir_okay=False, path_type=Path), help="Write a CSV to decide on."
)
@click.option(
    "--import",
    "taken",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take a CSV that was decided on.",
)
@click.pass_obj
def review(
    settings: Settings,
    limit: int | None,
    country: str | None,
    by: str | None,
    to: Path | None,
    taken: Path | None,
) -> None:
    """Show the links that wait for a decision, and confirm or refuse them.

    In the CSV the columns `decision` (same, different), `decided_by` and `why` are filled in; lines without a decision
    wait on. In the terminal `stop`, and Ctrl-C, end the questions; what was decided until then is published.
    """
    from comity.linking.review import number_waiting, read_list, waiting, write_list
    from comity.query.code import check_code
    from comity.query.federation import open_federation

    if taken is not None:
        _decided(settings, read_list(taken))
        return
    with open_federation(settings) as federation:
        if country:
            with federation.connect() as connection:
                check_code(connection, "country", country)
        found = waiting(federation, limit, country)
        number = len(found) if limit is None or to or by else number_waiting(federation, country)
    if to is not None:
        write_list(found, to)
        click.echo(f"{len(found):,} links to decide on in {to}")
        return
    if by:
        _decided(settings, _ask(found, by))
        return
    for pair in found:
        _show(pair)
    rest = f"; shown are the likeliest {len(found):,}" if len(found) < number else ""
    click.echo(f"{number:,} {'link waits' if number == 1 else 'links wait'} for a decision{rest}")


@command.command("explain")
@click.argument("one")
@click.argument("other")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="A page with a chart, without network."
)
@click.pass_obj
def explain_pair(settings: Settings, one: str, other: str, output: Path | None) -> None:
    """Say what speaks for and against persons ONE and OTHER being the same, comparison by comparison."""
    from comity.errors import printable
    from comity.linking.chart import page
    from comity.linking.learn import explain_links
    from comity.query.output import output_file

    weight, told, shown = explain_links(settings, one, other)
    for name, words, bits in told:
        click.echo(printable(f"{bits:+7.1f}  {name}: {words}"))
    click.echo(f"{weight:+7.1f}  in all, from what two records taken at random have")
    if output is not None:
        with output_file(output) as file:
            file.write(page("May these be the same?", *shown, weight, told).encode())
        click.echo(f"chart: {output}")


def _decided(settings: Settings, decisions: list[Decision]) -> None:
    from comity.linking.decide import decide

    release = decide(settings, decisions)
    told = f"{len(decisions):,} decision{'' if len(decisions) == 1 else 's'}"
    click.echo(told + (f", release {release}" if release else ""))


def _show(pair: Waiting) -> None:
    from comity.errors import printable

    click.echo(printable(f"{pair.weight:5.1f}  {pair.record_type} {pair.from_id} {pair.to_id}"))
    click.echo(printable(f"       {pair.from_owner}  {pair.from_shown}"))
    click.echo(printable(f"       {pair.to_owner}  {pair.to_shown}"))
    click.echo(printable(f"       {'; '.join(pair.reasons)}"))


def _ask(found: list[Waiting], by: str) -> list[Decision]:
    from comity.linking.decide import Decision

    decisions = []
    with suppress(click.Abort):  # Ctrl-C, and the end of the input: what was decided until then holds
        for pair in found:
            _show(pair)
            answer = click.prompt(
                "the same?", type=click.Choice(("y", "n", "later", "stop")), default="later"
            )
            if answer == "stop":
                break
            if answer != "later":
                why = click.prompt("why")
                decisions.append(Decision(pair.from_id, pair.to_id, answer == "y", by, why))
    return decisions
