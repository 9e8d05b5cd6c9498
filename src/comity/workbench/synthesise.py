"""A synthetic sample made from a profile alone, with the export's quirks and none of its records.

Invariant: whatever is written is a value that the profile lists, or begins as no value of the source does, or is a date
in a year that no row has; the same profile and seed give the same bytes.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from comity.errors import ConfigError
from comity.workbench.profile import LETTERS, VERSION
from comity.workbench.sample_file import sample_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_TRIES = 1_000


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
    taken: dict[str, set[str]] = {field["name"]: set() for field in fields if field.get("unique")}
    made = [
        {field["name"]: _cell(field, chance, taken.get(field["name"])) for field in fields}
        for _ in range(rows)
    ]
    return sample_file(profile, made)


def _cell(field: Mapping[str, Any], chance: random.Random, taken: set[str] | None = None) -> Any:
    """``taken``: what the rows before have, of a field that no two rows have the same value of."""
    if "records" in field:
        return [
            {inner["name"]: _cell(inner, chance) for inner in field["records"]}
            for _ in range(chance.randint(0, 2))
        ]
    if field.get("many"):
        return [value for _ in range(chance.randint(0, 3)) if (value := _value(field, chance)) is not None]
    if chance.random() >= field["filled"]:
        return None
    if taken is None:
        return _value(field, chance)
    value = next((each for _ in range(_TRIES) if (each := _value(field, chance)) not in taken), None)
    taken.add(value or "")
    return value


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
