"""An example for every command, shown at the end of its help and in the documentation.

Invariant: every command has one, and each of them works once the words in capitals are replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": ("comity run", 'comity sql "SELECT owner_country, count(*) FROM person GROUP BY ALL"'),
    "init": ("comity init FOLDER", "comity init FOLDER --empty"),
    "plan": ("comity plan", "comity plan --source SOURCE --json"),
    "run": ("comity run", "comity run --source SOURCE --jobs 4", "comity run --retry-failed"),
    "replay": ("comity replay SOURCE",),
    "hold": ("comity hold", 'comity hold SOURCE --reason "the owner doubts tonight\'s export"'),
    "release-hold": ("comity release-hold SOURCE",),
    "sources": ("comity sources", "comity sources SOURCE"),
    "adapter": ("comity adapter new aa-register EXPORT.csv --country FR --into FOLDER",),
    "adapter new": (
        "comity adapter new aa-register EXPORT.csv --country FR --authority 'Name of the owner' --into FOLDER",
        "comity adapter new aa-register EXPORT.csv --country FR --record vehicle --show",
        "comity adapter new aa-register TAPE.dat --country FR --layout LAYOUT.csv --show",
    ),
    "adapter profile": ("comity adapter profile EXPORT.csv --output FOLDER/profile.json",),
    "adapter synthesise": ("comity adapter synthesise PROFILE.json --output FOLDER/sample.csv --rows 50",),
    "adapter check": ("comity adapter check --help",),
    "adapter preview": (
        "comity adapter preview SOURCE --rows 10",
        "comity adapter preview SOURCE --rejected",
    ),
    "adapter test": ("comity adapter test SOURCE --update --junit FILE",),
    "mapping": ("comity mapping show SOURCE",),
    "mapping show": ("comity mapping show SOURCE", "comity mapping show SOURCE --record RECORD_TYPE --sql"),
    "mapping diff": ("comity mapping diff SOURCE", "comity mapping diff SOURCE --values --examples 1"),
    "codes": ("comity codes review SOURCE",),
    "codes review": ("comity codes review SOURCE", "comity codes review SOURCE --sample --export FILE"),
    "codes coverage": ("comity codes coverage", "comity codes coverage SOURCE --list vehicle_make"),
    "standard": ("comity standard show vehicle",),
    "standard show": ("comity standard show", "comity standard show vehicle"),
    "standard export": (
        "comity standard export --format json-schema vehicle",
        "comity standard export --format markdown --output FOLDER",
    ),
    "standard diff": ("comity standard diff OLD NEW",),
    "standard codes": ("comity standard codes", "comity standard codes sex"),
    "schema": ("comity schema export",),
    "schema export": ("comity schema export", "comity schema export FOLDER --mark"),
    "suite": ("comity suite check",),
    "suite check": ("comity suite check",),
    "suite show": ("comity suite show vehicle", "comity suite show RECORD_TYPE --source SOURCE"),
    "quality": (
        "comity quality",
        "comity quality --source SOURCE --all",
        "comity quality --history",
        "comity quality --rejudge",
    ),
    "report": (
        "comity report",
        "comity report RUN --format html --output FILE.html",
        "comity report --conformance COUNTRY",
    ),
    "rejects": ("comity rejects", "comity rejects --source SOURCE"),
    "sql": (
        'comity sql "SELECT source_id, rows_read, rows_rejected FROM accounting"',
        'comity sql "SELECT * FROM RECORD_TYPE" --output FILE.parquet',
    ),
    "search": ('comity search person "FAMILY, GIVEN" --born 1970', "comity search vehicle NUMBER"),
    "catalog": ("comity catalog vehicle", "comity catalog vehicle.plate", "comity catalog --site FOLDER"),
    "links": ("comity links find", "comity links review"),
    "links find": ("comity links find", "comity links find --likely --new-only"),
    "links train": ("comity links train",),
    "links review": ("comity links review --limit 10", "comity links review --export FILE"),
    "links explain": ("comity links explain RECORD_ID RECORD_ID --output FILE",),
    "patterns": (
        "comity patterns",
        "comity patterns offences --share",
        "comity patterns network --record RECORD_ID --depth 2 --output FILE.svg",
    ),
    "shell": ("comity shell", "echo 'SELECT count(*) FROM RECORD_TYPE;' | comity shell --format csv"),
    "trace": ("comity trace RECORD_ID", "comity trace RECORD_ID --json"),
    "releases": ("comity releases",),
    "purge": ("comity purge --record RECORD_ID --dry-run", "comity purge --list"),
    "review": ("comity review", "comity review --source SOURCE --until 2027-01-01"),
    "review list": ("comity review list",),
    "review renew": (
        'comity review renew RECORD_ID --until 2029-01-01 --by "A. Clerk" --reason "case open"',
    ),
    "store": ("comity store check", "comity store sweep"),
    "store backup": ("comity store backup BACKUP",),
    "store check": ("comity store check", "comity store check --quick"),
    "store compact": ("comity store compact",),
    "store expire": ("comity store expire --before 1 --dry-run",),
    "store restore": ("comity --data EMPTY store restore BACKUP",),
    "store sweep": ("comity store sweep",),
    "store sync": ("comity store sync", "comity store sync --record person"),
    "store views": ("comity store views", "comity store views --release 1 --output FILE.duckdb"),
}


def add_examples(command: click.Command, name: str) -> click.Command:
    """``command`` with its examples at the end of its help; those of a group too."""
    if examples := EXAMPLES.get(name):
        title = "Example:" if len(examples) == 1 else "Examples:"
        command.epilog = "\n".join(["\b", title, *(f"  {example}" for example in examples)])
    for inner, each in getattr(command, "commands", {}).items():
        add_examples(each, f"{name} {inner}".strip())
    return command
