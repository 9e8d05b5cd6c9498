"""``comity codes review``: unmapped codes, the commonest first, and what a person decides that they mean.

Invariant: only crosswalks are written, and only what a person decided; no line that somebody decided is altered.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comity.errors import ConfigError, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.config.settings import Settings
    from comity.standard import Standard
    from comity.workbench.codes.decisions import Decision, Open
    from comity.workbench.codes.suggest import Suggestion, Suggestions
    from comity.workbench.codes.unmapped import Unmapped

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("review")
@click.argument("source")
@click.option(
    "--decide", is_flag=True, help="Ask for every code, the commonest first, and write the decisions."
)
@click.option(
    "--export", "to_file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="Write the codes to a CSV file, to be decided in a spreadsheet.",
)  # fmt: skip
@click.option(
    "--import", "from_file", metavar="FILE", type=_FILE, help="Take over the decisions in such a file."
)
@click.option("--reviewer", metavar="NAME", help="Who decides, where the file does not say so.")
@click.option(
    "--sample", is_flag=True, help="The codes of the source's sample instead of those of its last run."
)
@click.option(
    "--file", "files", metavar="FILE", multiple=True, type=_FILE,
    help="The codes of this export, which is tried and not published; several are one export together.",
)  # fmt: skip
@click.option(
    "--limit", default=30, show_default=True, type=click.IntRange(1), help="How many codes are shown."
)
@click.pass_obj
def command(
    settings: Settings,
    source: str,
    decide: bool,
    to_file: Path | None,
    from_file: Path | None,
    reviewer: str | None,
    sample: bool,
    files: tuple[Path, ...],
    limit: int,
) -> int:
    """List the codes of SOURCE that no crosswalk has, with how often each came and what it may mean.

    Suggestions come from the code list's own labels and from the crosswalks of all countries. A decision becomes a
    line at the end of the crosswalk, with reviewer and date; the lines that stand there stay as they are, but for
    the TODO of a proposal that it decides.
    """
    from comity.standard import load_standard
    from comity.workbench.codes.decisions import apply, export_csv, import_csv, open_codes
    from comity.workbench.codes.suggest import Suggestions
    from comity.workbench.sources import chosen_sources

    root = settings.federation
    chosen_sources(root, (source,))
    standard = load_standard(root / "standard")
    if from_file is not None:
        _written(apply(root, standard, source, import_csv(from_file, reviewer)))
        return 0
    told, found = _found(settings, source, sample, files)
    opened = open_codes(root, standard, source, found)
    if not opened:
        click.echo(f"{source}: every code of {told} is mapped.")
        return 0
    suggestions = Suggestions.of(root, standard)
    if to_file is not None:
        export_csv(to_file, opened, suggestions)
        click.echo(
            f"{len(opened)} codes written to {to_file}: fill standard_code, relation and reviewer, then --import"
        )
    elif decide:
        decisions = _ask(opened, suggestions, standard, reviewer)
        _written(apply(root, standard, source, decisions))
    else:
        click.secho(f"{source}: {len(opened)} codes of {told} are in no crosswalk", bold=True)
        for each in opened[:limit]:
            _show(each, suggestions.for_code(each.unmapped.code, each.code_list))
        if len(opened) > limit:
            click.echo(f"… and {len(opened) - limit} more: --limit {len(opened)} shows them all")
        click.echo("Decide with --decide, or with --export FILE and --import FILE.")
    return 0


def _found(
    settings: Settings, source: str, sample: bool, files: tuple[Path, ...]
) -> tuple[str, Sequence[Unmapped]]:
    from comity.workbench.codes.unmapped import of_files, of_last_run

    if sample or files:
        with tempfile.TemporaryDirectory(prefix="comity-") as folder:
            found = of_files(settings.federation, source, files, Path(folder))
        return "the sample" if sample and not files else ", ".join(path.name for path in files), found
    run, found = of_last_run(settings, source)
    if run is None:
        raise ConfigError(
            "config.no-run",
            f"No run has read an export of '{source}' here",
            file=settings.data_dir / "runs",
            remedy="call `comity run` first, or take the codes of a file: --file FILE, or --sample",
        )
    return f"run {run}", found


def _show(each: Open, suggestions: Sequence[Suggestion]) -> None:
    unmapped = each.unmapped
    into = (
        f"{each.path.parent.name}/{each.path.name}"
        if each.path
        else "no crosswalk: the rule says 'codes: same'"
    )
    click.echo(
        f"  {unmapped.count:>8,}  {printable(unmapped.code)}   {unmapped.record_type}.{unmapped.column}, "
        f"first in row {unmapped.example_row}   ({into})"
    )
    for number, suggestion in enumerate(suggestions, 1):
        click.echo(
            f"            {number}  {suggestion.code}  {printable(suggestion.label)}   "
            f"{suggestion.score:.0f}: {printable(suggestion.why)}"
        )


def _ask(
    opened: Sequence[Open], suggestions: Suggestions, standard: Standard, reviewer: str | None
) -> list[Decision]:
    """One decision a code, until there are no more or the person has had enough."""
    from datetime import date

    from comity.mappings.crosswalk import RELATIONS
    from comity.workbench.codes.decisions import Decision

    reviewer = reviewer or click.prompt("Who decides")
    decisions: dict[tuple[str, str], Decision] = {}
    asked = [each for each in opened if each.path is not None]
    click.echo(
        "A number takes a suggestion; else a code of the list, 'none' where nothing fits, 's' to skip, 'q' to end."
    )
    with suppress(click.Abort):  # Ctrl-C, and the end of the input: what was decided until then holds
        for each in asked:
            key = (each.unmapped.crosswalk, each.unmapped.code)
            if key in decisions:
                continue
            told = suggestions.for_code(each.unmapped.code, each.code_list)
            _show(each, told)
            target = _target(each, told, standard)
            if target == "q":
                break
            if target == "s":
                continue
            relation = "none"
            if target != "none":
                relation = click.prompt(
                    "            relation",
                    type=click.Choice([r for r in RELATIONS if r != "none"]),
                    default="exact",
                )
            decisions[key] = Decision(
                *key, each.unmapped.code, None if target == "none" else target, relation, "reviewed", reviewer,
                date.today().isoformat(),
            )  # fmt: skip
    return list(decisions.values())


def _target(each: Open, told: Sequence[Suggestion], standard: Standard) -> str:
    code_list = standard.code_lists[each.code_list] if each.code_list is not None else None
    known = code_list.codes if code_list is not None else {}
    while True:
        answer = str(click.prompt("            means", default="1" if told else "s")).strip()
        if answer.isdigit() and answer not in known and 1 <= int(answer) <= len(told):
            return told[int(answer) - 1].code
        if answer in ("s", "q", "none") or answer in known or not known:
            return answer
        assert code_list is not None, "any answer is taken where no list is known"
        click.echo(f"            '{answer}' is no code of '{each.code_list}': {code_list.remedy(answer)}")


def _written(added: dict[Path, list[Decision]]) -> None:
    for path, decisions in added.items():
        click.echo(f"{len(decisions)} lines added to {path}")
    if added:
        click.echo("What this alters: `comity mapping diff SOURCE`")
    else:
        click.echo("Nothing was decided.")
