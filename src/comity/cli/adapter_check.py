"""``comity adapter check``: what a test of an adapter cannot find.

Invariant: nothing is written and no store is opened; a source that does not load is a finding and stops no other.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comity.errors import printable

if TYPE_CHECKING:
    from comity.config.settings import Settings
    from comity.workbench.check.finding import Finding

_COLOURS = {"error": "red", "warning": "yellow", "info": None}


@click.command("check")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--all", "everything", is_flag=True, help="Notes, and findings that are accepted with a reason, as well."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def command(settings: Settings, sources: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """Find what the samples of the sources (of all by default) never exercise, and expectations that can never fail.

    A part of a rule is found idle when the sample becomes the same without it. Findings may be accepted with a reason
    in `check.yaml` beside the adapter. Exit code 1: an error or a warning that is not accepted.
    """
    from comity.standard import load_standard
    from comity.workbench.check.run import check_general_suites, check_source
    from comity.workbench.sources import chosen_sources

    root = settings.federation
    names = chosen_sources(root, sources)
    standard = load_standard(root / "standard")
    found: dict[str, tuple[Finding, ...]] = {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="comity-") as folder:
            found[name] = check_source(root, name, standard, Path(folder))
        if not as_json:
            _show(name, found[name], root, everything)
    if not sources:
        found["validation"] = check_general_suites(root, standard)
        if not as_json:
            _show("validation", found["validation"], root, everything)
    if as_json:
        _print_json(found)
    open_ones = [
        each for own in found.values() for each in own if each.accepted is None and each.severity != "info"
    ]
    return 1 if open_ones else 0


def _show(name: str, found: tuple[Finding, ...], root: Path, everything: bool) -> None:
    counts = Counter("accepted" if each.accepted else each.severity for each in found)
    told = ", ".join(
        f"{count} {kind}{'s' if count > 1 and kind in ('error', 'warning') else ''}"
        for kind, count in counts.items()
    )
    click.secho(f"{name}: {told or 'nothing found'}", bold=True)
    for each in found:
        if (each.accepted or each.severity == "info") and not everything:
            continue
        place = each.place().replace(f"{root}/", "")
        click.echo(
            "  "
            + click.style(each.severity, fg=_COLOURS[each.severity])
            + f"  {printable(each.message)} [{each.code}]"
        )
        click.echo(f"    at    {place}")
        if each.accepted:
            click.echo(f"    may stay: {printable(each.accepted)}")
        else:
            click.echo(f"    next  {printable(each.remedy)}")


def _print_json(found: dict[str, tuple[Finding, ...]]) -> None:
    import json
    from dataclasses import asdict

    told = [
        {"source": name, **asdict(each), "file": str(each.file)}
        for name, own in found.items()
        for each in own
    ]
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))
