"""How the proposed column is filled: the rule of the mapping, and the lines of a crosswalk where it needs one.

Invariant: a rule that is written can be compiled once its TODO is gone; nothing of a value stands in it but words that
many rows have.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from comity.nightly.report import FEWEST
from comity.workbench.data import read_data
from comity.workbench.words import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comity.standard import Column, RecordType
    from comity.workbench.known_codes import KnownCodes
    from comity.workbench.match import Proposal
    from comity.workbench.support import Seen

MANY: Final = FEWEST
"""A value that fewer rows have is nobody's business outside the building, and so stands in no file that is written."""


_COORDINATES = ("latitude", "longitude")
_FACTORS: dict[tuple[str, str], float] = {
    (unit, word): factor
    for unit, words, factor in (
        ("cm", "in inch inches", 2.54),
        ("cm", "mm", 0.1),
        ("cm", "m metres meters", 100.0),
        ("cm", "ft feet", 30.48),
        ("kg", "lb lbs pound pounds", 0.45359237),
    )
    for word in words.split()
}
"""By the standard's unit and a word of the header: what a number of that unit is multiplied by."""


@dataclass(frozen=True)
class Written:
    """``rules``: column → rule. ``crosswalk``: its name and counted codes. ``doubts``: beside the proposal's."""

    rules: Mapping[str, Any]
    crosswalk: tuple[str, str, Counter[str]] | None = None
    doubts: tuple[str, ...] = ()
    fills: tuple[str, ...] = field(default=())


def rules_for(proposal: Proposal, shape: RecordType, seen: Seen, known: KnownCodes) -> Written:
    """What fills the proposed column, and those beside it that keep what the source wrote."""
    columns = {column.name: column for column in shape.columns}
    assert proposal.column is not None
    column = columns.get(proposal.column) or columns[f"{proposal.column}"]
    rule: dict[str, Any] = {"from": proposal.field}
    if seen.values.missing and not seen.many:
        rule["missing"] = {
            word: "unknown" for word, count in sorted(seen.values.missing.items()) if count >= MANY
        }
        if not rule["missing"]:
            del rule["missing"]
    special = _SPECIAL.get(column.name)
    if special is not None:
        written = special(proposal.field, rule, columns, seen)
        if written is not None:
            return written
    if column.code_list is not None:
        return _codes(column, rule, columns, seen, known, proposal.field)
    if column.partial_date or column.type in ("date", "timestamp"):
        return _moment(column, rule, seen)
    if column.type in ("integer", "bigint", "double", "decimal"):
        return _number(column, rule, columns, seen)
    if column.type == "boolean":
        return _boolean(column, rule, seen)
    if column.type == "list<text>" and not seen.many:
        rule = (
            rule | {"split": seen.values.list_mark} if seen.values.list_mark else {"list": [proposal.field]}
        )
    return Written({column.name: _short(rule)})


def _short(rule: dict[str, Any]) -> Any:
    return rule["from"] if set(rule) == {"from"} else rule


def _codes(
    column: Column,
    rule: dict[str, Any],
    columns: Mapping[str, Column],
    seen: Seen,
    known: KnownCodes,
    name: str,
) -> Written:
    counted = seen.values.counted
    listed = seen.many or column.is_list
    if not seen.many and (mark := seen.values.list_mark):
        rule = rule | ({"split": mark} if listed else {"extract": f"^ *([^{mark}]+)"})
        parts: Counter[str] = Counter()
        for value, count in counted.items():
            for part in value.split(mark):
                if part.strip():
                    parts[part.strip()] += count
        counted = parts
    rules: dict[str, Any] = {}
    doubts: list[str] = []
    if not listed and seen.values.list_mark:
        doubts.append(
            f"cells hold several values with '{seen.values.list_mark}' between: does the first of them count?"
        )
    exact = sum(
        count
        for value, count in counted.items()
        if (found := known.code(str(column.code_list), value)) and found[0] == value
    )
    crosswalk = None
    if counted and exact == counted.total():
        rules[column.name] = rule | {"codes": "same"}
    else:
        crosswalk = (column.name, str(column.code_list), counted)
        rules[column.name] = rule | {"codes": column.name}
    singular = {
        "nationalities": "nationality",
        "eye_colours": "eye_colour",
        "hair_colours": "hair_colour",
    }.get(column.name, column.name)
    given = next(
        (
            each
            for each in (f"{singular}_as_given", f"{singular.removesuffix('_category')}_as_given")
            if each in columns
        ),
        None,
    )
    if given and not seen.many:
        rules[given] = name
    return Written(rules, crosswalk, tuple(doubts))


def _moment(column: Column, rule: dict[str, Any], seen: Seen) -> Written:
    dates = seen.dates
    name = column.partial_date or column.name
    if dates is None:
        formats = ["%Y"] if "year" in seen.values.kinds else ["%Y-%m-%d"]
        doubt = () if "year" in seen.values.kinds else ("how is the date written?",)
        return Written({name: rule | {"date": formats}}, doubts=doubt)
    if dates.fold:
        rule = rule | {"apply": ["half_width", "fold_digits"]}
    if dates.cut is not None:
        cut = f'left(trim("{rule["from"]}"), {dates.cut})'
        rule = {"sql": cut, **{key: value for key, value in rule.items() if key not in ("from", "missing")}}
    formats = list(dates.formats)
    doubts = [dates.doubt] if dates.doubt else []
    written: Any = formats[0] if len(formats) == 1 else formats
    if column.type == "timestamp":
        # DuckDB's strptime has no fraction of a second but %g; a zone belongs to it.
        rule = rule | {"timestamp": written}
        if not dates.zoned:
            rule = rule | {"zone": "UTC"}
        return Written({name: rule}, doubts=tuple(doubts))
    if dates.timestamp:
        written = [each.split("%H")[0].rstrip(" T") for each in formats]
        rule = {"sql": f'left(trim("{rule["from"]}"), 10)'}
    rule = rule | {"date": written}
    if dates.calendar != "gregorian":
        rule = rule | {"calendar": dates.calendar}
    if any("%y" in each for each in formats) and dates.calendar == "gregorian":
        rule = rule | {"pivot": 30}
    return Written({name: rule}, doubts=tuple(doubts))


def _number(column: Column, rule: dict[str, Any], columns: Mapping[str, Column], seen: Seen) -> Written:
    kinds, values = seen.values.kinds, seen.values
    base = column.name.removesuffix("_amount")
    low, high = (f"{base}_minimum", f"{base}_maximum")
    if "range" in kinds:
        if low in columns and high in columns:
            return Written({
                low: rule | {"extract": "^ *([0-9]+)", "number": True},
                high: rule | {"extract": "([0-9]+) *$", "number": True},
            })  # fmt: skip
        maximum = f"{column.name}_maximum"
        rules = {column.name: rule | {"extract": "^ *([0-9]+)", "number": True}}
        if maximum in columns:
            rules[maximum] = rule | {"extract": "([0-9]+) *$", "number": True}
        return Written(rules)
    if "unit" in kinds:
        rule = rule | {"extract": "^([0-9]+(?:[.,][0-9]+)?)"}
    doubts: list[str] = []
    # Nobody is 0 cm tall, and nothing happens where both degrees are exactly 0.
    never = column.name in _COORDINATES or (column.minimum is not None and column.minimum > 0)
    zero = values.counted.get("0", 0) > 0 and never
    if factor := _factor(column, str(rule["from"])):
        decimal = {"decimal": ","} if values.decimal_mark == "," else {}
        rounded = {"round": 0} if column.type in ("integer", "bigint") else {}
        rule = rule | {"number": decimal | {"multiply": factor} | rounded}
    elif column.type in ("integer", "bigint") and ("integer" in kinds or "year" in kinds):
        rule = rule | {"integer": True}
    else:
        mark = values.decimal_mark
        if mark is None and "integer" not in kinds and "unit" not in kinds:
            doubts.append("what marks the decimals, and what the thousands?")
        rule = rule | {"number": {"decimal": ",", "thousands": "."} if mark == "," else True}
    if zero:
        rule = rule | {"zero_is_missing": True}
    return Written({column.name: rule}, doubts=tuple(doubts))


def _factor(column: Column, field: str) -> float | None:
    """What a number is multiplied by, where the header names another unit than the standard's."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", field).casefold())
    known = ((column.unit or "", word) for word in words)
    return next((_FACTORS[each] for each in known if each in _FACTORS), None)


def _boolean(column: Column, rule: dict[str, Any], seen: Seen) -> Written:
    words = read_data("value_words.yaml")
    yes, no = ({fold(str(word)) for word in words[name]} for name in ("yes", "no"))
    true = sorted(value for value in seen.values.counted if fold(value) in yes)
    false = sorted(value for value in seen.values.counted if fold(value) in no and value not in true)
    doubts = [] if len(true) + len(false) == seen.values.distinct else ["which words mean yes, and which no?"]
    return Written(
        {column.name: rule | {"boolean": {"true": true or ["true"], "false": false or ["false"]}}},
        doubts=tuple(doubts),
    )


def _plate(name: str, rule: dict[str, Any], columns: Mapping[str, Column], seen: Seen) -> Written:
    return Written(
        {"plate": rule | {"apply": ["half_width", "upper", "letters_digits"]}, "plate_as_given": name}
    )


def _vin(name: str, rule: dict[str, Any], columns: Mapping[str, Column], seen: Seen) -> Written:
    cleaned = {"from": name, "apply": ["upper", "letters_digits"]}
    return Written(
        {
            "vin": rule | {"apply": ["upper", "letters_digits"]},
            "vin_as_given": name,
            "vin_status": cleaned | {"check": "vin"},
        }
    )


def _other_names(name: str, rule: dict[str, Any], columns: Mapping[str, Column], seen: Seen) -> Written:
    full: str | dict[str, str] = name
    doubt = ("cells hold several names: split them, or map the field whole",) if seen.values.list_mark else ()
    if seen.many:
        full = {"sql": f"array_to_string(\"{name}\", '; ')"}
        doubt = ("a list of names becomes one name, with semicolons between",)
    return Written(
        {"other_names": {"structs": [{"full_name": full, "name_type": {"constant": "alias"}}]}}, doubts=doubt
    )


def _time_of_day(
    name: str, rule: dict[str, Any], columns: Mapping[str, Column], seen: Seen
) -> Written | None:
    kinds = seen.values.kinds
    if "range" in kinds:
        start = rule | {"extract": "^ *([0-9]{1,2}) *[-–~～]", "pad": {"width": 2}}
        end = rule | {"extract": "[-–~～] *([0-9]{1,2}) *$", "pad": {"width": 2}}
        return Written({"occurred_time_from": start, "occurred_time_to": end})
    if "hour" in kinds:
        return Written({"occurred_time_from": rule | {"pad": {"width": 2}}})
    return None


def _time_to(name: str, rule: dict[str, Any], columns: Mapping[str, Column], seen: Seen) -> Written | None:
    return (
        Written({"occurred_time_to": rule | {"pad": {"width": 2}}}) if "hour" in seen.values.kinds else None
    )


def _coordinates(
    name: str, rule: dict[str, Any], columns: Mapping[str, Column], seen: Seen
) -> Written | None:
    if "coordinates" not in seen.values.kinds or "latitude" not in columns:
        return None
    return Written({
        "latitude": rule | {"extract": "^ *([^,; ]+)", "number": True},
        "longitude": rule | {"extract": "([^,; ]+) *$", "number": True},
    }, doubts=("latitude first? and does the point mean the place itself, or the middle of its area?",))  # fmt: skip


def _number_key(name: str, rule: dict[str, Any], columns: Mapping[str, Column], seen: Seen) -> Written | None:
    return Written({"number": rule | {"apply": ["upper", "letters_digits"]}, "number_as_given": name})


_SPECIAL = {
    "plate": _plate,
    "vin": _vin,
    "other_names": _other_names,
    "occurred_time_from": _time_of_day,
    "occurred_time_to": _time_to,
    "coordinates_as_given": _coordinates,
    "number": _number_key,
}
