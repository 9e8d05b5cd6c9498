"""The same mapping row by row: the csv module, plain Python, and pyarrow for the file."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from calendar import monthrange
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.same_mapping import CONSTANTS, EMPTY, SPACES, crosswalk
from comity.mappings.transliterate import latin_words, name_words

_BATCH = 100_000
_SPACES = re.compile(SPACES)
_STATUS, _SEX, _COUNTRY = crosswalk("status"), crosswalk("sex"), crosswalk("country")
_EYES, _HAIR = crosswalk("eye_colour"), crosswalk("hair_colour")
_DAY, _MONTH, _YEAR = (
    re.compile(form) for form in (r"(\d{1,2})\.(\d{1,2})\.(\d{4})", r"(\d{1,2})\.(\d{4})", r"(\d{4})")
)
_DATES = ("birth_date_earliest", "birth_date_latest", "last_seen_date_earliest", "last_seen_date_latest")
_LISTS = ("nationalities", "eye_colours", "hair_colours", "quality_flags")
_TYPES = {
    **{name: pa.date32() for name in _DATES},
    **{name: pa.list_(pa.string()) for name in _LISTS},
    "source_row": pa.int64(),
    "height_cm": pa.int32(),
    "weight_kg": pa.float64(),
    "other_names": pa.list_(
        pa.struct([("full_name", pa.string()), ("name_type", pa.string()), ("script", pa.string())])
    ),
}


def main(export: str, target: str) -> None:
    records: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    seen: set[str] = set()
    writer: pq.ParquetWriter | None = None
    accepted = rejected = 0
    with Path(export).open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter=";"), 1):
            cells = {name: _cell(value) for name, value in row.items()}
            record, reason = record_of(cells, number)
            if record is not None and record["record_id"] in seen:
                record, reason = None, "duplicate-key"
            if record is None:
                rejects.append({"source_row": number, "reason": reason, "raw": json.dumps(row)})
                continue
            seen.add(record["record_id"])
            records.append(record)
            if len(records) == _BATCH:
                writer = _write(records, writer, target)
                accepted += len(records)
                records = []
    accepted += len(records)
    rejected = len(rejects)
    writer = _write(records, writer, target)
    writer.close()
    pq.write_table(pa.Table.from_pylist(rejects), target + ".rejects", compression="zstd")
    print(json.dumps({"accepted": accepted, "rejected": rejected, "files": [target]}))


def record_of(cells: dict[str, str | None], number: int) -> tuple[dict[str, Any] | None, str]:
    """The record, or None and why not."""
    key, flags = cells["number"], []
    status = _STATUS.get((cells["status"] or "").upper())
    if key is None or status is None:
        return None, "key-missing" if key is None else "code-unmapped"
    born = _partial(cells["born"])
    seen = _partial(cells["seen"], iso=True)
    nationalities = [
        _COUNTRY.get(item.strip()) for item in (cells["nationality"] or "").split(",") if item.strip()
    ]
    hair = [_HAIR.get(item.strip()) for item in (cells["hair"] or "").split("/") if item.strip()]
    height = re.search("^([0-9]+) *cm$", cells["height"] or "")
    height_cm = int(height[1]) if height else None
    weight = float(cells["weight"].replace(",", ".")) if cells["weight"] else None
    for column, wrong in (
        ("sex:unmapped", cells["sex"] is not None and cells["sex"] not in _SEX),
        ("birth_date:unparseable", cells["born"] is not None and born[0] is None),
        ("birth_country:unmapped", cells["born_in"] is not None and cells["born_in"].upper() not in _COUNTRY),
        ("nationalities:unmapped", None in nationalities),
        ("height_cm:unparseable", cells["height"] is not None and height_cm is None),
        ("height_cm:out_of_range", height_cm is not None and not 30 <= height_cm <= 260),
        ("weight_kg:unknown", weight == 0),
        ("eye_colours:unmapped", cells["eyes"] is not None and cells["eyes"].lower() not in _EYES),
        ("hair_colours:unmapped", None in hair),
        ("last_seen_date:unparseable", cells["seen"] is not None and seen[0] is None),
    ):
        if wrong:
            flags.append(column)
    names = [cells["given_names"], cells["patronymic"], cells["family_name"]]
    words = " ".join(name_words(name) for name in (names[0], names[2]) if name).split()
    digits = re.sub("[^0-9]+", "", cells["personal_number"] or "")
    eyes = _EYES.get((cells["eyes"] or "").lower())
    return {
        "record_id": hashlib.sha256(f"AQ|aq-persons|person|{key}".encode()).hexdigest()[:32],
        "source_key": key,
        "status": status,
        "full_name": " ".join(name for name in names if name) or None,
        "family_name": cells["family_name"],
        "given_names": cells["given_names"],
        "patronymic": cells["patronymic"],
        "full_name_latin": " ".join(filter(None, (latin_words(name) for name in names if name))) or None,
        "name_key": " ".join(sorted(words)) or None,
        "other_names": [{"full_name": cells["alias"], "name_type": "alias", "script": "Latn"}]
        if cells["alias"]
        else [],
        "sex": _SEX.get(cells["sex"] or ""),
        "birth_date": born[0],
        "birth_date_earliest": born[1],
        "birth_date_latest": born[2],
        "birth_place": _squeeze(cells["born_at"]),
        "birth_country": _COUNTRY.get((cells["born_in"] or "").upper()),
        "birth_country_as_given": cells["born_in"],
        "nationalities": list(dict.fromkeys(code for code in nationalities if code))
        if cells["nationality"]
        else None,
        "nationality_as_given": cells["nationality"],
        "personal_number": digits.rjust(10, "0") if digits else None,
        "height_cm": height_cm if height_cm is not None and 30 <= height_cm <= 260 else None,
        "weight_kg": weight if weight else None,
        "eye_colours": [eyes] if eyes else None,
        "eye_colour_as_given": cells["eyes"],
        "hair_colours": list(dict.fromkeys(code for code in hair if code)) if cells["hair"] else None,
        "hair_colour_as_given": cells["hair"],
        "distinguishing_marks": cells["marks"],
        "last_seen_date": seen[0],
        "last_seen_date_earliest": seen[1],
        "last_seen_date_latest": seen[2],
        "last_seen_place": _squeeze(cells["seen_at"]),
        "remarks": "; ".join(filter(None, (cells["note"], None if cells["marks"] else "no marks known")))
        or None,
        "source_row": number,
        "quality_flags": flags,
    }, ""


def _cell(value: str) -> str | None:
    value = value.strip(" ")
    return None if value in ("", "-") else value


def _squeeze(text: str | None) -> str | None:
    return _SPACES.sub(" ", text).strip() if text else None


def _partial(text: str | None, *, iso: bool = False) -> tuple[str | None, date | None, date | None]:
    """EDTF, first and last day."""
    try:
        if text is None:
            return None, None, None
        if iso:
            day = date.fromisoformat(text)
            return day.isoformat(), day, day
        if found := _DAY.fullmatch(text):
            day = date(int(found[3]), int(found[2]), int(found[1]))
            return day.isoformat(), day, day
        if found := _MONTH.fullmatch(text):
            year, month = int(found[2]), int(found[1])
            return f"{year}-{month:02}", date(year, month, 1), date(year, month, monthrange(year, month)[1])
        if found := _YEAR.fullmatch(text):
            return found[1], date(int(found[1]), 1, 1), date(int(found[1]), 12, 31)
    except ValueError:
        pass
    return None, None, None


def _write(records: list[dict[str, Any]], writer: pq.ParquetWriter | None, target: str) -> pq.ParquetWriter:
    columns = {
        name: pa.array([record[name] for record in records], _TYPES.get(name, pa.string()))
        for name in (records[0] if records else ())
    }
    columns |= {name: pa.array([value] * len(records), pa.string()) for name, value in CONSTANTS.items()}
    columns |= {name: pa.nulls(len(records), pa.string()) for name in EMPTY}
    table = pa.table(columns)
    writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
    writer.write_table(table)
    return writer


if __name__ == "__main__":
    main(*sys.argv[1:])
