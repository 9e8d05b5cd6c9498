"""What the values of a field say for or against a column of the standard.

Invariant: support is between -1 and 1, zero where values say nothing; a column of a type that the values cannot be read
as is contradicted, whatever the header says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.standard import Column
    from comity.workbench.dates import DateReading
    from comity.workbench.known_codes import KnownCodes
    from comity.workbench.values import Values


@dataclass(frozen=True)
class Support:
    """``strong``: such values have hardly another column, so a header is not needed. ``doubt``: decide it anyway."""

    value: float
    reason: str = ""
    strong: float = 0.0
    doubt: str | None = None


@dataclass(frozen=True)
class Seen:
    """A field's values with what was found in them."""

    values: Values
    dates: DateReading | None
    many: bool = False


def support(column: Column, seen: Seen, known: KnownCodes) -> Support:
    """For ``column`` of a record type."""
    values, kinds = seen.values, seen.values.kinds
    if not values.filled:
        return Support(0.0, "no value was seen", doubt="no value was seen")
    if column.code_list is not None:
        return _codes(column, seen, known)
    if column.partial_date or column.type in ("date", "timestamp"):
        return _moment(column, seen)
    if column.type in ("integer", "bigint", "double", "decimal"):
        return _number(column, seen)
    if column.type == "boolean":
        if "boolean" in kinds:
            return Support(0.8, "the values are yes and no")
        return Support(
            -0.6 if values.distinct > 4 else -0.2, f"{values.distinct} different values, not yes and no"
        )
    return _text(column, seen)


def _codes(column: Column, seen: Seen, known: KnownCodes) -> Support:
    values = seen.values
    counted = values.counted
    if values.list_mark and column.code_list != "country":
        mark = values.list_mark
        parts = type(counted)()
        for value, count in counted.items():
            for part in value.split(mark):
                parts[part.strip()] += count
        counted = parts
    share = known.overlap(str(column.code_list), counted)
    if share >= 0.5:
        small = str(column.code_list) in ("sex",) or values.distinct < 3
        # Numbers are codes of too many lists to be known by themselves, two letters of more than one: CA is a country
        # and a state of another one.
        short = max(map(len, counted)) <= 2
        strong = (
            0.0
            if "integer" in values.kinds
            else 0.4
            if small and share < 1
            else share * (0.7 if short else 1)
        )
        return Support(
            share, f"{share:.0%} of the values are known in the code list {column.code_list}", strong * 0.85
        )
    if values.is_text:
        return Support(
            -0.7, f"{values.distinct:,} different texts of {values.usual_length:.0f} characters are no codes"
        )
    if not values.is_code and values.distinct > 300:
        return Support(-0.4, f"{values.distinct:,} different values are many for codes")
    return Support(
        0.2 + share / 2, f"{values.distinct} different values, {share:.0%} of the rows known", share * 0.6
    )


def _moment(column: Column, seen: Seen) -> Support:
    dates, values = seen.dates, seen.values
    if dates is None:
        if "year" in values.kinds and column.partial_date:
            return Support(0.3, "the values are years")
        return Support(-0.8, "the values are no dates")
    if column.type == "timestamp":
        return (
            Support(0.9, dates.reason, 0.5)
            if dates.timestamp
            else Support(-0.7, "the values have no time of day")
        )
    if dates.timestamp:
        return Support(
            0.1,
            "the values have a time of day, which a date does not keep",
            doubt="a moment, and the column is a date",
        )
    return Support(0.9 * dates.share, dates.reason, 0.5)


def _number(column: Column, seen: Seen) -> Support:
    kinds, values = seen.values.kinds, seen.values
    if column.name in ("latitude", "longitude"):
        if "coordinates" in kinds:
            return Support(1.0, "the values are pairs of coordinates", 0.8)
        fits = max(kinds.get(column.name, 0), kinds.get("decimal", 0) * 0.5)
        return Support(fits, "the values are degrees") if fits else Support(-0.8, "the values are no degrees")
    if column.name == "model_year":
        return (
            Support(0.8, "the values are years", 0.55)
            if "year" in kinds
            else Support(-0.8, "the values are no years")
        )
    if "unit" in kinds:
        return Support(
            0.5,
            "the values are numbers with their unit",
            doubt="the unit stands in the values: say how it is read",
        )
    if "range" in kinds:
        return Support(0.6, "the values are ranges from one number to another")
    if not ({"integer", "decimal"} & set(kinds)):
        return Support(-0.8, "the values are no numbers")
    inside = values.share(lambda value: _inside(value, column))
    if inside < 0.5:
        return Support(-0.3, f"only {inside:.0%} of the numbers are within the bounds of {column.name}: another unit?",
                       doubt="most numbers are out of the column's bounds: give the factor to its unit")  # fmt: skip
    return Support(0.7, "the values are numbers", 0.0)


def _inside(value: str, column: Column) -> bool:
    try:
        number = float(value.replace(",", "."))
    except ValueError:
        return True
    low = column.minimum if column.minimum is not None else number
    high = column.maximum if column.maximum is not None else number
    return number == 0 or low <= number <= high


def _text(column: Column, seen: Seen) -> Support:
    values, kinds, name = seen.values, seen.values.kinds, column.name
    if name == "vin":
        if "vin" in kinds:
            return Support(
                1.0, f"17 letters and digits as in a VIN, {values.vin_checked:.0%} with the check digit", 0.9
            )
        return Support(-0.5, "the values are no VINs of 17 characters")
    if name == "mrz":
        return (
            Support(1.0, "lines of a machine readable zone", 0.95)
            if "mrz" in kinds
            else Support(-0.8, "no machine readable zone")
        )
    if name == "url":
        return (
            Support(1.0, "the values are addresses of pages", 0.7)
            if "url" in kinds
            else Support(-0.6, "no addresses")
        )
    if name == "plate":
        if "plate" in kinds and values.unique > 0.8 and values.usual_length < 10:
            return Support(0.5, "short, letters and digits, nearly all different, as plates are", 0.55)
        return Support(-0.4 if values.usual_length > 15 else 0.0, "")
    if name.startswith("occurred_time"):
        if {"time", "hour"} & set(kinds):
            return Support(0.9, "the values are times of day", 0.4)
        if "range" in kinds:
            return Support(0.8, "the values are slots from one hour to another")
        return Support(-0.7, "the values are no times of day")
    if seen.dates is not None and name not in ("remarks", "summary", "reference"):
        return Support(-0.5, "the values are dates")
    if name == "coordinates_as_given" and "coordinates" in kinds:
        return Support(-0.2, "degrees have columns of their own")
    if name == "place_name" and values.filled > 100 and values.unique < 0.1:
        return Support(
            0.0, "", doubt=f"only {values.distinct} different places: a region or a town may be meant"
        )
    if name in ("summary", "remarks", "circumstances", "description") and values.is_text:
        return Support(0.4, "the values are sentences")
    if name in ("full_name", "family_name", "given_names") and "integer" in kinds:
        return Support(-0.8, "the values are numbers")
    return Support(0.0)
