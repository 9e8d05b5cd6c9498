"""A signal that does not work is told in the summary, and the night is as good as without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.nightly.signals.listeners import http_server
from tests.nightly.small import CARS, VEHICLES, SmallFederation
from tests.nightly.told import night_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> SmallFederation:
    federation = SmallFederation(tmp_path_factory.mktemp("deaf"))
    federation.add(VEHICLES, "cars", files="['*.csv']")
    federation.edit("adapters/cars/adapter.yaml", "minimum_rows: 1", "minimum_rows: 2")
    return federation


def test_dead_addresses_and_a_folder_that_is_not_there_are_told_and_nothing_else(
    federation: SmallFederation, tmp_path: Path
) -> None:
    federation.drop(
        "cars", "0.csv", f"{','.join(CARS[0])}\n".encode()
    )  # too few rows: there is something to tell
    with http_server(403) as deaf:
        night = night_of(
            federation,
            {
                "COMITY_WEBHOOK": f"{deaf.url}/secret-path",
                "COMITY_OPENLINEAGE_URL": deaf.url,
                "COMITY_MAIL_TO": "night@example.org",
                "COMITY_MAIL_SERVER": "smtp://127.0.0.1:1",
                "COMITY_METRICS_FILE": str(tmp_path / "missing" / "comity.prom"),
            },
        )

    assert night.code == 1 and night.error("cars")["code"] == "read.unusual-volume"
    told = night.report["undelivered"]
    assert [each.partition(":")[0] for each in told] == ["lineage", "webhook", "mail", "metrics"]
    assert f"webhook: {deaf.url} answered 403" in told
    assert "secret-path" not in night.said
    for each in told:
        assert f"Not told: {each}" in night.said


def test_a_good_night_with_a_deaf_lineage_server_is_a_good_night_and_nobody_is_woken(
    federation: SmallFederation,
) -> None:
    federation.drop("cars", "1.csv", "".join(f"{','.join(car)}\n" for car in CARS).encode())
    (federation.data / "inbox" / "cars" / "0.csv").unlink()
    with http_server(500) as deaf, http_server() as webhook:
        night = night_of(
            federation,
            {"COMITY_OPENLINEAGE_URL": deaf.url, "COMITY_WEBHOOK": webhook.url},
            "--log",
            "json",
        )

    assert night.code == 0 and webhook.requests == []
    assert "events did not arrive" in night.said
    lines = [json.loads(line) for line in night.said.splitlines() if line.startswith("{")]
    kept = federation.data / "runs" / night.report["run_id"] / "log.jsonl"
    assert lines and lines == [json.loads(line) for line in kept.read_text("utf-8").splitlines()]


def test_a_night_that_cannot_go_on_is_told_too(
    federation: SmallFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from comity.errors import StoreError
    from comity.nightly import night as nightly

    def full(*_: object) -> None:
        raise StoreError("store.disk-full", "The disk is full", found="a value")

    monkeypatch.setattr(nightly, "_rounds", full)
    with http_server() as webhook:
        monkeypatch.setenv("COMITY_WEBHOOK", webhook.url)
        code, said = federation.call("run")

    ((_, _, body),) = webhook.requests
    assert code == 1 and "store.disk-full" in said
    assert body["ended"] == "The disk is full [store.disk-full]"
    folder = federation.data / "runs" / body["run"]
    events = [json.loads(line) for line in (folder / "openlineage.jsonl").read_text("utf-8").splitlines()]
    assert [event["eventType"] for event in events] == ["START", "FAIL"]
    assert "comity_run_exit_status 1" in (folder / "metrics.prom").read_text("utf-8")
