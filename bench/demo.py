"""`make demo`: synthetic exports of every source, one night over them, three questions across countries.

Everything is invented (bench/exports); the data is left in ./demo to try things on.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
from pathlib import Path

import click

from comity.cli.main import main as comity

ROOT = Path(__file__).parents[1]
DATA = Path("demo")
ROWS = 3000

QUESTIONS = (
    (
        "Who is wanted by more than one country? (the names agree in any order and script, and so does the birth date)",
        """
        SELECT min(full_name_latin) AS name, birth_date,
               string_agg(DISTINCT owner_country, ', ' ORDER BY owner_country) AS wanted_by, count(*) AS records
        FROM person WHERE name_key IS NOT NULL AND birth_date IS NOT NULL
        GROUP BY name_key, birth_date HAVING count(DISTINCT owner_country) > 1
        ORDER BY count(DISTINCT owner_country) DESC, name LIMIT 8
        """,
    ),
    (
        "What is reported stolen, in one vocabulary over registers that have nothing in common?",
        """
        SELECT owner_country, 'vehicle: ' || category AS what, count(*) AS records, max(status_date) AS latest
        FROM vehicle GROUP BY ALL
        UNION ALL
        SELECT owner_country, 'document: ' || document_class, count(*), max(status_date)
        FROM identity_document GROUP BY ALL
        ORDER BY records DESC LIMIT 8
        """,
    ),
    (
        "Thefts by country and year, from four calendars",
        """
        SELECT owner_country, year(occurred_from_earliest) AS year, incident_type, count(*) AS incidents
        FROM incident WHERE iccs_code LIKE '05%' GROUP BY ALL ORDER BY incidents DESC LIMIT 8
        """,
    ),
)


def main() -> None:
    if DATA.exists():
        shutil.rmtree(DATA)
    click.secho("1. Fifteen national exports, each in its country's own form", bold=True)
    generate(DATA, ROWS)
    click.secho("\n2. One night: read, normalise, validate, publish", bold=True)
    code = call("run")
    click.secho("\n3. One federation to ask", bold=True)
    for title, sql in QUESTIONS:
        click.echo(f"\n{title}")
        call("sql", " ".join(sql.split()))
    click.secho("\nTo try next", bold=True)
    for command in following():
        click.echo(f"  {command}")
    sys.exit(code)


def generate(data: Path, rows: int, *, only: tuple[str, ...] = ()) -> None:
    """The synthetic exports in ``data/inbox``; the SQL source's database beside it, named by its variable."""
    for adapter in sorted((ROOT / "adapters").glob("*/adapter.yaml")):
        source = adapter.parent.name
        if only and source not in only:
            continue
        module = importlib.import_module(f"bench.exports.{source.replace('-', '_')}")
        folder = data / "inbox" / source
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        paths = module.generate(folder, rows)
        for variable in re.findall(r"\$\{(\w+)\}", adapter.read_text("utf-8")):
            os.environ[variable] = f"sqlite:///{paths[0].resolve()}"
        size = sum(path.stat().st_size for path in paths)
        click.echo(f"  {source:<20} {', '.join(path.name for path in paths):<60} {size / 1024:8,.0f} KB")
    for folder in (data, data / "inbox"):
        folder.chmod(0o700)


def call(*arguments: str) -> int:
    """A command of `comity` on the demo's data; its exit code."""
    try:
        comity(["--data", str(DATA), *arguments])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def following() -> list[str]:
    """Commands that work on what the demo left."""
    record = _first_record()
    comity = f".venv/bin/comity --data {DATA}"
    return [
        f"{comity} plan                        # what a run would do now, and why",
        f"{comity} rejects                     # which rows were refused, and why",
        f"{comity} trace {record}   # from a record back to its file, row and rules",
        f"{comity} quality                     # what Great Expectations found",
        f"{comity} mapping show pl-wanted --sql # the one SELECT that a mapping becomes",
        f"{comity} shell                       # SQL over all countries",
    ]


def _first_record() -> str:
    import comity as api

    with api.open(data=DATA).connect() as connection:
        return str(
            connection.execute("SELECT record_id FROM person ORDER BY record_id LIMIT 1").fetchall()[0][0]
        )


if __name__ == "__main__":
    main()
