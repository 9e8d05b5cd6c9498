"""The columns that are made of proposed ones: a name whole and in Latin letters, and the keys that are searched by.

Invariant: a rule here is made of fields that fill a column as they are, so it is as right as their proposals, and what
is not decided about them is marked there. Without these columns a record is published and found by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from comity.mappings.text_steps import sql_name, sql_text
from comity.mappings.transliterate import LANGUAGES, to_latin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from comity.standard import RecordType
    from comity.workbench.match import Matched, Proposal
    from comity.workbench.rules import Written

# Languages that write the family name in front.
_FAMILY_FIRST: Final = ("hu", "ja", "km", "ko", "vi", "zh")
_PARTS: Final = ("given_names", "patronymic", "family_name", "second_family_name")
_KEYS: Final = {
    "plate_key": "plate",
    "number_key": "number",
    "serial_number_key": "serial_number",
    "case_number_key": "case_number",
}
# Letters of Cyrillic plates, all of which look like Latin ones.
_CYRILLIC, _LATIN = "АВЕКМНОРСТУХІ", "ABEKMHOPCTYXI"


def derived_rules(
    shape: RecordType, rules: Mapping[str, tuple[Proposal, Written]], matched: Matched, country: str
) -> dict[str, tuple[str, Any]]:
    """Column → the reason, and the rule. ``rules``: field → what fills the columns; none of those is made again."""
    filled = {column: rule for _, written in rules.values() for column, rule in written.rules.items()}
    plain = {column: field for column, rule in filled.items() if (field := _plain(rule)) is not None}
    columns = {column.name for column in shape.columns}
    found: dict[str, tuple[str, Any]] = {}
    if "given_names_latin" in columns:
        found |= _names(plain, filled, matched)
    elif "name_key" in columns and "name" in plain:
        found["name_key"] = (f"to search by, of {plain['name']}", {"name_key": [plain["name"]]})
    for key, column in _KEYS.items():
        if key in columns and column in plain:
            values = matched.seen[plain[column]].values.counted
            found[key] = (f"to search by, of {plain[column]}", {"sql": _folded(plain[column], values)})
    for place, column in (("plate_country", "plate"), ("issuing_country", "number")):
        if place in columns and column in plain:
            doubt = f"no field says it: {country} for all of them? Else leave the rule out"
            found[place] = ("who issued it; without it no record of another country is compared",
                            {"constant": country, "TODO": doubt})  # fmt: skip
    return {column: rule for column, rule in found.items() if column not in filled}


def _plain(rule: Any) -> str | None:
    """The field that fills a column as it is, or with blanks and the like put right."""
    if isinstance(rule, str):
        return rule
    if isinstance(rule, dict) and rule.keys() <= {"from", "apply"}:
        return str(rule["from"])
    return None


def _names(
    plain: Mapping[str, str], filled: Mapping[str, Any], matched: Matched
) -> dict[str, tuple[str, Any]]:
    found: dict[str, tuple[str, Any]] = {}
    if any(part in filled and part not in plain for part in (*_PARTS, "full_name")):
        return found
    language = matched.language if matched.language in LANGUAGES else None
    order = [part for part in _PARTS if part in plain]
    if matched.language in _FAMILY_FIRST:
        order.sort(key=lambda part: "family" not in part)
    fields = list(dict.fromkeys(plain[part] for part in order))
    if "full_name" not in filled and len(fields) > 1:
        found["full_name"] = (_reason("the whole name", fields), {"join": fields})
        first = "family_first" if matched.language in _FAMILY_FIRST else "given_first"
        found["name_order"] = ("as full_name is put together here", {"constant": first})
    elif "full_name" in filled:
        fields = [plain["full_name"]]
    if not fields:
        return found
    if _in_latin(fields, matched, language):
        found["full_name_latin"] = (_reason("in Latin letters", fields), _latin(fields, language))
        for column, part in (("family_name_latin", "family_name"), ("given_names_latin", "given_names")):
            if part in plain:
                found[column] = (
                    _reason("in Latin letters", [plain[part]]),
                    _latin([plain[part]], language),
                )
        found["latin_scheme"] = ("how they are written there", {"constant": "ICAO9303"})
    found["name_key"] = (_reason("to search by", fields), {"name_key": fields})
    return found


def _reason(what: str, fields: Sequence[str]) -> str:
    return f"{what}, of {', '.join(fields)}: if one of these is another column, correct it here too"


def _latin(fields: Sequence[str], language: str | None) -> dict[str, Any]:
    return {"latin": list(fields)} | ({"language": language} if language else {})


def _in_latin(fields: Iterable[str], matched: Matched, language: str | None) -> bool:
    """Whether the tables have the letters of nearly all names; they have no Greek, Thai or Chinese."""
    values = [value for field in fields for value, _ in matched.seen[field].values.examined[:200]]
    written = sum(to_latin(value, language) is not None for value in values)
    return written >= 0.9 * len(values) > 0


def _folded(field: str, values: Iterable[str]) -> str:
    """Letters and digits only, and of those that look alike one: O as 0, I as 1, Cyrillic as Latin."""
    text = f"upper({sql_name(field)})"
    if any(letter in value.upper() for value in values for letter in _CYRILLIC):
        text = f"translate({text}, {sql_text(_CYRILLIC)}, {sql_text(_LATIN)})"
    return f"translate(regexp_replace({text}, '[^\\p{{L}}\\p{{N}}]+', '', 'g'), 'OI', '01')"
