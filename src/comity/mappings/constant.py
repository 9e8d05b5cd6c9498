"""A constant of a mapping, as SQL of its column's type.

Invariant: a constant that compiles is a value that its column can hold, so that it never fails when it is written.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from comity.errors import MappingError
from comity.mappings.edtf import read_edtf
from comity.mappings.number_sql import bounds
from comity.mappings.text_steps import sql_text
from comity.mappings.value import Value

if TYPE_CHECKING:
    from comity.mappings.context import Context
    from comity.standard import Column

Constant = str | int | float | bool | tuple[str, ...]


def constant(value: Constant, column: Column, context: Context) -> Value:
    """``value`` as the column's; MappingError where the column cannot hold it."""
    if column.is_list:
        items = value if isinstance(value, tuple) else (value,)
        if column.type == "list<struct>":
            raise _unfit(value, column, "write it with 'structs:'")
        _check_codes(items, column, context)
        return Value("[" + ", ".join(sql_text(_word(item)) for item in items) + "]", constant=True)
    if isinstance(value, tuple):
        raise _unfit(value, column, "write one value")
    _check_codes((value,), column, context)
    if column.partial_date is not None:
        return _date(value, column)
    if column.type in ("integer", "bigint", "decimal", "double"):
        return Value(_number(value, column), constant=True)
    if column.type == "boolean":
        if not isinstance(value, bool):
            raise _unfit(value, column, "write true or false")
        return Value("true" if value else "false", constant=True)
    if column.type in ("date", "timestamp"):
        return Value(f"CAST({sql_text(_moment(value, column))} AS {column.duckdb_type})", constant=True)
    return Value(sql_text(_word(value)), constant=True)


def _check_codes(values: tuple[object, ...], column: Column, context: Context) -> None:
    if column.code_list is None:
        return
    code_list = context.code_list(column.code_list)
    for code in map(_word, values):
        if code not in code_list.codes:
            raise MappingError(
                "mapping.unknown-standard-code",
                f"The code list '{code_list.name}' has no code '{code}'",
                remedy=code_list.remedy(code),
            )


def _date(value: object, column: Column) -> Value:
    found = read_edtf(_word(value))
    if found is None:
        raise _unfit(value, column, "write a date as 2024-05-16, 2024-05, 2024 or another EDTF text")
    edtf, earliest, latest = found
    first, last = (f"DATE '{day}'" if day else "CAST(NULL AS DATE)" for day in (earliest, latest))
    return Value(sql_text(edtf), (), first, last, constant=True)


def _number(value: object, column: Column) -> str:
    low, high = bounds(column)
    whole = column.type in ("integer", "bigint")
    try:
        number = Decimal("NaN" if isinstance(value, bool) else _word(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_nan() or not low <= number <= high or (whole and number % 1):
        raise _unfit(value, column, f"write a {'whole ' if whole else ''}number from {low} to {high}")
    return f"{number:f}"


def _moment(value: object, column: Column) -> str:
    try:
        if column.type == "date":
            return dt.date.fromisoformat(_word(value)).isoformat()
        moment = dt.datetime.fromisoformat(_word(value))
        if moment.tzinfo is not None:
            return moment.isoformat()
    except ValueError:
        pass
    raise _unfit(value, column, "write 2024-05-16" + ("" if column.type == "date" else "T12:00:00+00:00"))


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unfit(value: object, column: Column, remedy: str) -> MappingError:
    return MappingError(
        "mapping.rule-does-not-fit",
        f"'{column.name}' is a {(column.partial_date and 'date') or column.type}, and the constant is none",
        found=repr(value),
        remedy=remedy,
    )
