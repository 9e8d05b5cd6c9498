"""What hangs on a case keeps hanging on it."""

from __future__ import annotations

import json
from typing import Any

from tests.sources.golden import ROOT

GOLDEN = ROOT / "adapters" / "es-cases" / "golden"


def records(record_type: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / f"{record_type}.ndjson").read_text("utf-8").splitlines()]


def ids(record_type: str) -> set[str]:
    return {record["record_id"] for record in records(record_type)}


def test_every_hand_over_leads_to_its_exhibit_and_every_exhibit_to_its_case() -> None:
    assert {event["evidence_record_id"] for event in records("custody_event")} <= ids("evidence_item")
    assert {item["case_record_id"] for item in records("evidence_item")} <= ids("case_file")


def test_links_lead_to_records_unless_the_record_was_refused() -> None:
    lost = [
        link["source_key"]
        for link in records("link")
        for end in ("from", "to")
        if link[f"{end}_record_id"] not in ids(link[f"{end}_record_type"])
    ]

    # The exhibit without a description was refused; that the case has it is known all the same.
    assert lost == ["0200343004|PA 88/2025|P-2"]


def test_the_same_number_in_two_courts_is_two_cases() -> None:
    same = [case for case in records("case_file") if case["case_number"] == "DP 417/2026"]

    assert len({case["record_id"] for case in same}) == 2


def test_notes_are_handled_more_strictly_than_the_case() -> None:
    notes = {note["source_key"].split("|", 1)[1]: note for note in records("investigative_note")}
    first, second = notes["DP 417/2026|N-1"], notes["DP 417/2026|N-2"]

    assert {note["confidentiality"] for note in notes.values()} == {"CONFIDENTIAL"}
    assert {case["confidentiality"] for case in records("case_file")} == {"RESTRICTED"}
    assert (first["evaluation_scheme"], first["source_grade"], first["information_grade"]) == (
        "EUROPOL_4X4",
        "B",
        "2",
    )
    assert first["handling_codes"] == ["H2"]  # none was given
    assert second["handling_codes"] == ["H1", "H3"]
    assert second["handling_conditions"]
