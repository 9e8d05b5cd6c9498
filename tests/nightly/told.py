"""One night that goes wrong in several ways, with everything that can be told switched on, and secrets planted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.nightly.signals.listeners import Heard, Post, http_server, mail_server
from tests.nightly.small import CARS, VEHICLES, Night, SmallFederation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRETS = {
    "database": "planted-database-password",
    "webhook": "planted-webhook-token",
    "lineage": "planted-lineage-token",
    "mail": "planted-mail-password",
}
PERSON = "Wilhelmina Plantagenet"
"""Stands in a row that is refused, and in one that is published."""


@dataclass(frozen=True)
class Told:
    """A night, and all that heard of it."""

    federation: SmallFederation
    night: Night
    folder: Path
    metrics: Path
    webhook: Heard
    lineage: Heard
    mail: Post

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text("utf-8").splitlines()]


def environment(told: dict[str, str]) -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    for name, value in told.items():
        patch.setenv(name, value)
    return patch


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """``cars`` is published with a refused row, ``small`` has too few rows, ``register`` is a database that is not
    there, and ``torn`` does not load.
    """
    folder = tmp_path_factory.mktemp("told")
    federation = SmallFederation(folder)
    for name in ("cars", "small", "torn"):
        federation.add(VEHICLES, name, files="['*.csv']", due="daily")
    rows = "".join(f"{','.join(car)}\n" for car in CARS)
    named = ",".join((*CARS[0][:3], PERSON, *CARS[0][4:])).replace("QQA101", "QQD404")
    federation.drop("cars", "cars.csv", f"{rows}{named}\n{PERSON},too,short\n".encode())
    federation.drop("small", "small.csv", rows.encode())
    federation.edit("adapters/small/adapter.yaml", "minimum_rows: 1", "minimum_rows: 100")
    federation.edit("adapters/torn/adapter.yaml", "title:", "tittle:")
    _a_database(federation)
    metrics = folder / "collected" / "comity.prom"
    metrics.parent.mkdir()
    with http_server() as webhook, http_server() as lineage, mail_server() as mail:
        patch = environment(
            {
                "COMITY_WEBHOOK": f"{webhook.url}/hook",
                "COMITY_WEBHOOK_TOKEN": SECRETS["webhook"],
                "COMITY_OPENLINEAGE_URL": f"{lineage.url}/api/v1/lineage",
                "COMITY_OPENLINEAGE_TOKEN": SECRETS["lineage"],
                "COMITY_MAIL_TO": "night@example.org, chief@example.org",
                "COMITY_MAIL_FROM": "comity@example.org",
                "COMITY_MAIL_SERVER": f"smtp://127.0.0.1:{mail.port}",
                "COMITY_MAIL_PASSWORD": SECRETS["mail"],
                "COMITY_METRICS_FILE": str(metrics),
                "REGISTER_URL": f"postgresql://reader:{SECRETS['database']}@127.0.0.1:1/register",
            }
        )
        try:
            night = federation.run()
        finally:
            patch.undo()
    folder = federation.data / "runs" / night.report["run_id"]
    yield Told(federation, night, folder, metrics, webhook, lineage, mail)


def _a_database(federation: SmallFederation) -> None:
    """A source that is read from a server which does not answer, and that was set up."""
    federation.add(VEHICLES, "register")
    path = "adapters/register/adapter.yaml"
    federation.edit(
        path,
        r"(?ms)^delivery:.*?^fields:\n",
        "delivery:\n  database: {url: '${REGISTER_URL}', query: SELECT 1}\n  due: daily\n"
        "format: {type: database}\nfields:\n",
    )


def night_of(federation: SmallFederation, told: dict[str, str], *options: str) -> Night:
    """A night with those variables set."""
    patch = environment(told)
    try:
        return federation.run(*options)
    finally:
        patch.undo()
