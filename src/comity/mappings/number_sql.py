"""Numbers: how they are written, in which unit, and within which bounds.

Invariant: a text is read as a number only if it is written exactly as the rule says: thousands in groups, one decimal
mark, no fraction where the column holds whole numbers, unless the rule rounds. A number that the column's type or the
standard's bounds do not hold is none: a height of 4 m is a unit that nobody declared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comity.mappings.rule import Number
from comity.mappings.text_steps import sql_text
from comity.mappings.value import Issue, Steps, Value

if TYPE_CHECKING:
    from comity.mappings.rule import Rule
    from comity.standard import Column

# What each type holds; a value beyond would fail in the cast that ends every record.
_TYPE_BOUNDS: dict[str, tuple[int | float, int | float]] = {
    "integer": (-(2**31) + 1, 2**31 - 1),
    "bigint": (-(2**63) + 1, 2**63 - 1),
    "decimal": (-(10**16) + 1, 10**16 - 1),
    "double": (-1e300, 1e300),
}


def read_number(rule: Rule, text: str, column: Column, steps: Steps) -> Value:
    """The number that ``text`` is."""
    number = rule.number if isinstance(rule.number, Number) else Number()
    whole_column = column.type in ("integer", "bigint")
    whole = rule.integer or (whole_column and number == Number() and not rule.number)
    plain = text
    if number.thousands:
        plain = f"replace({plain}, {sql_text(number.thousands)}, '')"
    if number.decimal != ".":
        plain = f"replace({plain}, {sql_text(number.decimal)}, '.')"
    exact = column.type != "double" and number.multiply is None
    kind = "BIGINT" if whole else "DECIMAL(38,6)" if exact else "DOUBLE"
    written = f"regexp_full_match({text}, {sql_text(_pattern(number, whole))})"
    read = f"CASE WHEN {written} THEN TRY_CAST({plain} AS {kind}) END"
    if number.multiply is not None:
        read = f"({read}) * {number.multiply}"
    if number.round is not None:
        read = f"round({read}, {number.round})"
    read = steps.parse(f"{column.name} number", read)
    value = read
    zero = "false"
    if rule.zero_is_missing:
        zero = f"{read} = 0"
        value = f"nullif({read}, 0)"
    low, high = bounds(column)
    inside = f"{value} BETWEEN {low} AND {high}"
    issues = [
        Issue(
            f"({text} IS NOT NULL AND {read} IS NULL)",
            "'unparseable'",
            "flag",
            "mapping.value-unparseable",
            text,
        ),
        Issue(f"(NOT ({inside}))", "'out_of_range'", "flag", "mapping.value-out-of-range", text),
    ]
    if rule.zero_is_missing:
        issues.append(Issue(f"({zero})", "'unknown'", "flag", "mapping.value-missing", text))
    fitting = f"CASE WHEN {inside} THEN {value} END"
    if not whole_column or whole:
        return Value(fitting, tuple(issues))
    # A fraction in a column of whole numbers is rounded only by a rule that says so.
    issues.append(
        Issue(f"({value} <> round({value}))", "'unparseable'", "flag", "mapping.value-unparseable", text)
    )
    return Value(f"CASE WHEN {inside} AND {value} = round({value}) THEN {value} END", tuple(issues))


def _pattern(number: Number, whole: bool) -> str:
    digits = "[0-9]+"
    if number.thousands:
        mark = re.escape(number.thousands)
        # Three digits in the last group; the groups before have three, or two where lakhs are counted.
        digits = f"([0-9]{{1,3}}({mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|[0-9]+)"
    if whole:
        return f"[-+]?{digits}"
    mark = re.escape(number.decimal)
    return f"[-+]?({digits}({mark}[0-9]*)?|{mark}[0-9]+)"


def bounds(column: Column) -> tuple[int | float, int | float]:
    """The least and the greatest number that the column holds."""
    low, high = _TYPE_BOUNDS[column.type]
    return (
        low if column.minimum is None else max(low, column.minimum),
        high if column.maximum is None else min(high, column.maximum),
    )
