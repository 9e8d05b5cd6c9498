"""The pages that are made from the program itself: ``python -m tests.docs.generate`` (``make docs``) writes them,
and the JSON Schemas beside them.

A test fails when a page in ``docs/`` differs from what this gives.
"""

from __future__ import annotations

from inspect import cleandoc
from pathlib import Path

import click

from comity.cli.examples import EXAMPLES
from comity.cli.lazy import subcommands
from comity.cli.main import COMMANDS, EXIT_CODES, cli
from comity.config.settings import SETTINGS
from comity.config.signals import SECRETS
from comity.standard import load_standard, markdown_pages
from comity.workbench.schemas import FOLDER, write_schemas
from tests.docs.reference import reference_page

ROOT = Path(__file__).parents[2]
MADE = "<!-- Made by `make docs`: do not edit. -->\n"


def pages() -> dict[str, str]:
    """Path below ``docs`` → content."""
    standard = load_standard(ROOT / "standard")
    made = {f"standard/{name}": page for name, page in markdown_pages(standard).items()}
    return {**made, "commands.md": commands_page(), "settings.md": settings_page()}


def commands_page() -> str:
    parts = [
        MADE,
        "# Commands\n",
        "`comity --help` and `comity COMMAND --help` say the same. Words in capitals stand for your own.\n",
        _table(
            ("command", "what it does"), [(_link(name), summary) for name, (_, summary) in COMMANDS.items()]
        ),
        "## comity\n",
        _command(cli, ""),
        "Exit codes, for a scheduler:\n",
        _table(("code", "means"), [(str(code), means) for code, means in EXIT_CODES.items()]),
    ]
    context = click.Context(cli, info_name="comity")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        parts += [f"## comity {name}\n", _command(command, name)]
        for inner, each in subcommands(command).items():
            parts += [f"### comity {name} {inner}\n", _command(each, f"{name} {inner}")]
    return "\n".join(parts)


def settings_page() -> str:
    rows = [(f"`{name}`", f"`COMITY_{name.upper()}`", text) for name, text in SETTINGS.items()]
    return "\n".join(
        [
            MADE,
            "# Settings\n",
            "A setting is taken from the command line (`--data`, `--federation`, `--jobs`), else from the environment,",
            "else from the file `comity.toml` in the working folder, else its default holds. Relative paths count from",
            "the working folder.\n",
            _table(("in comity.toml", "in the environment", "what it is"), rows),
            "```toml",
            "# comity.toml",
            'data = "/srv/comity"',
            "jobs = 4",
            'memory_limit = "2GB"',
            "```\n",
            "Secrets stand only in the environment:\n",
            _table(
                ("in the environment", "what it is"),
                [(f"`COMITY_{name.upper()}`", text) for name, text in SECRETS.items()],
            ),
            "No password stands in a file. The URL of a ledger with a password is set in `COMITY_LEDGER`. The URL of a",
            "database that a source is read from stands in the variable that its `adapter.yaml` names; a source whose",
            "variable is not set is listed as not set up, and is not read. One that was read before fails instead, so",
            "that it does not fall silent.\n",
        ]
    )


def _command(command: click.Command, name: str) -> str:
    examples = "\n".join(EXAMPLES[name])
    parts = [f"{cleandoc(command.help or '')}\n", f"```sh\n{examples}\n```\n"]
    rows = []
    for each in command.params:
        if isinstance(each, click.Option) and not each.hidden:
            flags = ", ".join(f"`{flag}`" for flag in each.opts)
            takes = (
                ""
                if each.is_flag
                else f" {each.make_metavar(click.Context(command)).replace('INTEGER RANGE', 'N')}"
            )
            rows.append((f"{flags}{f' `{takes.strip()}`' if takes else ''}", each.help or ""))
    if rows:
        parts.append(_table(("option", "what it does"), rows))
    return "\n".join(parts)


def _link(name: str) -> str:
    return f"[`{name}`](#comity-{name})"


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def main() -> None:
    for name, content in pages().items():
        path = ROOT / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    (ROOT / "docs" / "reference.md").write_text(reference_page(), "utf-8")
    write_schemas(load_standard(ROOT / "standard"), ROOT / FOLDER)


if __name__ == "__main__":
    main()
