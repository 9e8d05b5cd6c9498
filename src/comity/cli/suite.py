"""``comity suite``: whether the validation suites load, and what they demand.

Invariant: every suite of the federation is looked at, and every error found is named, not only the first.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from comity.config.settings import Settings
    from comity.errors import ComityError
    from comity.validation.suite import Suite

SEVERITIES = ("critical", "warning", "info")


@click.group()
def command() -> None:
    """What must hold before anything is published."""


@command.command()
def check() -> None:
    """Load every suite and count the rules of each record type and source."""
    from comity.errors import ComityError
    from comity.standard import load_standard
    from comity.validation import suite_for

    settings: Settings = click.get_current_context().obj
    root = settings.federation / "validation"
    standard = load_standard(settings.federation / "standard")
    errors: list[ComityError] = []
    lines: list[tuple[str, ...]] = []
    wanted = [(record_type, None) for record_type in standard.record_types]
    for record_type, source in [*wanted, *_sources(root, errors)]:
        try:
            counted = Counter(rule.severity for rule in suite_for(standard, root, record_type, source).rules)
        except ComityError as error:
            # A record type's error comes back with every source of it.
            if error.text() not in {each.text() for each in errors}:
                errors.append(error)
            continue
        lines.append(
            (record_type, source or "", *(str(counted[each]) for each in SEVERITIES), str(counted.total()))
        )
    strange = (path for path in sorted(root.glob("*.yaml")) if path.stem not in standard.record_types)
    errors.extend(_unknown(path, standard.record_types) for path in strange)
    _print(("record type", "source", *SEVERITIES, "rules"), lines)
    for wrong in errors:
        click.echo(f"\n{wrong.text()}", err=True)
    if errors:
        click.echo(f"\n{len(errors)} of the suites cannot be used", err=True)
        click.get_current_context().exit(2)


@command.command()
@click.argument("record_type")
@click.option("--source", help="With what this source's suite changes.")
def show(record_type: str, source: str | None) -> None:
    """Print every rule that holds for RECORD_TYPE, with its severity and its reason."""
    from comity.standard import load_standard
    from comity.validation import suite_for

    settings: Settings = click.get_current_context().obj
    standard = load_standard(settings.federation / "standard")
    suite: Suite = suite_for(standard, settings.federation / "validation", record_type, source)
    for rule in suite.rules:
        arguments = ", ".join(f"{key}={_short(value)}" for key, value in rule.kwargs.items())
        place = f"  ({rule.file}:{rule.line})" if rule.file else "  (from the standard)"
        click.echo(f"{rule.id}  [{rule.severity}]{place}\n    {rule.type}({arguments})\n    {rule.why}")


def _sources(root: Path, errors: list[ComityError]) -> list[tuple[str, str | None]]:
    """Record type and source of every file in ``sources``."""
    from comity.errors import ComityError
    from comity.validation import load_suite

    found: list[tuple[str, str | None]] = []
    for path in sorted((root / "sources").glob("*.yaml")):
        try:
            found.append((load_suite(path).record_type, path.name.split(".")[0]))
        except ComityError as error:
            errors.append(error)
    return found


def _unknown(path: Path, record_types: object) -> ComityError:
    from comity.errors import ConfigError, nearest

    return ConfigError(
        "config.unknown-record-type",
        f"The standard has no record type '{path.stem}', so nothing is judged by this suite",
        file=path,
        remedy=nearest(path.stem, record_types),  # type: ignore[arg-type]
    )


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:79] + "…"


def _print(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
