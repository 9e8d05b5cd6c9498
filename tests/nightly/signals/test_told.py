"""A night that goes wrong is told to whoever asked for it, and nobody hears a secret or a value of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from tests.nightly.told import PERSON, SECRETS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nightly.told import Told


def test_the_night_itself_went_as_it_was_laid_out(told: Told) -> None:
    assert told.night.code == 1
    assert told.night.export("cars")["outcome"] == "published"
    assert told.night.error("small")["code"] == "read.unusual-volume"
    assert told.night.error("register")["code"].startswith("read.")
    assert told.night.error("torn")["code"].startswith("config.")
    assert told.night.report["undelivered"] == []


def test_a_webhook_hears_once_which_sources_failed_and_why(told: Told) -> None:
    ((path, headers, body),) = told.webhook.requests

    assert path == "/hook"
    assert headers["Authorization"] == f"Bearer {SECRETS['webhook']}"
    assert body["run"] == told.night.report["run_id"] and body["published"] == 1
    faults = {fault["source"]: fault for fault in body["faults"]}
    assert {name: fault["what"] for name, fault in faults.items()} == {
        "small": "failed",
        "register": "failed",
        "torn": "broken",
    }
    assert faults["small"]["code"] == "read.unusual-volume" and faults["small"]["country"] == "NZ"
    assert "small (NZ): failed: The export of 'small' has 3 rows" in body["text"]


def test_an_e_mail_says_the_same_to_everyone_named(told: Told) -> None:
    (mail,) = told.mail.mails
    (webhook,) = told.webhook.requests

    assert mail["To"] == "night@example.org, chief@example.org"
    assert mail["From"] == "comity@example.org" and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == f"Comity: 3 not published ({told.night.report['run_id']})"
    assert mail.get_content().replace("\r\n", "\n") == webhook[2]["text"]


def test_every_line_of_the_log_has_its_run_and_every_stage_its_source(told: Told) -> None:
    lines = told.lines("log.jsonl")

    assert {line["run"] for line in lines} == {told.night.report["run_id"]}
    assert lines[0]["event"] == "begin" and lines[-1]["event"] == "end"
    stages = [line["event"] for line in lines if line.get("source") == "cars"]
    assert stages == ["reading", "normalising", "normalised", "validating", "published", "account"]
    (error,) = [line for line in lines if line["event"] == "error" and line["source"] == "small"]
    assert (error["level"], error["code"]) == ("error", "read.unusual-volume")
    (account,) = [line for line in lines if line["event"] == "account" and line["source"] == "cars"]
    assert (account["rows_read"], account["rows_accepted"], account["rows_rejected"]) == (5, 4, 1)


def test_the_textfile_is_read_by_prometheus_own_parser(told: Told) -> None:
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(told.metrics.read_text("utf-8"))
        for sample in family.samples
    }

    def of(name: str, **labels: str) -> float:
        return found[name, tuple(sorted({"country": "NZ", **labels}.items()))]

    assert found["comity_run_exit_status", ()] == 1
    for state, rows in {"read": 5, "accepted": 4, "rejected": 1, "not_selected": 0}.items():
        assert of("comity_source_rows", source="cars", record_type="vehicle", state=state) == rows
    assert of("comity_source_records", source="cars", record_type="vehicle") == 4
    assert of("comity_source_exports", source="small", outcome="failed") == 1
    assert of("comity_source_overdue_seconds", source="cars") == 0
    ended = found["comity_run_end_timestamp_seconds", ()]
    assert 0 <= ended - of("comity_source_last_success_timestamp_seconds", source="cars") < 600
    assert (
        "comity_source_last_success_timestamp_seconds",
        (("country", "NZ"), ("source", "small")),
    ) not in found
    assert (told.folder / "metrics.prom").read_text("utf-8") == told.metrics.read_text("utf-8")


def test_the_textfile_may_be_read_by_another_user_and_the_rest_of_the_run_by_nobody_else(told: Told) -> None:
    assert told.metrics.stat().st_mode & 0o777 == 0o644
    assert list(told.metrics.parent.iterdir()) == [told.metrics]
    for path in told.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_secret_and_no_person_is_in_anything_that_was_written_or_sent(told: Told) -> None:
    sent = [body for _, _, body in (*told.webhook.requests, *told.lineage.requests)]
    texts = {
        "terminal": told.night.said,
        "sent": repr(sent),
        "mailed": "".join(mail.as_string() for mail in told.mail.mails),
        "metrics": told.metrics.read_text("utf-8"),
        **{str(path): path.read_bytes().decode("utf-8", "replace") for path in files(told.folder)},
    }

    for place, text in texts.items():
        for planted in (PERSON, *PERSON.split(), *SECRETS.values()):
            assert planted not in text, f"{planted} in {place}"
    # It would be found: the refused row is kept, where rejects are.
    assert (f"{PERSON},too,short",) in told.federation.ask("SELECT raw FROM rejects")


def files(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert {"log.jsonl", "metrics.prom", "openlineage.jsonl", "report.json"} <= {path.name for path in found}
    return found
