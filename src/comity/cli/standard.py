"""``comity standard``: show the standard, export it, and say what a change of it breaks.

Invariant: every answer comes from the files in the federation's ``standard`` folder; nothing is written but
to ``--output``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comity.standard import Column, RecordType, Standard

SUFFIXES = {"arrow": ".arrow", "json-schema": ".schema.json", "odcs": ".odcs.yaml", "markdown": ".md"}


@click.group()
def command() -> None:
    """The record types, columns and code lists that every country's data becomes."""


@command.command()
@click.argument("record_type", required=False)
def show(record_type: str | None) -> None:
    """List the record types, or the columns of RECORD_TYPE."""
    standard = _standard()
    if record_type is None:
        click.echo(f"{standard.title} {standard.version}\n")
        kinds = standard.record_types.values()
        _print(
            ("record type", "columns", "what it is"),
            ((k.name, str(len(k.own_columns)), k.description) for k in kinds),
        )
        return
    kind = standard.record_type(record_type)
    click.echo(f"{kind.name}: {kind.description}\nOrigin: {kind.origin}\n")
    _print(
        ("id", "column", "type", "required", "code list", "what it says"),
        (_cells(column) for column in kind.columns),
    )


@command.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(list(SUFFIXES)),
    required=True,
    help="What to write the record types as.",
)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for one file a record type."
)
@click.argument("record_types", nargs=-1)
def export(form: str, output: Path | None, record_types: tuple[str, ...]) -> None:
    """Write all record types, or RECORD_TYPES, in another format; to the terminal without --output."""
    standard = _standard()
    kinds = [standard.record_type(name) for name in record_types or standard.record_types]
    if output is None:
        click.echo(_as_text(standard, kinds, form))
        return
    output.mkdir(parents=True, exist_ok=True)
    files = _files(standard, kinds, form, whole=not record_types)
    for name, content in files.items():
        (output / name).write_bytes(content)
    click.echo(f"{len(files)} files written to {output}")


@command.command()
@click.argument("old", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As data.")
def diff(old: Path, new: Path, as_json: bool) -> None:
    """Say what changed from the standard in folder OLD to that in NEW; exit code 1 when something breaks."""
    from dataclasses import asdict

    from comity.standard import compare, load_standard, needed_version

    before, after = load_standard(old), load_standard(new)
    changes = compare(before, after)
    needed = needed_version(changes, before.version)
    if as_json:
        versions = {"old_version": before.version, "new_version": after.version, "needed_version": needed}
        click.echo(json.dumps({**versions, "changes": [asdict(change) for change in changes]}, indent=2))
    else:
        for change in changes:
            click.echo(change.text())
        broken = sum(change.breaks for change in changes)
        click.echo(f"{len(changes)} changes, {broken} of them break something.")
        if changes:
            click.echo(
                f"Version {before.version} -> {after.version}; these changes ask for {needed} or higher."
            )
    if any(change.breaks for change in changes):
        click.get_current_context().exit(1)


@command.command()
@click.argument("list_name", metavar="LIST", required=False)
@click.option("--json", "as_json", is_flag=True, help="As data.")
def codes(list_name: str | None, as_json: bool) -> None:
    """List the code lists, or the codes of LIST."""
    from dataclasses import asdict

    standard = _standard()
    if list_name is None:
        lists = standard.code_lists.values()
        _print(("list", "codes", "what it is"), ((c.name, str(len(c.codes)), c.title) for c in lists))
        return
    code_list = standard.code_list(list_name)
    if as_json:
        click.echo(
            json.dumps([asdict(code) for code in code_list.codes.values()], indent=2, ensure_ascii=False)
        )
        return
    click.echo(f"{code_list.name} {code_list.version}: {code_list.title}\nOrigin: {code_list.origin}\n")
    _print(("code", "label", "status"), ((c.code, c.label, c.status) for c in code_list.codes.values()))


def _standard() -> Standard:
    from comity.standard import load_standard

    return load_standard(click.get_current_context().obj.federation / "standard")


def _files(standard: Standard, kinds: Sequence[RecordType], form: str, *, whole: bool) -> dict[str, bytes]:
    """The files of an export by name; the pages about the whole standard only with all record types."""
    from comity.standard import arrow_schema, markdown_pages

    if form == "arrow":
        return {f"{kind.name}.arrow": arrow_schema(kind).serialize().to_pybytes() for kind in kinds}
    if form == "markdown":
        names = {f"{kind.name}.md" for kind in kinds}
        pages = markdown_pages(standard).items()
        return {name: page.encode() for name, page in pages if whole or name in names}
    return {
        f"{kind.name}{SUFFIXES[form]}": f"{_as_text(standard, [kind], form)}\n".encode() for kind in kinds
    }


def _as_text(standard: Standard, kinds: Sequence[RecordType], form: str) -> str:
    from comity.standard import arrow_schema, data_contract, json_schema, markdown_pages

    if form == "arrow":
        return "\n\n".join(
            f"{kind.name}\n{arrow_schema(kind).to_string(show_field_metadata=True)}" for kind in kinds
        )
    if form == "json-schema":
        schemas = [json_schema(standard, kind) for kind in kinds]
        return json.dumps(schemas[0] if len(schemas) == 1 else schemas, indent=2, ensure_ascii=False)
    if form == "odcs":
        import yaml

        contracts = (data_contract(standard, kind) for kind in kinds)
        return "---\n".join(
            yaml.safe_dump(c, sort_keys=False, allow_unicode=True, width=110) for c in contracts
        ).rstrip()
    pages = markdown_pages(standard)
    return "\n".join(pages[f"{kind.name}.md"] for kind in kinds)


def _cells(column: Column) -> tuple[str, ...]:
    required = "yes" if column.required else ""
    kind = column.type if column.fields else column.duckdb_type
    return str(column.field_id), column.name, kind, required, column.code_list or "", column.description


def _print(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """A table as plain text, so that it can be searched and cut; the last column is as wide as it is."""
    table = [header, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(header) - 1)]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join((*cells, row[-1])).rstrip())
