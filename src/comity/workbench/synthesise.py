"""A synthetic sample made from a profile alone, with the export's quirks and none of its records.

Invariant: whatever is written is a value that the profile lists, or begins as no value of the source does, or is a date
in a year that no row has; the same profile and seed give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import random
from typing import TYPE_CHECKING, Any

from comity.errors import ConfigError
from comity.workbench.profile import LETTERS, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def read_profile(path: Path) -> dict[str, Any]:
    """A profile as ``comity adapter profile`` wrote it."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _bad(path, str(error)) from None
    if (
        not isinstance(content, dict)
        or content.get("profile") != VERSION
        or not isinstance(content.get("fields"), list)
    ):
        raise _bad(path, f"no 'profile: {VERSION}' with its fields")
    return content


def _bad(path: Path, found: str) -> ConfigError:
    return ConfigError(
        "workbench.bad-profile", "The file is no profile", file=path, found=found,
        remedy="make one with: comity adapter profile FILE --output PROFILE",
    )  # fmt: skip


def synthesise(profile: Mapping[str, Any], rows: int, seed: int) -> bytes:
    """A sample of ``rows`` records in the profile's format."""
    chance = random.Random(seed)
    fields = profile["fields"]
    made = [{field["name"]: _cell(field, chance) for field in fields} for _ in range(rows)]
    kind = profile["format"]["type"]
    if kind == "csv":
        text = _delimited(profile, made)
    elif kind in ("json", "ndjson"):
        text = _nested(profile, made)
    elif kind == "fixed_width":
        text = _fixed(profile, made)
    else:
        raise ConfigError(
            "workbench.cannot-synthesise",
            f"No synthetic sample is made of the format '{kind}'",
            remedy="profile an export of it as CSV or JSON, and name the format in adapter.yaml by hand",
        )
    encoding = profile["format"].get("encoding", "utf-8")
    if encoding == "utf-8" and profile.get("mark"):
        encoding = "utf-8-sig"
    return text.encode(encoding, "replace")


def _cell(field: Mapping[str, Any], chance: random.Random) -> Any:
    if "records" in field:
        return [
            {inner["name"]: _cell(inner, chance) for inner in field["records"]}
            for _ in range(chance.randint(0, 2))
        ]
    if field.get("many"):
        return [value for _ in range(chance.randint(0, 3)) if (value := _value(field, chance)) is not None]
    return _value(field, chance) if chance.random() < field["filled"] else None


def _value(field: Mapping[str, Any], chance: random.Random) -> str | None:
    missing, listed = field["missing"], field["values"]
    if missing and chance.random() < sum(missing.values()):
        return str(chance.choice(list(missing)))
    if listed and chance.random() >= field["unlisted"]:
        return str(chance.choices(list(listed), list(listed.values()))[0])
    dates = field.get("dates")
    if dates and dates["years"]:
        return _date(chance.choice(dates["formats"]), chance.choice(dates["years"]), chance)
    shapes = field.get("shapes")
    if shapes:
        shape = chance.choices(list(shapes), list(shapes.values()))[0]
        return _shaped(shape, field["beginning"].get(shape, ""), chance)
    text = field.get("text", {"length": 8, "letters": "a"})
    begin = next(iter(field["beginning"].values()), "")
    if not begin:
        return None
    signs = LETTERS.get(text["letters"], LETTERS["a"])
    words = begin
    while len(words) < text["length"]:
        words += "".join(chance.choice(signs) for _ in range(chance.randint(2, 9))) + " "
    return words.strip()


def _date(format: str, year: int, chance: random.Random) -> str:
    text = format.replace("%Y", f"{year:04}").replace(
        "%y", f"{year % 1000 if year > 99 and '%E' not in format else year % 100:02}"
    )
    for letter, number in (
        ("m", chance.randint(1, 12)),
        ("d", chance.randint(13, 28)),
        ("H", chance.randint(0, 23)),
        ("M", 30),
        ("S", 15),
    ):
        text = text.replace(f"%{letter}", f"{number:02}")
    return text.replace("%B", "March").replace("%E", "R").replace("%f", "000").replace("%z", "+00:00")


def _shaped(shape: str, begin: str, chance: random.Random) -> str | None:
    if not begin:
        return None
    text = ""
    for run in shape.split(" "):
        kind, _, count = run.partition("*") if len(run) > 1 else (run, "", "1")
        signs = LETTERS.get(kind) or (" " if kind == "_" else kind if len(kind) == 1 else LETTERS["a"])
        text += "".join(chance.choice(signs) for _ in range(int(count or 1)))
    return begin + text[len(begin) :]


def _delimited(profile: Mapping[str, Any], made: Sequence[Mapping[str, Any]]) -> str:
    format, fields = profile["format"], profile["fields"]
    out = io.StringIO()
    quoting: Any = csv.QUOTE_ALL if profile["quoted"] == "always" else csv.QUOTE_MINIMAL
    writer = csv.writer(
        out, delimiter=format.get("delimiter", ","), quotechar=format.get("quote") or '"', quoting=quoting,
        lineterminator=profile["line_ending"],
    )  # fmt: skip
    for number in range(1, format.get("preamble_rows", 0) + 1):
        out.write(f"synthetic line {number} above the table{profile['line_ending']}")
    for _ in range(format.get("header_rows", 1)):
        writer.writerow([field["name"] for field in fields])
    for record in made:
        writer.writerow([record[field["name"]] or "" for field in fields])
    if format.get("footer"):
        for word in profile["footer"]:
            writer.writerow([word, *([""] * (len(fields) - 1))])
    return out.getvalue()


def _nested(profile: Mapping[str, Any], made: Sequence[Mapping[str, Any]]) -> str:
    records = [_object(profile["fields"], record) for record in made]
    if profile["format"]["type"] == "ndjson":
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    document: Any = records
    for step in reversed([each for each in profile["format"].get("records", "").split(".") if each]):
        document = {step: document}
    return json.dumps(document, ensure_ascii=False, indent=1)


def _object(fields: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in fields:
        value = record[field["name"]]
        if "records" in field:
            value = [_object(field["records"], inner) for inner in value]
        *above, last = (field.get("path") or field["name"]).split(".")
        at = made
        for step in above:
            at = at.setdefault(step, {})
        at[last] = value
    return made


def _fixed(profile: Mapping[str, Any], made: Sequence[Mapping[str, Any]]) -> str:
    format = profile["format"]
    ending = "" if format.get("line_ending") == "none" else profile["line_ending"]
    lines = []
    for record in made:
        line = "".join((record[f["name"]] or "")[: f["length"]].ljust(f["length"]) for f in profile["fields"])
        lines.append(line.ljust(format.get("record_length", len(line))) + ending)
    return "".join(lines)
