"""Parts of a rule that may never do anything: each is taken out in turn.

Invariant: a mutant differs from the mapping in one part of one column's rule, and is a mapping that loads; the part is
named with its place, so that whoever reads of it finds it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.config.yaml_file import Location

Kind = Literal["date-format", "word", "branch", "step"]
_LISTS: dict[str, Kind] = {
    "date": "date-format", "timestamp": "date-format", "case": "branch", "first_of": "branch", "list": "branch",
    "structs": "branch", "apply": "step",
}  # fmt: skip
_WORDS = ("missing", "replace")
_KEYS: dict[str, Kind] = {"else": "branch", "zero_is_missing": "word", "optional": "step"}


@dataclass(frozen=True)
class Mutant:
    """The part at ``location`` left out of the rule of ``column``; ``block`` is where that rule's fields stand."""

    kind: Kind
    block: Location
    column: str
    location: Location
    text: str


def mutants(content: dict[str, Any]) -> list[Mutant]:
    """Every part of every rule that can be left out by itself."""
    found: list[Mutant] = []
    blocks: list[tuple[Location, Any]] = [(("fields",), content.get("fields"))]
    blocks += [
        (("rows", index, "fields"), branch.get("fields"))
        for index, branch in enumerate(content.get("rows") or ())
    ]
    for block, fields in blocks:
        for column, rule in (fields or {}).items():
            for kind, location, text in _parts(rule, (*block, column)):
                found.append(Mutant(kind, block, column, location, text))
    return found


def rounds(found: list[Mutant]) -> Iterator[list[Mutant]]:
    """The mutants in as few mappings as can be: in each, one of every column, since no column reads another."""
    waiting: dict[tuple[Location, str], list[Mutant]] = defaultdict(list)
    for mutant in found:
        waiting[mutant.block, mutant.column].append(mutant)
    while waiting:
        yield [own.pop() for own in waiting.values()]
        waiting = defaultdict(list, {key: own for key, own in waiting.items() if own})


def without(content: dict[str, Any], left_out: list[Mutant]) -> dict[str, Any]:
    """The mapping without those parts."""
    copy: dict[str, Any] = json.loads(json.dumps(content))  # what aliases share comes apart
    for mutant in left_out:
        *above, last = mutant.location
        place: Any = copy
        for key in above:
            place = place[key]
        del place[last]
        if not place and isinstance(place, dict):  # the last word of 'missing': the key goes too
            *above, last = above
            parent: Any = copy
            for key in above:
                parent = parent[key]
            del parent[last]
    return copy


def _parts(rule: Any, at: Location) -> Iterator[tuple[Kind, Location, str]]:
    if isinstance(rule, list):
        for index, each in enumerate(rule):
            yield from _parts(each, (*at, index))
        return
    if not isinstance(rule, dict):
        return
    for key, value in rule.items():
        here = (*at, key)
        if key in _LISTS and isinstance(value, list) and (len(value) > 1 or key == "apply"):
            for index, each in enumerate(value):
                if key != "apply" or len(value) > 1:
                    yield _LISTS[key], (*here, index), _told(each)
        elif key in _WORDS and isinstance(value, dict):
            for word in value:
                yield "word", (*here, word), f"{key} {word}"
        elif key == "boolean" and isinstance(value, dict):
            for truth, words in value.items():
                for index, word in enumerate(words if isinstance(words, list) and len(words) > 1 else ()):
                    yield "word", (*here, truth, index), f"{truth} {word}"
        elif key in _KEYS:
            yield _KEYS[key], here, key
        if key not in _WORDS:
            yield from _parts(value, here)


def _told(part: Any) -> str:
    if isinstance(part, dict) and isinstance(part.get("when"), dict):
        part = part["when"]
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
