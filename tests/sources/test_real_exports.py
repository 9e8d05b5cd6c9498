"""Five real published exports become what was counted in them with Python's csv and json.

They lie beside the repository (``../shared/exports``) and are not part of it; without them these tests are skipped.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from comity.nightly.sample import SampleRun, run_sample

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
EXPORTS = ROOT.parent / "shared" / "exports"

pytestmark = pytest.mark.skipif(
    not EXPORTS.is_dir(), reason="the published exports are not beside the repository, in shared/exports"
)


@dataclass(frozen=True)
class Counted:
    """What an export was counted to hold, and so what must come of it."""

    read: int
    accepted: int
    rejected: int = 0


# Counted with csv and json. No row is deliberately left out of any of the five.
COUNTED: dict[str, tuple[str, tuple[Counted, ...]]] = {
    # 3664 rows; two pairs of equal rows: the second of each is the same report again.
    "nz-police-vehicles": ("vehicle", (Counted(3664, 3662, 2),)),
    # 503 cars, 3142 homes, 595 scooters; one export.
    "tw-taipei-thefts": ("incident", (Counted(4240, 4240),)),
    # 10,114 cases; 55 of them hold two offences.
    "ee-police-offences": ("incident", (Counted(10169, 10169),)),
    # 27,152 different rows; 51 of them stand up to five times.
    "de-berlin-bicycles": ("incident", (Counted(27211, 27211),)),
    # Three windows of 500 over 598 events.
    "se-police-events": ("incident", (Counted(500, 500), Counted(500, 500), Counted(500, 500))),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Any:
    @lru_cache
    def run(source: str) -> tuple[SampleRun, ...]:
        return run_sample(ROOT, source, tmp_path_factory.mktemp(source), EXPORTS / source)

    return run


@pytest.mark.parametrize("source", COUNTED)
def test_every_row_is_accounted_for(ran: Any, source: str) -> None:
    record_type, expected = COUNTED[source]

    accounts = [account for run in ran(source) for account in run.finished.accounts]

    assert [
        (a.record_type, a.rows_read, a.rows_accepted, a.rows_rejected, a.rows_not_selected, a.records)
        for a in accounts
    ] == [(record_type, c.read, c.accepted, c.rejected, 0, c.accepted) for c in expected]


@pytest.mark.parametrize("source", COUNTED)
def test_every_code_of_the_source_is_in_its_crosswalk(ran: Any, source: str) -> None:
    assert [finding for run in ran(source) for finding in run.finished.unmapped] == []
    assert not [
        flag
        for flag in flags(ran(source))
        if flag.endswith((":unparseable", ":out_of_range", ":no_equivalent"))
    ]


@pytest.mark.parametrize("source", COUNTED)
def test_record_ids_stand_once(ran: Any, source: str) -> None:
    for run in ran(source):
        ids = [record["record_id"] for record in records((run,))]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("nz-police-vehicles", (0, 6, 7)),
        ("tw-taipei-thefts", (1, 0)),
        ("ee-police-offences", (0, 7)),
        ("de-berlin-bicycles", tuple(range(11))),
    ],
)
def test_a_record_leads_back_to_its_row(ran: Any, source: str, key: tuple[int, ...]) -> None:
    rows = real_rows(source)

    for record in records(ran(source)):
        row = rows[record["source_row"] - 1]
        assert record["source_key"].split("#")[0] == "|".join(row[place].strip() for place in key)


def test_vehicles_of_new_zealand(ran: Any) -> None:
    rows = real_rows("nz-police-vehicles")
    found = records(ran("nz-police-vehicles"))
    kept = list({tuple(row): row for row in rows}.values())

    assert (len(rows), len(kept)) == (3664, 3662)
    assert Counter(v["status_region"] for v in found) == Counter(row[7] for row in kept)
    assert Counter(v.get("model_year") for v in found) == Counter(int(row[4]) or None for row in kept)
    assert Counter(v["status_date"] for v in found) == Counter(row[6] for row in kept)
    assert sum("colour" in v for v in found) == sum(row[1] != "" for row in kept)
    assert sum("category" in v for v in found) == sum(row[5] != "" for row in kept)
    # A word for a kind of vehicle is no make; an empty cell says nothing.
    words = {"Trailer", "Caravan", "Moped", "Mobile Machine", "Factory Built", ""}
    assert sum("make" in v for v in found) == sum(row[2] not in words for row in kept)
    assert sum("make:unknown" in v.get("quality_flags", ()) for v in found) == sum(
        row[2] in words - {""} for row in kept
    )
    rejects = [reject for run in ran("nz-police-vehicles") for reject in run.rejects["vehicle"]]
    assert [(reject["source_row"], reject["kept_row"]) for reject in rejects] == [(3343, 3342), (3508, 3507)]


def test_thefts_of_taipei(ran: Any) -> None:
    rows = real_rows("tw-taipei-thefts")
    found = records(ran("tw-taipei-thefts"))

    assert Counter(i["incident_type"] for i in found) == {
        "car_theft": 503,
        "burglary_of_home": 3142,
        "motorcycle_theft": 595,
    }
    assert Counter(i["occurred_from"] for i in found) == Counter(
        f"{int(row[2][:3]) + 1911}-{row[2][3:5]}-{row[2][5:]}" for row in rows
    )
    assert Counter((i["occurred_time_from"], i["occurred_time_to"]) for i in found) == Counter(
        tuple(row[3].strip().split("~")) for row in rows
    )
    assert Counter(i["district"] for i in found) == Counter(row[4][3:6] for row in rows)
    # Addresses are kept letter by letter, the question marks for lost characters too.
    assert Counter(i["place_name"] for i in found) == Counter(row[4] for row in rows)
    assert sum("?" in i["place_name"] for i in found) == 8
    assert {i["locality"] for i in found} == {"臺北市"}


def test_offences_of_estonia(ran: Any) -> None:
    rows = real_rows("ee-police-offences")
    found = records(ran("ee-police-offences"))
    law = {
        "199": "0502",
        "215": "0502",
        "218": "05",
        "262": "0801",
        "263": "0801",
        "201": "07032",
        "200": "0401",
    }
    law |= {"203": "0504", "204": "0504"}

    assert len({i["case_number"] for i in found}) == len({row[0] for row in rows}) == 10114
    assert Counter(i["iccs_code"] for i in found) == Counter(law[row[7].strip("§ .")] for row in rows)
    assert sum("incident_type" not in i for i in found) == sum(row[4] == "" for row in rows) == 2
    assert sum("place_type" not in i for i in found) == sum(row[11] == "" for row in rows) == 1
    assert Counter(i.get("occurred_time_from", "") for i in found) == Counter(row[2] for row in rows)
    assert Counter(i.get("damage_maximum") for i in found) == Counter(
        float(row[10].split("-")[1]) if row[10] else None for row in rows
    )
    assert Counter(i["place_precision"] for i in found) == {"anonymised": 10077, "admin": 92}
    # Robbery by the law, or, where the row is about other property offences, by the event.
    robberies = sum(
        row[7] == "§ 200." or ("ROOV" in row[4] + row[5] and row[7] not in ("§ 262.", "§ 263."))
        for row in rows
    )
    assert sum(i.get("incident_type", "").startswith("robbery") for i in found) == robberies == 73


def test_bicycles_of_berlin(ran: Any) -> None:
    rows = real_rows("de-berlin-bicycles")
    found = records(ran("de-berlin-bicycles"))

    assert len({tuple(row) for row in rows}) == 27152
    assert len({i["source_key"] for i in found}) == len(found) == 27211
    assert Counter(i["local_area_code"] for i in found) == Counter(row[5] for row in rows)
    assert len({i["district"] for i in found}) == 12
    assert Counter(i.get("attempted") for i in found) == {False: 27088, True: 117, None: 6}
    assert sum(float(i["damage_amount"]) for i in found) == sum(int(row[6]) for row in rows)
    assert Counter(i["property_category"] for i in found) == {"bicycle": 27098, "cargo_bicycle": 113}
    assert Counter(i["reported_date"] for i in found) == Counter(
        "-".join(reversed(row[0].split("."))) for row in rows
    )


def test_events_of_sweden(ran: Any) -> None:
    windows = [
        json.loads((EXPORTS / f"se-police-events/events_2026-07-{day}.json").read_bytes())
        for day in (14, 15, 16)
    ]
    runs = ran("se-police-events")

    assert [run.files for run in runs] == [(f"events_2026-07-{day}.json",) for day in (14, 15, 16)]
    for window, run in zip(windows, runs, strict=True):
        assert {i["source_key"] for i in records((run,))} == {str(event["id"]) for event in window}
    events = {event["id"]: event for window in windows for event in window}
    latest = {int(i["source_key"]): i for i in records(runs)}
    assert len(events) == len(latest) == 598
    assert Counter(i["incident_type_as_given"] for i in latest.values()) == Counter(
        event["type"] for event in events.values()
    )
    for number, event in events.items():
        record = latest[number]
        assert record["region"] == event["location"]["name"]
        assert f"{record['latitude']},{record['longitude']}" == event["location"]["gps"]
        # All are of July and of +02:00: two hours less in UTC.
        day, hour = int(event["datetime"][8:10]), int(event["datetime"][11:-13])
        assert record["reported_at"].startswith(f"2026-07-{day - (hour < 2):02d} {(hour - 2) % 24:02d}:")
        if not event["type"].startswith(("Sammanfattning", "Information")):
            found = re.match(r"(\d+) juli (\d\d)\.(\d\d), ", event["name"])
            assert found is not None
            assert record["occurred_from"] == f"2026-07-{int(found[1]):02d}"
            assert record["occurred_time_from"] == f"{found[2]}:{found[3]}"


@pytest.mark.parametrize("source", COUNTED)
def test_no_sample_holds_a_real_row(source: str) -> None:
    real = set(lines_of(EXPORTS / source))
    sample = lines_of(ROOT / "adapters" / source / "sample")

    headers = {"編號,案類,發生日期,發生時段,發生地點"}
    shared = {line for line in sample if line in real and line.count(",") + line.count("\t") > 3} - headers
    assert {line for line in shared if "ANGELEGT_AM" not in line and "JuhtumId" not in line} == set()


def records(runs: Iterable[SampleRun]) -> list[dict[str, Any]]:
    return [record for run in runs for found in run.records.values() for record in found]


def flags(runs: Iterable[SampleRun]) -> set[str]:
    return {flag for record in records(runs) for flag in record.get("quality_flags", ())}


def real_rows(source: str) -> list[list[str]]:
    """The data rows of all files, in the order of their names, without headers."""
    encoding = "latin-1" if source == "de-berlin-bicycles" else "utf-8-sig"
    delimiter = "\t" if source == "ee-police-offences" else ","
    rows: list[list[str]] = []
    for path in sorted((EXPORTS / source).glob("*.csv")):
        text = io.StringIO(path.read_bytes().decode(encoding), newline="")
        rows += list(csv.reader(text, delimiter=delimiter))[source != "nz-police-vehicles" :]
    return rows


def lines_of(folder: Path) -> list[str]:
    """The lines of CSV files; of JSON files the events, each as a line."""
    lines: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json":
            lines += [json.dumps(event, sort_keys=True) for event in json.loads(path.read_bytes())]
        else:
            lines += path.read_bytes().decode("utf-8-sig", errors="replace").splitlines()
    return lines
