"""Every command of ``comity``, and a federation to call them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from comity.cli.lazy import subcommands
from comity.cli.main import COMMANDS, cli
from tests.nightly.small import CARS, VEHICLES, SmallFederation

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_command() -> Iterator[tuple[str, click.Command]]:
    """``("standard show", …)`` and all others; the empty name is ``comity`` itself."""
    yield "", cli
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        for inner, each in subcommands(command).items():
            yield f"{name} {inner}", each


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    """One source with three cars published and a row refused."""
    federation = SmallFederation(tmp_path_factory.mktemp("commands"))
    federation.add(VEHICLES, "cars", files="['*.csv']")
    rows = "".join(",".join(car) + "\n" for car in CARS)
    federation.drop("cars", "cars.csv", f"{rows}too,short\n".encode())
    sample = federation.root / "adapters" / "cars" / "sample"
    sample.mkdir()
    (sample / "cars.csv").write_text(rows, "utf-8")
    assert federation.run().code == 0
    return federation
