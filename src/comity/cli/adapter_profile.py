"""``comity adapter profile`` and ``synthesise``: what an export looks like, and a sample made of that alone."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("profile")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the profile as JSON; else a summary is printed.",
)
def profile(files: tuple[Path, ...], output: Path | None) -> int:
    """Describe FILES without a value that fewer than five rows have, so that the description may leave the building."""
    import json
    import tempfile

    from comity.workbench.look import look_at_files
    from comity.workbench.profile import profile_of
    from comity.workbench.report import profile_lines

    with tempfile.TemporaryDirectory(prefix="comity-") as folder:
        found = profile_of(look_at_files(files, Path(folder)))
    if output is not None:
        output.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        click.echo(
            f"{output}: {len(found['fields'])} fields, from {found['rows']:,} rows of about {found['about']:,}"
        )
        return 0
    for line in profile_lines(found):
        click.echo(line)
    return 0


@click.command("synthesise")
@click.argument("profile", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where the sample goes."
)
@click.option(
    "--rows", type=click.IntRange(1, 1_000_000), default=200, help="How many records. Default: 200."
)
@click.option("--seed", type=int, default=1, help="The same seed gives the same sample. Default: 1.")
def synthesise(profile: Path, output: Path, rows: int, seed: int) -> int:
    """Make a synthetic sample from PROFILE alone, with the export's quirks and none of its records."""
    from comity.workbench.synthesise import read_profile
    from comity.workbench.synthesise import synthesise as make

    output.write_bytes(make(read_profile(profile), rows, seed))
    click.echo(f"{output}: {rows} invented records")
    return 0
